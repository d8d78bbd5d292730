/**
 * Against the silent death of a queue client: it says that it is running, jobs wait, and it takes none. Such a
 * client is replaced; if that does not help, the process is to be started again.
 */

/** Longer than a client may wait for a job that comes (5 s), an event loop that stops, and a Redis that starts. */
export const SILENT_MS = 15_000;
/** Looks at the queue while it might be silent. */
const LOOKS = 5;
/** A Redis that takes longer to count a list is in trouble itself. */
const SLOW_MS = 1000;
const REPLACEMENTS_MAX = 2;
/** Within so many times `silentMs`; a minute, that is. */
const WINDOW = 4;

/** What it watches; a Consumer. */
interface Watched {
  /** Whether it could take one more. */
  readonly hasRoom: boolean;
  /** When it last took one, on the clock of `performance.now()`. */
  readonly lastMs: number;
  waiting(): Promise<number>;
  replace(): void;
}

export interface WatchdogParts {
  readonly consumer: Watched;
  readonly silentMs: number;
  /** Default: `performance.now()`, which the consumer goes by. */
  readonly nowMs?: () => number;
  /** The queue was found empty: there is nothing to be silent about. */
  readonly idle: () => void;
  readonly replaced: () => void;
  /** Replacing did not help. */
  readonly hopeless: () => void;
}

export class Watchdog {
  private readonly parts: WatchdogParts;
  private readonly nowMs: () => number;
  private readonly timer: NodeJS.Timeout;
  private isLooking = false;
  /** Since when jobs wait and there is room for one. */
  private sinceMs: number | null = null;
  private replacedMs: number[] = [];

  constructor(parts: WatchdogParts) {
    this.parts = parts;
    this.nowMs = parts.nowMs ?? (() => performance.now());
    this.timer = setInterval(() => void this.look(), parts.silentMs / LOOKS);
  }

  /** Redis was away: silence had a reason. */
  pardon(): void {
    this.sinceMs = null;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** What the timer does. */
  async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const { consumer, idle, silentMs } = this.parts;
    const askedMs = this.nowMs();
    const waiting = await consumer.waiting().catch(() => null);
    this.isLooking = false;
    const nowMs = this.nowMs();
    const isSlow = waiting === null || nowMs - askedMs > SLOW_MS;
    if (waiting === 0) idle();
    if (isSlow || waiting === 0 || !consumer.hasRoom) this.sinceMs = null;
    else this.sinceMs ??= nowMs;
    if (this.silentFor(nowMs) >= silentMs) this.act(nowMs);
  }

  private silentFor(nowMs: number): number {
    return this.sinceMs === null ? 0 : nowMs - Math.max(this.sinceMs, this.parts.consumer.lastMs);
  }

  private act(nowMs: number): void {
    const { consumer, silentMs, replaced, hopeless } = this.parts;
    this.replacedMs = this.replacedMs.filter(
      (ms) => ms > consumer.lastMs && nowMs - ms < WINDOW * silentMs,
    );
    if (this.replacedMs.length >= REPLACEMENTS_MAX) {
      hopeless();
      return;
    }
    this.replacedMs.push(nowMs);
    this.sinceMs = null;
    consumer.replace();
    replaced();
  }
}
