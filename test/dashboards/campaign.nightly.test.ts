/** A real Prometheus beside a real campaign: what is exported answers every question, and is what the campaign says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERTS } from '../../dashboards/prometheus/rules.ts';
import { Up } from '../chaos/up.ts';
import { skipReason } from '../support/debian.ts';
import { isPoor, program, QUERIES, RARE, unnamed } from './everything.ts';
import { type Prometheus, SCRAPE_MS, startPrometheus, untilScraped } from './prometheus.ts';
import { type Answer, runQueries } from './queries.ts';

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
  let poor: readonly Answer[] = [];
  await up
    .until(
      'an answer to everything',
      async () => {
        const answers = await runQueries(prometheus, QUERIES);
        poor = answers.filter(isPoor);
        return poor.length === 0;
      },
      SCRAPE_MS,
    )
    .catch((error: unknown) => assert.deepEqual(poor, [], String(error)));
  // Nothing has gone wrong, and nothing new need have been found just now.
  for (const { problem, expr } of await runQueries(prometheus, RARE.map(unnamed))) {
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
  await honest(up, prometheus);
  up.signal('SIGINT');
  assert.equal((await up.ended()).exit, 0, up.said);
});

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
