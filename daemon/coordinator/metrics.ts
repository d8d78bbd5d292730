/**
 * The coordinator's metrics, filled from what the state says at the moment of a scrape: campaign truth, which
 * survives restarts, and never a second count beside it.
 */

import { type LabelsOf, METRICS, type NameOf, NO_ROW } from '../../corpus/exchange/metric-table.ts';
import type { Metrics } from '../../corpus/exchange/metrics.ts';
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { KINDS, type Report } from '../../corpus/vocabulary/messages.ts';
import { VIOLATION_CLASSES, type ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import { workloadsIn } from '../campaign/scope-progress.ts';
import type { CampaignState, Effect } from '../campaign/state.ts';
import type { Published, SchedulerYield, WorkerStatus } from '../campaign/views.ts';
import { workforceOf } from '../campaign/workforce.ts';

export interface Readings {
  /** Of the coordinator; workers of another one never see its queue. */
  readonly build: string;
  /** Whether the campaign plans batches. */
  readonly isRunning: boolean;
  readonly workers: readonly WorkerStatus[];
  readonly counts: Readonly<Record<string, { waiting: number; active: number } | undefined>>;
  waitingSeconds(kind: (typeof KINDS)[number], waiting: number): number;
  readonly isRedisUp: boolean;
  readonly outages: number;
  readonly roundtripSeconds: number;
  readonly memoryBytes: number;
  readonly isRedisDurable: boolean;
  readonly logBytes: number;
  /** With what every model says of them, and what people have decided. */
  readonly published: readonly Listed[];
}

type Listed = Pick<Published, 'finding' | 'mark'>;
type Filled = Metrics<'coordinator'>;
type CounterName = NameOf<'coordinator', 'counter'>;
const CLASSES = Object.keys(VIOLATION_CLASSES) as readonly ViolationClass[];
/** Of these a metric counts the witnesses. */
const SCHEDULERS = METRICS.witnesses_total.labels.scheduler;
const RESULTS = {
  folded: 'ok',
  quarantined: 'quarantined',
  duplicate: 'duplicate',
  foreign: 'foreign',
} as const;

export class CoordinatorMetrics {
  private readonly metrics: Filled;
  private readonly state: CampaignState;
  private readonly totals = new Map<string, number>();
  private readonly witnesses = new Map<string, number>();
  private readonly minimized = new Map<string, number>();

  constructor(metrics: Filled, state: CampaignState) {
    this.metrics = metrics;
    this.state = state;
  }

  received(effect: Effect, { result, milliseconds }: Report): void {
    const { metrics } = this;
    const kind = result.kind === 'quarantined' ? (result.work ?? 'fuzz') : result.kind;
    metrics.inc('batches_total', { kind, result: RESULTS[effect] });
    if (effect !== 'folded') return;
    metrics.observe('batch_duration_seconds', { kind }, milliseconds / 1000);
    if (result.kind === 'fuzz') this.witnessed(result.witnesses.map(({ scheduler }) => scheduler));
    if (result.kind !== 'minimize' || result.record === null) return;
    const { testsUsed, scheduler } = result.record.howFound;
    metrics.observe('minimize_tests', {}, testsUsed ?? 0);
    count(this.minimized, scheduler);
  }

  /** Since the coordinator began, in the order of the schedulers, of those that brought any. */
  yields(): readonly SchedulerYield[] {
    const all = SCHEDULERS.map((scheduler) => {
      const witnesses = this.witnesses.get(scheduler) ?? 0;
      return { scheduler, witnesses, findings: this.minimized.get(scheduler) ?? 0 };
    });
    return all.filter(({ witnesses, findings }) => witnesses + findings > 0);
  }

  /** A name that no scheduler has can only come from elsewhere. */
  private witnessed(names: readonly string[]): void {
    for (const name of names) {
      const scheduler = SCHEDULERS.find((one) => one === name);
      if (scheduler === undefined) continue;
      this.metrics.inc('witnesses_total', { scheduler });
      count(this.witnesses, scheduler);
    }
  }

  published({ operations, preemptions }: StoredFinding, secondsSinceMinimized: number): void {
    this.metrics.observe('repro_operations', {}, operations);
    this.metrics.observe('repro_preemptions', {}, preemptions);
    this.metrics.observe('time_to_listed_seconds', {}, secondsSinceMinimized);
  }

  webhookFailed(): void {
    this.metrics.inc('webhook_failures_total', {});
  }

  damaged(logRecords: number, storeFiles: number): void {
    this.metrics.inc('log_damaged_total', {}, logRecords);
    this.metrics.inc('store_damaged_total', {}, storeFiles);
  }

  text(readings: Readings): Promise<string> {
    this.fillCampaign();
    this.metrics.set('campaign_running', {}, readings.isRunning ? 1 : 0);
    this.fillModels();
    this.fillFindings(readings.published);
    this.fillFleet(readings);
    return this.metrics.text();
  }

  private fillCampaign(): void {
    const { state, metrics } = this;
    const cases = [...state.triage.cases.values()];
    const { canaries } = state;
    metrics.set('finding_last_timestamp_seconds', {}, state.lastFindingMs / 1000);
    for (const stage of ['minimize', 'verify'] as const) {
      metrics.set(
        'findings_underway',
        { stage },
        cases.filter((one) => one.stage === stage).length,
      );
    }
    const refuted = cases.reduce((sum, one) => sum + one.refuted, 0);
    this.total('findings_refuted_total', {}, refuted);
    const verified = cases.filter(({ published }) => published !== null).length + refuted;
    this.total('determinism_checks_total', {}, canaries.seen + verified);
    this.total('determinism_mismatches_total', {}, canaries.mismatches + state.triage.mismatches);
    this.total('canary_runs_total', {}, canaries.seen);
    this.total('canary_misses_total', {}, canaries.missed);
    metrics.set('leader_epoch', {}, state.epoch);
    for (const name of CLASSES) {
      const own = cases.filter(({ published }) => published?.finding.class === name);
      metrics.set('findings_published', { class: name }, own.length);
    }
  }

  private fillModels(): void {
    const { state, metrics } = this;
    const published = state.triage.published();
    for (const [model, tally] of state.models) {
      this.total('runs_total', { model }, tally.runs);
      this.total('steps_total', { model }, tally.steps);
      this.total('inconclusive_total', { model }, tally.inconclusive);
      metrics.set('coverage_features', { model }, tally.frontier.size);
      metrics.set('coverage_last_new_timestamp_seconds', { model }, tally.newMs / 1000);
      metrics.set('parents_kept', { model }, tally.frontier.entries.length);
      const { verified, inconclusive } = workloadsIn(tally.scope);
      metrics.set('scope_verified_workloads', { model }, verified);
      metrics.set('scope_inconclusive_workloads', { model }, inconclusive);
      const own = published.filter(({ models }) => models.includes(model));
      for (const name of CLASSES) {
        const labels = { model, class: name };
        this.total('hits_total', labels, tally.hits[name] ?? 0);
        const unique = own.filter((one) => one.published?.finding.class === name).length;
        metrics.set('findings_unique', labels, unique);
      }
    }
  }

  private fillFindings(listed: readonly Listed[]): void {
    const { state, metrics } = this;
    const known = countBy(listed.map(({ finding }) => finding.known ?? NO_ROW));
    for (const row of METRICS.findings_known.labels.row) {
      metrics.set('findings_known', { row }, known.get(row) ?? 0);
    }
    const isForbidden = ({ finding, mark }: Listed): boolean =>
      finding.standing === 'forbidden' && mark === null;
    const forbidden = countBy(
      listed.filter(isForbidden).map(({ finding }) => finding.known ?? finding.looksLike ?? NO_ROW),
    );
    for (const row of METRICS.findings_forbidden.labels.row) {
      metrics.set('findings_forbidden', { row }, forbidden.get(row) ?? 0);
    }
    const unstored = state.triage.published().filter(({ isStored }) => !isStored);
    metrics.set('findings_unstored', {}, unstored.length);
  }

  private fillFleet(readings: Readings): void {
    const { metrics } = this;
    const { workers, build, counts } = readings;
    const own = workforceOf(workers, build);
    const draining = workers.filter((one) => one.build === build && one.isDraining).length;
    metrics.set('workers', { state: 'draining' }, draining);
    metrics.set('workers', { state: 'ready' }, own.workers - draining);
    metrics.set('workers', { state: 'other_build' }, own.others);
    metrics.set('executors', {}, own.executors);
    const silence = Math.max(0, ...workers.map(({ secondsSinceSeen }) => secondsSinceSeen));
    metrics.set('heartbeat_age_seconds', {}, silence);
    for (const kind of KINDS) {
      const { waiting, active } = counts[kind] ?? { waiting: 0, active: 0 };
      metrics.set('queue_jobs', { kind, state: 'waiting' }, waiting);
      metrics.set('queue_jobs', { kind, state: 'active' }, active);
      metrics.set('queue_oldest_age_seconds', { kind }, readings.waitingSeconds(kind, waiting));
    }
    metrics.set('redis_up', {}, readings.isRedisUp ? 1 : 0);
    metrics.set('redis_roundtrip_seconds', {}, readings.roundtripSeconds);
    metrics.set('redis_memory_bytes', {}, readings.memoryBytes);
    metrics.set('redis_durable', {}, readings.isRedisDurable ? 1 : 0);
    this.total('redis_outages_total', {}, readings.outages);
    metrics.set('log_bytes', {}, readings.logBytes);
  }

  /** A counter whose value is known elsewhere. */
  private total<N extends CounterName>(name: N, labels: LabelsOf<N>, value: number): void {
    const key = `${name} ${Object.values(labels).join(' ')}`;
    const before = this.totals.get(key) ?? 0;
    // A campaign that began anew counts from 0 again, which Prometheus takes for a restart; ours never falls.
    if (value > before) this.metrics.inc(name, labels, value - before);
    this.totals.set(key, value);
  }
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) count(counts, value);
  return counts;
}

function count(counts: Map<string, number>, value: string): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}
