/** One depth of a breadth-first search. */
import type { Kernel } from '../kernel/kernel.ts';
import type { TouchedWords } from './touched-words.ts';

const HEAD = 4;
/** Most searches of a universe are small: clearing more would take them longer than searching. */
const FIRST_ROWS = 32;

/** The states of one depth: digest, number and changed words of each. */
export class Level {
  count = 0;
  private readonly touched: TouchedWords;
  private stride = 128;
  private data: Int32Array = new Int32Array(FIRST_ROWS * 128);

  constructor(touched: TouchedWords) {
    this.touched = touched;
  }

  clear(): void {
    this.count = 0;
  }

  push(k: Kernel, id: number): void {
    this.touched.note(k);
    const { words, count } = this.touched;
    if (count + HEAD > this.stride) this.widen();
    if ((this.count + 1) * this.stride > this.data.length) this.lengthen();
    const { data } = this;
    const state = k.words;
    let at = this.count * this.stride;
    data[at++] = k.digestA;
    data[at++] = k.digestB;
    data[at++] = id;
    data[at++] = count;
    for (let i = 0; i < count; i++) data[at++] = state[words[i] as number] as number;
    this.count++;
  }

  /** Make the kernel stand in a state of this level; returns the state's number. */
  restore(k: Kernel, row: number): number {
    const { words, count, start } = this.touched;
    const { data } = this;
    const state = k.words;
    const base = row * this.stride;
    const known = data[base + 3] as number;
    for (let i = 0; i < known; i++) state[words[i] as number] = data[base + HEAD + i] as number;
    // Words first touched after this state was stored have their start value in it.
    for (let i = known; i < count; i++) {
      const word = words[i] as number;
      state[word] = start[word] as number;
    }
    k.digestA = data[base] as number;
    k.digestB = data[base + 1] as number;
    return data[base + 2] as number;
  }

  private widen(): void {
    const wide = this.stride * 2;
    const data = new Int32Array((this.data.length / this.stride) * wide);
    for (let row = 0; row < this.count; row++) {
      data.set(this.data.subarray(row * this.stride, (row + 1) * this.stride), row * wide);
    }
    this.data = data;
    this.stride = wide;
  }

  private lengthen(): void {
    const data = new Int32Array(this.data.length * 2);
    data.set(this.data);
    this.data = data;
  }
}
