/**
 * O3: from here, no interleaving ends any operation. Asked of one state, by a search that stops at the first
 * operation that ends; a cycle of states alone proves nothing, for another thread may lead out of it. Pure.
 */
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { POWER_FAILED } from '../kernel/layout.ts';
import { UndoStack } from '../kernel/undo.ts';
import { VisitedStates } from '../kernel/visited.ts';

/** `unknown`: more states than were allowed. */
export type Fate = 'ends' | 'never' | 'unknown';

/**
 * @param hasSpoken whether an oracle has spoken since it was asked last: a violation is a way out, too
 * The kernel stands where it stood when this returns.
 */
export function fateOf(k: Kernel, statesMax: number, hasSpoken: () => boolean): Fate {
  return aside(k, () => new FateSearch(k, statesMax, hasSpoken).run());
}

/**
 * Of the threads that can run in a state that nothing leads out of, those that go round by themselves, as a mask; the
 * others only come to sleep. All of them where none does so alone.
 */
export function turningIn(k: Kernel): number {
  return aside(k, () => {
    const enabled = k.enabled();
    let turning = 0;
    for (let t = 0; enabled >> t !== 0; t++) if (turnsAlone(k, t)) turning |= 1 << t;
    return turning === 0 ? enabled : turning;
  });
}

/** Look ahead from where the kernel stands; it stands there again afterwards. */
function aside<T>(k: Kernel, look: () => T): T {
  const kept = { footprints: k.footprints, tracker: k.tracker, logging: k.logging };
  const { steps, yielded } = k;
  k.footprints = false;
  k.tracker = null;
  k.logging = true;
  const seen = look();
  k.steps = steps;
  k.yielded = yielded;
  Object.assign(k, kept);
  return seen;
}

function turnsAlone(k: Kernel, thread: number): boolean {
  const visited = new VisitedStates();
  const undo = new UndoStack();
  let taken = 0;
  let isBack = false;
  visited.add(k.digestA, k.digestB, 0);
  while (!isBack && taken < STEPS_MAX && ((k.enabled() >> thread) & 1) !== 0) {
    k.beginLog();
    k.step(thread);
    undo.push(k);
    taken++;
    isBack = visited.add(k.digestA, k.digestB, 0) >= 0;
  }
  for (; taken > 0; taken--) undo.pop(k);
  k.overflow = false;
  return isBack;
}

/** Power has failed while others were at work: that ends no operation of theirs, but one that is to fail it, too. */
export function cutsShort(k: Kernel, others: number): boolean {
  if (k.peek(POWER_FAILED) === 0) return false;
  for (let rest = others; rest !== 0; rest &= rest - 1) {
    const { kind } = k.world.rowOfWriter(k.writerOf(31 - Math.clz32(rest & -rest)));
    if (kind !== 'crash') return true;
  }
  return false;
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
    k.beginLog();
    k.step(thread);
    this.undo.push(k);
    // No thread can run: halted, all done, or all asleep, which is another complaint.
    const isOver = k.enabled() === 0 && !cutsShort(k, others);
    const isWayOut = k.endings !== endings || isOver || k.overflow || this.hasSpoken();
    k.overflow = false;
    return isWayOut;
  }
}
