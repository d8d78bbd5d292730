/** The dashboards in the tree are those that their source makes, are well formed, and show every metric once. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { METRICS, type MetricRow, PREFIX } from '../../corpus/exchange/metric-table.ts';
import { buildDashboards } from '../../dashboards/grafana/dashboards.ts';
import { PAGE } from '../../dashboards/grafana/panel.ts';
import { series } from '../../dashboards/grafana/promql.ts';
import { goldenIn } from '../support/golden.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { readExpression, rowOf, rowsIn, unknownNames } from './expressions.ts';
import { annotationsOf, labelsOfLegend, type Target, targetsOf } from './queries.ts';

const BUILT = buildDashboards();
const ALL = BUILT.flatMap(({ dashboard }) => dashboard.panels ?? []);
const PANELS = ALL.flatMap((panel) => ('fieldConfig' in panel ? [panel] : []));
const TARGETS = PANELS.flatMap(targetsOf);
const FOLDER = path.join(PACKAGE_ROOT, 'dashboards/grafana');
const COLUMNS = 24;
/** Labels that Prometheus adds. */
const SCRAPED = ['instance', 'job'];
const CHOICES = ['model', 'class', 'instance'];

test('the committed JSON is what the source makes, and there is no other', () => {
  for (const { name, dashboard } of BUILT) {
    goldenIn(FOLDER, `${name}.json`, printed(dashboard), process.env);
  }
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  assert.deepEqual(files.sort(), BUILT.map(({ name }) => `${name}.json`).sort());
});

