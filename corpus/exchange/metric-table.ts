/**
 * Every metric, declared once: what it counts, in which unit, with which labels, who exports it, and the panel
 * of the dashboards (dashboards/grafana) that shows it. Names without their prefix `faultline_`.
 *
 * The coordinator exports the truth of the campaign; it survives restarts, because it comes from the campaign log. A
 * worker exports what it did itself, under `worker_…`, so that a sum over all targets never counts a run twice.
 */
import { CATALOGUE } from '../vocabulary/catalogue.ts';
import { EXHAUSTIVE, KINDS, SCHEDULERS } from '../vocabulary/messages.ts';
import { VIOLATION_CLASSES, type ViolationClass } from '../vocabulary/verdict.ts';

export const PREFIX = 'faultline_';

export type Role = 'coordinator' | 'worker';

/** A label whose values are not known beforehand; how many of them are kept is bounded (metrics.ts). */
export const OPEN = 'open';

/** `count`: a number of things; `flag`: 0 or 1. Only base units, as Prometheus wants them. */
type Unit = 'seconds' | 'bytes' | 'count' | 'flag';

export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** `process`: every process of ours, measured where it is exported. */
  readonly by: Role | 'process';
  readonly unit: Unit;
  readonly labels?: Readonly<Record<string, readonly string[] | typeof OPEN>>;
  /** Upper bounds of a histogram's buckets, rising. */
  readonly buckets?: readonly number[];
  /** Title of the panel that shows it. */
  readonly panel: string;
  readonly help: string;
}

// Object.keys forgets what VIOLATION_CLASSES knows.
const CLASSES = Object.keys(VIOLATION_CLASSES) as readonly ViolationClass[];

const ROW_IDS = CATALOGUE.map(({ id }) => id);
/** Value of the label `row` for findings that no row has. */
export const NO_ROW = 'none';

const KIND = { kind: KINDS } as const;
const MODEL = { model: OPEN } as const;
const MODEL_AND_CLASS = { model: OPEN, class: CLASSES } as const;
const RESULT = {
  kind: KINDS,
  /** `duplicate`: its report was there already; `foreign`: the report of another campaign or build. */
  result: ['ok', 'quarantined', 'duplicate', 'foreign'],
} as const;
/** `none`: a job that is no batch. */
const WORKER_KIND = [...KINDS, 'none'] as const;
const WORKER_RESULT = { kind: WORKER_KIND, result: ['ok', 'quarantined', 'failed'] } as const;

/** Batches are made for 1-5 s; a minimization may take a minute. */
const BATCH_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60] as const;
/** A write that is synced takes 0.1 ms on an SSD, 10 ms on a disk, and more when the disk is busy. */
const WRITE_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2] as const;
/** The promise is 5 s. */
const LISTED_SECONDS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300] as const;
const TESTS = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000] as const;
/** An input has at most 4 threads of 6 operations. */
const OPERATIONS = [1, 2, 3, 4, 5, 6, 8, 12, 24] as const;
const PREEMPTIONS = [0, 1, 2, 3, 4, 6, 10] as const;

