/** How often one client may ask: a token bucket an address, and a bound on how many addresses are remembered. */

interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  atMs: number;
}

/** Some 100 bytes each. Whoever is forgotten has a full bucket again, so a flood of addresses gains little. */
const ADDRESSES_MAX = 4096;

export class RateLimit {
  /** The one that asked last is last. */
  private readonly buckets = new Map<string, Bucket>();
  private readonly perSecond: number;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /**
   * @param nowMs of a clock that does not go back
   * @returns 0 if it may ask now, else in how many seconds
   */
  ask(address: string, nowMs: number): number {
    const bucket = this.filled(address, nowMs);
    this.buckets.delete(address);
    this.buckets.set(address, bucket);
    if (this.buckets.size > ADDRESSES_MAX) this.forgetOldest();
    if (bucket.tokens < 1) return (1 - bucket.tokens) / this.perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  get size(): number {
    return this.buckets.size;
  }

  private filled(address: string, nowMs: number): Bucket {
    const bucket = this.buckets.get(address) ?? { tokens: this.perSecond, atMs: nowMs };
    const gained = ((nowMs - bucket.atMs) / 1000) * this.perSecond;
    return { tokens: Math.min(this.perSecond, bucket.tokens + gained), atMs: nowMs };
  }

  private forgetOldest(): void {
    for (const address of this.buckets.keys()) {
      this.buckets.delete(address);
      return;
    }
  }
}
