/** A real Prometheus scrapes what the registries export, and can answer every question of dashboards and rules. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { METRICS, type MetricRow, OPEN, type Role } from '../../corpus/exchange/metric-table.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { skipReason } from '../support/debian.ts';
import { isPoor, program, QUERIES, unnamed } from './everything.ts';
import { startPrometheus, untilScraped } from './prometheus.ts';
import { runQueries } from './queries.ts';

const ABOUT = { version: '0.1.0', build: 'b'.repeat(64), models: ['canary', 'v42-immap-read'] };

const skip = await skipReason('prometheus');

test('every expression of a dashboard or rule has an answer where something of everything happens', {
  skip,
}, async (t) => {
  const roles = [
    ['coordinator', 'coordinator'],
    ['workers', 'worker'],
  ] as const;
  const jobs = roles.map(async ([job_name, role]) => {
    return { job_name, static_configs: [{ targets: [await exported(t, role)] }] };
  });
  const prometheus = await startPrometheus(await program(), await Promise.all(jobs));
  t.after(() => prometheus.stop());
  await untilScraped(prometheus, 2, 3);
  assert.deepEqual((await runQueries(prometheus, QUERIES)).filter(isPoor), []);
  const [planted] = await runQueries(prometheus, [unnamed('sum(rate(')]);
  assert.match(planted?.problem ?? '', /parse error/);
  const [empty] = await runQueries(prometheus, [unnamed('faultline_gone')]);
  assert.equal(empty?.series, 0);
});

/** Where the metrics of a process of that role are. */
async function exported(t: Pick<TestContext, 'after'>, role: Role): Promise<string> {
  const text = scraped(role);
  const server = createServer((_, outgoing) => {
    void text().then((said) => outgoing.end(said));
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
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
