/** How Redis and the queue are, asked every two seconds; in between, and while Redis is down, the last answer holds. */
import type { Redis } from 'ioredis';
import type { Clock } from '../log/clock.ts';
import type { BatchQueue, QueueCounts } from './queue.ts';

const PERIOD_MS = 2000;
const DURABLE = [/^aof_enabled:1\r?$/m, /^aof_last_write_status:ok\r?$/m] as const;

export class RedisProbe {
  counts: Partial<QueueCounts> = {};
  roundtripSeconds = 0;
  memoryBytes = 0;
  /** Whether it keeps an append-only file and could write it. */
  isDurable = false;
  private readonly redis: Redis;
  private readonly queue: BatchQueue;
  private readonly clock: Clock;
  private timer: NodeJS.Timeout | undefined;
  private isAsking = false;

  constructor(redis: Redis, queue: BatchQueue, clock: Clock) {
    this.redis = redis;
    this.queue = queue;
    this.clock = clock;
  }

  start(): void {
    this.timer = setInterval(() => void this.ask(), PERIOD_MS);
    void this.ask();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const startedMs = this.clock.monotonicMs();
      await this.redis.ping();
      this.roundtripSeconds = (this.clock.monotonicMs() - startedMs) / 1000;
      const memory = await this.redis.info('memory');
      this.memoryBytes = Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? 0);
      const persistence = await this.redis.info('persistence');
      this.isDurable = DURABLE.every((line) => line.test(persistence));
      this.counts = await this.queue.counts();
    } catch {
      // The outage is said by whoever watches the connection; the next time it is asked again.
    } finally {
      this.isAsking = false;
    }
  }
}
