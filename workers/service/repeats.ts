/** The same trouble again and again: said once, and then once a minute. */

const PAUSE_MS = 60_000;
/** Different troubles remembered; a hundred at once are one. */
const KINDS_MAX = 100;

export class Repeats {
  private readonly say: (line: string) => void;
  private readonly saidMs = new Map<string, number>();

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** @param trouble what is wrong; numbers and ids in it do not make it another */
  tell(trouble: string): void {
    const kind = trouble.replace(/[0-9a-f]{8,}|\d+/g, '#');
    const nowMs = performance.now();
    const lastMs = this.saidMs.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < PAUSE_MS) return;
    if (this.saidMs.size >= KINDS_MAX) this.saidMs.clear();
    this.saidMs.set(kind, nowMs);
    this.say(trouble);
  }

  /** It is over: the next time it is news. */
  forget(): void {
    this.saidMs.clear();
  }
}
