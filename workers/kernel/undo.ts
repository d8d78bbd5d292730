/** The way back of a depth-first search: what each step has overwritten. */
import type { Kernel } from './kernel.ts';

/** What the steps of a depth-first search have overwritten, step by step. */
export class UndoStack {
  /** (word, old value) pairs, and after those of each step the digest before it and their number. */
  private entries: Int32Array = new Int32Array(1 << 12);
  private length = 0;

  push(k: Kernel): void {
    const count = k.logLength;
    while (this.length + 2 * count + 3 > this.entries.length) this.grow();
    for (let i = 0; i < count; i++) {
      this.entries[this.length++] = k.logWord[i] as number;
      this.entries[this.length++] = k.logOld[i] as number;
    }
    this.entries[this.length++] = k.loggedFromA;
    this.entries[this.length++] = k.loggedFromB;
    this.entries[this.length++] = count;
  }

  pop(k: Kernel): void {
    const count = this.entries[--this.length] as number;
    k.digestB = this.entries[--this.length] as number;
    k.digestA = this.entries[--this.length] as number;
    for (let i = 0; i < count; i++) {
      const old = this.entries[--this.length] as number;
      k.words[this.entries[--this.length] as number] = old;
    }
    k.beginLog();
  }

  private grow(): void {
    const entries = new Int32Array(2 * this.entries.length);
    entries.set(this.entries);
    this.entries = entries;
  }
}
