/**
 * The queues, as the coordinator uses them: add batches, count them. It relies on nothing else of BullMQ, and
 * on none of it for truth: what was handed out is in the log, what came back in `corpus/exchange/scripts.ts`. How often a
 * job is tried, and when it goes, workers decide (`workers/service/queue-client.ts`).
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Keys, queueName } from '../../corpus/exchange/keys.ts';
import { type Batch, KINDS, type Kind } from '../../corpus/vocabulary/messages.ts';
import type { Outstanding } from '../campaign/records.ts';

export interface KindCounts {
  readonly waiting: number;
  readonly active: number;
}

/** Return values are copied into a stream that nobody reads; 1000 entries of it are under 200 KB. */
const EVENTS_MAX = 1000;

export class BatchQueues {
  private readonly redis: Redis;
  private readonly prefix: string;
  private readonly queues: Readonly<Record<Kind, Queue>>;

  /** @param redis the caller's; it outlives the queues */
  constructor(redis: Redis, keys: Keys, build: string) {
    this.redis = redis;
    this.prefix = keys.prefix;
    this.queues = {
      verify: this.make('verify', build),
      minimize: this.make('minimize', build),
      canary: this.make('canary', build),
      compare: this.make('compare', build),
      fuzz: this.make('fuzz', build),
    };
  }

  private make(kind: Kind, build: string): Queue {
    const queue = new Queue(queueName(kind, build), {
      connection: this.redis,
      prefix: this.prefix,
      streams: { events: { maxLen: EVENTS_MAX } },
    });
    // The connection's own listener has said it (`watchOutages`).
    queue.on('error', () => {});
    return queue;
  }

  /** A batch whose job is still there is not added twice. */
  async add(batches: readonly Batch[]): Promise<void> {
    for (const kind of KINDS) {
      const jobs = batches
        .filter(({ work }) => work.kind === kind)
        .map((batch) => ({ name: kind, data: batch, opts: { jobId: batch.id } }));
      if (jobs.length > 0) await this.queues[kind].addBulk(jobs);
    }
  }

  async counts(): Promise<Readonly<Record<Kind, KindCounts>>> {
    const of = async (kind: Kind): Promise<KindCounts> => {
      const { waiting = 0, active = 0 } = await this.queues[kind].getJobCounts('waiting', 'active');
      return { waiting, active };
    };
    const [verify, minimize, canary, compare, fuzz] = await Promise.all(KINDS.map(of));
    const none = { waiting: 0, active: 0 };
    return {
      verify: verify ?? none,
      minimize: minimize ?? none,
      canary: canary ?? none,
      compare: compare ?? none,
      fuzz: fuzz ?? none,
    };
  }

  /** Those whose job is gone, or has ended without being removed. */
  async without(batches: readonly Outstanding[]): Promise<readonly Outstanding[]> {
    const checked = batches.map(async (batch) => {
      const job = this.queues[batch.kind].toKey(batch.id);
      const [isThere, hasEnded] = await Promise.all([
        this.redis.exists(job),
        this.redis.hexists(job, 'finishedOn'),
      ]);
      return isThere === 0 || hasEnded === 1 ? [batch] : [];
    });
    return (await Promise.all(checked)).flat();
  }

  /** Everything that is queued for another build. */
  async drop(build: string): Promise<void> {
    for (const kind of KINDS) {
      const queue = this.make(kind, build);
      await queue.obliterate({ force: true });
      await queue.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all(KINDS.map((kind) => this.queues[kind].close()));
  }
}
