/** What Redis refuses again and again, such as with NOPERM: said once, with what follows from it, and once more when it is over. */

export interface RefusedParts {
  /** Such as `this worker's heartbeats`. */
  readonly what: string;
  /** What a person sees of it. */
  readonly follows: string;
  warn(line: string): void;
  info(line: string): void;
}

export class Refused {
  private readonly parts: RefusedParts;
  private sinceMs: number | null = null;

  constructor(parts: RefusedParts) {
    this.parts = parts;
  }

  /** @returns what it comes to; null if it was refused */
  async by<T>(act: () => Promise<T>): Promise<T | null> {
    const { what, follows, warn, info } = this.parts;
    try {
      const answer = await act();
      if (this.sinceMs !== null) {
        const seconds = ((performance.now() - this.sinceMs) / 1000).toFixed(1);
        info(`Redis no longer refuses ${what}, after ${seconds} s`);
      }
      this.sinceMs = null;
      return answer;
    } catch (error) {
      if (this.sinceMs === null) warn(`Redis refuses ${what}, so ${follows}: ${String(error)}`);
      this.sinceMs ??= performance.now();
      return null;
    }
  }
}
