/**
 * Every schedule of the loaded workload with at most so many preemptions (CHESS, Musuvathi & Qadeer, PLDI
 * 2007), depth first, the default policy first. Not a Scheduler: it takes steps back instead of starting
 * over, and passes by what it has seen with as many preemptions left.
 *
 * A preemption is a switch away from a thread that could go on. The first thread, and who runs when one has
 * blocked, finished or yielded, is free; a thread that yields is not run on while others can.
 */
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { defaultChoice, lowest } from '../kernel/machine.ts';
import { UndoStack } from '../kernel/undo.ts';

export interface BoundedOptions {
  readonly preemptions: number;
  /** Steps that may be taken, those behind a step back included. */
  readonly stepsMax: number;
  /** Whether to pass by states seen before: what only the past tells apart is then taken for the same. */
  readonly prune: boolean;
}

/** Who looks at each step, and forgets what it saw when the search comes back to a place. */
export interface Lookout {
  isSuspect(k: Kernel): boolean;
  forget(): void;
}

/**
 * `suspect`: `choices` leads to one; `done`: there is no other; `cut`: none was met, but some runs were too long
 * or too big for the simulator; `budget`: nobody knows.
 */
export type SearchOutcome = 'suspect' | 'done' | 'cut' | 'budget';

/** In place of the untried threads of a state that was not looked at yet. */
const UNSEEN = -1;

export class BoundedSearch {
  stepsTaken = 0;
  /** Steps of the longest path that was followed. */
  deepest = 0;
  private readonly k: Kernel;
  private readonly options: BoundedOptions;
  private readonly lookout: Lookout;
  private readonly visited = new VisitedStates();
  /** Steps from the start to here; the arrays below have one place a step. */
  private depth = 0;
  private isCut = false;
  private readonly chosen: Int8Array = new Int8Array(STEPS_MAX + 1);
  private readonly untried: Int8Array = new Int8Array(STEPS_MAX + 1);
  private readonly left: Int8Array = new Int8Array(STEPS_MAX + 1);
  private readonly yielded: Int8Array = new Int8Array(STEPS_MAX + 1);
  private readonly undo = new UndoStack();

  /** The kernel is the search's while `next` runs, and anybody's in between. */
  constructor(k: Kernel, options: BoundedOptions, lookout: Lookout) {
    this.k = k;
    this.options = options;
    this.lookout = lookout;
    this.left[0] = options.preemptions;
    this.untried[0] = UNSEEN;
  }

  /** On to the next suspect, in an order that is a function of workload and options. */
  next(): SearchOutcome {
    const { footprints, tracker } = this.k;
    this.comeBack();
    const outcome = this.search();
    this.k.logging = false;
    this.k.fused = this.k.fusable;
    this.k.footprints = footprints;
    this.k.tracker = tracker;
    return outcome;
  }

  /** Seen so far, of those in which more than one thread may run next; threads that stand otherwise make another one. */
  get states(): number {
    return this.visited.count;
  }

  /** The threads that ran, to the step that is suspect. */
  choices(): readonly number[] {
    return [...this.chosen.subarray(0, this.depth)];
  }

  private comeBack(): void {
    const k = this.k;
    k.reset();
    k.footprints = false;
    k.tracker = null;
    k.logging = true;
    k.fused = 0;
    for (let i = 0; i < this.depth; i++) {
      k.beginLog();
      k.step(this.chosen[i] as number);
    }
    this.lookout.forget();
  }

  private search(): SearchOutcome {
    for (;;) {
      if (this.untried[this.depth] === UNSEEN) {
        if (this.stepsTaken >= this.options.stepsMax) return 'budget';
        this.untried[this.depth] = this.choicesHere();
      }
      if (this.untried[this.depth] !== 0) {
        if (this.step()) return 'suspect';
      } else if (this.depth === 0) return this.isCut ? 'cut' : 'done';
      else this.stepBack();
    }
  }

  private current(): number {
    return this.depth === 0 ? -1 : (this.chosen[this.depth - 1] as number);
  }

  /** Mask of the threads that may run next. */
  private choicesHere(): number {
    const k = this.k;
    const enabled = k.enabled();
    if (k.overflow || this.depth === STEPS_MAX) {
      this.isCut = true;
      return 0;
    }
    if ((enabled & (enabled - 1)) === 0) return enabled;
    const current = this.current();
    const left = this.left[this.depth] as number;
    if (this.options.prune && !this.visited.add(k, current, left)) return 0;
    const own = current < 0 ? 0 : enabled & (1 << current);
    if (own === 0) return enabled;
    if (k.yielded === current) return enabled & ~own;
    return left > 0 ? enabled : own;
  }

  private step(): boolean {
    const k = this.k;
    const depth = this.depth;
    const current = this.current();
    const untried = this.untried[depth] as number;
    const enabled = k.enabled();
    const byDefault = defaultChoice(k, enabled, current);
    const t = (untried & (1 << byDefault)) !== 0 ? byDefault : lowest(untried);
    const isPreemption =
      current >= 0 && t !== current && (enabled & (1 << current)) !== 0 && k.yielded !== current;
    this.untried[depth] = untried & ~(1 << t);
    this.chosen[depth] = t;
    this.yielded[depth] = k.yielded;
    this.left[depth + 1] = (this.left[depth] as number) - (isPreemption ? 1 : 0);
    this.untried[depth + 1] = UNSEEN;
    this.depth++;
    this.deepest = Math.max(this.deepest, this.depth);
    this.stepsTaken++;
    k.beginLog();
    k.step(t);
    const isSuspect = this.lookout.isSuspect(k);
    this.undo.push(k);
    return isSuspect;
  }

  private stepBack(): void {
    const k = this.k;
    this.depth--;
    this.undo.pop(k);
    k.yielded = this.yielded[this.depth] as number;
    k.steps = this.depth;
    k.overflow = false;
  }
}

/**
 * States by digest, last thread and whether it yielded, with the most preemptions that were left in them.
 * Two states are taken for one with probability about n^2 / 2^65.
 */
class VisitedStates {
  /** Three words a state, the last of them preemptions left + 1; open addressing, at most half full. */
  private table: Int32Array = new Int32Array(3 << 10);
  count = 0;

  /** False where the state was seen with as many left. */
  add(k: Kernel, current: number, left: number): boolean {
    const standing = (current + 1) * 2 + (k.yielded === current ? 1 : 0);
    return this.put(k.digestA, k.digestB ^ Math.imul(standing, 0x9e3779b1), left + 1);
  }

  private put(a: number, b: number, left: number): boolean {
    const slot = this.slotOf(a, b);
    const seen = this.table[slot + 2] as number;
    if (seen >= left) return false;
    this.table[slot] = a;
    this.table[slot + 1] = b;
    this.table[slot + 2] = left;
    if (seen === 0 && ++this.count > this.table.length / 6) this.grow();
    return true;
  }

  private slotOf(a: number, b: number): number {
    const mask = this.table.length / 3 - 1;
    for (let i = (a ^ (b >>> 7)) & mask; ; i = (i + 1) & mask) {
      const slot = 3 * i;
      const isFree = this.table[slot + 2] === 0;
      if (isFree || (this.table[slot] === a && this.table[slot + 1] === b)) return slot;
    }
  }

  private grow(): void {
    const old = this.table;
    this.table = new Int32Array(2 * old.length);
    this.count = 0;
    for (let i = 0; i < old.length; i += 3) {
      const left = old[i + 2] as number;
      if (left !== 0) this.put(old[i] as number, old[i + 1] as number, left);
    }
  }
}
