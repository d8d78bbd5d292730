/**
 * The worker's beats: every two seconds it says that it is there, and learns how far Redis has come with
 * writing to its own disk. It has a connection of its own, because that second question may take a while.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Heartbeat } from '../../corpus/exchange/heartbeat.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import type { Outbox, Taken } from './outbox.ts';
import type { Repeats } from './repeats.ts';

/** A fifth of what it may be silent (WORKER_GONE_SECONDS). */
const BEAT_MS = 2000;
/** `appendfsync everysec` syncs once a second. */
const SYNC_WAIT_MS = 1500;
/** Where Redis cannot be asked, this long after its reply: two syncs of `appendfsync everysec`. */
const SETTLED_MS = 2000;
/** A Redis that leaves syncing to its system (`appendfsync no`): Linux writes what is half a minute old. */
const NEVER_SYNCED_MS = 60_000;
/** At the end, one last word. */
const LEAVE_MS = 500;

export interface HeartbeatParts {
  readonly redis: Redis;
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  readonly troubles: Repeats;
  readonly heartbeat: () => Heartbeat;
  readonly beatMs?: number;
  /** How long Redis may take to have a report on its disk. */
  readonly neverSyncedMs?: number;
}

export class HeartbeatSender {
  private readonly parts: HeartbeatParts;
  private readonly stopping = new AbortController();
  /** Whether this Redis knows WAITAOF (7.2) and has an append-only file; asked once a connection. */
  private canAsk = true;
  private readonly beating: Promise<void>;

  constructor(parts: HeartbeatParts) {
    this.parts = parts;
    parts.redis.on('ready', () => {
      this.canAsk = true;
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
    const taken = outbox.taken();
    const beat = heartbeat();
    await exchange.beat(beat.id, JSON.stringify(beat));
    outbox.settle(await this.settled(taken));
  }

  /**
   * Which of these reports Redis has on its disk. They were taken before the heartbeat was, and Redis writes in
   * that order: what has synced the heartbeat has synced them.
   */
  private async settled(taken: readonly Taken[]): Promise<readonly Taken[]> {
    if (taken.length === 0) return [];
    if (this.canAsk) {
      const [onDisk] = await this.synced();
      if (onDisk !== undefined) return onDisk > 0 ? taken : this.neverSynced(taken);
    }
    return olderThan(SETTLED_MS, taken);
  }

  private neverSynced(taken: readonly Taken[]): readonly Taken[] {
    const { troubles, neverSyncedMs = NEVER_SYNCED_MS } = this.parts;
    const late = olderThan(neverSyncedMs, taken);
    if (late.length > 0) {
      const seconds = neverSyncedMs / 1000;
      troubles.tell(`Redis has synced nothing for ${seconds} s; set its appendfsync to everysec`);
    }
    return late;
  }

  /** How many disks have all that this connection wrote: its own, replicas. Empty if that cannot be asked. */
  private async synced(): Promise<readonly number[]> {
    try {
      return (await this.parts.redis.call('WAITAOF', 1, 0, SYNC_WAIT_MS)) as number[];
    } catch (error) {
      // Not a lost connection: Redis says that it does not know the command, has no such file, or does not let us.
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error;
      this.canAsk = false;
      return [];
    }
  }
}

function olderThan(ageMs: number, taken: readonly Taken[]): readonly Taken[] {
  const nowMs = performance.now();
  return taken.filter(({ atMs }) => nowMs - atMs > ageMs);
}
