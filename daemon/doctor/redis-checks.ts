/** Which Redis a campaign from here would use, whether it is fit for one, and whether its clock is ours. */
import { homedir } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { describe, type RedisAddress, reachRedis } from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { findRedisServer } from '../redis/redis-binary.ts';
import { serverIn } from '../redis/redis-home.ts';
import { bad, bytesText, doubtful, fine, type Judgement } from './judgement.ts';

export interface RedisQuestion {
  /** The one that was named; @throws Refusal REDIS_URL */
  readonly given: () => RedisAddress | undefined;
  /** Whether none is wanted. */
  readonly isWithout: () => boolean;
  readonly prefix: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** How long it may take to answer at first, in milliseconds. */
  readonly waitMs: number;
}

interface Place {
  readonly address: RedisAddress;
  /** Of the private one; null for one that was named. */
  readonly pid: number | null;
}

/** Looks at one Redis for several checks, and asks one that does not answer only once. */
export class RedisLook {
  private readonly question: RedisQuestion;
  private reached: Promise<Redis> | undefined;

  constructor(question: RedisQuestion) {
    this.question = question;
  }

  async redis(): Promise<Judgement> {
    if (this.question.isWithout())
      return fine('none is wanted: `--redis none` is a fleet of one process');
    const place = this.place();
    if (place === null) return await judgeServers(this.question);
    const { address, pid } = place;
    const who = pid === null ? describe(address) : `the private one (process ${pid})`;
    try {
      const client = await this.reach(address);
      const warnings = await requireFit(client, this.question.prefix, address);
      const problems = warnings.map(({ code, what }) => `; ${what} (${code})`).join('');
      const detail = `${who}: ${await factsOf(client)}${problems}`;
      if (warnings.length === 0) return fine(detail);
      return doubtful(detail, warnings.map(({ remedy }) => remedy).join('; '));
    } catch (error) {
      if (pid === null || !(error instanceof Refusal)) throw error;
      return bad(error.message, `\`kill -9 ${pid}\`; the next \`faultline up\` starts another`);
    }
  }

  async memory(): Promise<Judgement> {
    const client = await this.reachable();
    if (client === null) return fine('no Redis to ask');
    const info = await client.info('memory');
    const bytesOf = (name: string): number =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    return judgeRedisMemory(bytesOf('used_memory'), bytesOf('maxmemory'));
  }

  async clock(): Promise<Judgement> {
    const client = await this.reachable();
    if (client === null) return fine('no Redis to compare with');
    try {
      return judgeClock(await offsetOf(client));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
      const remedy = 'heartbeats need it: type `ACL SETUSER NAME +time`';
      return bad(`Redis does not tell its time: ${error.message}`, remedy);
    }
  }

  async close(): Promise<void> {
    const client = await this.reached?.catch(() => undefined);
    client?.disconnect();
  }

  /** null where there is none, or none that answers: `redis` says so. */
  private async reachable(): Promise<Redis | null> {
    try {
      const place = this.place();
      return place === null ? null : await this.reach(place.address);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  private place(): Place | null {
    const { given, isWithout, dataDir } = this.question;
    if (isWithout()) return null;
    const address = given();
    if (address !== undefined) return { address, pid: null };
    const own = serverIn(dataDir);
    return own === null ? null : { address: { path: own.socket }, pid: own.pid };
  }

  private reach(address: RedisAddress): Promise<Redis> {
    this.reached ??= reachRedis(address, this.question.waitMs);
    return this.reached;
  }
}

const ROUND_TRIPS = 5;

async function factsOf(client: Redis): Promise<string> {
  const version = /^redis_version:([\d.]+)/m.exec(await client.info('server'))?.[1];
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const startMs = performance.now();
    await client.ping();
    times.push(performance.now() - startMs);
  }
  const [fastest = 0] = times.sort((a, b) => a - b);
  return `Redis ${version ?? 'of unknown version'}, ${fastest.toFixed(1)} ms there and back`;
}

/** Milliseconds by which the clock of Redis is ahead of ours. */
async function offsetOf(client: Redis): Promise<number> {
  const beforeMs = Date.now();
  const [seconds = 0, microseconds = 0] = (await client.time()).map(Number);
  return seconds * 1000 + microseconds / 1000 - (beforeMs + Date.now()) / 2;
}

/** Heartbeats are judged by the clock of Redis; logs and figures of a fleet are compared by everybody's own. */
const OFFSET_MAX_MS = 2000;

/** @param offsetMs by which the clock of Redis is ahead */
export function judgeClock(offsetMs: number): Judgement {
  const seconds = Math.abs(offsetMs) / 1000;
  const detail = `${seconds.toFixed(seconds < 1 ? 3 : 1)} s ${offsetMs > 0 ? 'behind' : 'ahead of'} Redis`;
  if (seconds * 1000 <= OFFSET_MAX_MS) return fine(detail);
  return doubtful(detail, 'type `sudo timedatectl set-ntp true` on the machine that is wrong');
}

/** Of maxmemory: what is above is gone in a burst, and then Redis takes no report. */
const MEMORY_SHARE_MAX = 0.8;

/** @param most 0 without a limit */
export function judgeRedisMemory(used: number, most: number): Judgement {
  if (most === 0) return fine(`Redis uses ${bytesText(used)}, without a limit of its own`);
  const detail = `Redis uses ${bytesText(used)} of ${bytesText(most)}`;
  if (used <= MEMORY_SHARE_MAX * most) return fine(detail);
  const remedy =
    'full, it takes no report: type `CONFIG SET maxmemory` with more, or start more workers if batches wait';
  return doubtful(detail, remedy);
}

class WouldUnpack extends Error {
  override readonly name = 'WouldUnpack';
}

/** None runs and none is named: whether `up` could start one. */
async function judgeServers({ env, dataDir }: RedisQuestion): Promise<Judgement> {
  let problem: unknown;
  for (const cache of caches(env, dataDir)) {
    try {
      const { binary } = await findRedisServer(cache, stopUnpacking, env);
      return fine(`none is named and none runs here yet; \`up\` starts ${binary}`);
    } catch (error) {
      if (!(error instanceof WouldUnpack) && !(error instanceof Refusal)) throw error;
      problem = error;
    }
  }
  if (!(problem instanceof WouldUnpack)) throw problem;
  return fine(
    'none is named and none is installed; the first `up` would unpack one (apt-get download)',
  );
}

/** It is told before anything is brought or made. */
function stopUnpacking(): never {
  throw new WouldUnpack();
}

/** Where `cacheFolder` may have put one; that would make the folder. */
function caches(env: NodeJS.ProcessEnv, dataDir: string): readonly string[] {
  const given = env.XDG_CACHE_HOME ?? '';
  const user = path.isAbsolute(given) ? given : path.join(env.HOME || homedir(), '.cache');
  return [path.join(user, 'faultline'), path.join(path.resolve(dataDir), 'cache')];
}
