/** What a search has met: the first path to each signature in its worst class. Pure. */
import { rankOf, type Violation } from '../../corpus/vocabulary/verdict.ts';

export interface Sought {
  /** Distinct states after which the search gives up, inconclusive. */
  readonly statesMax: number;
  /** Go on behind the first violation to every distinct signature, not only to twice its states. */
  readonly all: boolean;
  /**
   * What is asked for; anything else is met, named and passed by.
   * @param states that were stored before; NaN once the search is over
   */
  readonly counts?: (violation: Violation, states: number) => boolean;
}

export interface Sighting {
  readonly path: readonly number[];
  readonly rank: number;
}

/** A search that has found something looks on for graver things, to twice its states and at least so many. */
export const LOOK_ON_STATES = 50_000;

export class Sightings {
  /** Distinct states after which the search ends. */
  statesMax: number;
  readonly paths = new Map<string, Sighting>();
  readonly ignored = new Set<string>();
  private readonly sought: Sought;

  constructor(sought: Sought) {
    this.sought = sought;
    this.statesMax = sought.statesMax;
  }

  /** @param states that were met before */
  note(violation: Violation, states: number, path: () => readonly number[]): void {
    const { signature } = violation;
    const rank = rankOf(violation);
    const known = this.paths.get(signature);
    if (known !== undefined && known.rank <= rank) return;
    if (this.sought.counts?.(violation, states) === false) {
      this.ignored.add(signature);
      return;
    }
    if (this.paths.size === 0 && !this.sought.all) {
      const enough = Math.max(2 * states, LOOK_ON_STATES);
      this.statesMax = Math.min(this.statesMax, enough);
    }
    this.paths.set(signature, { path: path(), rank });
  }

  /** A path to a state that nothing leads out of shows it. */
  noteDead(violation: Violation, path: readonly number[]): void {
    const { signature } = violation;
    if (this.sought.counts?.(violation, Number.NaN) === false) this.ignored.add(signature);
    else if (!this.paths.has(signature)) {
      this.paths.set(signature, { path, rank: rankOf(violation) });
    }
  }
}
