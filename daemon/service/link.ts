/** What ties a coordinator to its executors, and what there is to be said of it: through Redis, or in this process. */

import { hostname } from 'node:os';
import { Redis } from 'ioredis';
import { keysOf } from '../../corpus/exchange/keys.ts';
import {
  awaitRedis,
  connectionOptions,
  describe,
  type RedisAddress,
  watchOutages,
} from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { PresenceWatch } from '../../corpus/exchange/redis-presence.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import type { WorkerStatus } from '../campaign/views.ts';
import { Fleet } from '../coordinator/fleet.ts';
import { Leadership } from '../coordinator/leadership.ts';
import { type LocalExecutors, LocalTransport } from '../coordinator/local-transport.ts';
import { BatchQueue, type QueueCounts } from '../coordinator/queue.ts';
import { RedisProbe } from '../coordinator/redis-probe.ts';
import { RedisTransport } from '../coordinator/redis-transport.ts';
import { FUZZ_BATCHES_AN_EXECUTOR, type Transport } from '../coordinator/transport.ts';
import { SYSTEM_CLOCK } from '../log/clock.ts';

export interface Link {
  readonly transport: Transport;
  readonly fleet: { readonly workers: readonly WorkerStatus[] };
  readonly probe: {
    readonly counts: Partial<QueueCounts>;
    readonly roundtripSeconds: number;
    readonly memoryBytes: number;
    readonly isDurable: boolean;
  };
  readonly outages: { readonly isUp: boolean; readonly outages: number };
  /** What of Redis a process that starts would miss, though this one is connected; null if nothing. */
  readonly presence: { readonly gone: string | null };
  /**
   * Waits for a Redis that is not there yet.
   *
   * @returns false if it was told to stop before
   * @throws Refusal for whatever Redis lacks, before anything is changed
   */
  open(stop: AbortSignal): Promise<boolean>;
  stop(): void;
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly prefix: string;
  readonly build: string;
  readonly version: string;
  /** Whether another coordinator that leads the Redis has to give way. */
  readonly takesOver: boolean;
  /** One line of what happens, and one of what a person may act on. */
  say(text: string): void;
  warn(text: string): void;
}

/** A Redis that does not answer a first ping within this time is not there. */
const REACH_MS = 3000;
/** What is connected works on; what a worker has reported is in the log or comes again. */
const LOST_REMEDY = 'restart that Redis (`up` does); no finding is lost by it';

/** Connects to nothing before it is opened. */
export function redisLink(address: RedisAddress, options: LinkOptions): Link {
  const { prefix, build, takesOver } = options;
  const say = (text: string): void => options.say(text);
  const warn = (text: string): void => options.warn(text);
  const redis = new Redis(connectionOptions(address));
  const outages = watchOutages(redis, warn, say);
  const keys = keysOf(prefix);
  const exchange = new Exchange(redis, keys);
  const queue = new BatchQueue(redis, keys, build);
  const clock = SYSTEM_CLOCK;
  const leadership = new Leadership({ exchange, clock, takesOver, said: warn });
  const fleet = new Fleet(exchange, clock, build, warn);
  const probe = new RedisProbe(redis, queue, SYSTEM_CLOCK);
  const lost = (why: string): void => {
    // Otherwise the outage is said.
    if (outages.isUp) warn(`${why}; ${LOST_REMEDY}`);
  };
  const presence = new PresenceWatch({ address, lost });
  return {
    transport: new RedisTransport({ exchange, leadership, queue, fleet, build, said: warn }),
    fleet,
    probe,
    outages,
    presence,
    open: async (stop) => {
      const client = await awaitRedis(address, REACH_MS, stop, warn);
      if (client === null) return false;
      try {
        for (const { what, remedy } of await requireFit(client, prefix, address)) {
          warn(`the Redis at ${describe(address)}: ${what}; ${remedy}`);
        }
      } finally {
        client.disconnect();
      }
      // Where it is gone again it is waited for, as later.
      await redis.connect().catch(() => {});
      probe.start();
      presence.start();
      return true;
    },
    stop: () => {
      probe.stop();
      presence.stop();
    },
    close: async () => {
      if (redis.status === 'ready') await leadership.resign().catch(() => {});
      await queue.close();
      redis.disconnect();
    },
  };
}

/** Executors of this process, and what they are at. */
export interface LocalPool extends LocalExecutors {
  readonly busy: number;
  readonly totals: { readonly runs: number };
  close(): Promise<void>;
}

/** A batch takes a second or two, and stopping waits for all that are under way: few are enough. */
export function localLink(pool: LocalPool, { build, version }: LinkOptions): Link {
  return {
    transport: new LocalTransport(pool, () => FUZZ_BATCHES_AN_EXECUTOR * pool.count),
    fleet: {
      get workers() {
        const { count: executors, busy, totals } = pool;
        const here = { id: 'local', host: hostname(), pid: process.pid, metrics: null };
        const state = { isDraining: false, runs: totals.runs, secondsSinceSeen: 0 };
        return [{ ...here, ...state, build, version, executors, busy }];
      },
    },
    // Without a queue there is nothing to lose.
    probe: { counts: {}, roundtripSeconds: 0, memoryBytes: 0, isDurable: true },
    outages: { isUp: true, outages: 0 },
    presence: { gone: null },
    open: async () => true,
    stop: () => {},
    close: () => pool.close(),
  };
}
