/**
 * What a coordinator knows, as a pure function of the log's records: the campaign, batches under way, the
 * frontier of each model, the cases of triage, the counts. It plans nothing and waits for nothing.
 */

import { assert } from '../../corpus/vocabulary/assert.ts';
import {
  type FuzzResult,
  type Kind,
  type ModelPin,
  NO_EXECUTOR,
  type Quarantined,
  type Report,
  type Result,
} from '../../corpus/vocabulary/messages.ts';
import { SCOPES } from '../../corpus/vocabulary/scope.ts';
import { modelOfBatch } from './plan-batch.ts';
import type { CampaignSettings, LogRecord, Outstanding } from './records.ts';
import { NO_SCOPE } from './scope-progress.ts';
import {
  isAskedOn,
  namesIn,
  type Question,
  type Submission,
  withFailure,
  withQuestion,
  withResult,
} from './submissions.ts';
import { addTo, emptyTally, type ModelTally } from './tally.ts';
import { discoveryOf, Triage } from './triage.ts';
import type { CampaignPhase } from './views.ts';

/** A batch that no executor computes any more, kept for people to look at. */
export interface QuarantinedBatch {
  readonly id: string;
  readonly work: Kind | null;
  readonly reason: string;
  readonly starts: number;
  readonly atMs: number;
}

export type Effect = 'folded' | 'duplicate' | 'foreign' | 'quarantined';

/** A longer gap between two reports does not count as fuzzing time: the campaign was stopped. */
const GAP_MS = 30_000;
/** The last of them; more are only counted. */
const QUARANTINED_KEPT = 100;
const FINDING_KINDS: readonly Kind[] = ['minimize', 'verify', 'compare'];

export class CampaignState {
  campaign = '';
  settings: CampaignSettings | null = null;
  phase: CampaignPhase = 'running';
  startedMs = 0;
  epoch = 0;
  build = '';
  /** Of the next fuzz batch. */
  nextIndex = 0;
  /** Indices of fuzz batches that got lost. */
  reopened: number[] = [];
  /** Of the next batch's id. */
  nextId = 0;
  folded = 0;
  quarantined = 0;
  duplicates = 0;
  runs = 0;
  steps = 0;
  inconclusive = 0;
  /** How long it has been fuzzed, without the times in between. */
  ranMs = 0;
  lastReportMs = 0;
  lastFindingMs = 0;
  /** `ranMs` when the last finding came. */
  ranAtFindingMs = 0;
  /** Of every model that a campaign of this log had: what was met on it is followed up in whichever runs. */
  pinned: Record<string, ModelPin> = {};
  canaries = { seen: 0, missed: 0, mismatches: 0, digest: '', foldedAtLastCanary: 0 };
  readonly models = new Map<string, ModelTally>();
  readonly outstanding = new Map<string, Outstanding>();
  readonly quarantinedBatches: QuarantinedBatch[] = [];
  readonly triage: Triage = new Triage();
  /** In the order in which they came. */
  submissions: readonly Submission[] = [];

  apply(row: LogRecord): Effect | null {
    switch (row.t) {
      case 'campaign':
        this.begin(row.campaign, row.plan, row.atMs);
        return null;
      case 'led':
        this.lead(row.epoch, row.build);
        return null;
      case 'planned':
        for (const batch of row.batches) this.handOut(batch);
        return null;
      case 'abandoned':
        for (const id of row.ids) this.abandon(id);
        return null;
      case 'report':
        return this.report(row.report, row.atMs);
      case 'control':
        this.phase = { pause: 'paused', resume: 'running', stop: 'draining' }[
          row.control
        ] as CampaignPhase;
        return null;
      case 'submitted':
        this.submit(row, row.atMs);
        return null;
      case 'stored':
        this.triage.stored(row.signature);
        return null;
      case 'adopted':
        this.triage.adopt(row.finding, row.reproDigest, row.atMs);
        return null;
      case 'forgotten':
        this.triage.forget(row.signature);
        return null;
    }
  }

  /** Features that were met, over all models. */
  get featureCount(): number {
    return [...this.models.values()].reduce((sum, { frontier }) => sum + frontier.size, 0);
  }

  /** Workloads that were kept, over all models. */
  get entries(): number {
    return [...this.models.values()].reduce(
      (sum, { frontier }) => sum + frontier.entries.length,
      0,
    );
  }

  pins(): readonly ModelPin[] {
    return this.settings?.models ?? [];
  }

  pinOf(model: string): ModelPin | undefined {
    return Object.hasOwn(this.pinned, model) ? this.pinned[model] : undefined;
  }

