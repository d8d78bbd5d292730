/**
 * What a workload does when each thread runs alone, in order: how often each thread touches each object. PCT
 * takes its length estimate from it, SURW its weights (design 5).
 */
import { STEPS_MAX, THREADS } from '../../corpus/vocabulary/limits.ts';
import { FOOT_MAX } from '../kernel/footprints.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OBJECTS } from '../kernel/layout.ts';
import { defaultChoice } from '../kernel/machine.ts';
import type { Tracker } from '../kernel/watch.ts';

export class Profile implements Tracker {
  /** Touches of an object by a thread: touches[thread * OBJECTS + object]. */
  readonly touches: Int32Array = new Int32Array(THREADS * OBJECTS);
  private readonly written: Uint8Array = new Uint8Array(OBJECTS);
  /** Objects that two threads touch and one writes: candidates for SURW. */
  readonly shared: number[] = [];
  steps = 0;

  /** Profile the loaded workload; the kernel's tracker is put back. */
  measure(k: Kernel): void {
    const tracker = k.tracker;
    this.touches.fill(0);
    this.written.fill(0);
    k.tracker = this;
    k.reset();
    let current = -1;
    for (let enabled = k.enabled(); enabled !== 0 && k.steps < STEPS_MAX; enabled = k.enabled()) {
      current = defaultChoice(k, enabled, current);
      k.step(current);
    }
    this.steps = k.steps;
    k.tracker = tracker;
    this.findShared(k.world.threads);
  }

  stepping(k: Kernel, thread: number): void {
    const base = thread * FOOT_MAX;
    const end = base + (k.footLength[thread] as number);
    for (let i = base; i < end; i++) {
      const foot = k.foot[i] as number;
      const at = thread * OBJECTS + (foot >> 1);
      this.touches[at] = (this.touches[at] as number) + 1;
      if ((foot & 1) !== 0) this.written[foot >> 1] = 1;
    }
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
