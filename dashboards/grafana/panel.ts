/** A panel as a row of a table, and how the typed SDK makes Grafana's JSON of it. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  type Panel,
  ThresholdsConfigBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type * as units from '@grafana/grafana-foundation-sdk/units';

interface Query {
  readonly expr: string;
  /** Name of a series, with its labels as `{{label}}`; name of the column in a table. */
  readonly legend: string;
  /** Unit of a column, where it is not the panel's. */
  readonly unit?: UnitName;
}

/** To the coordinator's page. */
interface PageLink {
  readonly title: string;
  /** With `fieldOf` where it takes a value of the line. */
  readonly path: string;
  /** Column of a table whose values it leaves from; a stat has no columns. */
  readonly column?: string;
}

type UnitName = Extract<(typeof units)[keyof typeof units], string>;

export interface PanelSpec {
  /** Never given twice and never changed: links and alerts name it. */
  readonly id: number;
  readonly title: string;
  /** `graph`: over time; `stat`: the last values, large; `table`: a line for each combination of labels, now. */
  readonly kind: 'graph' | 'stat' | 'table';
  readonly description: string;
  readonly unit: UnitName;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly links?: readonly PageLink[];
  readonly isStacked?: boolean;
  /** For a stat: is 1 good or bad? Otherwise it has one colour. */
  readonly one?: 'good' | 'bad';
}

export const DATASOURCE: common.DataSourceRef = { type: 'prometheus', uid: '$datasource' };
/** The variable with the address of the coordinator's page, as a browser reaches it. */
export const PAGE = 'page';
/** Lines of the grid: a large number needs half the height of a graph. */
const HEIGHT = { graph: 8, table: 8, stat: 4 } as const;

/** The value that a line of a table has in a column, for links. */
export function fieldOf(column: string): string {
  return `\${__data.fields.${column}}`;
}

export function panelOf(spec: PanelSpec): Builder<Panel> {
  const panel = builderOf(spec)
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .unit(spec.unit)
    .datasource(DATASOURCE)
    .span(spec.width)
    .height(HEIGHT[spec.kind]);
  for (const [i, query] of spec.queries.entries()) panel.withTarget(targetOf(query, spec.kind, i));
  return panel;
}

function builderOf(spec: PanelSpec): GraphBuilder | StatBuilder | TableBuilder {
  switch (spec.kind) {
    case 'graph':
      return graphOf(spec);
    case 'stat':
      return statOf(spec);
    case 'table':
      return tableOf(spec);
  }
}

function graphOf({ isStacked = false }: PanelSpec): GraphBuilder {
  const stacking = isStacked ? common.StackingMode.Normal : common.StackingMode.None;
  return new GraphBuilder()
    .min(0)
    .fillOpacity(isStacked ? 30 : 0)
    .stacking(new common.StackingConfigBuilder().mode(stacking))
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
}

function statOf({ one, links = [] }: PanelSpec): StatBuilder {
  const [below, from] =
    one === 'good' ? ['red', 'green'] : ['green', one === 'bad' ? 'red' : 'green'];
  return new StatBuilder()
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .noValue('-')
    .dataLinks(links.map(builderOfLink))
    .thresholds(
      new ThresholdsConfigBuilder().steps([
        { value: null, color: below },
        { value: 1, color: from },
      ]),
    );
}

/** One line for each combination of labels, a column for each query. */
function tableOf({ queries, links = [] }: PanelSpec): TableBuilder {
  const table = new TableBuilder().withTransformation({ id: 'merge', options: {} });
  // Grafana calls the column of the only query `Value`, and those of several `Value #A`, `Value #B`, …
  const columns = queries.map((_, i) => (queries.length === 1 ? 'Value' : `Value #${refIdOf(i)}`));
  const renameByName = Object.fromEntries(columns.map((name, i) => [name, queries[i]?.legend]));
  table.withTransformation({
    id: 'organize',
    options: { excludeByName: { Time: true }, renameByName },
  });
  for (const { legend, unit } of queries) {
    if (unit !== undefined) table.overrideByName(legend, [{ id: 'unit', value: unit }]);
  }
  for (const link of links) {
    const { title, url, targetBlank } = builderOfLink(link).build();
    table.overrideByName(link.column ?? '', [
      { id: 'links', value: [{ title, url, targetBlank }] },
    ]);
  }
  return table;
}

function builderOfLink({ title, path }: PageLink): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).url(`\${${PAGE}}${path}`).targetBlank(true);
}

function targetOf(
  { expr, legend }: Query,
  kind: PanelSpec['kind'],
  index: number,
): DataqueryBuilder {
  const target = new DataqueryBuilder()
    .refId(refIdOf(index))
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend);
  return kind === 'table' ? target.format(PromQueryFormat.Table).instant() : target.range();
}

/** A, B, C, … */
function refIdOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}
