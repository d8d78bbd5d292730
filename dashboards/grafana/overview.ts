/** The one dashboard, as Grafana's classic JSON: every metric of the table on the panel that the table names. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { FINDINGS, THROUGHPUT, WORKING } from './campaign-panels.ts';
import { FLEET, PROCESSES } from './fleet-panels.ts';
import { DATASOURCE, type PanelSpec, panelOf } from './panel.ts';

interface Row {
  readonly id: number;
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

const ROWS: readonly Row[] = [
  { id: 100, title: 'Is it working', panels: WORKING },
  { id: 101, title: 'Findings', panels: FINDINGS },
  { id: 102, title: 'Throughput and coverage', panels: THROUGHPUT },
  { id: 103, title: 'Queue and fleet', panels: FLEET },
  { id: 104, title: 'Redis and process', panels: PROCESSES },
];

export function buildOverview(): Dashboard {
  const dashboard = new DashboardBuilder('Faultline overview')
    .uid('faultline-overview')
    .description('A Faultline campaign: findings, throughput, coverage, queue and fleet.')
    .tags(['faultline'])
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    )
    .withVariable(
      new QueryVariableBuilder('model')
        .label('Model')
        .datasource(DATASOURCE)
        .query('label_values(faultline_runs_total, model)')
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: ['All'], value: ['$__all'] }),
    );
  for (const { id, title, panels } of ROWS) {
    dashboard.withRow(new RowBuilder(title).id(id));
    for (const spec of panels) dashboard.withPanel(panelOf(spec));
  }
  return dashboard.build();
}
