/** A coordinator whose Redis is not there yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { faultlineHere, MAIN } from '../cli/faultline.ts';
import { Talking } from '../e2e/fuzz.ts';
import { testRedis } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import {
  coordinator,
  hands,
  Scene,
  servingCoordinator,
  statusOf,
  TOKEN,
  untilPublished,
} from './scene.ts';

const skip = await skipReason('redis-server');

test('while its Redis is not there yet, a coordinator shows what it has and begins nothing', {
  skip,
}, async (t) => {
  const scene = await Scene.at(t, (t) => testRedis(t, ['--appendonly', 'yes']));
  hands(t, scene);
  const first = await coordinator(scene);
  await untilPublished(first, 2);
  await first.stop();
  const stored = new FindingStore(scene.dataDir).list().findings.length;
  await scene.redis.kill();
  const running = await servingCoordinator(scene);
  assert.equal((await fetch(`${running.url}/livez`)).status, 200);
  const unready = await fetch(`${running.url}/readyz`);
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /Redis does not answer/);
  const status = await statusOf(running);
  assert.equal(status.state, 'starting');
  assert.ok(status.findings.published >= stored && stored >= 2);
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  assert.match(metrics, /^faultline_campaign_running 0$/m);
  assert.match(metrics, /^faultline_redis_up 0$/m);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const paused = await fetch(`${running.url}/api/v1/campaign/pause`, { method: 'POST', headers });
  assert.equal(paused.status, 503);
  assert.match(await paused.text(), /the campaign has yet to start: Redis does not answer/);
  await scene.redis.start();
  await until('it goes on', async () => (await statusOf(running)).runs > status.runs);
});

test('while it waits for Redis, `daemon` is there for `status`, and ends at the first signal', {
  skip,
}, async (t) => {
  const redis = await testRedis(t);
  await redis.kill();
  const folder = temporaryFolder(t);
  const args = ['daemon', '--redis', redis.url, '--port', '0', '--model', 'canary'];
  const daemon = new Talking([MAIN, ...args], folder);
  t.after(() => daemon.interrupt());
  await daemon.until(/no Redis at unix:.*; waiting for it/);
  const { stdout, stderr, exit } = await faultlineHere(['status'], folder);
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^campaign {2}none yet on http:.*: starting/);
  assert.match(stdout, /^redis {5}down/m);
  daemon.interrupt();
  assert.equal((await daemon.ended()).exit, 0);
});
