/** How far the campaign has come: speed, coverage, schedulers, verified scope, and what minimizing makes of witnesses. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { PanelSpec } from './panel.ts';
import { newPerThousand, perSecond, quantileSinceStart, series, since, sum } from './promql.ts';

export const SPEED: readonly PanelSpec[] = [
  {
    id: 2,
    title: 'Runs per second',
    kind: 'stat',
    description: 'Interleavings executed and judged each second, by the whole fleet.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('runs_total'), legend: 'runs' }],
  },
  {
    id: 4,
    title: 'Since new coverage',
    kind: 'stat',
    description:
      'Time since any of the chosen models met a feature for the first time. It grows when fuzzing has nothing left to learn.',
    unit: units.Seconds,
    width: 12,
    queries: [{ expr: since('coverage_last_new_timestamp_seconds'), legend: 'since new coverage' }],
  },
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
];

export const COVERAGE: readonly PanelSpec[] = [
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
    id: 73,
    title: 'Saturation',
    kind: 'graph',
    description:
      'Features met for the first time in a thousand runs. Near 0: more runs of the same kind teach nothing more.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: newPerThousand('coverage_features', 'runs_total', 'model'), legend: '{{model}}' },
    ],
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
    width: 12,
    queries: [{ expr: sum(series('parents_kept'), 'model'), legend: '{{model}}' }],
  },
  {
    id: 28,
    title: 'Verified scope',
    kind: 'graph',
    description:
      'Workloads of the small scopes that were searched whole, and those that were too large to search to the end.',
    unit: units.Short,
    width: 12,
    queries: [
      { expr: sum(series('scope_verified_workloads'), 'model'), legend: '{{model}}' },
      {
        expr: sum(series('scope_inconclusive_workloads'), 'model'),
        legend: '{{model}}, inconclusive',
      },
    ],
  },
];

export const SCHEDULERS: readonly PanelSpec[] = [
  {
    id: 74,
    title: 'Witnesses by scheduler',
    kind: 'graph',
    description:
      'First runs of a batch with a violation that it was to report, by the scheduler that drew them; `exhaustive`: by a search of every interleaving. SURW draws most runs, so compare lines with themselves over time.',
    unit: units.CountsPerSecond,
    width: 12,
    queries: [{ expr: perSecond('witnesses_total', 'scheduler'), legend: '{{scheduler}}' }],
    isStacked: true,
  },
  {
    id: 25,
    title: 'Inconclusive runs',
    kind: 'graph',
    description:
      'Share of runs that ended without a verdict, out of steps or of room in the simulator. They are neither good nor bad, only wasted.',
    unit: units.PercentUnit,
    width: 12,
    queries: [
      {
        expr: `${perSecond('inconclusive_total', 'model')} / (${perSecond('runs_total', 'model')} > 0)`,
        legend: '{{model}}',
      },
    ],
  },
];

export const MINIMIZER: readonly PanelSpec[] = [
  {
    id: 13,
    title: 'Findings under way',
    kind: 'graph',
    description:
      'Cases that wait for a batch of their own, by which; a published one may wait once more. A line that only climbs: more is found than can be minimized.',
    unit: units.Short,
    width: 12,
    queries: [{ expr: sum(series('findings_underway'), 'stage'), legend: '{{stage}}' }],
    isStacked: true,
  },
  {
    id: 17,
    title: 'Tests of a minimization',
    kind: 'graph',
    description: 'Candidates executed to minimize one witness, since the coordinator started.',
    unit: units.Short,
    width: 12,
    queries: [
      { expr: quantileSinceStart(0.5, 'minimize_tests'), legend: 'median' },
      { expr: quantileSinceStart(0.95, 'minimize_tests'), legend: '95 %' },
    ],
  },
  {
    id: 16,
    title: 'Size of repros',
    kind: 'graph',
    description:
      'Operations and preemptions of published repros, since the coordinator started. Small is good: it is what a reader has to understand.',
    unit: units.Short,
    width: 12,
    queries: [
      { expr: quantileSinceStart(0.5, 'repro_operations'), legend: 'operations, median' },
      { expr: quantileSinceStart(0.95, 'repro_operations'), legend: 'operations, 95 %' },
      { expr: quantileSinceStart(0.5, 'repro_preemptions'), legend: 'preemptions, median' },
      { expr: quantileSinceStart(0.95, 'repro_preemptions'), legend: 'preemptions, 95 %' },
    ],
  },
  {
    id: 15,
    title: 'Time until listed',
    kind: 'graph',
    description:
      'From the end of a minimization until its finding is published, since the coordinator started. The promise is 5 s.',
    unit: units.Seconds,
    width: 12,
    queries: [
      { expr: quantileSinceStart(0.5, 'time_to_listed_seconds'), legend: 'median' },
      { expr: quantileSinceStart(0.95, 'time_to_listed_seconds'), legend: '95 %' },
    ],
  },
];
