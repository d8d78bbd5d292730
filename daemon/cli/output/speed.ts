/** How fast runs come, now and over the last minutes. */
import { assert } from '../../../corpus/vocabulary/assert.ts';

interface Sample {
  readonly atMs: number;
  readonly runs: number;
}

/** Batches take two seconds: over less time a steady speed would jump. */
const CELL_MS = 5000;
const NOW_MS = 2 * CELL_MS;
const SAMPLE_MS = 500;
const CELLS_MAX = 60;

export class Speed {
  /** Runs at the first moment. */
  before = 0;
  private samples: Sample[] = [];

  /** @param atMs of a clock that only grows */
  note(atMs: number, runs: number): void {
    const last = this.samples.at(-1);
    if (last === undefined) this.before = runs;
    if (last !== undefined && atMs - last.atMs < SAMPLE_MS) return;
    this.samples.push({ atMs, runs });
    const kept = atMs - (CELLS_MAX + 1) * CELL_MS;
    if ((this.samples[0]?.atMs ?? atMs) < kept) {
      this.samples = this.samples.filter((sample) => sample.atMs >= kept);
    }
  }

  /** Runs a second over the last ten seconds. */
  now(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined) return 0;
    return this.between(Math.max(first.atMs, last.atMs - NOW_MS), last.atMs);
  }

  /** Runs a second of each five seconds, the oldest first. */
  past(): readonly number[] {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined) return [];
    const count = Math.min(CELLS_MAX, Math.floor((last.atMs - first.atMs) / CELL_MS));
    return Array.from({ length: count }, (_, i) => {
      const endMs = last.atMs - (count - 1 - i) * CELL_MS;
      return this.between(endMs - CELL_MS, endMs);
    });
  }

  /** A coordinator that is started again may have forgotten some. */
  private between(fromMs: number, toMs: number): number {
    if (toMs <= fromMs) return 0;
    const runs = this.runsAt(toMs) - this.runsAt(fromMs);
    return Math.max(0, (1000 * runs) / (toMs - fromMs));
  }

  private runsAt(atMs: number): number {
    const after = this.samples.findIndex((sample) => sample.atMs >= atMs);
    const [from, to] = [this.samples[after - 1], this.samples[after]];
    assert(to !== undefined, 'a moment between two samples', atMs);
    if (from === undefined) return to.runs;
    const share = (atMs - from.atMs) / (to.atMs - from.atMs);
    return from.runs + share * (to.runs - from.runs);
  }
}
