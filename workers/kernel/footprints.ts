/**
 * The footprints of the steps that threads stand before: which shared objects each would read and write.
 * Schedulers and coverage look at them; a step declares its own through `reads` and `writes`.
 */
import { FILES, HUGE_PAGES, PAGES, THREADS } from '../../corpus/vocabulary/limits.ts';
import { firstOfHuge } from './encoding.ts';
import { O_SLOT } from './layout.ts';
import { State } from './state.ts';

/** Accesses one step can declare: an unmap of everything reads 32 PTEs and their areas. */
export const FOOT_MAX = 64;

const SLOTS = FILES * PAGES;

export class Footprints extends State {
  /** Whether footprints are taken: schedulers and coverage need them, searching does not. */
  footprints = true;
  /** Footprints of the parked steps: object << 1 | isWrite. */
  readonly foot: Int32Array = new Int32Array(THREADS * FOOT_MAX);
  readonly footLength: Int32Array = new Int32Array(THREADS);

  /** When each was taken, in steps. */
  protected readonly footAt: Int32Array = new Int32Array(THREADS);

  protected readonly startFoot: Int32Array = new Int32Array(THREADS * FOOT_MAX);
  protected readonly startFootLength: Int32Array = new Int32Array(THREADS);

  protected footThread = 0;

  reads(object: number): void {
    const t = this.footThread;
    const n = this.footLength[t] as number;
    this.foot[t * FOOT_MAX + n] = object << 1;
    this.footLength[t] = n + 1;
  }

  writes(object: number): void {
    const t = this.footThread;
    const n = this.footLength[t] as number;
    this.foot[t * FOOT_MAX + n] = (object << 1) | 1;
    this.footLength[t] = n + 1;
  }

  /** What touches one slot of an aligned range touches all: an entry of PMD order may fill them. */
  widenSlots(): void {
    const base = this.footThread * FOOT_MAX;
    const length = this.footLength[this.footThread] as number;
    for (let i = base; i < base + length; i++) {
      const foot = this.foot[i] as number;
      const slot = (foot >> 1) - O_SLOT;
      if (slot < 0 || slot >= SLOTS) continue;
      const first = firstOfHuge(slot);
      for (let other = first; other < first + HUGE_PAGES; other++) {
        if (other === slot) continue;
        if ((foot & 1) !== 0) this.writes(O_SLOT + other);
        else this.reads(O_SLOT + other);
      }
    }
  }

  /** The footprints of the start are those that every run begins with. */
  protected keepFootprints(): void {
    this.startFoot.set(this.foot);
    this.startFootLength.set(this.footLength);
  }

  protected restoreFootprints(threads: number): void {
    this.footLength.set(this.startFootLength);
    for (let t = 0; t < threads; t++) {
      const base = t * FOOT_MAX;
      const length = this.startFootLength[t] as number;
      for (let i = base; i < base + length; i++) this.foot[i] = this.startFoot[i] as number;
      this.footAt[t] = 0;
    }
  }
}
