/**
 * O3: from here, no interleaving ends any operation. Asked of one state, by a search that stops at the first
 * operation that ends; a cycle of states alone proves nothing, for another thread may lead out of it. Pure.
 */
import type { Kernel } from './kernel/kernel.ts';
import { POWER_FAILED } from './kernel/layout.ts';
import { UndoStack } from './kernel/undo.ts';
import { VisitedStates } from './kernel/visited.ts';

/** `unknown`: more states than were allowed. */
export type Fate = 'ends' | 'never' | 'unknown';

/**
 * @param hasSpoken whether an oracle has spoken since it was asked last: a violation is a way out, too
 * The kernel stands where it stood when this returns.
 */
export function fateOf(k: Kernel, statesMax: number, hasSpoken: () => boolean): Fate {
  const kept = { footprints: k.footprints, tracker: k.tracker, logging: k.logging };
  const { steps, yielded } = k;
  k.footprints = false;
  k.tracker = null;
  k.logging = true;
  const fate = new FateSearch(k, statesMax, hasSpoken).run();
  k.steps = steps;
  k.yielded = yielded;
  Object.assign(k, kept);
  return fate;
}

/** Power has failed while others were at work: that ends no operation of theirs. */
export function cutsShort(k: Kernel, others: number): boolean {
  return others !== 0 && k.peek(POWER_FAILED) !== 0;
}

class FateSearch {
  private readonly k: Kernel;
  private readonly statesMax: number;
  private readonly hasSpoken: () => boolean;
  private readonly visited = new VisitedStates();
  private readonly undo = new UndoStack();
  /** Threads that were not tried yet, a mask a depth. */
  private readonly untried: number[] = [];

  constructor(k: Kernel, statesMax: number, hasSpoken: () => boolean) {
    this.k = k;
    this.statesMax = statesMax;
    this.hasSpoken = hasSpoken;
  }

  run(): Fate {
    const { k, untried } = this;
    this.visited.add(k.digestA, k.digestB, 0);
    untried.push(k.enabled());
    let fate: Fate = 'never';
    while (untried.length > 0) {
      const depth = untried.length - 1;
      const mask = untried[depth] as number;
      if (mask === 0) {
        untried.pop();
        if (depth > 0) this.undo.pop(k);
        continue;
      }
      untried[depth] = mask & (mask - 1);
      const isWayOut = this.step(31 - Math.clz32(mask & -mask));
      if (isWayOut) fate = 'ends';
      else if (this.visited.size > this.statesMax) fate = 'unknown';
      else {
        if (this.visited.add(k.digestA, k.digestB, 0) < 0) untried.push(k.enabled());
        else this.undo.pop(k);
        continue;
      }
      // Back to where it began.
      for (let i = untried.length; i > 0; i--) this.undo.pop(k);
      break;
    }
    return fate;
  }

  private step(thread: number): boolean {
    const { k } = this;
    const { endings } = k;
    const others = k.enabled() & ~(1 << thread);
    k.logLength = 0;
    k.step(thread);
    this.undo.push(k);
    const isOver = k.isHalted() && !cutsShort(k, others);
    const isWayOut = k.endings !== endings || isOver || k.overflow || this.hasSpoken();
    k.overflow = false;
    return isWayOut;
  }
}
