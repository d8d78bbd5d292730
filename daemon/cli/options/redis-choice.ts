/**
 * Which Redis a command talks to: the one it was told of, or the private one of an `up` in the data directory. An
 * address with a password comes from a file: `ps` and dumps of environments show arguments and variables.
 */
import { readSecret } from '../../../corpus/disk/read-bounded.ts';
import { parseRedisUrl, type RedisAddress } from '../../../corpus/exchange/redis.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { printableFile } from '../../../corpus/vocabulary/printable.ts';

export const REDIS_VARIABLE = 'FAULTLINE_REDIS_URL';
const REDIS_FILE_VARIABLE = `${REDIS_VARIABLE}_FILE`;
export const REDIS_FILE_FLAG = '--redis-file <file>';
export const REDIS_FILE_TEXT = `holds the address, where it has a password (${REDIS_FILE_VARIABLE})`;
const PREFIX_VARIABLE = 'FAULTLINE_REDIS_PREFIX';

/** In place of a URL: no Redis, all in one process. */
export const NO_REDIS = 'none';

export interface RedisFlags {
  readonly redis?: string | undefined;
  readonly redisFile?: string | undefined;
}

export function isWithoutRedis(flags: RedisFlags): boolean {
  return choiceOf(flags)?.url === NO_REDIS;
}

/** @throws Refusal REDIS_URL, USAGE, FILE_UNREADABLE or SECRET_EXPOSED */
export function givenRedis(flags: RedisFlags): RedisAddress | undefined {
  const choice = choiceOf(flags);
  if (choice === undefined) return undefined;
  const { url, file } = choice;
  if (file !== null) return addressIn(file);
  const address = parseRedisUrl(url);
  if (address.password === undefined) return address;
  const what = `the address of the Redis has a password, which arguments and variables show to others: put it into a file and name that with --redis-file or ${REDIS_FILE_VARIABLE}`;
  throw fail('USAGE', { what });
}

function addressIn(file: string): RedisAddress {
  const text = readSecret(file);
  if (text !== '') return parseRedisUrl(text, file);
  const what = `${printableFile(file)} is empty: write redis://USER:PASSWORD@HOST:PORT into it`;
  throw fail('USAGE', { what });
}

export function requireRedis(flags: RedisFlags): RedisAddress {
  const given = givenRedis(flags);
  if (given !== undefined) return given;
  throw fail('USAGE', { what: `no Redis is named: ${HOW_TO_NAME_ONE}` });
}

export const HOW_TO_NAME_ONE = `give --redis URL or --redis-file FILE, or set ${REDIS_VARIABLE} or ${REDIS_FILE_VARIABLE}`;

/** What a process is to be started with so that it talks to the same Redis; an empty variable names none. */
export function redisEnvironment(flags: RedisFlags): Readonly<Record<string, string>> {
  const { url, file } = choiceOf(flags) ?? { url: '', file: null };
  return { [REDIS_VARIABLE]: url, [REDIS_FILE_VARIABLE]: file ?? '' };
}

interface Choice {
  /** Empty where a file holds it. */
  readonly url: string;
  readonly file: string | null;
}

/** Flags go before variables. */
function choiceOf({ redis, redisFile }: RedisFlags): Choice | undefined {
  const { [REDIS_VARIABLE]: url, [REDIS_FILE_VARIABLE]: file } = process.env;
  return (
    oneOf(redis, redisFile, '--redis and --redis-file') ??
    oneOf(url, file, `${REDIS_VARIABLE} and ${REDIS_FILE_VARIABLE}`)
  );
}

function oneOf(url = '', file = '', names: string): Choice | undefined {
  if (url !== '' && file !== '')
    throw fail('USAGE', { what: `${names} both name a Redis; give one` });
  if (url === '' && file === '') return undefined;
  return { url, file: file === '' ? null : file };
}

/** One fleet, one prefix; two fleets may share a Redis under two. */
export function redisPrefix(byDefault: string): string {
  return process.env[PREFIX_VARIABLE] || byDefault;
}
