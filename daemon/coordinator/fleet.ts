/** Who is alive, as their heartbeats say. Looked at now and then; in between the last look holds. */
import { readHeartbeat } from '../../corpus/exchange/heartbeat.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import type { WorkerStatus } from '../campaign/views.ts';
import type { Clock } from '../log/clock.ts';

/** Workers beat every two seconds. */
const LOOK_MS = 1000;

export class Fleet {
  workers: readonly WorkerStatus[] = [];
  private readonly exchange: Exchange;
  private readonly clock: Clock;
  private readonly build: string;
  private lookedMs = Number.NEGATIVE_INFINITY;

  constructor(exchange: Exchange, clock: Clock, build: string) {
    this.exchange = exchange;
    this.clock = clock;
    this.build = build;
  }

  async look(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lookedMs < LOOK_MS) return;
    this.lookedMs = nowMs;
    const beats = await this.exchange.fleet();
    this.workers = beats
      .flatMap(({ secondsSinceSeen, json }) => {
        const beat = readHeartbeat(json);
        return beat === null ? [] : [{ ...beat, secondsSinceSeen }];
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Executors that take batches of this build. */
  executors(): number {
    return this.workers
      .filter(({ build, isDraining }) => build === this.build && !isDraining)
      .reduce((sum, { executors }) => sum + executors, 0);
  }
}
