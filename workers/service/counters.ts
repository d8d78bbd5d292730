/**
 * What an executor has done so far, in memory that it shares with its process: read at any moment, without a
 * message, also of a thread that hangs or is gone. Plain doubles: one thread writes, and a reader that is one run
 * late harms nobody.
 */
import type { Count } from '../batch/fuzz-batch.ts';

const RUNS = 0;
const STEPS = 1;
const WORDS = 2;

export interface Totals {
  readonly runs: number;
  readonly steps: number;
}

export class Counters {
  /** To be handed to the thread. */
  readonly shared: SharedArrayBuffer;
  private readonly words: Float64Array;
  private folded: Totals = { runs: 0, steps: 0 };

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 8)) {
    this.shared = shared;
    this.words = new Float64Array(shared);
  }

  /** For the thread that computes. */
  readonly count: Count = (runs, steps) => {
    this.words[RUNS] = this.totals.runs + runs;
    this.words[STEPS] = this.totals.steps + steps;
  };

  get totals(): Totals {
    return { runs: this.words[RUNS] ?? 0, steps: this.words[STEPS] ?? 0 };
  }

  /** What came in since the last time. */
  fold(): Totals {
    const { totals, folded } = this;
    this.folded = totals;
    return { runs: totals.runs - folded.runs, steps: totals.steps - folded.steps };
  }
}
