/** Who is alive, as their heartbeats say. Looked at now and then; in between the last look holds. */
import { readHeartbeat } from '../../corpus/exchange/heartbeat.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import type { WorkerStatus } from '../campaign/views.ts';
import type { Clock } from '../log/clock.ts';

/** Workers beat every two seconds. */
const LOOK_MS = 1000;
/** Builds of which one line is said. */
const OTHERS_MAX = 16;

export class Fleet {
  workers: readonly WorkerStatus[] = [];
  private readonly exchange: Exchange;
  private readonly clock: Clock;
  private readonly build: string;
  private readonly said: (text: string) => void;
  /** Other builds, once their workers are said. */
  private readonly others = new Set<string>();
  private lookedMs = Number.NEGATIVE_INFINITY;

  /** @param said one line of what a person may act on */
  constructor(exchange: Exchange, clock: Clock, build: string, said: (text: string) => void) {
    this.exchange = exchange;
    this.clock = clock;
    this.build = build;
    this.said = said;
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
    for (const worker of this.workers) this.meet(worker);
  }

  private meet({ id, build, version }: WorkerStatus): void {
    // A process that reaches Redis may invent builds.
    if (build === this.build || this.others.has(build) || this.others.size >= OTHERS_MAX) return;
    this.others.add(build);
    this.said(
      `workers of build ${shown(build)} (${version}), such as ${id}, take no batches of this build, ${shown(this.build)}: give both the same version`,
    );
  }

  /** Executors that take batches of this build. */
  executors(): number {
    return this.workers
      .filter(({ build, isDraining }) => build === this.build && !isDraining)
      .reduce((sum, { executors }) => sum + executors, 0);
  }
}

/** As `status` and `version` abbreviate it. */
function shown(build: string): string {
  return build.slice(0, 12);
}
