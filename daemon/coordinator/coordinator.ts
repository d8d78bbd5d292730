/**
 * The coordinator's loop: take reports, write down what they change, publish what is proven, say what is to be
 * done next. State and folders may be ahead of the log; batches leave, and reports are forgotten in Redis, only after it.
 *
 * A turn may end anywhere (kill -9). What was taken and not settled is taken again, and found in the log;
 * what was planned and not sent is missed by `reconcile`; a batch that comes back twice changes nothing.
 */

import { packFeatures, packSettled } from '../../corpus/exchange/named-lists.ts';
import { StaleEpoch } from '../../corpus/exchange/scripts.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  BATCH_VERSION,
  type Batch,
  type FuzzResult,
  type Kind,
  type ModelPin,
  type Report,
} from '../../corpus/vocabulary/messages.ts';
import { type Due, due, isAtEnd, reasonToStop } from '../campaign/due.ts';
import type { Pace } from '../campaign/pace.ts';
import type { Settled } from '../campaign/plan-batch.ts';
import type { Outstanding } from '../campaign/records.ts';
import type { CampaignState, Effect } from '../campaign/state.ts';
import type { Question } from '../campaign/submissions.ts';
import { type Case, droppedText } from '../campaign/triage.ts';
import type { Control } from '../campaign/views.ts';
import type { Clock } from '../log/clock.ts';
import type { CampaignLog } from '../log/writer.ts';
import type { Transport } from './transport.ts';

export interface CoordinatorParts {
  readonly log: CampaignLog;
  readonly transport: Transport;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly build: string;
  readonly seeds: readonly string[];
  readonly canary: ModelPin | null;
  readonly publisher: PublisherPort;
  readonly watcher: Watcher;
}

/** Where findings go. */
export interface PublisherPort {
  /** Puts what is published, and not there yet, where people look for it. */
  publish(): void;
  /** Text of a published finding's repro; undefined if it is gone or damaged. */
  reproOf(one: Case): string | undefined;
}

interface Watcher {
  received(effect: Effect, report: Report): void;
  /** What happens, said once. */
  said(text: string): void;
  /** What a person may act on. */
  warned(text: string): void;
}

/** Between two looks for reports where there were none. */
const IDLE_MS = 100;
/** Between two looks for batches that got lost, and how long one may take from the log to the queue. */
const RECONCILE_MS = 5000;
/** Between two tries to reach a disk or a Redis that refuses. */
const RETRY_MS = 1000;
/** Features that grew by less are not sent again. */
const FEATURES_GROWTH = 1.02;
/** A turn takes milliseconds; longer means that it waits for a Redis that does not answer. */
const TURN_MS_MAX = 15_000;

interface Sent {
  readonly digest: string;
  readonly size: number;
  readonly atMs: number;
}

interface SentSettled {
  readonly digest: string | null;
  readonly list: ReadonlySet<string>;
  readonly atMs: number;
}

const NOTHING_SETTLED: SentSettled = { digest: null, list: new Set(), atMs: 0 };
/** Signatures that a batch names itself: some 10 KB. */
const OTHERS_MAX = 64;

export class Coordinator {
  private readonly parts: CoordinatorParts;
  private readonly state: CampaignState;
  private readonly sentFeatures = new Map<string, Sent>();
  private sentSettled = NOTHING_SETTLED;
  private readonly sentMs = new Map<string, number>();
  private reconciledMs = Number.NEGATIVE_INFINITY;
  /** `stale`: the transport knows another epoch than the state. */
  private leadership: 'new' | 'leads' | 'stale' = 'new';
  private isStopping = false;
  private wake: () => void = () => {};
  /** What the last turn failed of, and since when turns fail; or null. */
  private failure: { readonly why: string; readonly sinceMs: number } | null = null;
  private turnedMs: number;

  constructor(parts: CoordinatorParts) {
    this.parts = parts;
    this.state = parts.log.state;
    this.turnedMs = parts.clock.monotonicMs();
  }

  /** Why it is not at work, or null. */
  get trouble(): string | null {
    if (this.failure !== null) return this.failure.why;
    // What has ended needs no lead.
    if (this.leadership === 'new' && !this.isFinished()) return 'it is starting';
    const isLate = this.parts.clock.monotonicMs() - this.turnedMs > TURN_MS_MAX;
    return isLate && !this.isFinished() ? 'it waits for an answer of Redis' : null;
  }

