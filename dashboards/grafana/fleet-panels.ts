/** What the machines do: the queue, the workers, Redis, and the processes themselves. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { PanelSpec } from './panel.ts';
import { increase, perSecond, quantile, series, since, sum } from './promql.ts';

export const FLEET: readonly PanelSpec[] = [
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
    id: 32,
    title: 'Reports folded',
    kind: 'graph',
    description:
      'Reports that reach the coordinator each second, by what became of them. Duplicates are harmless; a batch is quarantined when it was given up.',
    unit: units.CountsPerSecond,
    width: 8,
    queries: [{ expr: perSecond('batches_total', 'kind, result'), legend: '{{kind}} {{result}}' }],
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
    id: 35,
    title: 'Batches finished',
    kind: 'graph',
    description:
      'Batches that workers end each second, by how. A failed one is tried again; a quarantined one is not.',
    unit: units.CountsPerSecond,
    width: 8,
    queries: [
      { expr: perSecond('worker_batches_total', 'kind, result'), legend: '{{kind}} {{result}}' },
    ],
  },
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
        expr: since('worker_last_progress_timestamp_seconds', 'instance'),
        legend: '{{instance}}',
      },
    ],
  },
  {
    id: 39,
    title: 'Restarts',
    kind: 'graph',
    description:
      'Executors replaced because they hung, ran out of memory or crashed, and queue clients replaced because they were silent.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: increase('worker_restarts_total', 'cause'), legend: '{{cause}}' }],
  },
  {
    id: 40,
    title: 'Spool entries',
    kind: 'graph',
    description:
      'Reports on the disk of a worker that Redis has not taken yet. More than a handful: Redis is away or slow.',
    unit: units.Short,
    width: 4,
    queries: [{ expr: series('worker_spool_entries'), legend: '{{instance}}' }],
  },
  {
    id: 41,
    title: 'Spool size',
    kind: 'graph',
    description: 'Bytes of the reports that Redis has not taken yet.',
    unit: units.BytesIEC,
    width: 4,
    queries: [{ expr: series('worker_spool_bytes'), legend: '{{instance}}' }],
  },
  {
    id: 42,
    title: 'Ingest',
    kind: 'graph',
    description: 'Time until Redis has taken a report.',
    unit: units.Seconds,
    width: 4,
    queries: [
      { expr: quantile(0.5, 'worker_ingest_duration_seconds'), legend: 'median' },
      { expr: quantile(0.95, 'worker_ingest_duration_seconds'), legend: '95 %' },
    ],
  },
  {
    id: 43,
    title: 'Duplicate reports',
    kind: 'graph',
    description:
      'Reports that Redis had already: sent again after an outage or by a second run of a batch.',
    unit: units.Short,
    width: 4,
    queries: [
      { expr: increase('worker_ingest_duplicates_total', 'instance'), legend: '{{instance}}' },
    ],
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
        expr: since('worker_last_progress_timestamp_seconds', 'instance'),
        legend: 'silent for',
        unit: units.Seconds,
      },
    ],
  },
];

export const PROCESSES: readonly PanelSpec[] = [
  {
    id: 50,
    title: 'Redis round trip',
    kind: 'graph',
    description: 'Time of a PING from the coordinator.',
    unit: units.Seconds,
    width: 8,
    queries: [{ expr: series('redis_roundtrip_seconds'), legend: 'PING' }],
  },
  {
    id: 51,
    title: 'Redis outages',
    kind: 'graph',
    description: 'Times that the coordinator or a worker lost Redis.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: increase('redis_outages_total'), legend: 'coordinator' },
      { expr: increase('worker_redis_outages_total', 'instance'), legend: '{{instance}}' },
    ],
  },
  {
    id: 52,
    title: 'Redis memory',
    kind: 'graph',
    description:
      'Memory in use by Redis. It must stay flat: queues are short and reports are fetched at once.',
    unit: units.BytesIEC,
    width: 8,
    queries: [{ expr: series('redis_memory_bytes'), legend: 'used' }],
  },
  {
    id: 53,
    title: 'Campaign log',
    kind: 'graph',
    description: 'Size of the campaign log. It falls with every snapshot.',
    unit: units.BytesIEC,
    width: 8,
    queries: [{ expr: series('log_bytes'), legend: 'log' }],
  },
  {
    id: 54,
    title: 'Campaign log commits',
    kind: 'graph',
    description: 'Time to write and sync one group of records: the disk of the coordinator.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: quantile(0.5, 'log_commit_seconds'), legend: 'median' },
      { expr: quantile(0.95, 'log_commit_seconds'), legend: '95 %' },
    ],
  },
  {
    id: 55,
    title: 'Epoch',
    kind: 'graph',
    description:
      'Number of the coordinator; each one that takes over is one higher. Steps without a restart: two coordinators fight.',
    unit: units.NoUnit,
    width: 8,
    queries: [{ expr: series('leader_epoch'), legend: 'epoch' }],
  },
  {
    id: 56,
    title: 'CPU',
    kind: 'graph',
    description: 'Cores in use by each process with all its threads.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: perSecond('process_cpu_seconds_total', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 57,
    title: 'Memory',
    kind: 'graph',
    description: 'Resident memory of each process, and the JavaScript heap of its main thread.',
    unit: units.BytesIEC,
    width: 8,
    queries: [
      { expr: series('process_resident_memory_bytes'), legend: '{{instance}} resident' },
      { expr: series('process_heap_used_bytes'), legend: '{{instance}} heap' },
    ],
  },
  {
    id: 58,
    title: 'Event loop lag',
    kind: 'graph',
    description:
      'How late timers fire, 99th percentile. Beyond 100 ms, something computes on a main thread, and locks of batches may expire.',
    unit: units.Seconds,
    width: 8,
    queries: [{ expr: series('event_loop_lag_seconds'), legend: '{{instance}}' }],
  },
  {
    id: 59,
    title: 'Uptime',
    kind: 'graph',
    description: 'Time since each process started.',
    unit: units.Seconds,
    width: 12,
    queries: [{ expr: since('process_start_time_seconds', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 60,
    title: 'Builds',
    kind: 'table',
    description:
      'Processes of each version and engine build. Two builds side by side never share a queue.',
    unit: units.Short,
    width: 12,
    queries: [{ expr: sum(series('build_info'), 'version, build'), legend: 'processes' }],
  },
];
