/**
 * States of which only some bits of their digests are kept (Holzmann's supertrace): a state whose bits others have set
 * is taken for a known one, and what only it leads to is missed. How many that are is estimated as the bits fill. Pure.
 */

/** Bits a state: three miss fewer than two as long as the table has four bits for each state. */
const BITS = 3;
/** Digests have 32 bits a half, which address this many bits. */
export const BYTES_MAX: number = 2 ** 32 / 8;
/** At this fill every eighth new state is missed, and the table has 4.3 bits for each. */
const FILL_MAX = 0.5;

export class BitStates {
  /** States that were told from all before. */
  size = 0;
  /** States that were taken for others, about: what is expected at the fill that each new state met. */
  missed = 0;
  private readonly words: Int32Array;
  private readonly bits: number;
  private set = 0;

  constructor(bytes: number) {
    this.words = new Int32Array(Math.ceil(bytes / Int32Array.BYTES_PER_ELEMENT));
    this.bits = this.words.length * 32;
  }

  get fill(): number {
    return this.set / this.bits;
  }

  get isFull(): boolean {
    return this.fill > FILL_MAX;
  }

  /** Bits of the table a state. */
  get hashFactor(): number {
    return this.bits / this.size;
  }

  /** Whether the state is new; its bits are set. */
  add(digestA: number, digestB: number): boolean {
    const chance = this.fill ** BITS;
    let isNew = false;
    for (let i = 0; i < BITS; i++) {
      const hash = (digestA + Math.imul(i, digestB | 1)) >>> 0;
      if (this.mark(Math.floor((hash / 2 ** 32) * this.bits))) isNew = true;
    }
    if (isNew) {
      this.size++;
      this.missed += chance / (1 - chance);
    }
    return isNew;
  }

  private mark(bit: number): boolean {
    const word = Math.floor(bit / 32);
    const mask = 1 << (bit % 32);
    const before = this.words[word] as number;
    if ((before & mask) !== 0) return false;
    this.words[word] = before | mask;
    this.set++;
    return true;
  }
}
