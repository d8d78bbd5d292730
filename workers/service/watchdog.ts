/**
 * Against the silent death of a queue client: it says that it is running, jobs wait, and it takes none. Such a
 * client is replaced; if that does not help, the process is to be started again.
 */

/** Longer than a client may wait for a job that comes (5 s), an event loop that stops, and a Redis that starts. */
export const SILENT_MS = 15_000;
/** Looks at a queue while it might be silent. */
const LOOKS = 5;
/** A Redis that takes longer to count a list is in trouble itself. */
const SLOW_MS = 1000;
const REPLACEMENTS_MAX = 2;
/** Within so many times `silentMs`; a minute, that is. */
const WINDOW = 4;

/** What it watches; a Consumer. */
interface Watched {
  readonly kind: string;
  /** Whether it could take one more. */
  readonly hasRoom: boolean;
  /** When it last took one, on the clock of `performance.now()`. */
  readonly lastMs: number;
  waiting(): Promise<number>;
  replace(): void;
}

export interface WatchdogParts {
  readonly consumers: readonly Watched[];
  readonly silentMs: number;
  /** Default: `performance.now()`, which consumers go by. */
  readonly nowMs?: () => number;
  /** All queues were found empty: there is nothing to be silent about. */
  readonly idle: () => void;
  readonly replaced: (kind: string) => void;
  /** Replacing did not help. */
  readonly hopeless: (kind: string) => void;
}

export class Watchdog {
  private readonly parts: WatchdogParts;
  private readonly nowMs: () => number;
  private readonly timer: NodeJS.Timeout;
  private readonly suspects: readonly Suspect[];

  constructor(parts: WatchdogParts) {
    this.parts = parts;
    this.nowMs = parts.nowMs ?? (() => performance.now());
    this.suspects = parts.consumers.map((consumer) => new Suspect(consumer));
    this.timer = setInterval(() => void this.lookAround(), parts.silentMs / LOOKS);
  }

  /** Redis was away: whoever was silent had a reason. */
  pardon(): void {
    for (const suspect of this.suspects) suspect.sinceMs = null;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** What the timer does; resolves when every consumer has been looked at. */
  async lookAround(): Promise<void> {
    await Promise.all(this.suspects.map((suspect) => this.look(suspect)));
  }

  private async look(suspect: Suspect): Promise<void> {
    if (suspect.isBeingLookedAt) return;
    suspect.isBeingLookedAt = true;
    const askedMs = this.nowMs();
    const waiting = await suspect.consumer.waiting().catch(() => null);
    suspect.isBeingLookedAt = false;
    const nowMs = this.nowMs();
    const isSlow = waiting === null || nowMs - askedMs > SLOW_MS;
    suspect.isIdle = waiting === 0;
    if (this.suspects.every(({ isIdle }) => isIdle)) this.parts.idle();
    if (isSlow || waiting === 0 || !suspect.consumer.hasRoom) suspect.sinceMs = null;
    else suspect.sinceMs ??= nowMs;
    if (suspect.silentFor(nowMs) >= this.parts.silentMs) this.act(suspect, nowMs);
  }

  private act(suspect: Suspect, nowMs: number): void {
    const { consumer } = suspect;
    const { silentMs, replaced, hopeless } = this.parts;
    suspect.replacedMs = suspect.replacedMs.filter(
      (ms) => ms > consumer.lastMs && nowMs - ms < WINDOW * silentMs,
    );
    if (suspect.replacedMs.length >= REPLACEMENTS_MAX) {
      hopeless(consumer.kind);
      return;
    }
    suspect.replacedMs.push(nowMs);
    suspect.sinceMs = null;
    consumer.replace();
    replaced(consumer.kind);
  }
}

class Suspect {
  readonly consumer: Watched;
  isBeingLookedAt = false;
  /** Nothing waited at the last look. */
  isIdle = false;
  /** Since when jobs wait and there is room for one. */
  sinceMs: number | null = null;
  replacedMs: number[] = [];

  constructor(consumer: Watched) {
    this.consumer = consumer;
  }

  silentFor(nowMs: number): number {
    return this.sinceMs === null ? 0 : nowMs - Math.max(this.sinceMs, this.consumer.lastMs);
  }
}
