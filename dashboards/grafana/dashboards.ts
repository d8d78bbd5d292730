/** The three dashboards, as Grafana's classic JSON: every metric of the table on the panel that the table names. */
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type MetricName, PREFIX } from '../../corpus/exchange/metric-table.ts';
import { COVERAGE, MINIMIZER, SCHEDULERS, SPEED } from './exploration-panels.ts';
import { BY_WHAT, FOUND } from './findings-panels.ts';
import { BATCHES, QUEUE, WORKERS, WORKING } from './fleet-panels.ts';
import { LOG, PROCESSES, REDIS } from './machine-panels.ts';
import { DATASOURCE, PAGE, type PanelSpec, panelOf } from './panel.ts';
import { type Choice, increaseOfGauge } from './promql.ts';

interface Row {
  readonly id: number;
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

interface DashboardSpec {
  /** Of the JSON file, and the uid: links name it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Those that its expressions obey. */
  readonly choices: readonly Choice[];
  readonly marksFindings?: boolean;
  readonly rows: readonly Row[];
}

const SPECS: readonly DashboardSpec[] = [
  {
    name: 'faultline-findings',
    title: 'Faultline findings',
    description: 'What a Faultline campaign found: by row of the catalogue, by class, by model.',
    choices: ['model', 'class'],
    marksFindings: true,
    rows: [
      { id: 100, title: 'What was found', panels: FOUND },
      { id: 101, title: 'By row, class and model', panels: BY_WHAT },
    ],
  },
  {
    name: 'faultline-fleet',
    title: 'Faultline fleet',
    description: 'Whether a Faultline fleet works: batches, queue, workers, Redis, processes.',
    choices: ['model', 'instance'],
    rows: [
      { id: 110, title: 'Is it working', panels: WORKING },
      { id: 111, title: 'Batches: rate, errors, duration', panels: BATCHES },
      { id: 112, title: 'Queue: saturation and errors', panels: QUEUE },
      { id: 113, title: 'Workers: utilization and silence', panels: WORKERS },
      { id: 114, title: 'Redis', panels: REDIS },
      { id: 115, title: 'Coordinator', panels: LOG },
      { id: 116, title: 'Processes', panels: PROCESSES },
    ],
  },
  {
    name: 'faultline-exploration',
    title: 'Faultline exploration',
    description: 'How far a Faultline campaign has come: coverage, schedulers, minimizer.',
    choices: ['model'],
    rows: [
      { id: 120, title: 'Speed', panels: SPEED },
      { id: 121, title: 'Coverage, saturation and verified scope', panels: COVERAGE },
      { id: 122, title: 'Schedulers', panels: SCHEDULERS },
      { id: 123, title: 'Minimizer', panels: MINIMIZER },
    ],
  },
];

/** Metric whose label has the values that may be chosen. */
const VALUES_OF: Readonly<Record<Choice, MetricName>> = {
  model: 'runs_total',
  class: 'findings_published',
  instance: 'build_info',
};
const TAG = 'faultline';
/** Where `faultline up` serves its page. */
const PAGE_DEFAULT = 'http://127.0.0.1:7077';

export interface BuiltDashboard {
  readonly name: string;
  readonly dashboard: Dashboard;
}

export function buildDashboards(): readonly BuiltDashboard[] {
  return SPECS.map((spec) => ({ name: spec.name, dashboard: build(spec) }));
}

function build({ name, title, description, choices, marksFindings, rows }: DashboardSpec) {
  const dashboard = new DashboardBuilder(title)
    .uid(name)
    .description(description)
    .tags([TAG])
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .link(otherDashboards())
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    );
  for (const choice of choices) dashboard.withVariable(variableOf(choice));
  if (rows.some(({ panels }) => panels.some(({ links }) => links !== undefined))) {
    dashboard.withVariable(
      new TextBoxVariableBuilder(PAGE).label('Page of the coordinator').defaultValue(PAGE_DEFAULT),
    );
  }
  if (marksFindings === true) dashboard.annotation(newFindings());
  for (const row of rows) {
    dashboard.withRow(new RowBuilder(row.title).id(row.id));
    for (const spec of row.panels) dashboard.withPanel(panelOf(spec));
  }
  return dashboard.build();
}

function otherDashboards(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Faultline')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .includeVars(true)
    .keepTime(true);
}

function variableOf(choice: Choice): QueryVariableBuilder {
  return new QueryVariableBuilder(choice)
    .label(choice.charAt(0).toUpperCase() + choice.slice(1))
    .datasource(DATASOURCE)
    .query(`label_values(${PREFIX}${VALUES_OF[choice]}, ${choice})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] });
}

/** A line in every graph where a row has one finding more than a step before. */
function newFindings(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('New findings')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('red')
    .expr(increaseOfGauge('findings_known'))
    .titleFormat('New finding')
    .textFormat('{{row}}')
    .tagKeys('row');
}
