/** One depth of a joint search, which several threads read and write at once. */
import type { SharedLevel } from './crew.ts';

/** A level as a thread sees it. */
export class LevelView {
  readonly first: number;
  readonly count: number;
  readonly depth: number;
  readonly ids: Int32Array;
  readonly addresses: Int32Array;
  readonly outcomes: Int32Array;
  readonly arrivals: Int32Array;
  readonly next: Int32Array;
  readonly atOnce: number;

  constructor(level: SharedLevel) {
    this.first = level.first;
    this.count = level.rows;
    this.depth = level.depth;
    this.ids = new Int32Array(level.ids);
    this.addresses = new Int32Array(level.addresses);
    this.outcomes = new Int32Array(level.outcomes);
    this.arrivals = new Int32Array(level.arrivals);
    this.next = new Int32Array(level.next);
    this.atOnce = level.atOnce;
  }
}

const NOTHING = new SharedArrayBuffer(0);
/** Before the first one. */
export const NO_LEVEL: SharedLevel = {
  first: 0,
  rows: 0,
  depth: 0,
  ids: NOTHING,
  addresses: NOTHING,
  outcomes: NOTHING,
  arrivals: NOTHING,
  next: NOTHING,
  atOnce: 1,
};
