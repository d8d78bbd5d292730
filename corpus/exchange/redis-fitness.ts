/**
 * Whether a Redis can carry a campaign. BullMQ only warns where it would lose jobs; here all that is wrong is
 * named at once, with what to type against it.
 */
import type { Redis } from 'ioredis';
import { fail } from '../vocabulary/errors.ts';
import { printable } from '../vocabulary/printable.ts';
import { addressOf, describe, type RedisAddress, within } from './redis.ts';

type UnfitCode =
  | 'too-old'
  | 'evicting'
  | 'replica'
  | 'cluster-without-tag'
  | 'forbidden'
  | 'read-only'
  | 'not-durable';

export interface Unfit {
  readonly code: UnfitCode;
  readonly what: string;
  readonly remedy: string;
}

type Info = ReadonlyMap<string, string>;

/** The oldest that BullMQ does not warn about. */
const VERSION_MIN = { major: 6, minor: 2 } as const;
const VERSION_TEXT = `${VERSION_MIN.major}.${VERSION_MIN.minor}`;
const ANSWER_LENGTH_MAX = 200;
/** The probe's key goes by itself, should we die before we remove it. */
const PROBE_MS = 10_000;
/** For all questions together; a Redis that one can work with answers in milliseconds. */
const TIME_LIMIT_MS = 5000;

/**
 * Refuses a Redis that cannot be used, for all that is wrong with it at once.
 *
 * @returns what is no reason to refuse it, but to be told
 * @throws Refusal REDIS_UNFIT, or REDIS_UNREACHABLE if it answers no more
 */
export async function requireFit(
  client: Redis,
  prefix: string,
  address: RedisAddress,
): Promise<readonly Unfit[]> {
  const url = describe(address);
  const late = (): Error => fail('REDIS_UNREACHABLE', { url, why: 'it answers no more' });
  const asked = Promise.all([unfitness(client, prefix), durabilityWarnings(client)]);
  const [problems, warnings] = await within(TIME_LIMIT_MS, late, asked);
  if (problems.length === 0) return warnings;
  throw fail('REDIS_UNFIT', {
    url,
    problems: problems.map(({ code, what }) => `${what} (${code})`).join('; '),
    remedies: problems.map(({ remedy }) => remedy).join('; '),
  });
}

/** What keeps a Redis from being used with keys that begin with `prefix`. */
export async function unfitness(client: Redis, prefix: string): Promise<readonly Unfit[]> {
  let info: Info;
  try {
    info = await readInfo(client);
  } catch (error) {
    return [refusedAs(error, prefix)];
  }
  const problems = [
    tooOld(info),
    evicting(info, client),
    replica(info),
    clusterWithoutTag(info, prefix),
  ].filter((problem) => problem !== null);
  // A replica answers a write with READONLY, for which the client would look for its primary for ever.
  if (problems.some(({ code }) => code === 'replica')) return problems;
  const refused = await probe(client, prefix);
  return refused === null ? problems : [...problems, refused];
}

/** Redis may forget its queue: the campaign goes on, but batches under way are run again. */
async function durabilityWarnings(client: Redis): Promise<readonly Unfit[]> {
  const info = await readInfo(client).catch((): Info => new Map());
  if (info.get('aof_enabled') !== '0') return [];
  return [
    {
      code: 'not-durable',
      what: 'it keeps no append-only file, so a crash empties the queue',
      remedy: `${typed(client, 'CONFIG SET appendonly yes')}, and write \`appendonly yes\` into its redis.conf`,
    },
  ];
}

async function readInfo(client: Redis): Promise<Info> {
  const rows = (await client.info()).matchAll(/^(\w+):(.*?)\r?$/gm);
  return new Map(Array.from(rows, ([, name = '', value = '']) => [name, value]));
}

function tooOld(info: Info): Unfit | null {
  const version = info.get('redis_version') ?? 'of unknown version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const { major: majorMin, minor: minorMin } = VERSION_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return null;
  return {
    code: 'too-old',
    what: `Redis ${printable(version)} is older than ${VERSION_TEXT}`,
    remedy: `install Redis ${VERSION_TEXT} or newer, or Valkey`,
  };
}

/** Any policy but one, also where no limit is set yet: the day it is set, jobs would vanish. */
function evicting(info: Info, client: Redis): Unfit | null {
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy === 'noeviction') return null;
  return {
    code: 'evicting',
    what: `it throws keys away when memory is short (maxmemory-policy ${printable(policy)})`,
    remedy: typed(client, 'CONFIG SET maxmemory-policy noeviction'),
  };
}

function replica(info: Info): Unfit | null {
  if (info.get('role') !== 'slave') return null;
  const primary = `${info.get('master_host')}:${info.get('master_port')}`;
  return {
    code: 'replica',
    what: 'it is a replica',
    remedy: `use its primary, redis://${printable(primary, ANSWER_LENGTH_MAX)}`,
  };
}

function clusterWithoutTag(info: Info, prefix: string): Unfit | null {
  if (info.get('cluster_enabled') !== '1' || /\{[^}]+\}/.test(prefix)) return null;
  return {
    code: 'cluster-without-tag',
    what: `it is a cluster, which would scatter the keys of "${printable(prefix)}"`,
    remedy: `put a hash tag into the prefix: "{${printable(prefix)}}"`,
  };
}

/** Whether we may write, run a script and remove, tried on a key of our own. */
async function probe(client: Redis, prefix: string): Promise<Unfit | null> {
  const key = `${prefix}:probe-${process.pid}`;
  try {
    await client.set(key, '1', 'PX', PROBE_MS);
    await client.eval("return redis.call('GET', KEYS[1])", 1, key);
    await client.del(key);
    return null;
  } catch (error) {
    return refusedAs(error, prefix);
  }
}

/** By the first word of the answer, what helps. */
const REMEDIES: Readonly<Record<string, string>> = {
  MOVED: 'use the address that MOVED names, or a Redis that is no cluster',
  CLUSTERDOWN: 'repair the cluster, or use a Redis that is none',
  OOM: 'raise its maxmemory',
  MISCONF: 'free space on its disk; its log says more',
};

/** @throws what is no answer of Redis, such as a lost connection */
function refusedAs(error: unknown, prefix: string): Unfit {
  if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
  const answer = `it answers "${printable(error.message, ANSWER_LENGTH_MAX)}"`;
  const word = error.message.split(' ', 1)[0] ?? '';
  if (word === 'NOPERM') {
    const rules = `'~${prefix}:*' +@all -@admin -@dangerous +info`;
    return { code: 'forbidden', what: answer, remedy: `type \`ACL SETUSER NAME ${rules}\`` };
  }
  return {
    code: 'read-only',
    what: answer,
    remedy: REMEDIES[word] ?? 'use a Redis that takes writes',
  };
}

/** A user of the fleet may not change the server, so where users have names another one is to be named. */
function typed(client: Redis, command: string): string {
  const { username, password } = client.options;
  const place = placeOf(addressOf(client));
  if (username) {
    return `type \`redis-cli ${place} --user NAME --askpass ${command}\`, NAME being a user that may`;
  }
  return `type \`redis-cli ${place}${password ? ' --askpass' : ''} ${command}\``;
}

function placeOf(address: RedisAddress): string {
  if ('path' in address) return `-s ${address.path}`;
  return `-h ${address.host} -p ${address.port}${address.tls ? ' --tls' : ''}`;
}
