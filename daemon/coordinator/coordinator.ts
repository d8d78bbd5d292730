/**
 * The coordinator's loop: take reports, write down what they change, publish what is proven, say what is to be
 * done next. Nothing is true before the ledger has it on disk, and nothing leaves Redis before that.
 *
 * A turn may end anywhere (kill -9). What was taken and not settled is taken again, and found in the ledger;
 * what was planned and not sent is missed by `reconcile`; a batch that comes back twice changes nothing.
 */
import { type Arrival, type Exchange, StaleEpoch } from '../../corpus/exchange/scripts.ts';
import { packFeatures } from '../../corpus/exchange/snapshot.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  BATCH_VERSION,
  type Batch,
  type Explored,
  type Kind,
  type ModelPin,
  type Report,
} from '../../corpus/vocabulary/messages.ts';
import { type Due, due, isAtEnd, reasonToStop } from '../campaign/dispatch.ts';
import { Pace } from '../campaign/pace.ts';
import type { Outstanding } from '../campaign/records.ts';
import { readReport, trimmed } from '../campaign/reports.ts';
import type { Book, Effect } from '../campaign/state.ts';
import { droppedText } from '../campaign/triage.ts';
import type { Control } from '../campaign/views.ts';
import type { Clock } from '../log/clock.ts';
import type { Journal } from '../log/writer.ts';
import type { Fleet } from './fleet.ts';
import type { Publisher } from './publisher.ts';
import type { BatchQueues } from './queue.ts';

export interface Parts {
  readonly book: Book;
  readonly journal: Journal;
  readonly exchange: Exchange;
  readonly queues: BatchQueues;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly build: string;
  readonly seeds: readonly string[];
  readonly canary: ModelPin;
  readonly publisher: Publisher;
  readonly watcher: Watcher;
}

export interface Watcher {
  folded(effect: Effect, report: Report): void;
  /** Something that people should know, said once. */
  said(text: string): void;
}

/** Reports of one turn: some 20 ms to fold. */
const TAKEN_MAX = 64;
/** Between two looks at an empty inbox. */
const IDLE_MS = 100;
/** Between two looks for batches that got lost, and how long one may take from the ledger to the queue. */
const RECONCILE_MS = 5000;
/** Between two tries to reach a disk or a Redis that refuses. */
const RETRY_MS = 1000;
/** A snapshot that grew by less is not worth its transport. */
const SNAPSHOT_GROWTH = 1.02;
/** Half of the time for which Redis keeps it. */
const SNAPSHOT_RENEW_MS = 30 * 60_000;
/** A turn takes milliseconds; longer means that it waits for a Redis that does not answer. */
const TURN_MS_MAX = 15_000;

interface Sent {
  readonly digest: string;
  readonly size: number;
  readonly atMs: number;
}

export class Coordinator {
  private readonly parts: Parts;
  private readonly pace = new Pace();
  private readonly snapshots = new Map<string, Sent>();
  private readonly sentMs = new Map<string, number>();
  private reconciledMs = Number.NEGATIVE_INFINITY;
  /** `stale`: Redis knows another epoch than ours. */
  private standing: 'new' | 'leads' | 'stale' = 'new';
  private isStopping = false;
  private wake: () => void = () => {};
  /** What the last turn failed of, or null. */
  private failure: string | null = null;
  private turnedMs: number;

  constructor(parts: Parts) {
    this.parts = parts;
    this.turnedMs = parts.clock.monotonicMs();
  }

  /** Why it is not at work, or null. */
  get trouble(): string | null {
    if (this.failure !== null) return this.failure;
    if (this.standing === 'new') return 'it is starting';
    const isLate = this.parts.clock.monotonicMs() - this.turnedMs > TURN_MS_MAX;
    return isLate && !this.isFinished() ? 'it waits for an answer of Redis' : null;
  }

  /** Ends when it is told to, or when the campaign has come to its end. */
  async run(): Promise<void> {
    this.parts.publisher.adoptStore();
    while (!this.isStopping && !this.isFinished()) {
      try {
        await this.turn();
        this.failure = null;
        this.turnedMs = this.parts.clock.monotonicMs();
      } catch (error) {
        await this.endure(error);
      }
    }
    if (this.isStopping && this.trouble === null) await this.lookOnceMore();
  }

