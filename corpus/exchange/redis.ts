/**
 * The connection to Redis that coordinator and workers share: where it is, how it outlives an outage, and how a
 * Redis that cannot be reached is refused in one line instead of being waited for.
 */

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorMap } from 'node:util';
import { Redis, type RedisOptions } from 'ioredis';
import { fail, Refusal } from '../vocabulary/errors.ts';
import { printable, printableFile } from '../vocabulary/printable.ts';

interface Account {
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
}
interface SocketAddress extends Account {
  readonly path: string;
}
interface HostAddress extends Account {
  readonly host: string;
  readonly port: number;
  readonly tls?: true;
}
export type RedisAddress = SocketAddress | HostAddress;

const PORT_DEFAULT = 6379;
/** Addresses and answers of servers in a message. */
const SHOWN_LENGTH_MAX = 200;

/**
 * `redis://`, `rediss://` (TLS) or `unix:/path`.
 *
 * @param file where it was read, if it was
 * @throws Refusal REDIS_URL
 */
export function parseRedisUrl(value: string, file?: string): RedisAddress {
  const address = value.startsWith('unix:') ? socketAddress(value) : hostAddress(value);
  if (address !== null) return address;
  const place = file === undefined ? '' : ` in ${printableFile(file)}`;
  throw fail('REDIS_URL', { url: withoutSecrets(value), place });
}

function socketAddress(value: string): RedisAddress | null {
  const path = value.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  return /^\/[^\0]*[^\0/]$/.test(path) && !path.startsWith('//') ? { path } : null;
}

function hostAddress(value: string): RedisAddress | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol)) return null;
  const database = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  const port = url.port === '' ? PORT_DEFAULT : Number(url.port);
  const account = accountOf(url);
  if (database === undefined || url.hostname === '' || port === 0) return null;
  // What nobody would obey is refused rather than dropped.
  if (url.search !== '' || url.hash !== '' || account === null) return null;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    ...(database === '' ? {} : { db: Number(database) }),
    ...account,
    ...(url.protocol === 'rediss:' ? { tls: true } : {}),
  };
}

function accountOf({ username, password }: URL): Account | null {
  try {
    if (username === '' && password === '') return {};
    const words = { password: decodeURIComponent(password) };
    return username === '' ? words : { username: decodeURIComponent(username), ...words };
  } catch {
    return null;
  }
}

/** Before an `@` there may be a password, whatever else is wrong with the value. */
function withoutSecrets(value: string): string {
  const scheme = /^\w*:\/*/.exec(value)?.[0] ?? '';
  const at = value.lastIndexOf('@');
  return printable(at < 0 ? value : `${scheme}***${value.slice(at)}`, SHOWN_LENGTH_MAX);
}

/** The address as a person would type it, without its password. */
export function describe(address: RedisAddress): string {
  return printable(
    'path' in address ? `unix:${address.path}` : hostText(address),
    SHOWN_LENGTH_MAX,
  );
}

function hostText({ host, port, db, username, tls }: HostAddress): string {
  const user = username === undefined ? '' : `${username}@`;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'rediss' : 'redis'}://${user}${name}:${port}${db === undefined ? '' : `/${db}`}`;
}

const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 1000;
/** Processes that lost the same Redis do not all come back in the same moment. */
const RETRY_SPREAD = spreadOf(`${hostname()} ${process.pid}`);
const CONNECT_TIMEOUT_MS = 5000;
/** How often a Redis that reads its data from disk is asked whether it is ready. */
const LOADING_ASKED_MS = 200;
/** A peer that vanished without a word is noticed after this and ten probes, one a second. */
const KEEP_ALIVE_MS = 10_000;
/** A connection that brings no answer for so long leads nowhere; longer than a blocking read (5 s). */
const DEAF_MS = 10_000;
/** What ioredis lets a peer take to close its end; nothing of ours waits for it. */
const DISCONNECT_MS = 200;

/**
 * Options for ioredis and BullMQ: commands wait for a Redis that is away, and tries to find it never end. The
 * type is what is written here, since the two libraries have different ideas of an option left out.
 */
export function connectionOptions(address: RedisAddress) {
  const { tls, ...place } = 'path' in address ? { ...address, tls: undefined } : address;
  return {
    ...place,
    ...(tls ? { tls: {} } : {}),
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: retryDelayMs,
    // After a failover the old primary refuses writes: look for the new one and send the command again. Redis 6 says so
    // of a script within a sentence.
    reconnectOnError: (error: Error) => (/\bREADONLY\b/.test(error.message) ? 2 : false),
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableReadyCheck: true,
    maxLoadingRetryTime: LOADING_ASKED_MS,
    keepAlive: KEEP_ALIVE_MS,
    socketTimeout: DEAF_MS,
    disconnectTimeout: DISCONNECT_MS,
  } satisfies RedisOptions;
}

/** 100 ms, doubling to 1 s, and up to a quarter less, by process. */
function retryDelayMs(attempt: number): number {
  const whole = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** (attempt - 1));
  return Math.round(whole * (1 - RETRY_SPREAD / 4));
}

/** A number from 0 to 1 that differs between texts. */
function spreadOf(text: string): number {
  let sum = 0;
  for (const byte of Buffer.from(text)) sum = (sum * 31 + byte) % 1009;
  return sum / 1009;
}

/**
 * A client that is connected and has been answered. It reconnects by itself from then on.
 *
 * @param stop ends the try at once
 * @throws Refusal REDIS_UNREACHABLE within the limit, after one try
 */
