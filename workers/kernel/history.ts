/**
 * Who touched each shared object last, by instruction. Signatures name the access that made an object wrong
 * and the last one that conflicts with it; both are read from here. Not part of the state: it is the past.
 */
import { FOOT_MAX, type Kernel } from './kernel.ts';
import { OBJECTS } from './layout.ts';
import type { Tracker } from './watch.ts';

export class History implements Tracker {
  /** (pc + 1) << 2 | thread of the last write and read of each object; 0 for none. */
  readonly lastWriter: Int32Array = new Int32Array(OBJECTS);
  readonly lastReader: Int32Array = new Int32Array(OBJECTS);

  reset(): void {
    this.lastWriter.fill(0);
    this.lastReader.fill(0);
  }

  stepping(k: Kernel, thread: number, pc: number): void {
    const access = ((pc + 1) << 2) | thread;
    const base = thread * FOOT_MAX;
    const end = base + (k.footLength[thread] as number);
    for (let i = base; i < end; i++) {
      const foot = k.foot[i] as number;
      if ((foot & 1) !== 0) this.lastWriter[foot >> 1] = access;
      else this.lastReader[foot >> 1] = access;
    }
  }

  /** The instruction that last wrote an object, or -1. */
  writerPc(object: number): number {
    return ((this.lastWriter[object] as number) >> 2) - 1;
  }
}