  stop(): void {
    this.isStopping = true;
    this.wake();
  }

  /** @throws Refusal DATA_DIR; it holds all the same, until this process ends */
  control(control: Control): void {
    this.parts.journal.write({ t: 'control', control });
    this.wake();
    this.parts.journal.commit();
  }

  /** How long the batch that is next in each queue has waited, in seconds. */
  waitingSeconds(kind: Kind, waiting: number): number {
    const sent = this.parts.book
      .outstandingOf(kind)
      .flatMap(({ id }) => this.sentMs.get(id) ?? [])
      .sort((a, b) => b - a);
    // First in, first out: the newest ones wait.
    const oldest = sent[Math.min(waiting, sent.length) - 1];
    return oldest === undefined ? 0 : (this.parts.clock.monotonicMs() - oldest) / 1000;
  }

  isFinished(): boolean {
    const { book } = this.parts;
    return book.state === 'draining' && isAtEnd(book);
  }

  private async lead(): Promise<void> {
    const { exchange, queues, book, journal, build, watcher } = this.parts;
    if (this.standing === 'stale') {
      if ((await exchange.epoch()) > book.epoch) {
        const what = 'another coordinator has taken over this Redis';
        throw fail('ENVIRONMENT', { what, remedy: 'run one, or give each its own Redis' });
      }
      watcher.said('Redis has been emptied; what was under way is handed out again');
    }
    const epoch = await exchange.lead(book.epoch);
    // Nobody will ever take what waits there: it was planned for another build.
    if (book.build !== '' && book.build !== build) await queues.drop(book.build);
    journal.write({ t: 'led', epoch, build });
    journal.commit();
    this.standing = 'leads';
    this.snapshots.clear();
    // Nothing is on its way to the queue now: what is not there is lost.
    this.sentMs.clear();
    this.reconciledMs = Number.NEGATIVE_INFINITY;
  }

  private async turn(): Promise<void> {
    const { journal, book, watcher, fleet } = this.parts;
    // What a full disk refused before goes first.
    journal.commit();
    if (this.standing !== 'leads') await this.lead();
    const arrivals = await this.collect();
    const reason = reasonToStop(book);
    if (reason !== null) {
      watcher.said(`the campaign stops: ${reason}`);
      journal.write({ t: 'control', control: 'stop' });
    }
    await fleet.look();
    await this.reconcile();
    const batches = await this.plan();
    await this.settle(arrivals);
    await this.send(batches);
    if (arrivals.length === 0) await this.sleep(IDLE_MS);
  }

  private async collect(): Promise<readonly Arrival[]> {
    const { exchange, book, publisher } = this.parts;
    const arrivals = await exchange.take(book.epoch, TAKEN_MAX);
    for (const arrival of arrivals) this.fold(arrival);
    publisher.publish();
    return arrivals;
  }

  private async settle(arrivals: readonly Arrival[]): Promise<void> {
    const { exchange, journal, book } = this.parts;
    journal.commit();
    await exchange.settle(
      book.epoch,
      arrivals.map(({ id }) => id),
    );
  }

  /** For what workers delivered before they ended; what is refused now comes again at the next start. */
  private async lookOnceMore(): Promise<void> {
    try {
      await this.settle(await this.collect());
    } catch (error) {
      const isRefused = error instanceof Refusal || error instanceof StaleEpoch;
      if (!isRefused && !isRedisTrouble(error)) throw error;
    }
  }

  private fold(arrival: Arrival): void {
    const { book, journal, watcher } = this.parts;
    const report = readReport(arrival, book);
    const { result, milliseconds } = report;
    const effect = journal.write({ t: 'report', report: trimmed(report, book) });
    if (effect === 'folded' && result.kind === 'explore' && isOfRunsOnly(result)) {
      this.pace.measured(result.model, result.runs, milliseconds);
    }
    const dropped = effect === 'folded' ? droppedText(result) : null;
    if (dropped !== null) watcher.said(dropped);
    this.sentMs.delete(report.id);
    if (effect !== null) watcher.folded(effect, report);
  }

