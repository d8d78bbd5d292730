/**
 * Whether a Redis can still be reached anew, and has its data on disk. An open connection does not tell: it outlives the
 * socket, a changed password and the folder, and the loss shows when a process or the server starts again.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { describe, type RedisAddress, reachRedis, within } from './redis.ts';

const PERIOD_MS = 1000;
/** A Redis that is this slow is of no use to anybody. */
const SILENCE_MS = 5000;
/** In a row: a single one may be a restart. */
const MISSES = 2;

/**
 * What is gone of it, or null.
 *
 * @param folder where its data are, if that is known to be a folder of this machine
 */
export async function whatIsGone(
  address: RedisAddress,
  folder: string | null = null,
): Promise<string | null> {
  let client: Redis | undefined;
  try {
    client = await reachRedis(address, SILENCE_MS);
    const late = (): Error => new Error(`the Redis at ${describe(address)} does not answer`);
    return 'path' in address
      ? await within(SILENCE_MS, late, dataGone(client, address.path, folder))
      : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    client?.disconnect();
  }
}

/** The server may see another disk than this process does, except where its socket lies among its data. */
async function dataGone(
  client: Redis,
  socket: string,
  folder: string | null,
): Promise<string | null> {
  const settings = await settingsOf(client);
  const dir = settings.get('dir');
  // Not allowed to ask.
  if (dir === undefined) return null;
  const known = folder ?? path.dirname(socket);
  // What the system says of a working directory that was removed.
  if (dir === '') return `the data folder of Redis is gone (it was ${known})`;
  if (dir !== known || settings.get('appendonly') !== 'yes') return null;
  const file = path.join(known, appendOnlyFile(settings));
  return existsSync(file) ? null : `the append-only file of Redis is gone (${file})`;
}

async function settingsOf(client: Redis): Promise<ReadonlyMap<string, string>> {
  const ask = async (pattern: string): Promise<readonly string[]> =>
    (await client.config('GET', pattern).catch(() => [])) as readonly string[];
  const words = [...(await ask('dir')), ...(await ask('append*'))];
  const pairs = words.flatMap((name, i) =>
    i % 2 === 0 ? [[name, words[i + 1] ?? ''] as const] : [],
  );
  return new Map(pairs);
}

/** Since Redis 7 several files in a folder, and a list of them. */
function appendOnlyFile(settings: ReadonlyMap<string, string>): string {
  const name = settings.get('appendfilename') ?? '';
  const folder = settings.get('appenddirname');
  return folder === undefined ? name : path.join(folder, `${name}.manifest`);
}

export interface PresenceParts {
  readonly address: RedisAddress;
  readonly folder?: string;
  /** Once, when it has been gone for some looks in a row. */
  readonly lost?: (why: string) => void;
}

/** Looks every second. */
export class PresenceWatch {
  private readonly parts: PresenceParts;
  private misses = 0;
  private why: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(parts: PresenceParts) {
    this.parts = parts;
  }

  /** What is gone, or null. */
  get gone(): string | null {
    return this.misses < MISSES ? null : this.why;
  }

  start(): void {
    this.timer = setTimeout(() => void this.look(), PERIOD_MS);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    const { address, folder, lost } = this.parts;
    this.why = await whatIsGone(address, folder);
    if (this.isStopped) return;
    this.misses = this.why === null ? 0 : this.misses + 1;
    if (this.misses === MISSES && this.why !== null) lost?.(this.why);
    this.start();
  }
}
