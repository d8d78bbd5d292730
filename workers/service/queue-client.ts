/**
 * A BullMQ worker that only brings a job and keeps its lock alive. Everything else of BullMQ, and every word
 * that others may have put into a job's hash, is left out.
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

/**
 * One setting for the whole fleet. A worker that dies leaves locks that last at most LOCK_MS more; the first
 * look after that, at most STALLED_MS later, gives its batches back: 7 s, of the 10 that are promised. Locks are
 * renewed every LOCK_MS / 2, so that an event loop may stop for 2.5 s before a batch is thought lost.
 */
const LOCK_MS = 5000;
const STALLED_MS = 2000;
/** Starts are counted by ourselves, with their causes (batch-handler.ts); BullMQ never ends a batch. */
const NEVER = 1_000_000;
/** After an error of Redis; connections that are lost come back by themselves. */
const RETRY_MS = 500;
/** What a job ends with. It goes into the event stream, which nobody reads. */
const DONE = 'ok';

/** Options of every job, whatever its hash says. */
const JOB_OPTIONS = { attempts: NEVER, removeOnComplete: true, removeOnFail: true } as const;
/** Fields of a job's hash that BullMQ may see: starts, returns, time of the last start, what a worker said of it. */
const FIELDS: ReadonlySet<string> = new Set(['ats', 'atm', 'processedOn', 'failedReason']);

/** A job that was taken. */
export interface TakenJob {
  readonly id: string;
  /** As it lay in Redis. */
  readonly text: string;
  /** How often it was started, this time included. */
  readonly starts: number;
  /** How often a worker gave it back, with a reason. */
  readonly returns: number;
  /** The last of the reasons. */
  readonly lastFailure: string | null;
}

export interface QueueClientOptions {
  readonly queue: string;
  readonly prefix: string;
  /** For all but the blocking read; it outlives the client. */
  readonly redis: Redis;
  /** Jobs in hand at once. */
  readonly room: number;
  /** Ends the job if it resolves, and gives it back if it rejects. */
  readonly take: (job: TakenJob) => Promise<void>;
  readonly trouble: (error: Error) => void;
}

export class QueueClient extends Worker {
  /** On which it waits for jobs. */
  readonly blocking: Redis;

  constructor({ queue, prefix, redis, room, take, trouble }: QueueClientOptions) {
    const blocking = redis.duplicate();
    blocking.on('error', () => {});
    super(
      queue,
      async (job: Job): Promise<typeof DONE> => {
        await take(takenJob(job));
        return DONE;
      },
      {
        connection: redis,
        prefix,
        concurrency: room,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: NEVER,
        runRetryDelay: RETRY_MS,
      },
      (name, options) => new VettingBackend(name, options, prefix, redis, blocking),
    );
    this.blocking = blocking;
    this.on('error', trouble);
  }

  /** At once, and without Redis: locks in hand run out. */
  abandon(): void {
    void this.close(true);
    // The two that matter, also where an earlier `close` waits for Redis.
    this.blocking.disconnect();
    void this.lockManager.close();
  }
}

function takenJob(job: Job): TakenJob {
  const { id = '', data, attemptsStarted, attemptsMade, failedReason = '' } = job;
  const lastFailure = failedReason === '' ? null : failedReason;
  return { id, text: String(data), starts: attemptsStarted, returns: attemptsMade, lastFailure };
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

  override execCommand(
    client: RedisClient | IRedisTransaction,
    command: string,
    args: unknown[],
  ): unknown {
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