  /** Whether something under way would be misjudged if the name were given to another model. */
  needs(model: string): boolean {
    return (
      isAskedOn(this.submissions, model) || this.models.has(model) || this.triage.isOpenOn(model)
    );
  }

  /** Of a model of this campaign, or of one before it. */
  tallyOf(model: string): ModelTally {
    const tally = this.models.get(model);
    assert(tally !== undefined, 'a model of the campaign', model);
    return tally;
  }

  outstandingOf(kind: Kind): readonly Outstanding[] {
    return [...this.outstanding.values()].filter((batch) => batch.kind === kind);
  }

  /** Signatures about which a batch of that kind is under way. */
  underWay(kind: Kind): ReadonlySet<string> {
    return new Set(this.outstandingOf(kind).flatMap(({ signature }) => signature ?? []));
  }

  private begin(campaign: string, settings: CampaignSettings, atMs: number): void {
    const areSameScopes = JSON.stringify(this.settings?.scopes) === JSON.stringify(settings.scopes);
    this.campaign = campaign;
    this.settings = settings;
    this.phase = 'running';
    this.startedMs = atMs;
    this.runs = 0;
    this.steps = 0;
    this.inconclusive = 0;
    this.ranMs = 0;
    this.lastFindingMs = 0;
    this.ranAtFindingMs = 0;
    this.outstanding.clear();
    this.reopened = [];
    for (const pin of settings.models) {
      const there = this.models.get(pin.reference);
      // What was proven of another model under the same name says nothing of this one.
      const isSame = this.pinOf(pin.reference)?.digest === pin.digest && areSameScopes;
      if (there !== undefined && !isSame) there.scope = NO_SCOPE;
      this.pinned = { ...this.pinned, [pin.reference]: pin };
      if (there === undefined) this.models.set(pin.reference, emptyTally());
    }
  }

  private lead(epoch: number, build: string): void {
    this.epoch = epoch;
    if (build === this.build) return;
    this.build = build;
    // Its queues are not ours, and it numbers features in another way.
    for (const id of [...this.outstanding.keys()]) this.abandon(id);
    this.canaries.digest = '';
    this.triage.startOver();
    for (const tally of this.models.values()) {
      tally.frontier.forgetFeatures();
      tally.scope = NO_SCOPE;
    }
  }

  private handOut(batch: Outstanding): void {
    this.outstanding.set(batch.id, batch);
    // Where damage has taken records, there were more ids than there are batches.
    this.nextId = Math.max(this.nextId, numberIn(batch.id)) + 1;
    if (batch.index !== null) {
      this.nextIndex = Math.max(this.nextIndex, batch.index + 1);
      this.reopened = this.reopened.filter((index) => index !== batch.index);
    }
    if (batch.kind === 'canary') this.canaries.foldedAtLastCanary = this.folded;
  }

  private submit(question: Question, atMs: number): void {
    this.submissions = withQuestion(this.submissions, question, atMs);
    const names = namesIn(this.submissions);
    const kept = Object.entries(this.pinned).filter(
      ([name]) => names.has(name) || this.needs(name),
    );
    const asked = question.models.map((pin) => [pin.reference, pin] as const);
    this.pinned = Object.fromEntries([...kept, ...asked]);
  }

  private abandon(id: string): void {
    const index = this.outstanding.get(id)?.index ?? null;
    if (index !== null) this.reopened.push(index);
    this.outstanding.delete(id);
  }

  private report(report: Report, atMs: number): Effect {
    const { result } = report;
    const batch = this.outstanding.get(report.id) ?? this.lateFor(report);
    if (result.kind === 'quarantined') return this.quarantine(report.id, result, batch, atMs);
    if (this.isForeign(report)) {
      if (result.kind === 'fuzz') this.discover(report);
      return 'foreign';
    }
    if (batch === undefined || !this.isAnswer(result, batch)) {
      // Its counts are in already, or its range was handed out again; what it found is still true.
      this.discover(report);
      this.learn(report, atMs);
      this.duplicates += 1;
      return 'duplicate';
    }
    this.outstanding.delete(report.id);
    this.folded += 1;
    if (atMs - this.lastReportMs < GAP_MS) this.ranMs += Math.max(0, atMs - this.lastReportMs);
    this.lastReportMs = atMs;
    if (result.kind === 'fuzz' && batch.submitted !== undefined) {
      this.answered(report, result, batch.submitted.id);
    } else if (result.kind === 'fuzz') this.fold(report, batch, atMs);
    else if (result.kind === 'canary') this.watchCanary(result);
    else this.learn(report, atMs);
    return 'folded';
  }

  private isForeign({ build, campaign }: Report): boolean {
    return build !== this.build || campaign !== this.campaign;
  }

