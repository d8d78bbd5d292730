/**
 * Who touched each shared object last, by instruction. Signatures name the access that made an object wrong
 * and the last one that conflicts with it; both are read from here. Not part of the state: it is the past.
 */
import { FOOT_MAX } from './footprints.ts';
import type { Kernel } from './kernel.ts';
import { OBJECTS } from './layout.ts';
import type { Tracker } from './watch.ts';

export class History implements Tracker {
  private readonly past: Int32Array = new Int32Array(3 * OBJECTS);
  /** (pc + 1) << 2 | thread of the last write and read of each object; 0 for none. */
  readonly lastWriter: Int32Array = this.past.subarray(0, OBJECTS);
  readonly lastReader: Int32Array = this.past.subarray(OBJECTS, 2 * OBJECTS);
  /** The write before the last: what a step saw that reads and writes one object. */
  readonly writerBefore: Int32Array = this.past.subarray(2 * OBJECTS);

  reset(): void {
    this.past.fill(0);
  }

  stepping(k: Kernel, thread: number, pc: number): void {
    const access = ((pc + 1) << 2) | thread;
    const base = thread * FOOT_MAX;
    const end = base + (k.footLength[thread] as number);
    for (let i = base; i < end; i++) {
      const foot = k.foot[i] as number;
      if ((foot & 1) !== 0) this.noteWrite(foot >> 1, access);
      else this.lastReader[foot >> 1] = access;
    }
  }

  protected noteWrite(object: number, access: number): void {
    this.writerBefore[object] = this.lastWriter[object] as number;
    this.lastWriter[object] = access;
  }

  /** The instruction that last wrote an object, or -1; the step under way does not count. */
  writerPc(k: Kernel, object: number): number {
    const last = this.lastWriter[object] as number;
    const isOwn = last === (((k.currentPc + 1) << 2) | k.currentThread);
    return ((isOwn ? (this.writerBefore[object] as number) : last) >> 2) - 1;
  }
}
