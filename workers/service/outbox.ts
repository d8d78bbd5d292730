/**
 * The way of a report out of this process, so that it is never in one place only: to the spool on this disk, into
 * Redis, and off the disk once the coordinator's log has it. Sending twice does no harm, so whatever Redis may have
 * lost is sent again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { decodeReport, isOfOtherVersion } from '../../corpus/exchange/codec.ts';
import type { Metrics } from '../../corpus/exchange/metrics.ts';
import type { Exchange } from '../../corpus/exchange/scripts.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Repeats } from './repeats.ts';
import type { Spool } from './spool.ts';

/** A Redis that refuses writes (full, read-only for a moment) is asked again so often. */
const RETRY_MS = 1000;

/** A report on disk: `left` to be sent, `going`, or taken by Redis. */
type State = 'left' | 'going' | Taken;

/** Redis has it. Until the log has it, a Redis that is emptied loses it. */
interface Taken {
  readonly name: string;
  readonly batch: string;
}

export interface OutboxParts {
  readonly spool: Spool;
  readonly exchange: Exchange;
  readonly metrics: Metrics<'worker'>;
  readonly troubles: Repeats;
}

export class Outbox {
  private readonly parts: OutboxParts;
  private readonly states = new Map<string, State>();
  private resending: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(parts: OutboxParts) {
    this.parts = parts;
    for (const name of parts.spool.names()) this.states.set(name, 'left');
    this.measure();
  }

  /**
   * On the disk when it resolves. If the disk refuses it, Redis is the only place for it.
   *
   * @returns how to send it: resolves when Redis has it
   */
  async keep(id: string, report: string): Promise<() => Promise<void>> {
    const name = await this.spool(id, report);
    return async () => {
      const isTaken = await this.ingest(id, report);
      if (name !== null && isTaken) this.noteTaken(name, id);
    };
  }

  /** Sends all that is left on the disk, one after the other. */
  sendLeft(): Promise<void> {
    this.resending = this.resending.then(async () => {
      for (const [name, state] of this.states) if (state === 'left') await this.send(name);
    });
    return this.resending;
  }

  /** A connection was lost: what Redis had taken it may have lost, too. */
  doubt(): void {
    for (const [name, state] of this.states) {
      if (state !== 'going') this.states.set(name, 'left');
    }
  }

  /** Frees the disk of what the log has, and sends again what Redis knows nothing of. */
  async settle(): Promise<void> {
    const taken = this.taken();
    const fates = await this.parts.exchange.fates(taken.map(({ batch }) => batch));
    for (const [i, one] of taken.entries()) {
      // Doubts that came up since stay.
      if (this.states.get(one.name) !== one) continue;
      if (fates[i] === 'unknown') this.states.set(one.name, 'left');
      if (fates[i] !== 'logged') continue;
      this.states.delete(one.name);
      this.parts.spool.remove(one.name);
    }
    this.measure();
    if (fates.includes('unknown')) await this.sendLeft();
  }

  /** Of the report that has waited longest for the log, since it came to this disk; 0 if none waits. */
  oldestSeconds(): number {
    return this.parts.spool.oldestSeconds();
  }

  /** Stops asking a Redis that refuses. */
  close(): void {
    this.isClosed = true;
  }

  private async spool(id: string, report: string): Promise<string | null> {
    const { spool, troubles } = this.parts;
    const name = spool.nameFor(id);
    const isThere = this.states.has(name);
    // At once: what Redis has of an earlier report on this batch is no reason to remove this one.
    this.states.set(name, 'going');
    try {
      await spool.put(name, report);
      return name;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (isThere) this.states.set(name, 'left');
      else this.states.delete(name);
      troubles.tell(`${error.message}; reports go to Redis without a copy on this disk`);
      return null;
    } finally {
      this.measure();
    }
  }

  private async send(name: string): Promise<void> {
    const text = this.read(name);
    if (text === null) return;
    const { value, problem } = decodeReport(text);
    if (value === null) {
      this.leave(name, text, problem);
      return;
    }
    this.states.set(name, 'going');
    if (await this.ingest(value.id, text)) this.noteTaken(name, value.id);
  }

  /** Null if there is nothing to send, or not now: whatever keeps it from being read may pass. */
  private read(name: string): string | null {
    const { spool, troubles } = this.parts;
    try {
      const text = spool.read(name);
      if (text === null) this.states.delete(name);
      return text;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      troubles.tell(`spool: ${error.message}; it is tried again`);
      return null;
    }
  }

  private leave(name: string, text: string, problem: string): void {
    const { spool, troubles } = this.parts;
    if (isOfOtherVersion(text)) {
      troubles.tell(`spool: ${name} is left to a worker of its build: ${problem}`);
      spool.leave(name);
      return;
    }
    troubles.tell(`spool: ${name} is damaged and set aside: ${problem}`);
    spool.setAside(name);
    this.states.delete(name);
  }

  private taken(): readonly Taken[] {
    return [...this.states.values()].filter((state) => typeof state !== 'string');
  }

  private noteTaken(name: string, batch: string): void {
    this.states.set(name, { name, batch });
  }

  /**
   * Waits for Redis if it is away, and asks again if it refuses.
   *
   * @returns false if it was told to stop asking
   */
  private async ingest(id: string, report: string): Promise<boolean> {
    const { exchange, metrics, troubles } = this.parts;
    const startedMs = performance.now();
    while (!this.isClosed) {
      try {
        const isNew = await exchange.ingest(id, report);
        if (!isNew) metrics.inc('worker_ingest_duplicates_total', {});
        const seconds = (performance.now() - startedMs) / 1000;
        metrics.observe('worker_ingest_duration_seconds', {}, seconds);
        return true;
      } catch (error) {
        if (this.isClosed) break;
        troubles.tell(`Redis does not take a report: ${String(error)}; asking again`);
        await delay(RETRY_MS);
      }
    }
    return false;
  }

  private measure(): void {
    const { metrics, spool } = this.parts;
    metrics.set('worker_spool_entries', {}, spool.entries);
    metrics.set('worker_spool_bytes', {}, spool.bytes);
  }
}
