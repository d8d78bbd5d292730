/** A batch that takes several times as long as its lock lasts is started once, and reported once (R15). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueName } from '../../corpus/exchange/keys.ts';
import { skipReason } from '../support/debian.ts';
import { figure, until } from '../support/patience.ts';
import { testDatabase } from './redis.ts';
import { BUILD, batchOf, fuzzBatch, Rig } from './worker-rig.ts';

/** Three of them on the fastest core that was seen. */
const LOCK_MS = 5000;
const RUNS = 3_000_000;

test('a batch of several locks is started once', {
  skip: await skipReason('redis-server'),
}, async (t) => {
  const rig = new Rig(t, await testDatabase(t), '{long-batch}');
  const job = `${rig.keys.prefix}:${queueName(BUILD)}:long`;
  await rig.queue.add([batchOf('long', fuzzBatch(0, { runs: RUNS }))]);
  // Another worker would take it, were it thought lost.
  const workers = [rig.worker({ jobs: 1 }), rig.worker({ jobs: 1 })];
  const startedMs = performance.now();
  let starts = 0;
  await until('its report', async () => {
    starts = Math.max(starts, Number((await rig.client.hget(job, 'ats')) ?? 0));
    return (await rig.reports()).has('long');
  });
  figure(`${((performance.now() - startedMs) / LOCK_MS).toFixed(1)} times as long as its lock`);
  assert.equal(starts, 1);
  assert.equal((await rig.reports()).get('long')?.result.kind, 'fuzz');
  for (const worker of workers) await worker.stop();
});