export async function reachRedis(
  address: RedisAddress,
  timeLimitMs: number,
  stop?: AbortSignal,
): Promise<Redis> {
  let isReached = false;
  let why: string | undefined;
  const client = new Redis({
    ...connectionOptions(address),
    retryStrategy: (attempt: number) => (isReached ? retryDelayMs(attempt) : null),
  });
  // Also for as long as the client lives: ioredis prints errors that nobody listens to.
  client.on('error', (error: Error) => {
    why ??= reasonOf(error);
  });
  // A server that is full, or takes no strangers, says so and hangs up: ioredis has no error for that.
  let parting = 'it closed the connection at once';
  client.once('connect', () => {
    client.stream.once('data', (data: Buffer) => {
      if (data.toString().startsWith('-')) parting = reasonOf(new Error(data.toString().slice(1)));
    });
  });
  const giveUp = (): void => client.disconnect();
  stop?.addEventListener('abort', giveUp, { once: true });
  try {
    await within(timeLimitMs, () => silence(client, timeLimitMs), greet(client));
    isReached = true;
    return client;
  } catch (error) {
    client.disconnect();
    client.stream?.destroy();
    why ??= error instanceof Silence ? error.message : parting;
    throw fail('REDIS_UNREACHABLE', { url: describe(address), why });
  } finally {
    stop?.removeEventListener('abort', giveUp);
  }
}

const AWAITED_MS = 1000;

/**
 * The same, but waits for a Redis that is not there yet, and says so once.
 *
 * @returns null if it was told to stop before
 * @throws Refusal REDIS_UNREACHABLE where what answers will not have us
 */
export async function awaitRedis(
  address: RedisAddress,
  timeLimitMs: number,
  stop: AbortSignal,
  say: (line: string) => void,
): Promise<Redis | null> {
  for (let isFirst = true; !stop.aborted; isFirst = false) {
    try {
      return await reachRedis(address, timeLimitMs, stop);
    } catch (error) {
      if (!(error instanceof Refusal) || isLasting(error)) throw error;
      if (isFirst && !stop.aborted) say(`${error.message}; waiting for it`);
      await sleep(AWAITED_MS, undefined, { signal: stop }).catch(() => {});
    }
  }
  return null;
}

function isLasting({ facts }: Refusal): boolean {
  return REFUSALS.some(([, words]) => words === facts.why);
}

async function greet(client: Redis): Promise<void> {
  await client.connect();
  await client.ping();
}

/** No answer in time. */
class Silence extends Error {
  override readonly name = 'Silence';
}

function silence(client: Redis, timeLimitMs: number): Silence {
  const what =
    client.status === 'connecting'
      ? 'no connection'
      : 'it takes the connection, but does not answer';
  return new Silence(`${what} within ${timeLimitMs / 1000} s`);
}

/** What `work` comes to, or `late()` thrown if it takes longer. */
export async function within<T>(
  timeLimitMs: number,
  late: () => Error,
  work: Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeLimitMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** What servers say to a client that they do not let in, and ioredis of answers that it cannot read. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid password/i, 'it refuses this user and password'],
  [/^NOAUTH/, 'it wants a password, and the address has none'],
  [/Please report this/, 'what answers there is not Redis'],
];

function reasonOf(error: Error): string {
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const { errno, code } = first as NodeJS.ErrnoException;
  const words = getSystemErrorMap().get(errno ?? 0)?.[1];
  if (words !== undefined) return `${words} (${code})`;
  const known = REFUSALS.find(([pattern]) => pattern.test(first.message))?.[1];
  return known ?? printable(first.message.trim(), SHOWN_LENGTH_MAX);
}

/** A connection that holds for so long is back; shorter ones belong to the same outage. */
const BACK_MS = 500;

export interface OutageLog {
  readonly isUp: boolean;
  /** So far, the present one included. */
  readonly outages: number;
}

/** One line when Redis is gone and one when it is back, however often it was tried in between. */
export function watchOutages(
  client: Redis,
  warn: (line: string) => void,
  info: (line: string) => void,
): OutageLog {
  const name = describe(addressOf(client));
  let outages = 0;
  let lostMs: number | undefined;
  let settling: NodeJS.Timeout | undefined;
  client.on('error', () => {});
  // Comes only where the client means to return: never after a disconnect of our own.
  client.on('reconnecting', () => {
    clearTimeout(settling);
    if (lostMs !== undefined) return;
    lostMs = performance.now();
    outages++;
    warn(`lost the Redis at ${name}; going on when it is back`);
  });
  client.on('ready', () => {
    if (lostMs === undefined) return;
    const seconds = ((performance.now() - lostMs) / 1000).toFixed(1);
    settling = setTimeout(() => {
      lostMs = undefined;
      info(`the Redis at ${name} is back after ${seconds} s`);
    }, BACK_MS);
  });
  client.on('end', () => clearTimeout(settling));
  return {
    get isUp() {
      return client.status === 'ready';
    },
    get outages() {
      return outages;
    },
  };
}

/** Where a client is connected to, without its secrets. */
export function addressOf({ options }: Redis): RedisAddress {
  const { path, host, port, tls } = options;
  if (path) return { path };
  return {
    host: host ?? 'localhost',
    port: port ?? PORT_DEFAULT,
    ...(tls ? { tls: true } : {}),
  };
}
