/** The worker's beats: every two seconds it says that it is there, and learns which of its reports the log has. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Heartbeat } from '../../corpus/exchange/heartbeat.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import type { Outbox } from './outbox.ts';
import { Refused } from './refused.ts';

/** A fifth of what it may be silent (WORKER_GONE_SECONDS). */
const BEAT_MS = 2000;
/** At the end, one last word. */
const LEAVE_MS = 500;

export interface HeartbeatParts {
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  readonly warn: (line: string) => void;
  readonly info: (line: string) => void;
  readonly heartbeat: () => Heartbeat;
  readonly beatMs?: number;
}

export class HeartbeatSender {
  private readonly parts: HeartbeatParts;
  private readonly stopping = new AbortController();
  private readonly beating: Promise<void>;
  private readonly beats: Refused;
  private readonly settles: Refused;

  constructor(parts: HeartbeatParts) {
    const { warn, info } = parts;
    this.parts = parts;
    this.beats = new Refused({
      what: "this worker's heartbeats",
      follows: 'the coordinator plans nothing for it',
      ...{ warn, info },
    });
    this.settles = new Refused({
      what: 'to say which reports the log has',
      follows: 'they stay in the spool',
      ...{ warn, info },
    });
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
    const { beatMs = BEAT_MS } = this.parts;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.beat();
      await delay(beatMs, undefined, { signal }).catch(() => {});
    }
  }

  private async beat(): Promise<void> {
    const { exchange, outbox, heartbeat } = this.parts;
    const { signal } = this.stopping;
    const beat = heartbeat();
    await this.beats.by(() => unlessOver(signal, exchange.beat(beat.id, JSON.stringify(beat))));
    await this.settles.by(() => unlessOver(signal, outbox.settle()));
  }
}

/** At the end the connection is closed, and nothing is refused. */
async function unlessOver(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
