/**
 * The scripts that run inside Redis. Each may be sent twice (a connection that breaks after the command was
 * sent leaves the sender in doubt), so each is idempotent. Those that only the coordinator may run refuse an
 * epoch other than the present one.
 *
 * Redis runs a script whole or not at all, and one at a time.
 */
import type { Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import type { PackedList } from './named-lists.ts';

/** A heartbeat not renewed for so long belongs to a worker that is gone. */
const WORKER_GONE_SECONDS = 10;
/**
 * So long after it was put a list goes, even if a batch that waits still names it: that one then only brings more that is
 * not new.
 */
const LIST_SECONDS = 3600;

/** A coordinator that is silent for so long leads no longer. */
export const LEADER_SECONDS = 10;
/** Workers ask every two seconds; one that asks later sends its report again, which does no harm. */
const LOGGED_SECONDS = 60;
const FATE_NAMES = ['unknown', 'waits', 'logged'] as const;
/** `unknown`: Redis has been emptied, or the report is logged for longer than Redis remembers. */
export type Fate = (typeof FATE_NAMES)[number];

/** Somebody else has become the coordinator. */
export class StaleEpoch extends Error {
  override readonly name = 'StaleEpoch';
}

/** In the text of a report, and not in any string in it: nobody has computed its batch. */
const QUARANTINED = '"result":{"kind":"quarantined"';

/**
 * KEYS reports arrivals, ARGV id report given-up. 1 if it is new, 0 if it already waits. A result takes the place
 * of a report that its batch is quarantined; it arrives once more, for the coordinator may have taken that one.
 */
const INGEST = `
local function isGivenUp(report) return string.find(report, ARGV[3], 1, true) ~= nil end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  if isGivenUp(ARGV[2]) or not isGivenUp(redis.call('HGET', KEYS[1], ARGV[1])) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('RPUSH', KEYS[2], ARGV[1])
return 1`;

/** KEYS reports arrivals epoch, ARGV epoch how-many. {id, report, ...}, the oldest first; nothing is removed. */
const TAKE = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return redis.error_reply('STALE epoch') end
local taken = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[2] - 1)) do
  taken[#taken + 1] = id
  taken[#taken + 1] = redis.call('HGET', KEYS[1], id) or ''
end
return taken`;

/**
 * KEYS reports arrivals epoch logged, ARGV epoch seconds id... Forgets what the log has on disk, but not what has
 * arrived in its place since; for so many seconds `logged` says so to the workers.
 */
const SETTLE = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return redis.error_reply('STALE epoch') end
local now = tonumber(redis.call('TIME')[1])
for i = 3, #ARGV do
  redis.call('LREM', KEYS[2], 1, ARGV[i])
  if not redis.call('LPOS', KEYS[2], ARGV[i]) then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZADD', KEYS[4], now, ARGV[i])
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[2])
return #ARGV - 2`;

/**
 * KEYS reports logged, ARGV id... Of each report: 1 if it waits, 2 if the log has it, 0 if Redis knows nothing of it.
 */
const FATES = `
local fates = {}
for i, id in ipairs(ARGV) do
  fates[i] = 0
  if redis.call('HEXISTS', KEYS[1], id) == 1 then fates[i] = 1
  elseif redis.call('ZSCORE', KEYS[2], id) then fates[i] = 2 end
end
return fates`;

/**
 * KEYS epoch leader, ARGV least me seconds in-place-of. The new epoch, or the name of another that leads. The epoch is at
 * least so high: the log may know of later ones than a Redis that was emptied.
 */
const LEAD = `
local leader = redis.call('GET', KEYS[2])
if leader and leader ~= ARGV[2] and leader ~= ARGV[4] then return leader end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
local epoch = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], string.format('%.0f', epoch))
return epoch`;

/** KEYS leader, ARGV me seconds. 0: it leads no longer. */
const STAY = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])`;

/** KEYS leader, ARGV me. */
const RESIGN = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`;

/** KEYS seen workers, ARGV id heartbeat. */
const BEAT = `
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1`;

