/** The words that any state of a search has ever changed: the columns of its stored states. Pure. */
import type { Kernel } from '../kernel/kernel.ts';
import { WORDS } from '../kernel/layout.ts';

export class TouchedWords {
  /** By column; the first `count` of them. */
  readonly words: Int16Array = new Int16Array(WORDS);
  count = 0;
  readonly start: Int32Array;
  /** By column, each word + 1: threads that search together share it, and append with a compare-exchange. */
  readonly memory: SharedArrayBuffer;
  private readonly list: Int32Array;
  private readonly column: Int16Array = new Int16Array(WORDS).fill(-1);

  /** @param memory of zeros, or that other threads append to */
  constructor(
    start: Int32Array,
    memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.start = start;
    this.memory = memory;
    this.list = new Int32Array(memory);
  }

  /** Take in what the last step wrote. */
  note(k: Kernel): void {
    for (let i = 0; i < k.logLength; i++) {
      const word = k.logWord[i] as number;
      if (this.column[word] === -1) this.append(word);
    }
  }

  /** Take over what other threads have appended, up to `count` words. */
  catchUp(count: number): void {
    while (this.count < count) this.take((Atomics.load(this.list, this.count) as number) - 1);
  }

  private append(word: number): void {
    while (this.column[word] === -1) {
      const before = Atomics.compareExchange(this.list, this.count, 0, word + 1);
      this.take(before === 0 ? word : before - 1);
    }
  }

  private take(word: number): void {
    this.column[word] = this.count;
    this.words[this.count++] = word;
  }
}
