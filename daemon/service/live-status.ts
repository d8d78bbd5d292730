/** What a coordinator shows of itself (`http/showing.ts`), read from its parts at the moment of asking. */
import type { Mark, Marks } from '../../corpus/store/marks.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { keptOf, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { History, type Moment } from '../campaign/history.ts';
import { type Pairs, pairsIn } from '../campaign/pairs.ts';
import { silenceOf } from '../campaign/silence.ts';
import type { CampaignState } from '../campaign/state.ts';
import type { Case } from '../campaign/triage.ts';
import type {
  CampaignPhase,
  CampaignStatus,
  Control,
  Design,
  Expectations,
  ModelProgress,
  Published,
  ShownSubmission,
  Timeline,
  View,
  WorkerStatus,
} from '../campaign/views.ts';
import { workforceOf } from '../campaign/workforce.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { CoordinatorMetrics } from '../coordinator/metrics.ts';
import type { Publisher } from '../coordinator/publisher.ts';
import type { Showing, ShownEvent, SubmissionText } from '../http/showing.ts';
import type { Clock } from '../log/clock.ts';
import type { LogWriter } from '../log/writer.ts';
import type { Link } from './link.ts';
import type { SubmissionDesk } from './submission-desk.ts';

export interface LiveStatusParts {
  readonly state: CampaignState;
  readonly log: LogWriter;
  readonly coordinator: Coordinator;
  readonly fleet: Link['fleet'];
  readonly probe: Link['probe'];
  readonly publisher: Publisher;
  readonly figures: CoordinatorMetrics;
  readonly outages: Link['outages'];
  readonly presence: Link['presence'];
  readonly desk: SubmissionDesk;
  readonly clock: Clock;
  readonly version: string;
  readonly build: string;
  readonly expectations: Expectations;
  readonly marks: Pick<Marks, 'all'>;
}

interface Sample {
  readonly atMs: number;
  readonly runs: number;
}

/** The speed is a mean over so long. */
const SPEED_MS = 30_000;
/** Between two looks for what changed. */
const TICK_MS = 500;
/** Subscribers hear the status at every so many looks. */
const TICKS_A_STATUS = 4;