  /** Ends when it is told to, or when the campaign has come to its end. */
  async run(): Promise<void> {
    while (!this.isStopping && !this.isFinished()) {
      try {
        await this.turn();
        this.turnedMs = this.parts.clock.monotonicMs();
        this.recovered();
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
    this.parts.watcher.said(`the campaign was told to ${control}`);
    this.parts.log.write({ t: 'control', control });
    this.wake();
    this.parts.log.commit();
  }

  /** @throws Refusal DATA_DIR; it is answered all the same, until this process ends */
  submit(question: Question): void {
    this.parts.log.write({ t: 'submitted', ...question });
    this.wake();
    this.parts.log.commit();
  }

  /** How long the batch that is next in each queue has waited, in seconds. */
  waitingSeconds(kind: Kind, waiting: number): number {
    const sent = this.state
      .outstandingOf(kind)
      .flatMap(({ id }) => this.sentMs.get(id) ?? [])
      .sort((a, b) => b - a);
    // First in, first out: the newest ones wait.
    const oldest = sent[Math.min(waiting, sent.length) - 1];
    return oldest === undefined ? 0 : (this.parts.clock.monotonicMs() - oldest) / 1000;
  }

  isFinished(): boolean {
    const { state } = this;
    return state.phase === 'draining' && isAtEnd(state);
  }

  private async lead(): Promise<void> {
    const { state } = this;
    const { transport, log, build } = this.parts;
    const epoch = await transport.lead(state, this.leadership === 'stale');
    log.write({ t: 'led', epoch, build });
    log.commit();
    this.leadership = 'leads';
    this.sentFeatures.clear();
    this.sentSettled = NOTHING_SETTLED;
    // Nothing is on its way to the queue now: what is not there is lost.
    this.sentMs.clear();
    this.reconciledMs = Number.NEGATIVE_INFINITY;
  }

  private async turn(): Promise<void> {
    const { state } = this;
    const { log, watcher, transport } = this.parts;
    // What a full disk refused before goes first.
    log.commit();
    if (this.leadership !== 'leads') await this.lead();
    const taken = await this.collect();
    const reason = reasonToStop(state);
    if (reason !== null) {
      watcher.said(`the campaign stops: ${reason}`);
      log.write({ t: 'control', control: 'stop' });
    }
    await transport.look();
    await this.reconcile();
    const batches = await this.plan();
    await this.settle();
    await this.send(batches);
    if (taken === 0) await this.sleep(IDLE_MS);
  }

  /** @returns how many reports were folded */
  private async collect(): Promise<number> {
    const { state } = this;
    const { transport, publisher } = this.parts;
    const reports = await transport.take(state);
    for (const report of reports) this.fold(report);
    publisher.publish();
    return reports.length;
  }

  private async settle(): Promise<void> {
    const { state } = this;
    const { transport, log } = this.parts;
    log.commit();
    await transport.settle(state.epoch);
  }

  /** For what workers delivered before they ended; what is refused now comes again at the next start. */
  private async lookOnceMore(): Promise<void> {
    try {
      await this.collect();
      await this.settle();
    } catch (error) {
      const isRefused = error instanceof Refusal || error instanceof StaleEpoch;
      if (!isRefused && !this.parts.transport.isOutage(error)) throw error;
    }
  }

  private fold(report: Report): void {
    const { state } = this;
    const { log, watcher, pace } = this.parts;
    const { result, milliseconds } = report;
    const effect = log.write({ t: 'report', report: trimmed(report, state) });
    if (effect === 'folded' && result.kind === 'fuzz' && isOfRunsOnly(result)) {
      pace.measured(result.model, result.runs, milliseconds);
    }
    const dropped = effect === 'folded' ? droppedText(result) : null;
    if (dropped !== null) watcher.warned(dropped);
    this.sentMs.delete(report.id);
    if (effect !== null) watcher.received(effect, report);
  }

  private async plan(): Promise<readonly Batch[]> {
    const { state } = this;
    const { log, transport, pace, seeds, canary, publisher } = this.parts;
    for (const { reference } of state.pins()) await this.sendFeatures(reference);
    const missing = due({
      state,
      executors: transport.executors(),
      ahead: transport.ahead(state),
      runsOf: (model) => pace.runsOf(model),
      featuresDigestOf: (model) => this.sentFeatures.get(model)?.digest ?? null,
      settled: await this.sendSettled(),
      reproOf: (one) => publisher.reproOf(one),
      seeds,
      canary,
    });
    if (missing.length === 0) return [];
    log.write({ t: 'planned', batches: missing.map(({ outstanding }) => outstanding) });
    return missing.map((one) => this.batchOf(one));
  }

  private batchOf({ outstanding: { id }, work, models }: Due): Batch {
    const { campaign, epoch } = this.state;
    return { version: BATCH_VERSION, id, build: this.parts.build, campaign, epoch, models, work };
  }

  private async send(batches: readonly Batch[]): Promise<void> {
    const nowMs = this.parts.clock.monotonicMs();
    for (const { id } of batches) this.sentMs.set(id, nowMs);
    await this.parts.transport.send(batches);
  }

  /** The features that a batch names are there before it is. */
  private async sendFeatures(model: string): Promise<void> {
    const { state } = this;
    const { transport, clock } = this.parts;
    const { frontier } = state.tallyOf(model);
    const nowMs = clock.monotonicMs();
    const sent = this.sentFeatures.get(model);
    const isOld = sent !== undefined && nowMs - sent.atMs > transport.listsKeptMs;
    if (!isOld && frontier.size <= (sent?.size ?? 0) * FEATURES_GROWTH) return;
    const features = packFeatures(frontier.knownFeatures());
    await transport.keepFeatures(features);
    this.sentFeatures.set(model, { digest: features.digest, size: frontier.size, atMs: nowMs });
  }

  /** The list of signatures grows by a few at a time: it is sent again once a batch has many more to name itself. */
  private async sendSettled(): Promise<Settled> {
    const { transport, clock } = this.parts;
    const all = this.state.triage.settled();
    const nowMs = clock.monotonicMs();
    const { digest, list, atMs } = this.sentSettled;
    const others = all.filter((one) => !list.has(one));
    const isSame = others.length + list.size === all.length;
    const isOld = digest !== null && nowMs - atMs > transport.listsKeptMs;
    if (isSame && !isOld && others.length <= OTHERS_MAX) return { digest, others };
    const signatures = packSettled(all);
    await transport.keepSettled(signatures);
    this.sentSettled = { digest: signatures.digest, list: new Set(all), atMs: nowMs };
    return { digest: signatures.digest, others: [] };
  }

  /**
   * Batches whose job is gone although no report of them came: Redis was emptied, or somebody died between the
   * log and the queue.
   */
  private async reconcile(): Promise<void> {
    const { state } = this;
    const { transport, log, clock } = this.parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.reconciledMs < RECONCILE_MS) return;
    const old = ({ id }: Outstanding): boolean =>
      nowMs - (this.sentMs.get(id) ?? Number.NEGATIVE_INFINITY) > RECONCILE_MS;
    const lost = await transport.lost([...state.outstanding.values()].filter(old));
    if (lost.length > 0) log.write({ t: 'abandoned', ids: lost });
    for (const id of lost) this.sentMs.delete(id);
    this.reconciledMs = nowMs;
  }

  /** Disk and Redis may fail for a while; nothing is settled meanwhile, so nothing is lost. */
  private async endure(error: unknown): Promise<void> {
    if (error instanceof StaleEpoch) {
      this.leadership = 'stale';
      return;
    }
    const isDisk = error instanceof Refusal && error.code === 'DATA_DIR';
    if (!isDisk && !this.parts.transport.isOutage(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    if (this.failure === null) this.parts.watcher.warned(`${why}; it goes on when that is mended`);
    const sinceMs = this.failure?.sinceMs ?? this.parts.clock.monotonicMs();
    this.failure = { why, sinceMs };
    await this.sleep(RETRY_MS);
  }

  private recovered(): void {
    if (this.failure === null) return;
    const { why, sinceMs } = this.failure;
    const seconds = (this.turnedMs - sinceMs) / 1000;
    this.parts.watcher.said(`it goes on: mended after ${seconds.toFixed(1)} s: ${why}`);
    this.failure = null;
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
function isOfRunsOnly({ breadth, swept }: FuzzResult): boolean {
  return (breadth?.given ?? 0) === 0 && swept === undefined;
}

/** Without what brings nothing new: the first batches of all executors report mostly the same. */
function trimmed(report: Report, state: CampaignState): Report {
  const { result } = report;
  if (result.kind !== 'fuzz' || report.build !== state.build) return report;
  // Of a model that is no campaign's there are no parents.
  const candidates = state.models.get(result.model)?.frontier.fresh(result) ?? [];
  return { ...report, result: { ...result, candidates } };
}
