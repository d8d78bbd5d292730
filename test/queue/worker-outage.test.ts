/** Workers and Redis that die, hang and come back: no report is lost, nobody waits for ever, nobody shouts. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { figure, PATIENCE_MS, secondsSince, until } from '../support/patience.ts';
import { testDatabase, testRedis } from './redis.ts';
import { batchOf, fuzzBatch, fuzzBatches, Rig } from './worker-rig.ts';

const skip = await skipReason('redis-server');
const DURABLE = ['--appendonly', 'yes'];
/** Some 25 ms. */
const RUNS = 1000;
/** A second: it is still under way when it is seen to have been taken. */
const LONG = fuzzBatch(0, { runs: 40 * RUNS });
const ENDLESS = fuzzBatch(0, { runs: 1 << 24 });

async function killed(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{killed}');
  await rig.queue.add([batchOf('endless', ENDLESS)]);
  const victim = await rig.child({ jobs: 1 }).started();
  await victim.isBusy(1);
  const limits = { drainMs: 0 };
  const heir = await rig.worker({ jobs: 1, limits }).started();
  const killedMs = performance.now();
  victim.signal('SIGKILL');
  await heir.isBusy(1);
  figure(`a batch of a killed worker was in another's hand after ${secondsSince(killedMs)}`);
  await heir.stop();
}

async function outage(t: TestContext): Promise<void> {
  const redis = await testRedis(t, DURABLE);
  const rig = new Rig(t, redis, '{outage}');
  const batches = fuzzBatches(24, { runs: RUNS });
  await rig.queue.add(batches);
  const worker = await rig.worker().started();
  await until('reports', async () => (await rig.reports()).size >= 2);
  await redis.kill();
  await until('word of it', async () => (await worker.get('/readyz')).status === 503);
  assert.equal((await worker.get('/livez')).status, 200);
  await redis.start();
  const reports = await rig.reported(batches.map(({ id }) => id));
  assert.equal((await worker.get('/readyz')).status, 200);
  for (const { result } of reports.values()) assert.equal(result.kind, 'fuzz');
  await rig.emptied();
  await worker.hasSaid(/is back/);
  const [lost, ...more] = worker.warnings;
  assert.match(lost ?? '', /^lost the Redis at /);
  assert.deepEqual(more, []);
  await rig.logged();
  await until('empty spool', () => worker.spooled.length === 0);
  await worker.stop();
}

/** No coordinator is there: what has been reported is on the workers' disks alone. */
async function emptied(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{emptied}');
  const batches = fuzzBatches(12, { runs: RUNS });
  const ids = batches.map(({ id }) => id);
  await rig.queue.add(batches);
  const worker = await rig.worker().started();
  await rig.reported(ids);
  await rig.emptied();
  await rig.client.flushdb();
  await rig.reported(ids);
  assert.equal(worker.spooled.length, ids.length);
  await rig.logged();
  await until('empty spool', () => worker.spooled.length === 0);
  await worker.stop();
}

async function inherited(t: TestContext): Promise<void> {
  const redis = await testRedis(t, DURABLE);
  const rig = new Rig(t, redis, '{spool}');
  await rig.queue.add([batchOf('x', LONG)]);
  const dead = await rig.child({ jobs: 1 }).started();
  await rig.taken();
  await redis.kill();
  await until('spooled report', () => dead.spooled.length === 1);
  dead.signal('SIGKILL');
  await dead.exit();
  await redis.start();
  // So that nobody can compute it again.
  await rig.client.flushall();
  const heir = rig.worker({ dataDir: dead.dataDir });
  const report = (await rig.reported(['x'])).get('x');
  assert.match(report?.executor ?? '', new RegExp(`-${dead.pid}-`));
  await rig.logged();
  await until('empty spool', () => heir.spooled.length === 0);
  await heir.stop();
}

async function drained(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{term}');
  // Forty seconds' worth: however late the signal comes, some are left.
  const all = fuzzBatches(400, { runs: 4 * RUNS });
  await rig.queue.add(all);
  // However busy the machine is.
  const limits = { drainMs: PATIENCE_MS };
  const worker = await rig.child({ jobs: 1, limits }).started();
  await rig.reported(['x0']);
  worker.signal('SIGTERM');
  assert.equal(await worker.exit(), 0);
  const { waiting, active } = (await rig.queue.counts()).fuzz;
  assert.equal(active, 0);
  assert.ok(waiting > 0);
  assert.equal((await rig.reports()).size, all.length - waiting);
  assert.equal(await rig.client.hlen(rig.keys.workers), 0);
}

async function tooLong(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{long}');
  await rig.queue.add([batchOf('endless', ENDLESS)]);
  const worker = await rig.worker({ jobs: 1, limits: { drainMs: 300 } }).started();
  await worker.isBusy(1);
  assert.equal(await worker.stop(), 'done');
  assert.equal((await rig.queue.counts()).fuzz.active, 1);
}

async function toldTwice(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{twice}');
  await rig.queue.add([batchOf('endless', ENDLESS)]);
  const limits = { drainMs: PATIENCE_MS };
  const worker = await rig.child({ jobs: 1, limits }).started();
  await worker.isBusy(1);
  worker.signal('SIGTERM');
  await until('second signal to be meant', async () => {
    worker.signal('SIGTERM');
    return worker.hasEnded;
  });
  assert.equal(await worker.exit(), 128 + 15);
}

describe('workers', { skip, concurrency: true }, () => {
  test('that are killed leave their batches to others, soon', killed);
  test('go on when Redis was killed, and say so in two lines', outage);
  test('report again what an emptied Redis has lost', emptied);
  test('deliver what a dead one left on the disk', inherited);
  test('finish at a SIGTERM what they have in hand, and nothing else', drained);
  test('leave a batch that takes too long to others', tooLong);
  test('end at once when they are told twice', toldTwice);

  for (const how of ['down', 'hung'] as const) {
    test(`end also while Redis is ${how}, with their reports on the disk`, async (t) => {
      const redis = await testRedis(t, DURABLE);
      const rig = new Rig(t, redis, `{${how}}`);
      await rig.queue.add([batchOf('x', LONG)]);
      // Where Redis hangs this is waited for, so the batch ends before.
      const limits = { drainMs: how === 'down' ? PATIENCE_MS : 300 };
      const worker = await rig.child({ jobs: 1, limits }).started();
      // Taken from the queue, it may not have been begun.
      await worker.isBusy(1);
      const pid = Number(/process_id:(\d+)/.exec(await rig.client.info('server'))?.[1]);
      if (how === 'down') await redis.kill();
      else process.kill(pid, 'SIGSTOP');
      if (how === 'hung') await until('a report', () => worker.spooled.length === 1);
      worker.signal('SIGTERM');
      assert.equal(await worker.exit(), 0);
      assert.equal(worker.spooled.length, 1);
      if (how === 'hung') process.kill(pid, 'SIGCONT');
    });
  }
});
