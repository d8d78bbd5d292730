/** One step of an exhaustive search, judged. Pure. */
import type { Engine } from '../run/engine.ts';
import { cutsShort } from '../run/never-ends.ts';

export class Transition {
  /** It leads to a state. A power failure that cuts operations short does not: nothing comes after it. */
  isKept = false;
  /** An operation, the run or the simulator's room ends with it, or an oracle speaks. */
  isWayOut = false;
  /** The simulator's room ran out: what was said belongs to a run that cannot be shown again. */
  isOverflow = false;

  /** Thread t of the engine's kernel, which logs, takes a step; violations are in `engine.judge`. */
  take(engine: Engine, t: number, depth: number): void {
    const { kernel: k, judge } = engine;
    const { endings } = k;
    const others = k.enabled() & ~(1 << t);
    k.beginLog();
    k.steps = depth;
    k.step(t);
    const isLast = k.enabled() === 0;
    if (isLast) judge.ended(k);
    const isOver = isLast && !cutsShort(k, others);
    this.isOverflow = k.overflow;
    this.isWayOut = k.endings !== endings || isOver || k.overflow || judge.violations.length > 0;
    this.isKept = !k.overflow && (!isLast || isOver);
    if (!k.overflow) return;
    k.overflow = false;
    judge.reset();
  }
}
