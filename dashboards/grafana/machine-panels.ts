/** What the fleet runs on: Redis and its outages, the disk of the coordinator, and the processes themselves. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { PanelSpec } from './panel.ts';
import { increase, perSecond, quantile, series, since, sum } from './promql.ts';

export const REDIS: readonly PanelSpec[] = [
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
];

export const LOG: readonly PanelSpec[] = [
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
];

export const PROCESSES: readonly PanelSpec[] = [
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
