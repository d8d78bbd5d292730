/**
 * The one generator. Integers only, so that streams agree on every machine; forked by purpose, so that a new
 * draw in one place never shifts another.
 */

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush, four additions a draw. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  constructor(rngSeed: number, stream = 0) {
    this.a = rngSeed | 0;
    this.b = stream | 0;
    this.c = 0x9e3779b9 | 0;
    this.counter = 1;
    // PractRand's own seeding discards 12 outputs; fewer leave nearby seeds correlated.
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A whole number of 32 random bits, signed. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum;
  }

  /** Start again as `new Random(rngSeed, stream)` would, without allocating. */
  reseed(rngSeed: number, stream: number): void {
    this.a = rngSeed | 0;
    this.b = stream | 0;
    this.c = 0x9e3779b9 | 0;
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.next();
  }

  /**
   * A whole number in [0, bound). Multiply-shift on 16 bits, or on 32 for larger bounds: the bias is below
   * bound / 2^16, and every bound of a hot loop is below 64.
   */
  below(bound: number): number {
    if (bound <= 0x100) return ((this.next() >>> 16) * bound) >>> 16;
    return Math.floor(((this.next() >>> 0) / 0x1_0000_0000) * bound);
  }

  /** True once in `outOf` draws. */
  oneIn(outOf: number): boolean {
    return this.below(outOf) === 0;
  }

  /** An own stream for one purpose; the same label always gives the same stream, and draws nothing here. */
  fork(label: string): Random {
    return new Random(this.a ^ hashText(label), this.b ^ this.c);
  }

  pick<T>(list: readonly T[]): T {
    const element = list[this.below(list.length)];
    if (element === undefined) throw new RangeError('pick from an empty list');
    return element;
  }
}

/** FNV-1a over UTF-16 units: only to name streams, never to name content. */
function hashText(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
