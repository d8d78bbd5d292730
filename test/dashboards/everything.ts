/** All that dashboards and rules ask. */
import assert from 'node:assert/strict';
import { buildDashboards } from '../../dashboards/grafana/dashboards.ts';
import { ALERTS } from '../../dashboards/prometheus/rules.ts';
import { type DebianProgram, debianProgram } from '../support/debian.ts';
import { selectorsIn } from './expressions.ts';
import { type Answer, annotationsOf, dashboardQueries, type PanelQuery } from './queries.ts';

export function unnamed(expr: string): PanelQuery {
  return { panel: '', expr, legend: '' };
}

const dashboards = buildDashboards().map(({ dashboard }) => dashboard);

/** What need not be true now: only what it is about must be there. */
export const RARE: readonly string[] = [
  ...dashboards.flatMap(annotationsOf).map(({ expr }) => expr.replace('$__interval', '2s')),
  ...ALERTS.map(({ expr }) => expr),
];

export const QUERIES: readonly PanelQuery[] = [
  ...dashboards.flatMap((dashboard) => dashboardQueries(dashboard)),
  ...RARE.flatMap(selectorsIn).map(unnamed),
];

export function isPoor({ series, areFinite, labelsMissing, problem }: Answer): boolean {
  return series === 0 || !areFinite || labelsMissing.length > 0 || problem !== null;
}

export async function program(): Promise<DebianProgram> {
  const found = await debianProgram('prometheus');
  assert.ok(!('missing' in found));
  return found;
}
