/** The worker's beats: every two seconds it says that it is there, and learns which of its reports the log has. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Heartbeat } from '../../corpus/exchange/heartbeat.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import type { Outbox } from './outbox.ts';
import type { Repeats } from './repeats.ts';

/** A fifth of what it may be silent (WORKER_GONE_SECONDS). */
const BEAT_MS = 2000;
/** At the end, one last word. */
const LEAVE_MS = 500;

export interface HeartbeatParts {
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  readonly troubles: Repeats;
  readonly heartbeat: () => Heartbeat;
  readonly beatMs?: number;
}

export class HeartbeatSender {
  private readonly parts: HeartbeatParts;
  private readonly stopping = new AbortController();
  private readonly beating: Promise<void>;

  constructor(parts: HeartbeatParts) {
    this.parts = parts;
    this.beating = this.beatOn();
  }

  /** Resolves when the fleet knows, or soon if it cannot be told. */
  async leave(): Promise<void> {
    this.stopping.abort();
    const { exchange, heartbeat } = this.parts;
    const gone = this.beating.then(() => exchange.leave(heartbeat().id));
    await Promise.race([gone.catch(() => {}), delay(LEAVE_MS)]);
  }

  private async beatOn(): Promise<void> {
    const { troubles, beatMs = BEAT_MS } = this.parts;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.beat().catch((error: unknown) => {
        if (!signal.aborted) troubles.tell(`no heartbeat: ${String(error)}`);
      });
      await delay(beatMs, undefined, { signal }).catch(() => {});
    }
  }

  private async beat(): Promise<void> {
    const { exchange, outbox, heartbeat } = this.parts;
    const beat = heartbeat();
    await exchange.beat(beat.id, JSON.stringify(beat));
    await outbox.settle();
  }
}
