import type { Kernel } from './kernel.ts';

/** What the steps of a depth-first search have overwritten, step by step. */
export class UndoStack {
  /** (word, old value) pairs, and behind those of each step their number. */
  private entries: Int32Array = new Int32Array(1 << 12);
  private length = 0;

  push(k: Kernel): void {
    const count = k.logLength;
    while (this.length + 2 * count + 1 > this.entries.length) this.grow();
    for (let i = 0; i < count; i++) {
      this.entries[this.length++] = k.logWord[i] as number;
      this.entries[this.length++] = k.logOld[i] as number;
    }
    this.entries[this.length++] = count;
  }

  pop(k: Kernel): void {
    const count = this.entries[--this.length] as number;
    this.length -= 2 * count;
    for (let i = 0; i < count; i++) {
      k.logWord[i] = this.entries[this.length + 2 * i] as number;
      k.logOld[i] = this.entries[this.length + 2 * i + 1] as number;
    }
    k.logLength = count;
    k.undo(0);
  }

  private grow(): void {
    const entries = new Int32Array(2 * this.entries.length);
    entries.set(this.entries);
    this.entries = entries;
  }
}
