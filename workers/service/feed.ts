/**
 * One queue of batches, as a worker takes from it: BullMQ behind a narrow door. BullMQ brings a job and keeps
 * its lock alive; everything else of it, and every word that others may have put into a job's hash, is left
 * out. What a job needs is its data and how often it was started.
 */
import {
  type IRedisTransaction,
  type Job,
  QueueKeys,
  type RedisClient,
  RedisConnection,
  RedisQueueBackend,
  Worker,
} from 'bullmq';
import type { Redis } from 'ioredis';
import { type Keys, queueName } from '../../corpus/exchange/keys.ts';
import type { Kind } from '../../corpus/vocabulary/messages.ts';

/**
 * One setting for the whole fleet. A worker that dies leaves locks that last at most LOCK_MS more; the first
 * look after that, at most STALLED_MS later, gives its batches back: 8 s. Locks are renewed every LOCK_MS / 2
 * at the latest, so that an event loop may stop for 3 s before a batch is thought lost.
 */
export const LOCK_MS = 6000;
export const STALLED_MS = 2000;
/** Starts are counted by ourselves, with their causes (desk.ts); BullMQ is never to give a batch up. */
const NEVER = 1_000_000;
/** After an error of Redis; connections that are lost come back by themselves. */
const RETRY_MS = 500;
/** What a job ends with. It goes into the event stream, which nobody reads. */
const DONE = 'ok';

/** Options of every job, whatever its hash says. */
const JOB_OPTIONS = { attempts: NEVER, removeOnComplete: true, removeOnFail: true } as const;
/** Fields of a job's hash that BullMQ may see. */
const FIELDS: ReadonlySet<string> = new Set(['ats', 'processedOn', 'failedReason']);

/** A job that was taken. */
export interface TakenJob {
  readonly id: string;
  /** As it lay in Redis. */
  readonly text: string;
  /** How often it was started, this time included. */
  readonly starts: number;
  /** Why it came back the last time, if a worker said so. */
  readonly lastFailure: string | null;
}

export interface FeedOptions {
  readonly kind: Kind;
  /** For all but the blocking read; it outlives the feed. */
  readonly redis: Redis;
  readonly keys: Keys;
  readonly build: string;
  /** Batches in hand at once. */
  readonly room: number;
  /** Ends the job if it resolves, and gives it back if it rejects. */
  readonly take: (job: TakenJob) => Promise<void>;
  readonly trouble: (error: Error) => void;
}

export class Feed {
  readonly kind: Kind;
  /** When it last brought a job, on the clock of `performance.now()`. */
  lastMs: number = performance.now();
  private readonly options: FeedOptions;
  private readonly name: string;
  private inHand = 0;
  private current: Reader;
  private readonly readers = new Set<Reader>();

  constructor(options: FeedOptions) {
    this.options = options;
    this.kind = options.kind;
    this.name = queueName(options.kind, options.build);
    this.current = this.open();
  }

  get hasRoom(): boolean {
    return this.inHand < this.options.room;
  }

  /** The connection on which it waits for jobs; for tests that break it. */
  get blocking(): Redis {
    return this.current.blocking;
  }

  /** Jobs that wait in the queue. */
  async waiting(): Promise<number> {
    const { redis, keys } = this.options;
    return await redis.llen(`${keys.prefix}:${this.name}:wait`);
  }

  /** Another BullMQ worker in place of one that brings nothing; what the old one has in hand it still ends. */
  replace(): void {
    const old = this.current;
    this.current = this.open();
    void this.end(old);
  }

  /** Takes no more, and resolves when all in hand is ended in Redis; never, if Redis does not answer. */
  async close(): Promise<void> {
    await Promise.all([...this.readers].map((reader) => this.end(reader)));
  }

  /** At once; what is in hand is left to be found stalled. */
  abandon(): void {
    for (const { blocking } of this.readers) blocking.disconnect();
  }

  private open(): Reader {
    const { redis, keys, room, trouble } = this.options;
    const blocking = redis.duplicate();
    blocking.on('error', () => {});
    const worker = new Worker(
      this.name,
      (job: Job) => this.take(job),
      {
        connection: redis,
        prefix: keys.prefix,
        concurrency: room,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: NEVER,
        runRetryDelay: RETRY_MS,
      },
      (name, options) => new VettingBackend(name, options, keys.prefix, redis, blocking),
    );
    worker.on('error', trouble);
    const reader = { worker, blocking };
    this.readers.add(reader);
    return reader;
  }

  private async end(reader: Reader): Promise<void> {
    await reader.worker.close();
    reader.blocking.disconnect();
    this.readers.delete(reader);
  }

  private async take(job: Job): Promise<typeof DONE> {
    this.lastMs = performance.now();
    this.inHand += 1;
    try {
      await this.options.take({
        id: job.id ?? '',
        text: String(job.data),
        starts: job.attemptsStarted,
        lastFailure: job.failedReason ?? null,
      });
      return DONE;
    } finally {
      this.inHand -= 1;
    }
  }
}

interface Reader {
  readonly worker: Worker;
  readonly blocking: Redis;
}

/** BullMQ's way to Redis, where jobs are vetted before BullMQ parses them. */
class VettingBackend extends RedisQueueBackend {
  constructor(
    name: string,
    options: ConstructorParameters<typeof RedisQueueBackend>[4],
    prefix: string,
    redis: Redis,
    blocking: Redis,
  ) {
    const keys = new QueueKeys(prefix);
    super(
      new RedisConnection(redis, { shared: true, blocking: false }),
      name,
      keys.getKeys(name),
      (type) => keys.toKey(name, type),
      options,
      new RedisConnection(blocking, { shared: false, blocking: true }),
    );
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type that it overrides
  override execCommand(client: RedisClient | IRedisTransaction, command: string, args: any[]): any {
    const answer: unknown = super.execCommand(client, command, args);
    const bringsJob = command === 'moveToActive' || command === 'moveToFinished';
    return bringsJob ? Promise.resolve(answer).then(vetted) : answer;
  }
}

/** `[hash, id, ...]` where a job was taken, with the hash as names and values in turn. */
function vetted(answer: unknown): unknown {
  if (!Array.isArray(answer) || !Array.isArray(answer[0])) return answer;
  const [hash, ...rest] = answer;
  const kept: unknown[] = ['opts', JSON.stringify(JOB_OPTIONS), 'data', '""'];
  for (let i = 0; i < hash.length; i += 2) {
    if (FIELDS.has(hash[i])) kept.push(hash[i], hash[i + 1]);
    // Once more into JSON: BullMQ reads a string, and what is in it is ours to judge.
    if (hash[i] === 'data') kept.push('data', JSON.stringify(hash[i + 1]));
  }
  return [kept, ...rest];
}
