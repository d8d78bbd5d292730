/** One queue of batches, as a worker takes from it, with the queue client that brings them. */
import { type Keys, queueName } from '../../corpus/exchange/keys.ts';
import type { Kind } from '../../corpus/vocabulary/messages.ts';
import { Reader, type ReaderOptions, type TakenJob } from './reader.ts';

export interface FeedOptions extends Omit<ReaderOptions, 'queue' | 'prefix'> {
  readonly kind: Kind;
  readonly keys: Keys;
  readonly build: string;
}

export class Consumer {
  readonly kind: Kind;
  private readonly options: FeedOptions;
  private readonly queue: string;
  private inHand = 0;
  private takenMs: number = performance.now();
  private current: Reader;
  private readonly readers = new Set<Reader>();

  constructor(options: FeedOptions) {
    this.options = options;
    this.kind = options.kind;
    this.queue = queueName(options.kind, options.build);
    this.current = this.open();
  }

  /** Whether it could take one more. */
  get hasRoom(): boolean {
    return this.inHand < this.options.room;
  }

  /** When it last took one, on the clock of `performance.now()`; when it began, if it never did. */
  get lastMs(): number {
    return this.takenMs;
  }

  /** The client in use; for tests that break it. */
  get reader(): Reader {
    return this.current;
  }

  /** Jobs that wait in the queue. */
  async waiting(): Promise<number> {
    const { redis, keys } = this.options;
    return await redis.llen(`${keys.prefix}:${this.queue}:wait`);
  }

  /** Another client in place of one that brings nothing; what the old one has in hand it still ends. */
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
    for (const reader of this.readers) reader.abandon();
  }

  private open(): Reader {
    const { redis, room, trouble, keys } = this.options;
    const reader = new Reader({
      queue: this.queue,
      prefix: keys.prefix,
      redis,
      room,
      trouble,
      take: (job) => this.take(job),
    });
    this.readers.add(reader);
    return reader;
  }

  private async end(reader: Reader): Promise<void> {
    await reader.close();
    reader.abandon();
    this.readers.delete(reader);
  }

  private async take(job: TakenJob): Promise<void> {
    this.takenMs = performance.now();
    this.inHand += 1;
    try {
      await this.options.take(job);
    } finally {
      this.inHand -= 1;
    }
  }
}
