/** What the campaign does: whether it works, what it found, how fast, and how much is new. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { PanelSpec } from './panel.ts';
import { perSecond, quantileSinceStart, series, since, sum } from './promql.ts';

export const WORKING: readonly PanelSpec[] = [
  {
    id: 1,
    title: 'Campaign runs',
    kind: 'stat',
    description:
      'Whether the coordinator plans batches. No: it is paused, or has reached its stop rule.',
    unit: units.BoolYesNo,
    width: 4,
    queries: [{ expr: series('campaign_running'), legend: 'runs' }],
    one: 'good',
  },
  {
    id: 2,
    title: 'Runs per second',
    kind: 'stat',
    description: 'Interleavings executed and judged each second, by the whole fleet.',
    unit: units.CountsPerSecond,
    width: 4,
    queries: [{ expr: perSecond('runs_total'), legend: 'runs' }],
  },
  {
    id: 3,
    title: 'Unique findings',
    kind: 'stat',
    description: 'Different signatures published, whatever models have them.',
    unit: units.Short,
    width: 4,
    queries: [{ expr: sum(series('findings_published')), legend: 'findings' }],
  },
  {
    id: 4,
    title: 'Since new coverage',
    kind: 'stat',
    description:
      'Time since any of the chosen models met a feature for the first time. It grows when fuzzing has nothing left to learn.',
    unit: units.Seconds,
    width: 4,
    queries: [{ expr: since('coverage_last_new_timestamp_seconds'), legend: 'since new coverage' }],
  },
  {
    id: 5,
    title: 'Executors',
    kind: 'stat',
    description: 'Executors of all live workers: the cores that fuzz.',
    unit: units.Short,
    width: 4,
    queries: [{ expr: series('executors'), legend: 'executors' }],
    one: 'good',
  },
  {
    id: 6,
    title: 'Redis answers',
    kind: 'stat',
    description: 'Whether Redis answers the coordinator, and every worker.',
    unit: units.BoolYesNo,
    width: 4,
    queries: [
      { expr: series('redis_up'), legend: 'coordinator' },
      { expr: `min(${series('worker_redis_up')})`, legend: 'workers' },
    ],
    one: 'good',
  },
  {
    id: 7,
    title: 'Must stay 0',
    kind: 'stat',
    description:
      'Each of these is a defect of the fuzzer or of a machine: a batch or repro whose second run differs, a canary that misses its planted bug, a finding that another executor cannot reproduce, a file or log record that cannot be read.',
    unit: units.Short,
    width: 16,
    queries: [
      { expr: series('determinism_mismatches_total'), legend: 'mismatches' },
      { expr: series('canary_misses_total'), legend: 'canary misses' },
      { expr: series('findings_refuted_total'), legend: 'refuted findings' },
      { expr: series('store_damaged_total'), legend: 'damaged files' },
      { expr: series('log_damaged_total'), legend: 'damaged records' },
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

export const FINDINGS: readonly PanelSpec[] = [
  {
    id: 10,
    title: 'Findings by class',
    kind: 'graph',
    description: 'Different signatures published, by what goes wrong, on whatever models.',
    unit: units.Short,
    width: 12,
    queries: [{ expr: `${sum(series('findings_published'), 'class')} > 0`, legend: '{{class}}' }],
    isStacked: true,
  },
  {
    id: 11,
    title: 'Findings by model',
    kind: 'table',
    description: 'Different signatures published, for each model that has them and each class.',
    unit: units.Short,
    width: 12,
    queries: [
      { expr: `${sum(series('findings_unique'), 'model, class')} > 0`, legend: 'findings' },
    ],
  },
  {
    id: 12,
    title: 'Hits by class',
    kind: 'graph',
    description:
      'Runs that met a violation, known or new, each second. It shows how easy a bug is to meet.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('hits_total', 'class'), legend: '{{class}}' }],
  },
  {
    id: 13,
    title: 'Findings under way',
    kind: 'graph',
    description:
      'Cases that wait for a batch of their own, by which; a published one may wait once more. A line that only climbs: more is found than can be minimized.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: sum(series('findings_underway'), 'stage'), legend: '{{stage}}' }],
    isStacked: true,
  },
  {
    id: 14,
    title: 'Since the last finding',
    kind: 'graph',
    description: 'Time since a new finding was published.',
    unit: units.Seconds,
    width: 6,
    queries: [{ expr: since('finding_last_timestamp_seconds'), legend: 'since the last finding' }],
  },
  {
    id: 15,
    title: 'Time until listed',
    kind: 'graph',
    description:
      'From the end of a minimization until its finding is published, since the coordinator started. The promise is 5 s.',
    unit: units.Seconds,
    width: 8,
    queries: [
      { expr: quantileSinceStart(0.5, 'time_to_listed_seconds'), legend: 'median' },
      { expr: quantileSinceStart(0.95, 'time_to_listed_seconds'), legend: '95 %' },
    ],
  },
  {
    id: 16,
    title: 'Size of repros',
    kind: 'graph',
    description:
      'Operations and preemptions of published repros, since the coordinator started. Small is good: it is what a reader has to understand.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: quantileSinceStart(0.5, 'repro_operations'), legend: 'operations, median' },
      { expr: quantileSinceStart(0.95, 'repro_operations'), legend: 'operations, 95 %' },
      { expr: quantileSinceStart(0.5, 'repro_preemptions'), legend: 'preemptions, median' },
      { expr: quantileSinceStart(0.95, 'repro_preemptions'), legend: 'preemptions, 95 %' },
    ],
  },
  {
    id: 17,
    title: 'Tests of a minimization',
    kind: 'graph',
    description: 'Candidates executed to minimize one witness, since the coordinator started.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: quantileSinceStart(0.5, 'minimize_tests'), legend: 'median' },
      { expr: quantileSinceStart(0.95, 'minimize_tests'), legend: '95 %' },
    ],
  },
];

export const THROUGHPUT: readonly PanelSpec[] = [
  {
    id: 20,
    title: 'Runs by model',
    kind: 'graph',
    description:
      'Interleavings executed and judged each second, as the coordinator counts them: once each, however often a batch was repeated.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('runs_total', 'model'), legend: '{{model}}' }],
    isStacked: true,
  },
  {
    id: 21,
    title: 'Steps by model',
    kind: 'graph',
    description: 'Visible steps executed each second.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('steps_total', 'model'), legend: '{{model}}' }],
    isStacked: true,
  },
  {
    id: 22,
    title: 'Coverage',
    kind: 'graph',
    description: 'Different features met. A flat line is a plateau.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: sum(series('coverage_features'), 'model'), legend: '{{model}}' }],
  },
  {
    id: 23,
    title: 'Since new coverage, by model',
    kind: 'graph',
    description: 'Time since a model met a feature for the first time.',
    unit: units.Seconds,
    width: 8,
    queries: [{ expr: since('coverage_last_new_timestamp_seconds', 'model'), legend: '{{model}}' }],
  },
  {
    id: 24,
    title: 'Parents kept',
    kind: 'graph',
    description: 'Workloads kept as parents of further ones.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: sum(series('parents_kept'), 'model'), legend: '{{model}}' }],
  },
  {
    id: 25,
    title: 'Inconclusive runs',
    kind: 'graph',
    description:
      'Share of runs that ended without a verdict, out of steps or of room in the simulator. They are neither good nor bad, only wasted.',
    unit: units.PercentUnit,
    width: 8,
    queries: [
      {
        expr: `${perSecond('inconclusive_total', 'model')} / (${perSecond('runs_total', 'model')} > 0)`,
        legend: '{{model}}',
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
    width: 8,
    queries: [{ expr: perSecond('worker_runs_total', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 27,
    title: 'Steps by worker',
    kind: 'graph',
    description: 'Visible steps executed each second, as each worker counts them.',
    unit: units.CountsPerSecond,
    width: 8,
    queries: [{ expr: perSecond('worker_steps_total', 'instance'), legend: '{{instance}}' }],
  },
  {
    id: 28,
    title: 'Verified scope',
    kind: 'graph',
    description:
      'Workloads of the small scopes that were searched whole, and those that were too large to search to the end.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: sum(series('scope_verified_workloads'), 'model'), legend: '{{model}}' },
      {
        expr: sum(series('scope_inconclusive_workloads'), 'model'),
        legend: '{{model}}, inconclusive',
      },
    ],
  },
];