test('every dashboard, panel, row and query can be told apart, and nothing is shown twice', () => {
  assert.deepEqual(
    BUILT.map(({ dashboard }) => dashboard.uid),
    ['faultline-findings', 'faultline-fleet', 'faultline-exploration'],
  );
  assertDifferent(ALL.map(({ id }) => id));
  assertDifferent(ALL.map(({ title }) => title));
  // A table may set beside one another, for each worker, what graphs show over time.
  for (const isTable of [false, true]) {
    const panels = PANELS.filter(({ type }) => (type === 'table') === isTable);
    assertDifferent(panels.flatMap(targetsOf).map(({ expr }) => expr));
  }
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

for (const { name, dashboard } of BUILT) {
  test(`${name}: panels lie within the grid, fill its lines and do not overlap`, () => {
    const taken = new Map<string, string | undefined>();
    for (const { title, gridPos } of dashboard.panels ?? []) {
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
    const lines = Math.max(...[...taken.keys()].map((cell) => Number(cell.split(',')[1]))) + 1;
    assert.equal(taken.size, lines * COLUMNS);
  });

  test(`${name}: the data source is a variable everywhere, and what expressions obey can be chosen`, () => {
    const targets = (dashboard.panels ?? []).flatMap(targetsOf);
    const annotations = annotationsOf(dashboard);
    const expressions = [...targets, ...annotations].map(({ expr }) => expr);
    const obeyed = new Set(expressions.flatMap((expr) => readExpression(expr).chosen));
    const choices = CHOICES.filter((label) => obeyed.has(label));
    const isLinked = JSON.stringify(dashboard.panels).includes(`\${${PAGE}}`);
    assert.deepEqual(
      dashboard.templating.list?.map(({ type, name: variable }) => `${type} ${variable}`),
      [
        'datasource datasource',
        ...choices.map((label) => `query ${label}`),
        ...(isLinked ? ['textbox page'] : []),
      ],
    );
    const sources: unknown[] = [];
    JSON.stringify(dashboard, (key, value: unknown) => {
      if (key === 'datasource') sources.push(value);
      return value;
    });
    const panels = (dashboard.panels ?? []).filter((panel) => targetsOf(panel).length > 0);
    // Variables of labels ask it, too.
    const asking = panels.length + expressions.length + choices.length;
    assert.equal(sources.length, asking);
    for (const source of sources)
      assert.deepEqual(source, { type: 'prometheus', uid: '$datasource' });
  });
}

test('expressions use only metrics of the table, and only labels that these have', () => {
  const annotations = BUILT.flatMap(({ dashboard }) => annotationsOf(dashboard));
  for (const target of [...TARGETS, ...annotations]) assert.deepEqual(mistakesIn(target), []);
});

test('a metric that is not in the table, a label that it has not and a choice left out are seen', () => {
  const query = (expr: string, legendFormat = ''): Pick<Target, 'expr' | 'legendFormat'> => ({
    expr,
    legendFormat,
  });
  const runs = series('runs_total');
  assert.deepEqual(mistakesIn(query(`sum(${runs})`)), []);
  for (const [planted, word] of [
    [query('sum(faultline_gone_total)'), 'faultline_gone_total'],
    [query('faultline_time_to_listed_seconds'), 'faultline_time_to_listed_seconds'],
    [query('stddev(faultline_executors)'), 'stddev'],
    [query(`sum by (kind) (${runs})`), 'kind'],
    [query(runs, '{{kind}}'), 'kind'],
    [query(`sum(${runs})`, '{{model}}'), 'model'],
    [query('sum(faultline_runs_total)'), 'model'],
    [query('faultline_worker_ready'), 'instance'],
    [query('faultline_executors{instance=~"$instance"}'), 'instance'],
  ] as const) {
    assert.ok(mistakesIn(planted).includes(word), `${planted.expr}: ${mistakesIn(planted)}`);
  }
});

test('every metric is on the panel that the table names', () => {
  for (const [name, { panel: title }] of Object.entries<MetricRow>(METRICS)) {
    const panel = PANELS.find((candidate) => candidate.title === title);
    assert.ok(panel !== undefined, `${name}: no panel "${title}"`);
    const used = targetsOf(panel).flatMap(({ expr }) => readExpression(expr).names);
    assert.ok(
      used.some((word) => word.startsWith(PREFIX + name) && rowOf(word) !== undefined),
      name,
    );
  }
});

test('an expression is taken apart into its names and labels', () => {
  assert.deepEqual(
    readExpression(
      'sum by (le, kind) (rate(faultline_gone_total{model=~"a|b", row="B12"}[5m])) / (x offset 1h > 0)',
    ),
    {
      names: ['sum', 'by', 'rate', 'faultline_gone_total', 'x', 'offset'],
      grouping: ['le', 'kind'],
      chosen: ['model'],
    },
  );
  assert.equal(rowOf('faultline_runs_total_bucket'), undefined);
});

/** What in a query cannot be: words that are unknown, labels that its metrics have not, choices that it leaves out. */
function mistakesIn({
  expr,
  legendFormat,
}: Pick<Target, 'expr' | 'legendFormat'>): readonly string[] {
  const { grouping, chosen } = readExpression(expr);
  const rows = rowsIn(expr);
  const isAggregated = grouping.length > 0 || /\b(?:sum|min|max)\b/.test(expr);
  return [
    ...unknownNames(expr),
    ...(rows.length === 0 ? ['no metric'] : []),
    ...rows.flatMap(({ labels = {}, type, by }) => {
      const own = [...Object.keys(labels), ...SCRAPED];
      const known = type === 'histogram' ? [...own, 'le'] : own;
      const shown = isAggregated ? grouping : known;
      const obeys = (label: string): boolean =>
        label === 'instance' ? by !== 'coordinator' : label in labels;
      return [
        ...[...grouping, ...chosen].filter((label) => !known.includes(label)),
        ...labelsOfLegend(legendFormat).filter((label) => !shown.includes(label)),
        ...CHOICES.filter((label) => obeys(label) !== chosen.includes(label)),
      ];
    }),
  ];
}

function assertDifferent(list: readonly unknown[]): void {
  const again = list.filter((one, i) => one === undefined || list.indexOf(one) !== i);
  assert.deepEqual(again, []);
}

/** As the formatter of the tree wants it: a list of one word on one line. */
function printed(dashboard: object): string {
  const text = JSON.stringify(dashboard, null, 2).replace(/\[\s+("[^"\n]*")\s+\]/g, '[$1]');
  return `${text}\n`;
}
