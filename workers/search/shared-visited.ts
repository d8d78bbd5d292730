/**
 * 64-bit digests of states in memory that threads share, each with a tag: open addressing, linear probing. A thread
 * claims a slot with a compare-exchange of the digest's first half, then stores the second half and the tag; others wait
 * for each of them. Pure.
 */

/** First half, second half, tag. Zero stands for what is not stored yet, so a half that is 0 is kept as 1; no tag is 0. */
const SLOT = 3;
const SLOTS_MIN = 1 << 12;

export class SharedVisited {
  readonly memory: SharedArrayBuffer;
  readonly slots: number;
  private readonly data: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.data = new Int32Array(memory);
    this.slots = this.data.length / SLOT;
  }

  /** At most half full with so many digests. */
  static sized(digests: number): SharedVisited {
    let slots = SLOTS_MIN;
    while (slots < 2 * digests) slots *= 2;
    return new SharedVisited(new SharedArrayBuffer(slots * SLOT * Int32Array.BYTES_PER_ELEMENT));
  }

  /**
   * Keep a digest with its largest tag.
   * @returns the tag that was there before; this one where the digest is new
   */
  claim(digestA: number, digestB: number, tag: number): number {
    const { data, slots } = this;
    const a = digestA === 0 ? 1 : digestA;
    const b = digestB === 0 ? 1 : digestB;
    for (let i = a & (slots - 1); ; i = (i + 1) & (slots - 1)) {
      const at = SLOT * i;
      let first = Atomics.load(data, at);
      if (first === 0) {
        first = Atomics.compareExchange(data, at, 0, a);
        if (first === 0) {
          data[at + 1] = b;
          data[at + 2] = tag;
          return tag;
        }
      }
      if (first === a && this.stored(at + 1) === b) return this.raise(at + 2, tag);
    }
  }

  private raise(at: number, tag: number): number {
    let known = this.stored(at);
    while (known < tag) {
      const seen = Atomics.compareExchange(this.data, at, known, tag);
      if (seen === known) break;
      known = seen;
    }
    return known;
  }

  /** The digests in some of the slots, kept in a larger table, too. */
  copyTo(other: SharedVisited, from: number, to: number): void {
    const { data } = this;
    for (let at = SLOT * from; at < SLOT * to; at += SLOT) {
      const a = data[at] as number;
      if (a !== 0) other.claim(a, data[at + 1] as number, data[at + 2] as number);
    }
  }

  /** The thread that claimed the slot may not have stored it yet. */
  private stored(at: number): number {
    for (;;) {
      const word = Atomics.load(this.data, at);
      if (word !== 0) return word;
    }
  }
}
