/** The dashboard in the tree is the one that its source makes, is well formed, and shows every metric. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { METRICS, type MetricRow, PREFIX } from '../../corpus/exchange/metric-table.ts';
import { buildOverview } from '../../dashboards/grafana/overview.ts';
import { goldenIn } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { labelsOfLegend, targetsOf } from './queries.ts';

const OVERVIEW = buildOverview();
const ALL = OVERVIEW.panels ?? [];
const PANELS = ALL.flatMap((panel) => ('fieldConfig' in panel ? [panel] : []));
const TARGETS = PANELS.flatMap(targetsOf);
const ROWS: readonly (readonly [string, MetricRow])[] = Object.entries(METRICS);
const COLUMNS = 24;
/** Labels that Prometheus adds. */
const SCRAPED = ['instance', 'job'];
/** The words of PromQL that we use. */
const WORDS = ['by', 'histogram_quantile', 'increase', 'max', 'min', 'rate', 'sum', 'time'];

test('the committed JSON is what the source makes', () => {
  const folder = path.join(PACKAGE_ROOT, 'dashboards/grafana');
  goldenIn(folder, 'faultline-overview.json', printed(OVERVIEW), process.env);
});

test('every panel, row and query can be told apart', () => {
  assert.equal(OVERVIEW.uid, 'faultline-overview');
  assertDifferent(ALL.map(({ id }) => id));
  assertDifferent(ALL.map(({ title }) => title));
  for (const panel of PANELS) {
    const refIds = targetsOf(panel).map(({ refId }) => refId);
    assert.ok(refIds.length > 0, panel.title);
    assertDifferent(refIds);
  }
});

test('every panel says what it shows and in which unit', () => {
  for (const { title, description = '', fieldConfig } of PANELS) {
    assert.ok((title ?? '').length > 1);
    assert.ok(description.length > 20 && description.endsWith('.'), title);
    assert.ok((fieldConfig?.defaults.unit ?? '') !== '', title);
  }
});

test('panels lie within the grid and do not overlap', () => {
  const taken = new Map<string, string | undefined>();
  for (const { title, gridPos } of ALL) {
    assert.ok(gridPos !== undefined, title);
    const { x, y, w, h } = gridPos;
    assert.ok(x >= 0 && w > 0 && h > 0 && x + w <= COLUMNS, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        const cell = `${column},${line}`;
        assert.equal(taken.get(cell), undefined, `${title} lies on ${taken.get(cell)}`);
        taken.set(cell, title ?? '');
      }
    }
  }
});

test('the data source is a variable everywhere, and models can be chosen', () => {
  const names = OVERVIEW.templating.list?.map(({ type, name }) => `${type} ${name}`);
  assert.deepEqual(names, ['datasource datasource', 'query model']);
  const sources: unknown[] = [];
  JSON.stringify(OVERVIEW, (key, value: unknown) => {
    if (key === 'datasource') sources.push(value);
    return value;
  });
  // Each panel, each target and the variable of models.
  assert.equal(sources.length, PANELS.length + TARGETS.length + 1);
  for (const source of sources)
    assert.deepEqual(source, { type: 'prometheus', uid: '$datasource' });
});

test('expressions use only metrics of the table, and only labels that these have', () => {
  for (const { expr, legendFormat } of TARGETS) {
    const { names, grouping, filtered } = readExpression(expr);
    assert.deepEqual(
      names.filter((name) => !WORDS.includes(name) && rowOf(name) === undefined),
      [],
      expr,
    );
    const rows = names.flatMap((name) => rowOf(name) ?? []);
    assert.ok(rows.length > 0, expr);
    for (const { labels = {}, type } of rows) {
      const known = [...Object.keys(labels), ...SCRAPED, ...(type === 'histogram' ? ['le'] : [])];
      for (const label of [...grouping, ...filtered]) assert.ok(known.includes(label), expr);
      assert.equal('model' in labels, filtered.includes('model'), `the choice of models: ${expr}`);
      const shown = grouping.length > 0 || /\bsum|\bmin|\bmax/.test(expr) ? grouping : known;
      for (const label of labelsOfLegend(legendFormat)) assert.ok(shown.includes(label), expr);
    }
  }
});

test('every metric is on the panel that the table names', () => {
  for (const [name, { panel: title }] of ROWS) {
    const panel = PANELS.find((candidate) => candidate.title === title);
    assert.ok(panel !== undefined, `${name}: no panel "${title}"`);
    const used = targetsOf(panel).flatMap(({ expr }) => readExpression(expr).names);
    assert.ok(
      used.some((word) => rowOf(word) === METRICS_BY_NAME.get(PREFIX + name)),
      name,
    );
  }
});

test('an expression is taken apart into its names and labels', () => {
  assert.deepEqual(
    readExpression(
      'sum by (le, kind) (rate(faultline_gone_total{model=~"a|b"}[5m])) / (time() > 0)',
    ),
    {
      names: ['sum', 'by', 'rate', 'faultline_gone_total', 'time'],
      grouping: ['le', 'kind'],
      filtered: ['model'],
    },
  );
  assert.equal(rowOf('faultline_gone_total'), undefined);
  assert.equal(rowOf('faultline_time_to_listed_seconds'), undefined);
  assert.equal(rowOf('faultline_runs_total_bucket'), undefined);
});

const METRICS_BY_NAME: ReadonlyMap<string, MetricRow> = new Map(
  ROWS.map(([name, row]) => [PREFIX + name, row]),
);

/** The row of a series: a histogram has only buckets, a sum and a count. */
function rowOf(name: string): MetricRow | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  const row = METRICS_BY_NAME.get(base);
  return (row?.type === 'histogram') === (base !== name) ? row : undefined;
}

interface Expression {
  readonly names: readonly string[];
  readonly grouping: readonly string[];
  readonly filtered: readonly string[];
}

function readExpression(expr: string): Expression {
  const grouping = [...expr.matchAll(/\bby \((?<labels>[^)]*)\)/g)].flatMap(
    (found) => found.groups?.labels?.split(', ') ?? [],
  );
  const filtered = [...expr.matchAll(/(?<label>\w+)=~"[^"]*"/g)].map(
    (found) => found.groups?.label ?? '',
  );
  const bare = expr
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\bby \([^)]*\)/g, 'by');
  return { names: bare.match(/[a-zA-Z_]\w*/g) ?? [], grouping, filtered };
}

function assertDifferent(list: readonly unknown[]): void {
  assert.ok(!list.includes(undefined));
  assert.equal(new Set(list).size, list.length, list.join(', '));
}

/** As the formatter of the tree wants it: a list of one word on one line. */
function printed(dashboard: object): string {
  const text = JSON.stringify(dashboard, null, 2).replace(/\[\s+("[^"\n]*")\s+\]/g, '[$1]');
  return `${text}\n`;
}
