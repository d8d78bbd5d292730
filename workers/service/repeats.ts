/** The same trouble again and again: said once, and then once a minute. */

const PAUSE_MS = 60_000;
/** Different troubles in a minute; whoever makes more of them wants to fill the log. */
const KINDS_MAX = 100;

export class Repeats {
  private readonly say: (line: string) => void;
  private readonly saidMs = new Map<string, number>();

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** @param kind what makes it the same; numbers and hashes in it do not make it another */
  tell(trouble: string, kind: string = trouble): void {
    const key = kind.replace(/[0-9a-f]{8,}|\d+/g, '#');
    const nowMs = performance.now();
    for (const [said, ms] of this.saidMs) if (nowMs - ms >= PAUSE_MS) this.saidMs.delete(said);
    if (this.saidMs.has(key) || this.saidMs.size >= KINDS_MAX) return;
    this.saidMs.set(key, nowMs);
    this.say(trouble);
  }
}