  /** Whether it is about what the batch asked; anybody who reaches Redis may say otherwise. */
  private isAnswer(result: Result, batch: Outstanding): boolean {
    const { kind, index, runs, signature, submitted } = batch;
    if (result.kind !== kind) return false;
    if (result.kind === 'canary') return true;
    if (result.kind === 'fuzz' && submitted !== undefined) {
      return result.model === submitted.model && result.runs <= runs;
    }
    if (result.kind !== 'fuzz') return result.signature === signature;
    const isAsked = result.index === index && result.runs <= runs;
    return isAsked && result.model === this.modelOf(result.index);
  }

  private modelOf(index: number): string {
    return modelOfBatch(
      this.pins().map(({ reference }) => reference),
      index,
    );
  }

  /** A batch that was taken for lost and whose range nobody has been given since. */
  private lateFor(report: Report): Outstanding | undefined {
    const { id, result } = report;
    if (result.kind !== 'fuzz' || this.isForeign(report)) return undefined;
    if (!this.reopened.includes(result.index)) return undefined;
    const { index, runs } = result;
    this.reopened = this.reopened.filter((one) => one !== index);
    return { id, kind: 'fuzz', index, runs, signature: null };
  }

  private fold(report: Report, { sweep }: Outstanding, atMs: number): void {
    const { result } = report;
    assert(result.kind === 'fuzz', 'a fuzz batch', result.kind);
    const tally = this.tallyOf(result.model);
    this.discover(report);
    this.runs += result.runs;
    this.steps += result.steps;
    this.inconclusive += result.inconclusive;
    addTo(tally, result, sweep, this.settings?.scopes ?? SCOPES, atMs);
    this.countHits(result);
  }

  private countHits({ hits, model }: FuzzResult): void {
    for (const [signature, { count }] of Object.entries(hits)) {
      this.triage.met(signature, model, count);
    }
  }

  /** Its runs are not the campaign's; what it found is, and its input may be a parent of mutants. */
  private answered(report: Report, result: FuzzResult, id: string): void {
    this.discover(report);
    this.models.get(result.model)?.frontier.fold(result);
    this.countHits(result);
    this.submissions = withResult(this.submissions, id, result);
  }

  private discover({ result }: Report): void {
    if (result.kind !== 'fuzz') return;
    // A model that no campaign of ours had can only come from elsewhere.
    if (this.pinOf(result.model) === undefined) return;
    for (const witness of result.witnesses) {
      this.triage.discover(discoveryOf(result.model, result.index, witness, this.runs));
    }
  }

  private learn({ result, executor }: Report, atMs: number): void {
    const before = this.triage.published().length;
    this.triage.learn(result, executor, atMs);
    if (this.triage.published().length === before) return;
    this.lastFindingMs = atMs;
    this.ranAtFindingMs = this.ranMs;
  }

  /** The same runs must be the same on every machine, and find the planted bug. */
  private watchCanary({ digest, found }: { digest: string; found: readonly string[] }): void {
    const { canaries } = this;
    canaries.seen += 1;
    if (found.length === 0) canaries.missed += 1;
    if (canaries.digest === '') canaries.digest = digest;
    else if (digest !== canaries.digest) canaries.mismatches += 1;
  }

  private quarantine(
    id: string,
    { work, reason, starts }: Quarantined,
    batch: Outstanding | undefined,
    atMs: number,
  ): Effect {
    this.quarantined += 1;
    this.quarantinedBatches.push({ id, work, reason, starts, atMs });
    if (this.quarantinedBatches.length > QUARANTINED_KEPT) this.quarantinedBatches.shift();
    this.outstanding.delete(id);
    if (batch?.submitted !== undefined) {
      const { id: submission, model } = batch.submitted;
      this.submissions = withFailure(this.submissions, submission, model, reason);
    }
    if (batch?.sweep !== undefined) {
      const tally = this.tallyOf(this.modelOf(batch.index ?? 0));
      tally.scope = { ...tally.scope, quarantined: tally.scope.quarantined + 1 };
    }
    if (batch?.signature != null && FINDING_KINDS.includes(batch.kind)) {
      if (batch.kind === 'compare')
        this.triage.learn(nothingCompared(batch.signature), NO_EXECUTOR, atMs);
      else this.triage.wasQuarantined(batch.signature, batch.kind as 'minimize' | 'verify');
    }
    return 'quarantined';
  }
}

/** Ids end with it. */
function numberIn(id: string): number {
  return Number(/\d{1,15}$/.exec(id)?.[0] ?? 0);
}

function nothingCompared(signature: string) {
  return { kind: 'compare', signature, on: [], notOn: [] } as const;
}
