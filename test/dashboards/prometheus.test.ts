/** A real Prometheus scrapes what the registries export, and can answer every question of the dashboard. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { METRICS, type MetricRow, OPEN, type Role } from '../../corpus/exchange/metric-table.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { buildOverview } from '../../dashboards/grafana/overview.ts';
import { type DebianProgram, debianProgram, skipReason } from '../support/debian.ts';
import { startPrometheus, untilScraped } from './prometheus.ts';
import { dashboardQueries, runQueries } from './queries.ts';

const ABOUT = { version: '0.1.0', build: 'b'.repeat(64), models: ['canary', 'v42-immap-read'] };

const skip = await skipReason('prometheus');

test('every expression of the dashboard has an answer', { skip }, async (t) => {
  const addresses = await Promise.all(
    (['coordinator', 'worker', 'worker'] as const).map((role) =>
      serve(t, 'text/plain', scraped(role)),
    ),
  );
  const list = JSON.stringify([{ targets: addresses }]);
  const listAddress = await serve(t, 'application/json', () => Promise.resolve(list));
  const discovery = { url: `http://${listAddress}/targets`, refresh_interval: '1s' };
  const prometheus = await startPrometheus(await program(), [
    { job_name: 'faultline', http_sd_configs: [discovery] },
  ]);
  t.after(() => prometheus.stop());
  await untilScraped(prometheus, addresses.length, 2);

  const queries = dashboardQueries(buildOverview());
  const answers = await runQueries(prometheus, queries);
  const poor = answers.filter(
    ({ series, areFinite, labelsMissing, problem }) =>
      series === 0 || !areFinite || labelsMissing.length > 0 || problem !== null,
  );
  assert.deepEqual(poor, []);
  const [planted] = await runQueries(prometheus, [{ panel: '', expr: 'sum(rate(', legend: '' }]);
  assert.match(planted?.problem ?? '', /parse error/);
  const [empty] = await runQueries(prometheus, [{ panel: '', expr: 'faultline_gone', legend: '' }]);
  assert.equal(empty?.series, 0);
});

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

/** @returns host and port of a server that answers everything with the text, until the test ends */
async function serve(
  t: TestContext,
  contentType: string,
  text: () => Promise<string>,
): Promise<string> {
  const server: Server = createServer((_, response) => {
    text().then(
      (body) => response.setHeader('content-type', contentType).end(body),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