  private async plan(): Promise<readonly Batch[]> {
    const { book, journal, fleet, seeds, canary, publisher } = this.parts;
    for (const { reference } of book.pins()) await this.sendSnapshot(reference);
    const missing = due({
      book,
      executors: Math.max(1, fleet.executors()),
      runsOf: (model) => this.pace.runsOf(model),
      snapshotOf: (model) => this.snapshots.get(model)?.digest ?? null,
      reproOf: (one) => publisher.reproOf(one),
      seeds,
      canary,
    });
    if (missing.length === 0) return [];
    journal.write({ t: 'planned', batches: missing.map(({ outstanding }) => outstanding) });
    return missing.map((one) => this.batchOf(one));
  }

  private batchOf({ outstanding: { id }, work, models }: Due): Batch {
    const { campaign, epoch } = this.parts.book;
    return { version: BATCH_VERSION, id, build: this.parts.build, campaign, epoch, models, work };
  }

  private async send(batches: readonly Batch[]): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    for (const { id } of batches) this.sentMs.set(id, nowMs);
    await this.parts.queues.add(batches);
  }

  /** The features that a batch takes as known must lie in Redis before it does. */
  private async sendSnapshot(model: string): Promise<void> {
    const { book, exchange, clock } = this.parts;
    const { frontier } = book.tallyOf(model);
    const nowMs = clock.monotonicMs();
    const sent = this.snapshots.get(model);
    const isOld = sent !== undefined && nowMs - sent.atMs > SNAPSHOT_RENEW_MS;
    if (!isOld && frontier.size <= (sent?.size ?? 0) * SNAPSHOT_GROWTH) return;
    const { digest, bytes } = packFeatures(frontier.known());
    await exchange.putSnapshot(digest, bytes);
    this.snapshots.set(model, { digest, size: frontier.size, atMs: nowMs });
  }

  /**
   * Batches whose job is gone although no report of them came: Redis was emptied, or somebody died between the
   * ledger and the queue. A job ends after its report has come in, so the order of the two questions matters.
   */
  private async reconcile(): Promise<void> {
    const { book, queues, exchange, journal, clock } = this.parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.reconciledMs < RECONCILE_MS) return;
    const old = ({ id }: Outstanding): boolean =>
      nowMs - (this.sentMs.get(id) ?? Number.NEGATIVE_INFINITY) > RECONCILE_MS;
    const gone = await queues.without([...book.outstanding.values()].filter(old));
    const waits = await Promise.all(gone.map(({ id }) => exchange.waits(id)));
    const lost = gone.filter((_, i) => waits[i] === false).map(({ id }) => id);
    if (lost.length > 0) journal.write({ t: 'abandoned', ids: lost });
    for (const id of lost) this.sentMs.delete(id);
    this.reconciledMs = nowMs;
  }

  /** Disk and Redis may fail for a while; nothing is settled meanwhile, so nothing is lost. */
  private async endure(error: unknown): Promise<void> {
    if (error instanceof StaleEpoch) {
      this.standing = 'stale';
      return;
    }
    const isDisk = error instanceof Refusal && error.code === 'DATA_DIR';
    if (!isDisk && !isRedisTrouble(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    if (this.failure === null) this.parts.watcher.said(`${why}; it goes on when that is mended`);
    this.failure = why;
    await this.sleep(RETRY_MS);
  }

  private sleep(milliseconds: number): Promise<void> {
    if (this.isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Where seeds or a scope were searched, most of the time may have been theirs. */
function isOfRunsOnly({ breadth, swept }: Explored): boolean {
  return (breadth?.given ?? 0) === 0 && swept === undefined;
}

/** What ioredis throws where a server is gone, loading, or refuses a command for its own reasons. */
function isRedisTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A pipeline that was cut in the middle is aborted.
  const isNamed = ['ReplyError', 'AbortError', 'MaxRetriesPerRequestError'].includes(error.name);
  return isNamed || /Connection is closed|ECONN|ENOENT|EPIPE|timed out|retries/.test(error.message);
}
