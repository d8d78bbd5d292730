/** Whether the fleet works: its checks of itself, then rate, errors and duration of batches, then queue and workers. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { PanelSpec } from './panel.ts';
import { increase, perSecond, quantile, series, sum } from './promql.ts';

export const WORKING: readonly PanelSpec[] = [
  {
    id: 1,
    title: 'Campaign runs',
    kind: 'stat',
    description:
      'Whether the coordinator plans batches. No: it is paused, or has reached its stop rule.',
    unit: units.BoolYesNo,
    width: 6,
    queries: [{ expr: series('campaign_running'), legend: 'runs' }],
    one: 'good',
  },
  {
    id: 5,
    title: 'Executors',
    kind: 'stat',
    description: 'Executors of all live workers: the cores that fuzz.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: series('executors'), legend: 'executors' }],
    one: 'good',
  },
  {
    id: 6,
    title: 'Redis answers',
    kind: 'stat',
    description: 'Whether Redis answers the coordinator, and every worker.',
    unit: units.BoolYesNo,
    width: 6,
    queries: [
      { expr: series('redis_up'), legend: 'coordinator' },
      { expr: `min(${series('worker_redis_up')})`, legend: 'workers' },
    ],
    one: 'good',
  },
  {
    id: 75,
    title: 'Redis keeps its data',
    kind: 'stat',
    description:
      'Whether Redis has an append-only file and could write it. No: if Redis crashes, batches under way are run again.',
    unit: units.BoolYesNo,
    width: 6,
    queries: [{ expr: series('redis_durable'), legend: 'durable' }],
    one: 'good',
  },
  {
    id: 7,
    title: 'Must stay 0',
    kind: 'stat',
    description:
      'Each of these is a defect of the fuzzer or of a machine: a batch or repro whose second run differs, a canary that misses its planted bug, a finding that another executor cannot reproduce, a finding whose folder cannot be written, a file or log record that cannot be read. A webhook that was not told of a finding is at another server.',
    unit: units.Short,
    width: 16,
    queries: [
      { expr: series('determinism_mismatches_total'), legend: 'mismatches' },
      { expr: series('canary_misses_total'), legend: 'canary misses' },
      { expr: series('findings_refuted_total'), legend: 'refuted findings' },
      { expr: series('findings_unstored'), legend: 'unstored findings' },
      { expr: series('store_damaged_total'), legend: 'damaged files' },
      { expr: series('log_damaged_total'), legend: 'damaged records' },
      { expr: series('webhook_failures_total'), legend: 'webhook not told' },
    ],
    one: 'bad',
  },
  {
    id: 8,
    title: 'Checks of ourselves',
    kind: 'stat',
    description: 'How often the checks beside this were made: 0 of 0 proves nothing.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: series('determinism_checks_total'), legend: 'runs compared' },
      { expr: series('canary_runs_total'), legend: 'canaries' },
    ],
  },
];

export const BATCHES: readonly PanelSpec[] = [
  {
    id: 32,
    title: 'Reports folded',
    kind: 'graph',
    description:
      'Reports that reach the coordinator each second, by what became of them. Duplicates are harmless; a batch is quarantined when it was given up.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('batches_total', 'kind, result'), legend: '{{kind}} {{result}}' }],
  },
  {
    id: 35,
    title: 'Batches finished',
    kind: 'graph',
    description:
      'Batches that workers end each second, by how. A failed one is tried again; a quarantined one is not.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [
      { expr: perSecond('worker_batches_total', 'kind, result'), legend: '{{kind}} {{result}}' },
    ],
  },
  {
    id: 33,
    title: 'Batch duration',
    kind: 'graph',
    description: 'Time for which a batch keeps one core busy. Fuzz batches are made for 1-5 s.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: quantile(0.5, 'batch_duration_seconds', 'kind'), legend: '{{kind}}, median' },
      { expr: quantile(0.95, 'batch_duration_seconds', 'kind'), legend: '{{kind}}, 95 %' },
    ],
  },
  {
    id: 34,
    title: 'Time in a worker',
    kind: 'graph',
    description:
      'From taking a batch until its job ended. What it has beyond the duration of the batch is waiting for an executor, spool and ingest.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: quantile(0.95, 'worker_batch_duration_seconds', 'kind'), legend: '{{kind}}, 95 %' },
    ],
  },
  {
    id: 42,
    title: 'Ingest',
    kind: 'graph',
    description: 'Time until Redis has taken a report.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: quantile(0.5, 'worker_ingest_duration_seconds'), legend: 'median' },
      { expr: quantile(0.95, 'worker_ingest_duration_seconds'), legend: '95 %' },
    ],
  },
];

export const QUEUE: readonly PanelSpec[] = [
  {
    id: 30,
    title: 'Queue',
    kind: 'graph',
    description:
      'Batches that wait or run. About two for each executor is what the coordinator aims at.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: sum(series('queue_jobs'), 'kind, state'), legend: '{{kind}} {{state}}' }],
    isStacked: true,
  },
  {
    id: 31,
    title: 'Oldest waiting batch',
    kind: 'graph',
    description: 'Age of the batch that has waited longest. It climbs when nobody takes that kind.',
    unit: units.Seconds,
    width: 8,
    queries: [{ expr: series('queue_oldest_age_seconds'), legend: '{{kind}}' }],
  },
  {
    id: 43,
    title: 'Duplicate reports',
    kind: 'graph',
    description:
      'Reports that Redis had already: sent again after an outage or by a second run of a batch.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: increase('worker_ingest_duplicates_total', 'instance'), legend: '{{instance}}' },
    ],
  },
  {
    id: 40,
    title: 'Spool entries',
    kind: 'graph',
    description:
      'Reports on the disk of a worker until it knows that the campaign log has them. A line that climbs: Redis or the coordinator is away.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: series('worker_spool_entries'), legend: '{{instance}}' }],
  },
  {
    id: 48,
    title: 'Spool age',
    kind: 'graph',
    description:
      'How long the oldest report of a worker has waited for the campaign log. Seconds are usual; a line that climbs: Redis or the coordinator is away, or refuses.',
    unit: units.Seconds,
    width: 6,
    queries: [{ expr: series('worker_spool_oldest_seconds'), legend: '{{instance}}' }],
  },
  {
    id: 41,
    title: 'Spool size',
    kind: 'graph',
    description: 'Bytes of the reports that wait for the campaign log.',
    unit: units.BytesIEC,
    width: 6,
    queries: [{ expr: series('worker_spool_bytes'), legend: '{{instance}}' }],
  },
  {
    id: 39,
    title: 'Restarts',
    kind: 'graph',
    description:
      'Executors replaced because they hung, ran out of memory or crashed, and queue clients replaced because they were silent.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: increase('worker_restarts_total', 'cause'), legend: '{{cause}}' }],
  },
];

export const WORKERS: readonly PanelSpec[] = [
  {
    id: 36,
    title: 'Workers',
    kind: 'graph',
    description:
      'Live worker processes by state, as the coordinator knows them from heartbeats and as they say themselves. Two lines that stay apart: a worker is seen by one side only.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: sum(series('workers'), 'state'), legend: '{{state}}' },
      { expr: sum(series('worker_ready')), legend: 'ready, by themselves' },
    ],
  },
  {
    id: 37,
    title: 'Utilization',
    kind: 'graph',
    description:
      'Share of the executors that compute a batch. Below 1 for long: the queue runs dry.',
    unit: units.PercentUnit,
    width: 8,
    queries: [
      {
        expr: `${sum(series('worker_executors_busy'), 'instance')} / (${sum(series('worker_executors'), 'instance')} > 0)`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 38,
    title: 'Silence',
    kind: 'graph',
    description:
      'Age of the oldest heartbeat, and time since each worker finished a batch or found the queue empty.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: series('heartbeat_age_seconds'), legend: 'oldest heartbeat' },
      {
        expr: series('worker_progress_age_seconds'),
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 26,
    title: 'Runs by worker',
    kind: 'graph',
    description:
      'Interleavings executed each second, as each worker counts them. A worker far below the others has a slow or crowded machine.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('worker_runs_total', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 27,
    title: 'Steps by worker',
    kind: 'graph',
    description: 'Visible steps executed each second, as each worker counts them.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('worker_steps_total', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 44,
    title: 'Workers compared',
    kind: 'table',
    description: 'One line for each worker, to find the one that is not like the others.',
    unit: units.Short,
    width: 24,
    queries: [
      {
        expr: perSecond('worker_runs_total', 'instance'),
        legend: 'runs per second',
        unit: units.CountsPerSecond,
      },
      { expr: sum(series('worker_executors'), 'instance'), legend: 'executors' },
      { expr: sum(series('worker_executors_busy'), 'instance'), legend: 'busy' },
      { expr: sum(series('worker_restarts_total'), 'instance'), legend: 'restarts' },
      { expr: sum(series('worker_spool_entries'), 'instance'), legend: 'spooled' },
      {
        expr: sum(series('worker_progress_age_seconds'), 'instance'),
        legend: 'silent for',
        unit: units.Seconds,
      },
    ],
  },
];