/** KEYS seen workers, ARGV id. */
const LEAVE = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1`;

/** KEYS seen workers, ARGV seconds. {seconds since seen, heartbeat, ...}; forgets those that are gone. */
const FLEET = `
local now = tonumber(redis.call('TIME')[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
local live = {}
local seen = redis.call('ZRANGE', KEYS[1], 0, 9999, 'WITHSCORES')
for i = 1, #seen, 2 do
  live[#live + 1] = tostring(now - tonumber(seen[i + 1]))
  live[#live + 1] = redis.call('HGET', KEYS[2], seen[i]) or ''
end
return live`;

export interface Arrival {
  readonly id: string;
  readonly json: string;
}

export interface Beat {
  readonly secondsSinceSeen: number;
  readonly json: string;
}

export class Exchange {
  private readonly redis: Redis;
  private readonly keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.redis = redis;
    this.keys = keys;
  }

  /** @returns false if a report of that batch already waits */
  async ingest(id: string, report: string): Promise<boolean> {
    const { reports, arrivals } = this.keys;
    return (await this.redis.eval(INGEST, 2, reports, arrivals, id, report, QUARANTINED)) === 1;
  }

  /**
   * Become the coordinator: from now on no other one's scripts are obeyed.
   * @param inPlaceOf the name of another that leads
   * @returns the new epoch, or the name of another that leads
   */
  async lead(epochAtLeast: number, me: string, inPlaceOf = ''): Promise<number | string> {
    const { epoch, leader } = this.keys;
    const answer = await this.redis.eval(
      LEAD,
      ...[2, epoch, leader, epochAtLeast, me, LEADER_SECONDS, inPlaceOf],
    );
    return answer as number | string;
  }

  /** Whether it leads still; to be said every second. */
  async stay(me: string): Promise<boolean> {
    return (await this.redis.eval(STAY, 1, this.keys.leader, me, LEADER_SECONDS)) === 1;
  }

  /** The next one need not wait. */
  async resign(me: string): Promise<void> {
    await this.redis.eval(RESIGN, 1, this.keys.leader, me);
  }

  /** The present coordinator's; 0 if Redis knows of none. */
  async epoch(): Promise<number> {
    return Number((await this.redis.get(this.keys.epoch)) ?? 0);
  }

  /** @throws StaleEpoch */
  async take(epoch: number, countMax: number): Promise<readonly Arrival[]> {
    const flat = (await this.fenced(TAKE, epoch, countMax)) as readonly string[];
    return pairs(flat).map(([id, json]) => ({ id, json }));
  }

  /** @throws StaleEpoch */
  async settle(epoch: number, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.fenced(SETTLE, epoch, LOGGED_SECONDS, ...ids);
  }

  /** What has become of reports that Redis took, in their order. */
  async fates(ids: readonly string[]): Promise<readonly Fate[]> {
    if (ids.length === 0) return [];
    const { reports, logged } = this.keys;
    const fates = (await this.redis.eval(FATES, 2, reports, logged, ...ids)) as readonly number[];
    return fates.map((fate) => FATE_NAMES[fate] ?? 'unknown');
  }

  /** Whether a report of that batch waits to be taken. */
  async waits(id: string): Promise<boolean> {
    return (await this.redis.hexists(this.keys.reports, id)) === 1;
  }

  async putList({ digest, bytes }: PackedList): Promise<void> {
    await this.redis.set(this.keys.list(digest), bytes, 'EX', LIST_SECONDS);
  }

  async list(digest: string): Promise<Buffer | null> {
    return await this.redis.getBuffer(this.keys.list(digest));
  }

  async beat(id: string, heartbeat: string): Promise<void> {
    await this.redis.eval(BEAT, 2, this.keys.seen, this.keys.workers, id, heartbeat);
  }

  async leave(id: string): Promise<void> {
    await this.redis.eval(LEAVE, 2, this.keys.seen, this.keys.workers, id);
  }

  async fleet(): Promise<readonly Beat[]> {
    const { seen, workers } = this.keys;
    const flat = await this.redis.eval(FLEET, 2, seen, workers, WORKER_GONE_SECONDS);
    return pairs(flat as readonly string[]).map(([seconds, json]) => {
      return { secondsSinceSeen: Math.max(0, Number(seconds)), json };
    });
  }

  private async fenced(script: string, epoch: number, ...args: readonly (string | number)[]) {
    const { reports, arrivals, epoch: epochKey, logged } = this.keys;
    try {
      return await this.redis.eval(script, 4, reports, arrivals, epochKey, logged, epoch, ...args);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('STALE')) throw new StaleEpoch();
      throw error;
    }
  }
}

function pairs(flat: readonly string[]): readonly (readonly [string, string])[] {
  return flat.flatMap((value, i) => (i % 2 === 0 ? [[value, flat[i + 1] ?? ''] as const] : []));
}
