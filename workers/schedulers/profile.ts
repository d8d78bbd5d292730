/**
 * A run in which each thread runs alone, in order, and what it shows: how often each thread touches each object. PCT
 * takes its length estimate from it, SURW its weights.
 */
import { THREADS } from '../../corpus/vocabulary/limits.ts';
import { FOOT_MAX } from '../kernel/footprints.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OBJECTS } from '../kernel/layout.ts';
import { defaultChoice, type Scheduler } from '../kernel/machine.ts';
import type { RunTracker } from '../kernel/watch.ts';

export class Profile implements Scheduler, RunTracker {
  /** Touches of an object by a thread: touches[thread * OBJECTS + object]. */
  readonly touches: Int32Array = new Int32Array(THREADS * OBJECTS);
  private readonly written: Uint8Array = new Uint8Array(OBJECTS);
  /** Objects that two threads touch and one writes: candidates for SURW. */
  readonly shared: number[] = [];
  steps = 0;
  private readonly next: RunTracker | null;

  /** @param next a further tracker, called with the same events */
  constructor(next: RunTracker | null = null) {
    this.next = next;
  }

  begin(): void {
    // There is nothing to plan.
  }

  choose(k: Kernel, enabled: number, current: number): number {
    return defaultChoice(k, enabled, current);
  }

  reset(): void {
    this.touches.fill(0);
    this.written.fill(0);
    this.next?.reset();
  }

  /** The run is over. */
  close(k: Kernel): void {
    this.steps = k.steps;
    this.findShared(k.world.threads);
  }

  stepping(k: Kernel, thread: number, pc: number): void {
    const base = thread * FOOT_MAX;
    const end = base + (k.footLength[thread] as number);
    for (let i = base; i < end; i++) {
      const foot = k.foot[i] as number;
      const at = thread * OBJECTS + (foot >> 1);
      this.touches[at] = (this.touches[at] as number) + 1;
      if ((foot & 1) !== 0) this.written[foot >> 1] = 1;
    }
    this.next?.stepping(k, thread, pc);
  }

  private findShared(threads: number): void {
    this.shared.length = 0;
    for (let object = 0; object < OBJECTS; object++) {
      if (this.written[object] === 0) continue;
      let touching = 0;
      for (let t = 0; t < threads; t++) if (this.touches[t * OBJECTS + object] !== 0) touching++;
      if (touching > 1) this.shared.push(object);
    }
  }
}

/** Whether the step that a thread stands before touches an object. */
export function touchesObject(k: Kernel, thread: number, object: number): boolean {
  const base = thread * FOOT_MAX;
  const end = base + (k.footLength[thread] as number);
  for (let i = base; i < end; i++) if ((k.foot[i] as number) >> 1 === object) return true;
  return false;
}
