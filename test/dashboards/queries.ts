/** What a dashboard asks Prometheus, and what Prometheus says. */
import assert from 'node:assert/strict';
import type { BuiltDashboard } from '../../dashboards/grafana/dashboards.ts';
import type { Prometheus } from './prometheus.ts';

type Dashboard = BuiltDashboard['dashboard'];

/** The part of a target that every target of ours has. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: unknown;
}

export interface PanelQuery {
  /** Title of the panel. */
  readonly panel: string;
  /** With Grafana's variables replaced: everything, and the given interval. */
  readonly expr: string;
  readonly legend: string;
}

export interface Answer extends PanelQuery {
  readonly series: number;
  /** Whether every value is a number. */
  readonly areFinite: boolean;
  /** Labels that the legend names and some series has not. */
  readonly labelsMissing: readonly string[];
  /** What Prometheus says about an expression that it cannot evaluate; null if it can. */
  readonly problem: string | null;
}

/** @param rateInterval at least two scrapes */
export function dashboardQueries(
  dashboard: Dashboard,
  rateInterval: string = '10s',
): readonly PanelQuery[] {
  return (dashboard.panels ?? []).flatMap((panel) =>
    targetsOf(panel).map(({ expr, legendFormat }) => ({
      panel: panel.title ?? '',
      expr: replaceVariables(expr, rateInterval),
      legend: legendFormat,
    })),
  );
}

/** The queries of annotations, with their texts as legends. */
export function annotationsOf({ annotations }: Dashboard): readonly Target[] {
  return (annotations.list ?? []).map(({ name, expr = '', textFormat = '', datasource }) => ({
    refId: name,
    expr,
    legendFormat: textFormat,
    datasource,
  }));
}

/** All of them at once; order as given. */
export function runQueries(
  prometheus: Prometheus,
  queries: readonly PanelQuery[],
): Promise<readonly Answer[]> {
  return Promise.all(queries.map((query) => runQuery(prometheus, query)));
}

/** The queries of a panel; a row has none. */
export function targetsOf(panel: object): readonly Target[] {
  // The SDK types a target as any data source's; ours are all of Prometheus.
  return 'targets' in panel ? (panel.targets as readonly Target[]) : [];
}

/** Labels in a legend: `{{label}}`. */
export function labelsOfLegend(legend: string): readonly string[] {
  return [...legend.matchAll(/\{\{(?<label>\w+)\}\}/g)].map((found) => found.groups?.label ?? '');
}

async function runQuery(prometheus: Prometheus, query: PanelQuery): Promise<Answer> {
  try {
    const series = await prometheus.query(query.expr);
    return {
      ...query,
      series: series.length,
      areFinite: series.every(({ value }) => Number.isFinite(value)),
      labelsMissing: labelsOfLegend(query.legend).filter((label) =>
        series.some(({ labels }) => labels[label] === undefined),
      ),
      problem: null,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ...query, series: 0, areFinite: false, labelsMissing: [], problem };
  }
}

function replaceVariables(expr: string, rateInterval: string): string {
  const replaced = expr
    .replaceAll('$__rate_interval', rateInterval)
    .replace(/"\$(?:model|class|instance)"/g, '".*"');
  assert.ok(!replaced.includes('$'), `a variable that is not known: ${replaced}`);
  return replaced;
}
