/**
 * The queue of a build, as the coordinator uses it: add batches, the most urgent kind first, and count them. It relies on
 * nothing else of BullMQ, and on none of it for truth: what was handed out is in the log, what came back in
 * `corpus/exchange/scripts.ts`. How often a job is tried, and when it goes, workers decide
 * (`workers/service/queue-client.ts`).
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Keys, queueName } from '../../corpus/exchange/keys.ts';
import { type Batch, KINDS, type Kind } from '../../corpus/vocabulary/messages.ts';
import type { Outstanding } from '../campaign/records.ts';

interface KindCounts {
  readonly waiting: number;
  readonly active: number;
}

export type QueueCounts = Readonly<Record<Kind, KindCounts>>;

/** Return values are copied into a stream that nobody reads; 1000 entries of it are under 200 KB. */
const EVENTS_MAX = 1000;
/** Jobs in the hands of workers, or given back by them, that are told by kind; a fleet has fewer executors. */
const TOLD_MAX = 4096;

export class BatchQueue {
  private readonly redis: Redis;
  private readonly prefix: string;
  private readonly build: string;
  private made: Queue | null = null;

  /** @param redis the caller's; it outlives the queue */
  constructor(redis: Redis, keys: Keys, build: string) {
    this.redis = redis;
    this.prefix = keys.prefix;
    this.build = build;
  }

  /** BullMQ connects as soon as it has one. */
  private get queue(): Queue {
    this.made ??= this.make(this.build);
    return this.made;
  }

  private make(build: string): Queue {
    const queue = new Queue(queueName(build), {
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
    const jobs = batches.map((batch) => {
      const { kind } = batch.work;
      return { name: kind, data: batch, opts: { jobId: batch.id, priority: priorityOf(kind) } };
    });
    if (jobs.length > 0) await this.queue.addBulk(jobs);
  }

  async counts(): Promise<QueueCounts> {
    const [queued, givenBack, active] = await Promise.all([
      this.queue.getCountsPerPriority(KINDS.map(priorityOf)),
      this.namesIn('wait'),
      this.namesIn('active'),
    ]);
    const of = (kind: Kind): KindCounts => {
      const isOne = (name: string): boolean => name === kind;
      const back = givenBack.filter(isOne).length;
      return {
        waiting: (queued[priorityOf(kind)] ?? 0) + back,
        active: active.filter(isOne).length,
      };
    };
    return {
      verify: of('verify'),
      minimize: of('minimize'),
      canary: of('canary'),
      compare: of('compare'),
      fuzz: of('fuzz'),
    };
  }

  /** What jobs in a list of the queue are called; one whose hash is gone has no name. */
  private async namesIn(list: 'wait' | 'active'): Promise<readonly string[]> {
    const ids = await this.redis.lrange(this.queue.toKey(list), 0, TOLD_MAX - 1);
    if (ids.length === 0) return [];
    const asked = this.redis.pipeline();
    for (const id of ids) asked.hget(this.queue.toKey(id), 'name');
    return ((await asked.exec()) ?? []).map(([, name]) => String(name ?? ''));
  }

  /** Those whose job is gone, or has ended without being removed. */
  async without(batches: readonly Outstanding[]): Promise<readonly Outstanding[]> {
    const checked = batches.map(async (batch) => {
      const job = this.queue.toKey(batch.id);
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
    const queue = this.make(build);
    await queue.obliterate({ force: true });
    await queue.close();
  }

  async close(): Promise<void> {
    await this.made?.close();
  }
}

/** From 1, the first; BullMQ takes jobs without one before all others. */
function priorityOf(kind: Kind): number {
  return KINDS.indexOf(kind) + 1;
}