// biome-ignore format: a table
export const METRICS = {
  build_info: { type: 'gauge', by: 'process', unit: 'flag', labels: { version: OPEN, build: OPEN }, panel: 'Builds',
    help: 'Always 1; the labels say which version and engine build runs.' },
  event_loop_lag_seconds: { type: 'gauge', by: 'process', unit: 'seconds', panel: 'Event loop lag',
    help: '99th percentile of the delay of timers since the last scrape; 0 at the first one.' },
  process_cpu_seconds_total: { type: 'counter', by: 'process', unit: 'seconds', panel: 'CPU',
    help: 'CPU time of the process with all its threads, user and system.' },
  process_resident_memory_bytes: { type: 'gauge', by: 'process', unit: 'bytes', panel: 'Memory',
    help: 'Resident memory of the process.' },
  process_heap_used_bytes: { type: 'gauge', by: 'process', unit: 'bytes', panel: 'Memory',
    help: 'JavaScript heap in use by the main thread.' },
  process_start_time_seconds: { type: 'gauge', by: 'process', unit: 'seconds', panel: 'Uptime',
    help: 'When the process started, in seconds since 1970.' },

  campaign_running: { type: 'gauge', by: 'coordinator', unit: 'flag', panel: 'Campaign runs',
    help: '1 while the campaign plans batches, 0 while it is paused or stopped.' },
  runs_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Runs by model',
    help: 'Interleavings executed and judged.' },
  steps_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Steps by model',
    help: 'Visible steps executed in judged runs.' },
  inconclusive_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Inconclusive runs',
    help: 'Runs that ended without a verdict: out of steps or of room in the simulator.' },
  batches_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: RESULT, panel: 'Reports folded',
    help: 'Reports that reached the coordinator, by what became of them.' },
  batch_duration_seconds: { type: 'histogram', by: 'coordinator', unit: 'seconds', labels: KIND, buckets: BATCH_SECONDS, panel: 'Batch duration',
    help: 'Time for which a batch kept one core busy.' },

  hits_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: MODEL_AND_CLASS, panel: 'Hits by class',
    help: 'Runs that met a violation, known or new.' },
  findings_published: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { class: CLASSES }, panel: 'Findings by class',
    help: 'Different signatures published, each once, whatever models have it.' },
  findings_unique: { type: 'gauge', by: 'coordinator', unit: 'count', labels: MODEL_AND_CLASS, panel: 'Findings by model',
    help: 'Different signatures published that the model has; what several models have counts for each.' },
  findings_known: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { row: [...ROW_IDS, NO_ROW] }, panel: 'Findings by row',
    help: 'Different signatures published, by row of the catalogue; `none` for those that are in no row, or only look like one.' },
  findings_forbidden: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { row: ROW_IDS }, panel: 'Forbidden findings',
    help: 'Unmarked findings that a model shows although it says that it is clean of their row.' },
  findings_unstored: { type: 'gauge', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Published findings whose folder is not written.' },
  finding_last_timestamp_seconds: { type: 'gauge', by: 'coordinator', unit: 'seconds', panel: 'Since the last finding',
    help: 'When a new finding was last published, in seconds since 1970; 0 if never.' },
  findings_underway: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { stage: ['minimize', 'verify'] }, panel: 'Findings under way',
    help: 'Cases that wait for a batch of their own, by which; a published one may wait once more.' },
  findings_refuted_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Witnesses that came to nothing: not shown again, run otherwise elsewhere, or quarantined.' },
  witnesses_total: { type: 'counter', by: 'coordinator', unit: 'count', labels: { scheduler: [...SCHEDULERS, EXHAUSTIVE] }, panel: 'Witnesses by scheduler',
    help: 'First runs of a batch with a violation that it was to report, by the scheduler that drew them.' },
  time_to_listed_seconds: { type: 'histogram', by: 'coordinator', unit: 'seconds', buckets: LISTED_SECONDS, panel: 'Time until listed',
    help: 'From the end of a minimization until its finding is published.' },
  minimize_tests: { type: 'histogram', by: 'coordinator', unit: 'count', buckets: TESTS, panel: 'Tests of a minimization',
    help: 'Candidates executed to minimize one witness.' },
  repro_operations: { type: 'histogram', by: 'coordinator', unit: 'count', buckets: OPERATIONS, panel: 'Size of repros',
    help: 'Operations in a published repro.' },
  repro_preemptions: { type: 'histogram', by: 'coordinator', unit: 'count', buckets: PREEMPTIONS, panel: 'Size of repros',
    help: 'Preemptions in a published repro.' },

  coverage_features: { type: 'gauge', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Coverage',
    help: 'Different features met.' },
  coverage_last_new_timestamp_seconds: { type: 'gauge', by: 'coordinator', unit: 'seconds', labels: MODEL, panel: 'Since new coverage, by model',
    help: 'When a new feature was last met, in seconds since 1970; 0 if never.' },
  parents_kept: { type: 'gauge', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Parents kept',
    help: 'Workloads kept as parents of further ones.' },
  scope_verified_workloads: { type: 'gauge', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Verified scope',
    help: 'Workloads of the small scopes that were searched whole, every interleaving of each.' },
  scope_inconclusive_workloads: { type: 'gauge', by: 'coordinator', unit: 'count', labels: MODEL, panel: 'Verified scope',
    help: 'Workloads of small scopes that were too large to search to the end.' },
  store_damaged_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Files of the data directory that could not be read and were skipped.' },

  webhook_failures_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'New findings of which the webhook was not told, after its last try.' },

  queue_jobs: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { kind: KINDS, state: ['waiting', 'active'] }, panel: 'Queue',
    help: 'Batches in the queue.' },
  queue_oldest_age_seconds: { type: 'gauge', by: 'coordinator', unit: 'seconds', labels: KIND, panel: 'Oldest waiting batch',
    help: 'Age of the batch that has waited longest; 0 if none waits.' },
  heartbeat_age_seconds: { type: 'gauge', by: 'coordinator', unit: 'seconds', panel: 'Silence',
    help: 'Age of the oldest heartbeat among live workers; 0 if there is none.' },
  workers: { type: 'gauge', by: 'coordinator', unit: 'count', labels: { state: ['ready', 'draining', 'other_build'] }, panel: 'Workers',
    help: 'Live worker processes; those of `other_build` never see the queue of this coordinator.' },
  executors: { type: 'gauge', by: 'coordinator', unit: 'count', panel: 'Executors',
    help: 'Executors of the live workers of the build of this coordinator.' },

  determinism_checks_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Checks of ourselves',
    help: 'Batches and repros computed twice to compare the results.' },
  determinism_mismatches_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Comparisons with a difference: a defect of the simulator or of a machine.' },
  canary_runs_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Checks of ourselves',
    help: 'Canary batches that came back.' },
  canary_misses_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Canary batches that did not find their planted bug.' },

  redis_up: { type: 'gauge', by: 'coordinator', unit: 'flag', panel: 'Redis answers',
    help: '1 if Redis answered the coordinator at its last try.' },
  redis_roundtrip_seconds: { type: 'gauge', by: 'coordinator', unit: 'seconds', panel: 'Redis round trip',
    help: 'Time of the last PING.' },
  redis_outages_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Redis outages',
    help: 'Times the coordinator lost Redis.' },
  redis_memory_bytes: { type: 'gauge', by: 'coordinator', unit: 'bytes', panel: 'Redis memory',
    help: 'Memory in use by Redis (used_memory).' },
  redis_durable: { type: 'gauge', by: 'coordinator', unit: 'flag', panel: 'Redis keeps its data',
    help: '1 if Redis keeps an append-only file and could write it; 1 where there is no Redis.' },
  leader_epoch: { type: 'gauge', by: 'coordinator', unit: 'count', panel: 'Epoch',
    help: 'Number of this coordinator; each one that takes over is one higher.' },
  log_bytes: { type: 'gauge', by: 'coordinator', unit: 'bytes', panel: 'Campaign log',
    help: 'Size of the campaign log since its last snapshot.' },
  log_commit_seconds: { type: 'histogram', by: 'coordinator', unit: 'seconds', buckets: WRITE_SECONDS, panel: 'Campaign log commits',
    help: 'Time to write and sync one group of log records.' },
  log_damaged_total: { type: 'counter', by: 'coordinator', unit: 'count', panel: 'Must stay 0',
    help: 'Log records that could not be read and were skipped.' },

  worker_ready: { type: 'gauge', by: 'worker', unit: 'flag', panel: 'Workers',
    help: '1 while the worker takes batches.' },
  worker_executors: { type: 'gauge', by: 'worker', unit: 'count', panel: 'Utilization',
    help: 'Executors of this worker.' },
  worker_executors_busy: { type: 'gauge', by: 'worker', unit: 'count', panel: 'Utilization',
    help: 'Executors that compute a batch now.' },
  worker_runs_total: { type: 'counter', by: 'worker', unit: 'count', labels: MODEL, panel: 'Runs by worker',
    help: 'Interleavings executed and judged by this worker.' },
  worker_steps_total: { type: 'counter', by: 'worker', unit: 'count', labels: MODEL, panel: 'Steps by worker',
    help: 'Visible steps executed by this worker.' },
  worker_batches_total: { type: 'counter', by: 'worker', unit: 'count', labels: WORKER_RESULT, panel: 'Batches finished',
    help: 'Batches that this worker ended, by how.' },
  worker_batch_duration_seconds: { type: 'histogram', by: 'worker', unit: 'seconds', labels: { kind: WORKER_KIND }, buckets: BATCH_SECONDS, panel: 'Time in a worker',
    help: 'From taking a batch from the queue until its job ended.' },
  worker_progress_age_seconds: { type: 'gauge', by: 'worker', unit: 'seconds', panel: 'Silence',
    help: 'Time since this worker finished a batch or found the queue empty, or started; not by the time of day.' },
  worker_restarts_total: { type: 'counter', by: 'worker', unit: 'count', labels: { cause: ['hang', 'memory', 'crash', 'replaced'] }, panel: 'Restarts',
    help: 'Executors and queue clients replaced; `replaced` is a silent queue client.' },
  worker_spool_entries: { type: 'gauge', by: 'worker', unit: 'count', panel: 'Spool entries',
    help: 'Reports on the disk of this worker that it does not know to be in the campaign log yet.' },
  worker_spool_oldest_seconds: { type: 'gauge', by: 'worker', unit: 'seconds', panel: 'Spool age',
    help: 'How long the oldest report on the disk of this worker has waited for the campaign log; 0 without one.' },
  worker_spool_bytes: { type: 'gauge', by: 'worker', unit: 'bytes', panel: 'Spool size',
    help: 'Size of the spool.' },
  worker_ingest_duration_seconds: { type: 'histogram', by: 'worker', unit: 'seconds', buckets: WRITE_SECONDS, panel: 'Ingest',
    help: 'Time until Redis had taken a report.' },
  worker_ingest_duplicates_total: { type: 'counter', by: 'worker', unit: 'count', panel: 'Duplicate reports',
    help: 'Reports that Redis had already.' },
  worker_redis_up: { type: 'gauge', by: 'worker', unit: 'flag', panel: 'Redis answers',
    help: '1 while this worker is connected to Redis.' },
  worker_redis_outages_total: { type: 'counter', by: 'worker', unit: 'count', panel: 'Redis outages',
    help: 'Times this worker lost Redis.' },
} as const satisfies Readonly<Record<string, MetricRow>>;

type Table = typeof METRICS;
export type MetricName = keyof Table;

/** Metrics of one type that a role fills itself. */
export type NameOf<R extends Role, T extends MetricRow['type']> = {
  [N in MetricName]: Table[N] extends { readonly by: R; readonly type: T } ? N : never;
}[MetricName];

/** What a call must give for each label; an empty object if there are none. */
export type LabelsOf<N extends MetricName> = Table[N] extends { readonly labels: infer L }
  ? { readonly [K in keyof L]: L[K] extends readonly (infer V)[] ? V : string }
  : Readonly<Record<string, never>>;
