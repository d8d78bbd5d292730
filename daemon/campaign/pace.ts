/**
 * How many runs a batch gets: as many as one core makes in a second or two, from the speeds that reports show.
 * The batch itself says runs, so that it is the same work on any machine. Pure.
 */
import { RUNS_MAX } from '../../corpus/exchange/codec.ts';

/** Worth the messages a thousand times over, and short enough that a finding's next step waits under 2 s. */
const BATCH_SECONDS = 1.5;
/** A model's first batches: nothing is known of its speed, and its first findings should not wait. */
const FIRST_SECONDS = 0.25;
const FIRST_BATCHES = 2;
/** Runs a second of one core, as long as nobody has measured. */
const SPEED_ASSUMED = 20_000;
/** Share of the newest report in the mean. */
const NEWEST = 0.3;
/** Batches are whole multiples: the portfolio of schedulers comes out even. */
const UNIT = 1024;

/** How many runs the next batch of a model gets. */
export interface Pace {
  measured(model: string, runs: number, milliseconds: number): void;
  runsOf(model: string): number;
}

/** The same for every batch, so that no speed changes what a campaign finds. */
export class FixedPace implements Pace {
  private readonly runs: number;

  constructor(runs: number) {
    this.runs = runs;
  }

  measured(): void {}

  runsOf(): number {
    return this.runs;
  }
}

export class MeasuredPace implements Pace {
  private readonly speeds = new Map<string, { runsPerMs: number; reports: number }>();

  measured(model: string, runs: number, milliseconds: number): void {
    const runsPerMs = runs / Math.max(1, milliseconds);
    const there = this.speeds.get(model);
    if (there === undefined) {
      this.speeds.set(model, { runsPerMs, reports: 1 });
      return;
    }
    there.runsPerMs += (runsPerMs - there.runsPerMs) * NEWEST;
    there.reports += 1;
  }

  /** Runs of the model's next batch. */
  runsOf(model: string): number {
    const there = this.speeds.get(model);
    const isFirst = there === undefined || there.reports < FIRST_BATCHES;
    const perSecond = there === undefined ? SPEED_ASSUMED : there.runsPerMs * 1000;
    const runs = perSecond * (isFirst ? FIRST_SECONDS : BATCH_SECONDS);
    return Math.max(UNIT, Math.min(RUNS_MAX, Math.round(runs / UNIT) * UNIT));
  }
}