export class LiveStatus implements Showing {
  private readonly parts: LiveStatusParts;
  private readonly listeners = new Set<(event: ShownEvent) => void>();
  private readonly startedMs: number;
  /** As the disk had it at the last tick. */
  private marked: ReadonlyMap<string, Mark>;
  /** By what the state has of them: to make all anew for every request would cost most of it. */
  private readonly listed = new WeakMap<NonNullable<Case['published']>, Published>();
  private samples: readonly Sample[] = [];
  private readonly kept = new History();
  private revision: number;
  private ticks = 0;
  private isStarted = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: LiveStatusParts) {
    this.parts = parts;
    this.startedMs = parts.clock.monotonicMs();
    this.revision = parts.state.triage.revision;
    this.marked = parts.marks.all();
  }

  /** The campaign goes on. */
  start(): void {
    this.isStarted = true;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  status(): CampaignStatus {
    const { state, clock, version, build, outages, figures } = this.parts;
    const cases = [...state.triage.cases.values()];
    const inStage = (...stages: readonly string[]): number =>
      cases.filter(({ stage }) => stages.includes(stage)).length;
    return {
      campaign: state.campaign,
      state: this.state(),
      version,
      build,
      epoch: state.epoch,
      rngSeed: state.settings?.rngSeed ?? 0,
      startedMs: state.startedMs,
      uptimeSeconds: Math.round((clock.monotonicMs() - this.startedMs) / 1000),
      runs: state.runs,
      steps: state.steps,
      inconclusive: state.inconclusive,
      runsPerSecond: this.runsPerSecond(),
      batches: {
        planned: state.folded + state.outstanding.size,
        folded: state.folded,
        quarantined: state.quarantined,
      },
      findings: {
        published: state.triage.published().length,
        underWay: inStage('minimize', 'verify'),
        refuted: inStage('refuted'),
      },
      redis: { isUp: this.isRedisUp, outages: outages.outages },
      models: this.models(),
      schedulers: figures.yields(),
    };
  }

  fleet(): readonly WorkerStatus[] {
    return this.parts.fleet.workers;
  }

  published(): readonly Published[] {
    return this.parts.state.triage.published().flatMap((one) => this.shown(one) ?? []);
  }

  /** What has not changed is not made again. */
  private shown({ published, notOn, hits }: Case): Published | null {
    if (published === null) return null;
    const mark = this.marked.get(published.finding.id) ?? null;
    const there = this.listed.get(published);
    const isSame = there?.notOn === notOn && there.hits === hits && there.mark === mark;
    if (isSame) return there;
    const finding = there?.finding ?? this.judged(published.finding);
    const made = { ...published, finding, notOn, hits, mark };
    this.listed.set(published, made);
    return made;
  }

  private judged(finding: StoredFinding): StoredFinding {
    return { ...keptOf(finding), standing: this.parts.expectations.standingOf(finding) };
  }

  record(id: string) {
    const one = this.caseOf(id);
    return one && this.parts.publisher.packedOf(one);
  }

  render(id: string, view: View): string | undefined {
    const record = this.record(id);
    if (record === undefined) return undefined;
    return { columns: record.columns, text: record.repro, json: JSON.stringify(record) }[view];
  }

  timeline(id: string): Timeline | undefined {
    const record = this.record(id);
    return record && this.parts.expectations.timelineOf(record);
  }

  history(): readonly Moment[] {
    return this.kept.moments;
  }

  pairs(): Pairs {
    const models = [...this.parts.state.models.values()];
    return pairsIn(models.flatMap(({ frontier }) => frontier.entries.map(({ text }) => text)));
  }

  design(model: string): Design | undefined {
    const pin = this.parts.state.pinOf(model);
    return pin && this.parts.expectations.designOf(pin);
  }

  control(control: Control): void {
    this.requireStarted();
    this.parts.coordinator.control(control);
  }

  submit(asked: SubmissionText): ShownSubmission {
    this.requireStarted();
    return this.parts.desk.submit(asked);
  }

  submissions(id: string): readonly ShownSubmission[] {
    return this.parts.desk.found(id);
  }

  readiness(): { readonly isReady: boolean; readonly why: string } {
    const { coordinator, outages, presence } = this.parts;
    const unreachable = outages.isUp ? presence.gone : 'Redis does not answer';
    const trouble = unreachable ?? coordinator.trouble;
    return { isReady: trouble === null, why: trouble ?? 'at work' };
  }

  metrics(): Promise<string> {
    const { fleet, probe, outages, log, coordinator, figures, build } = this.parts;
    return figures.text({
      build,
      isRunning: this.state() === 'running',
      workers: fleet.workers,
      counts: probe.counts,
      waitingSeconds: (kind, waiting) => coordinator.waitingSeconds(kind, waiting),
      isRedisUp: this.isRedisUp,
      outages: outages.outages,
      roundtripSeconds: probe.roundtripSeconds,
      memoryBytes: probe.memoryBytes,
      isRedisDurable: probe.isDurable,
      published: this.published(),
      logBytes: log.bytes,
    });
  }

  subscribe(listener: (event: ShownEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tick(): void {
    const { state, clock } = this.parts;
    const nowMs = clock.monotonicMs();
    this.marked = this.parts.marks.all();
    const fresh = this.samples.filter(({ atMs }) => nowMs - atMs <= SPEED_MS);
    this.samples = [...fresh, { atMs: nowMs, runs: state.runs }];
    this.kept.note(this.moment(nowMs));
    if (this.listeners.size > 0) this.tell();
    this.revision = state.triage.revision;
    this.ticks += 1;
  }

  private moment(nowMs: number): Moment {
    const { state, fleet, build } = this.parts;
    const { executors, busy } = workforceOf(fleet.workers, build);
    const models = [...state.models.values()];
    return {
      seconds: Math.round((nowMs - this.startedMs) / 1000),
      runs: state.runs,
      features: models.reduce((sum, { frontier }) => sum + frontier.size, 0),
      findings: state.triage.published().length,
      executors,
      busy,
    };
  }

  private tell(): void {
    const changed = this.changed();
    const events: ShownEvent[] = changed.map((published) => ({ kind: 'finding', published }));
    if (this.ticks % TICKS_A_STATUS === 0) events.push({ kind: 'status', status: this.status() });
    for (const event of events) for (const listener of this.listeners) listener(event);
  }

  private get isRedisUp(): boolean {
    return this.parts.outages.isUp && this.parts.presence.gone === null;
  }

  /** Since the last look: the end of a list that revisions order. */
  private changed(): readonly Published[] {
    const all = this.parts.state.triage.published();
    const known = all.findLastIndex((one) => (one.published?.revision ?? 0) <= this.revision);
    return all.slice(known + 1).flatMap((one) => this.shown(one) ?? []);
  }

  /** Which campaign goes on is decided once Redis is there. */
  private requireStarted(): void {
    if (this.isStarted) return;
    const what = `the campaign has yet to start: ${this.readiness().why}`;
    throw fail('ENVIRONMENT', { what, remedy: 'try again once /readyz says ready' });
  }

  private state(): CampaignPhase {
    const { state, coordinator } = this.parts;
    if (!this.isStarted) return 'starting';
    return coordinator.isFinished() ? 'finished' : state.phase;
  }

  private runsPerSecond(): number {
    const [first] = this.samples;
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    // A campaign that began anew counts from 0.
    const runs = Math.max(0, last.runs - first.runs);
    return Math.round((runs * 1000) / (last.atMs - first.atMs));
  }

  private models(): readonly ModelProgress[] {
    const { state } = this.parts;
    const published = state.triage.published();
    const findings = published.flatMap((one) => one.published?.finding ?? []);
    return [...state.models].map(([model, { steps, frontier, ...tried }]) => ({
      ...silenceOf(model, this.expectedOf(model), tried, findings),
      steps,
      features: frontier.size,
      entries: frontier.entries.length,
      findings: findings.filter(({ models }) => models.includes(model)).length,
    }));
  }

  private expectedOf(model: string): readonly string[] {
    const pin = this.parts.state.pinOf(model);
    return pin === undefined ? [] : this.parts.expectations.expectedOf(pin);
  }

  private caseOf(id: string): Case | undefined {
    const { cases } = this.parts.state.triage;
    return [...cases.values()].find(({ published }) => published?.finding.id === id);
  }
}
