/** A real Prometheus scrapes what the registries export, and can answer every question of dashboards and rules. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { METRICS, type MetricRow, OPEN, type Role } from '../../corpus/exchange/metric-table.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { buildDashboards } from '../../dashboards/grafana/dashboards.ts';
import { ALERTS } from '../../dashboards/prometheus/rules.ts';
import { Up } from '../chaos/up.ts';
import { type DebianProgram, debianProgram, skipReason } from '../support/debian.ts';
import { selectorsIn } from './expressions.ts';
import { type Prometheus, SCRAPE_MS, startPrometheus, untilScraped } from './prometheus.ts';
import {
  type Answer,
  annotationsOf,
  dashboardQueries,
  type PanelQuery,
  runQueries,
} from './queries.ts';

const ABOUT = { version: '0.1.0', build: 'b'.repeat(64), models: ['canary', 'v42-immap-read'] };

const skip = await skipReason('prometheus');

test('every expression of a dashboard or rule has an answer in a real campaign', {
  skip,
}, async (t) => {
  const up = await Up.start(t, ['--jobs', '1', '--model', 'v42-immap-read', 'canary']);
  await up.until('findings', async () => {
    return ((await up.status())?.findings.published ?? 0) > 2;
  });
  const origin = new URL(up.url() ?? '');
  const workers = { url: `${origin.origin}/api/v1/sd`, refresh_interval: '1s' };
  const prometheus = await startPrometheus(await program(), [
    { job_name: 'coordinator', static_configs: [{ targets: [origin.host] }] },
    { job_name: 'workers', http_sd_configs: [workers] },
  ]);
  t.after(() => prometheus.stop());
  // Until it has discovered them, which takes 5 s, nothing need be computed.
  await up.control('pause');
  await untilScraped(prometheus, 2, 2);
  await up.control('resume');
  const dashboards = buildDashboards().map(({ dashboard }) => dashboard);
  const rare = [
    ...dashboards.flatMap(annotationsOf).map(({ expr }) => expr.replace('$__interval', '2s')),
    ...ALERTS.map(({ expr }) => expr),
  ];
  const queries = [
    ...dashboards.flatMap((dashboard) => dashboardQueries(dashboard)),
    ...rare.flatMap(selectorsIn).map(unnamed),
  ];
  let poor: readonly Answer[] = [];
  await up
    .until(
      'an answer to everything',
      async () => {
        const answers = await runQueries(prometheus, queries);
        poor = answers.filter(
          ({ series, areFinite, labelsMissing, problem }) =>
            series === 0 || !areFinite || labelsMissing.length > 0 || problem !== null,
        );
        return poor.length === 0;
      },
      SCRAPE_MS,
    )
    .catch((error: unknown) => assert.deepEqual(poor, [], String(error)));
  // Nothing has gone wrong, and nothing new need have been found just now.
  for (const { problem, expr } of await runQueries(prometheus, rare.map(unnamed))) {
    assert.equal(problem, null, expr);
  }
  const firing = await runQueries(
    prometheus,
    ALERTS.map(({ expr }) => unnamed(expr)),
  );
  assert.deepEqual(
    firing.filter(({ series }) => series > 0).map(({ expr }) => expr),
    [],
  );
  const [planted] = await runQueries(prometheus, [unnamed('sum(rate(')]);
  assert.match(planted?.problem ?? '', /parse error/);
  const [empty] = await runQueries(prometheus, [unnamed('faultline_gone')]);
  assert.equal(empty?.series, 0);
  await honest(up, prometheus);
  up.signal('SIGINT');
  assert.equal((await up.ended()).exit, 0, up.said);
});

function unnamed(expr: string): PanelQuery {
  return { panel: '', expr, legend: '' };
}

/** What is exported is what the campaign says of itself. */
async function honest(up: Up, prometheus: Prometheus): Promise<void> {
  const before = await up.status();
  await untilScraped(prometheus, 2, 2);
  const [runs] = await prometheus.query('sum(faultline_runs_total)');
  const after = await up.status();
  assert.ok(before !== undefined && after !== undefined && runs !== undefined);
  assert.ok(runs.value <= after.runs && runs.value > 0, `${runs.value} runs, ${after.runs}`);
  const [unique] = await prometheus.query('sum(faultline_findings_published)');
  assert.ok((unique?.value ?? 0) <= after.findings.published);
}

test('the linter of Prometheus has nothing to say about what is exported', { skip }, async () => {
  const { promtool, env } = await program();
  assert.ok(promtool !== undefined);
  for (const role of ['coordinator', 'worker'] as const) {
    const input = await scraped(role)();
    const lint = (text: string): ReturnType<typeof spawnSync> =>
      spawnSync(promtool, ['check', 'metrics'], { input: text, env, encoding: 'utf8' });
    const { status, stdout, stderr } = lint(input);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    assert.notEqual(lint(input.replaceAll('_total', '_amount')).status, 0);
  }
});

async function program(): Promise<DebianProgram> {
  const found = await debianProgram('prometheus');
  assert.ok(!('missing' in found));
  return found;
}

/** The text of a process in which something of everything happens between two scrapes. */
function scraped(role: Role): () => Promise<string> {
  const metrics = metricsFor(role, ABOUT);
  // Names, types and labels come from the table itself, which the compiler cannot follow through a loop.
  const { inc, set, observe } = looselyTyped(metrics);
  return () => {
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) {
      if (row.by !== role) continue;
      for (const labels of labelsOf(row)) {
        if (row.type === 'counter') inc(name, labels, 3);
        else if (row.type === 'gauge') set(name, labels, plausible(name, row));
        else observe(name, labels, row.buckets?.[2] ?? 1);
      }
    }
    return metrics.text();
  };
}

type Fill = (name: string, labels: object, value: number) => void;

function looselyTyped(metrics: object): Readonly<Record<'inc' | 'set' | 'observe', Fill>> {
  const loose = metrics as Readonly<Record<'inc' | 'set' | 'observe', Fill>>;
  return {
    inc: (name, labels, by) => loose.inc(name, labels, by),
    set: (name, labels, value) => loose.set(name, labels, value),
    observe: (name, labels, value) => loose.observe(name, labels, value),
  };
}

function plausible(name: string, { unit }: MetricRow): number {
  if (name.endsWith('_timestamp_seconds')) return Date.now() / 1000;
  return { seconds: 0.25, bytes: 1 << 20, count: 7, flag: 1 }[unit];
}

function labelsOf({ labels = {} }: MetricRow): readonly Readonly<Record<string, string>>[] {
  return Object.entries(labels).reduce<readonly Readonly<Record<string, string>>[]>(
    (chosen, [label, values]) =>
      (values === OPEN ? ABOUT.models : values).flatMap((value) =>
        chosen.map((rest) => ({ ...rest, [label]: value })),
      ),
    [{}],
  );
}
