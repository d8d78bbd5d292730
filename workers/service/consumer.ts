/** The queue of batches, as a worker takes from it, with the queue client that brings them. */
import { type Keys, queueName } from '../../corpus/exchange/keys.ts';
import { QueueClient, type QueueClientOptions, type TakenJob } from './queue-client.ts';

export interface ConsumerOptions extends Omit<QueueClientOptions, 'queue' | 'prefix'> {
  readonly keys: Keys;
  readonly build: string;
}

export class Consumer {
  private readonly options: ConsumerOptions;
  private readonly queue: string;
  private inHand = 0;
  private takenMs: number = performance.now();
  private current: QueueClient;
  private readonly clients = new Set<QueueClient>();

  constructor(options: ConsumerOptions) {
    this.options = options;
    this.queue = queueName(options.build);
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
  get client(): QueueClient {
    return this.current;
  }

  /** Jobs that wait in the queue, those that were given back included. */
  async waiting(): Promise<number> {
    const { redis, keys } = this.options;
    const queue = `${keys.prefix}:${this.queue}`;
    const [queued, givenBack] = await Promise.all([
      redis.zcard(`${queue}:prioritized`),
      redis.llen(`${queue}:wait`),
    ]);
    return queued + givenBack;
  }

  /** Opens another client in place of one that brings nothing. The old one ends the jobs that it has in hand. */
  replace(): void {
    const old = this.current;
    this.current = this.open();
    void this.end(old);
  }

  /** Takes no more, and resolves when all in hand is ended in Redis; never, if Redis does not answer. */
  async close(): Promise<void> {
    await Promise.all([...this.clients].map((client) => this.end(client)));
  }

  /** At once; what is in hand is left to be found stalled. */
  abandon(): void {
    for (const client of this.clients) client.abandon();
  }

  private open(): QueueClient {
    const { redis, room, trouble, keys } = this.options;
    const client = new QueueClient({
      queue: this.queue,
      prefix: keys.prefix,
      redis,
      room,
      trouble,
      take: (job) => this.take(job),
    });
    this.clients.add(client);
    return client;
  }

  private async end(client: QueueClient): Promise<void> {
    await client.close();
    client.abandon();
    this.clients.delete(client);
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
