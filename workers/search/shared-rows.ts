/**
 * States of a search in memory that threads share, each as the words that any state has changed. A thread writes only
 * to segments of its own, and reads those of all. Pure.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { WORDS } from '../kernel/layout.ts';
import type { TouchedWords } from './touched-words.ts';

/** A piece of the memory, by its number. */
export interface Segment {
  readonly number: number;
  readonly memory: SharedArrayBuffer;
}

/** Digest and number of words. */
const HEAD = 3;
/** Rows begin at multiples of so many words, so that an address is a small number. */
const UNIT_BITS = 2;
const SEGMENT_BITS = 18;
const SEGMENT_WORDS = 1 << (SEGMENT_BITS + UNIT_BITS);
/** 8 GB: an address takes 29 bits. */
const SEGMENTS_MAX = 1 << (29 - SEGMENT_BITS);
const ROW_MAX = HEAD + WORDS;

export class SharedRows {
  private readonly touched: TouchedWords;
  /** How many segments there are; threads share it. */
  private readonly counter: Int32Array;
  private readonly segments: Int32Array[] = [];
  private created: Segment[] = [];
  /** Segments of this thread's own: of states that are read, that are written, and of neither. */
  private read: number[] = [];
  private written: number[] = [];
  private free: number[] = [];
  private at = SEGMENT_WORDS;

  constructor(touched: TouchedWords, counter: SharedArrayBuffer) {
    this.touched = touched;
    this.counter = new Int32Array(counter);
  }

  /** Store the state that the kernel stands in, the last step's words included; its address. */
  push(k: Kernel): number {
    this.touched.note(k);
    if (this.at + ROW_MAX > SEGMENT_WORDS) this.begin();
    const { words, count } = this.touched;
    const number = this.written[this.written.length - 1] as number;
    const data = this.segments[number] as Int32Array;
    const state = k.words;
    const base = this.at;
    data[base] = k.digestA;
    data[base + 1] = k.digestB;
    data[base + 2] = count;
    for (let i = 0; i < count; i++) data[base + HEAD + i] = state[words[i] as number] as number;
    this.at = roundedUp(base + HEAD + count);
    return (number << SEGMENT_BITS) | (base >> UNIT_BITS);
  }

  /** Make the kernel stand in a stored state. */
  restore(k: Kernel, address: number): void {
    const data = this.segments[address >> SEGMENT_BITS] as Int32Array;
    const base = (address & ((1 << SEGMENT_BITS) - 1)) << UNIT_BITS;
    const known = data[base + 2] as number;
    this.touched.catchUp(known);
    const { words, count, start } = this.touched;
    const state = k.words;
    for (let i = 0; i < known; i++) state[words[i] as number] = data[base + HEAD + i] as number;
    // Words first touched after this state was stored have their start value in it.
    for (let i = known; i < count; i++) {
      const word = words[i] as number;
      state[word] = start[word] as number;
    }
    k.digestA = data[base] as number;
    k.digestB = data[base + 1] as number;
  }

  /** What was written is read from now on; what was read is not needed any more. */
  turn(): void {
    this.free.push(...this.read);
    this.read = this.written;
    this.written = [];
    this.at = SEGMENT_WORDS;
  }

  /** Segments that other threads have to know. */
  takeCreated(): readonly Segment[] {
    const { created } = this;
    this.created = [];
    return created;
  }

  learn(segments: readonly Segment[]): void {
    for (const { number, memory } of segments) this.segments[number] = new Int32Array(memory);
  }

  private begin(): void {
    this.written.push(this.free.pop() ?? this.create());
    this.at = 0;
  }

  private create(): number {
    const number = Atomics.add(this.counter, 0, 1);
    assert(number < SEGMENTS_MAX, 'the states of two depths fit into memory', number);
    const memory = new SharedArrayBuffer(SEGMENT_WORDS * Int32Array.BYTES_PER_ELEMENT);
    const segment = { number, memory };
    this.created.push(segment);
    this.learn([segment]);
    return number;
  }
}

function roundedUp(words: number): number {
  const unit = 1 << UNIT_BITS;
  return (words + unit - 1) & -unit;
}
