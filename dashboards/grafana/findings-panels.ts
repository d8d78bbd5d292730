/** What was found: how much, in which rows and classes, on which models. */
import * as units from '@grafana/grafana-foundation-sdk/units';
import { NO_ROW } from '../../corpus/exchange/metric-table.ts';
import { fieldOf, type PanelSpec } from './panel.ts';
import { perSecond, series, since, sum } from './promql.ts';

export const FOUND: readonly PanelSpec[] = [
  {
    id: 3,
    title: 'Unique findings',
    kind: 'stat',
    description: 'Different signatures published, whatever models have them.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: sum(series('findings_published')), legend: 'findings' }],
  },
  {
    id: 72,
    title: 'In no row',
    kind: 'stat',
    description:
      'Findings that are in no row of the catalogue: bugs that nobody has described, or models of your own.',
    unit: units.Short,
    width: 6,
    queries: [
      { expr: series('findings_known', { where: `row="${NO_ROW}"` }), legend: 'in no row' },
    ],
    links: [{ title: 'Findings in no row', path: '/?known=false' }],
  },
  {
    id: 71,
    title: 'Forbidden findings',
    kind: 'stat',
    description:
      'Findings that a model shows although it says that it is clean of their row, and that nobody has marked. Either the model or the fuzzer is wrong.',
    unit: units.Short,
    width: 6,
    queries: [{ expr: sum(series('findings_forbidden')), legend: 'forbidden' }],
    one: 'bad',
  },
  {
    id: 14,
    title: 'Since the last finding',
    kind: 'stat',
    description: 'Time since a new finding was published.',
    unit: units.Seconds,
    width: 6,
    queries: [{ expr: since('finding_last_timestamp_seconds'), legend: 'since the last finding' }],
  },
];

export const BY_WHAT: readonly PanelSpec[] = [
  {
    id: 70,
    title: 'Findings by row',
    kind: 'table',
    description:
      'Different signatures published, for each row of the catalogue that has any; `none` for those in no row. The number leads to them.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: `${sum(series('findings_known'), 'row')} > 0`, legend: 'findings' }],
    links: [{ column: 'row', title: 'Findings of this row', path: `/?known=${fieldOf('row')}` }],
  },
  {
    id: 10,
    title: 'Findings by class',
    kind: 'graph',
    description: 'Different signatures published, by what goes wrong, on whatever models.',
    unit: units.Short,
    width: 16,
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
    links: [
      { column: 'model', title: 'Findings of this model', path: `/?model=${fieldOf('model')}` },
      { column: 'class', title: 'Findings of this class', path: `/?class=${fieldOf('class')}` },
      {
        column: 'findings',
        title: 'These findings',
        path: `/?model=${fieldOf('model')}&class=${fieldOf('class')}`,
      },
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
];
