/** Through the queue a batch comes to the same result as without it, whatever kind it is. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { queueName } from '../../corpus/exchange/keys.ts';
import { packFeatures, packSettled, unpackFeatures } from '../../corpus/exchange/named-lists.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { KINDS, type Result, type Work } from '../../corpus/vocabulary/messages.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { reportId } from '../../workers/service/fit-report.ts';
import { skipReason } from '../support/debian.ts';
import { modelNamed } from '../support/models.ts';
import { until } from '../support/patience.ts';
import { testDatabase, testRedis } from './redis.ts';
import { GARBAGE, throwIn } from './worker-garbage.ts';
import { pour, quickFolder, redisBytes } from './worker-pour.ts';
import {
  BUILD,
  batchOf,
  ENGINE,
  fuzzBatch,
  fuzzBatches,
  MODEL,
  ownPin,
  pinOf,
  Rig,
  type WorkerHere,
} from './worker-rig.ts';

const skip = await skipReason('redis-server');
const EVENTS_MAX = 1000;
/** Buffers of connections, mostly; 900 batches that stayed would be 1 MB. */
const GROWTH_MAX = 200_000;

/** The way of a finding, each step from the result of the one before. */
function workOfEveryKind(runner: WorkRunner, model: string): ReadonlyMap<string, Work> {
  const work = fuzzBatch(0, { model });
  const fuzzed = runner.run(work);
  assert.ok(fuzzed.kind === 'fuzz');
  const [witness] = fuzzed.witnesses;
  assert.ok(witness !== undefined);
  const minimize: Work = {
    kind: 'minimize',
    model,
    text: witness.text,
    signature: witness.signature,
    scheduler: witness.scheduler,
    runsToFirst: 1 + witness.run,
    origin: { rngSeed: work.rngSeed, batch: 0, run: witness.run, model },
    testsMax: 200,
  };
  const minimized = runner.run(minimize);
  assert.ok(minimized.kind === 'minimize' && minimized.record !== null);
  const { repro } = minimized.record;
  return new Map<string, Work>([
    ['fuzz', work],
    ['minimize', minimize],
    ['verify', { kind: 'verify', model, repro, notOn: 'another' }],
    ['compare', { kind: 'compare', repro, models: [model, 'v48-entry-lock'] }],
    ['canary', { kind: 'canary', batch: fuzzBatch(1, { model: 'canary' }) }],
  ]);
}

/** @param isOwn the model is not built in: its text travels with the batches */
async function reportsEveryKind(t: TestContext, isOwn: boolean): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), isOwn ? '{own}' : '{kinds}');
  const own = modelNamed('punch-without-fault-lock.json');
  const model = isOwn ? own.name : MODEL;
  const runner = new WorkRunner((name) => (name === own.name ? own : modelOf(name)), ENGINE);
  const works = workOfEveryKind(runner, model);
  const pins = [isOwn ? ownPin(own) : pinOf(MODEL), pinOf('v48-entry-lock'), pinOf('canary')];
  await rig.queue.add([...works].map(([id, work]) => ({ ...batchOf(id, work), models: pins })));
  const worker = await rig.worker().started();
  const reports = await rig.reported([...works.keys()]);
  for (const [id, work] of works) {
    const expected: Result = JSON.parse(JSON.stringify(runner.run(work)));
    assert.deepEqual(reports.get(id)?.result, expected);
  }
  await rig.emptied();
  assert.equal(await worker.stop(), 'done');
}

/** Connections to the database of the rig. */
async function connections(rig: Rig): Promise<number> {
  const [, own] = /^.* db=(\d+) /m.exec(String(await rig.client.client('INFO'))) ?? [];
  const all = String(await rig.client.client('LIST'));
  return all.split('\n').filter((line) => line.includes(` db=${own} `)).length;
}

async function takesTheMostUrgent(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{urgent}');
  const works = workOfEveryKind(new WorkRunner(modelOf, ENGINE), MODEL);
  const pins = [MODEL, 'v48-entry-lock', 'canary'];
  // One by one, the least urgent first.
  for (const kind of [...KINDS].reverse()) {
    await rig.queue.add([batchOf(kind, works.get(kind) as Work, pins)]);
  }
  const counts = await rig.queue.counts();
  for (const kind of KINDS) assert.deepEqual(counts[kind], { waiting: 1, active: 0 });
  const before = await connections(rig);
  const worker = await rig.worker({ jobs: 1 }).started();
  await rig.reported(KINDS);
  // One that waits for jobs, one for everything else.
  assert.equal((await connections(rig)) - before, 2);
  assert.deepEqual(await rig.client.lrange(rig.keys.arrivals, 0, -1), KINDS);
  await agesUntilItWorks(rig, worker);
  await worker.stop();
}

/** The age of its progress grows, and falls with the next batch. */
async function agesUntilItWorks(rig: Rig, worker: WorkerHere): Promise<void> {
  const age = async (): Promise<number> =>
    (await worker.metrics()).get('faultline_worker_progress_age_seconds') ?? Number.NaN;
  const first = await age();
  await until('more', async () => (await age()) > first);
  const last = await age();
  await rig.queue.add([batchOf('later', fuzzBatch(0))]);
  await until('less', async () => (await age()) < last);
}

async function knowsLists(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{lists}');
  const runner = new WorkRunner(modelOf, ENGINE);
  const first = runner.run(fuzzBatch(0));
  assert.ok(first.kind === 'fuzz');
  const packed = packFeatures(new Set(first.candidates.flatMap(({ features }) => features)));
  const exchange = new Exchange(rig.client, rig.keys);
  await exchange.putList(packed);
  const mistaken = packFeatures([1, 2, 3]);
  await exchange.putList({ ...mistaken, bytes: packed.bytes });
  const gone = 'a'.repeat(64);
  const digests = [packed.digest, mistaken.digest, gone];
  const settled = Object.keys(first.hits);
  assert.ok(settled.length > 0 && first.witnesses.length > 0);
  const { digest: settledDigest, bytes } = packSettled(settled);
  await exchange.putList({ digest: settledDigest, bytes });
  const batches = [
    ...digests.map((featuresDigest, i) => batchOf(`x${i}`, fuzzBatch(0, { featuresDigest }))),
    batchOf('x3', fuzzBatch(0, { settledDigest })),
  ];
  await rig.queue.add(batches);
  const worker = await rig.worker().started();
  const reports = await rig.reported(['x0', 'x1', 'x2', 'x3']);
  const features = unpackFeatures(packed) ?? undefined;
  const expected = runner.run(fuzzBatch(0), { features });
  assert.notDeepEqual(expected, first);
  assert.deepEqual(reports.get('x0')?.result, expected);
  assert.deepEqual(reports.get('x1')?.result, first);
  assert.deepEqual(reports.get('x2')?.result, first);
  assert.deepEqual(reports.get('x3')?.result, { ...first, witnesses: [] });
  await worker.stop();
}

async function givesUpGarbage(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testDatabase(t), '{garbage}');
  const good = fuzzBatches(40, { runs: 64 });
  const queue = `${rig.keys.prefix}:${queueName(BUILD)}`;
  for (const [i, batch] of good.entries()) {
    const garbage = GARBAGE[i];
    if (garbage !== undefined) await throwIn(rig.client, queue, garbage);
    await rig.queue.add([batch]);
  }
  const worker = await rig.worker().started();
  const wanted = GARBAGE.filter(({ reason }) => reason !== null).map(({ id }) => reportId(id));
  const reports = await rig.reported([...good.map(({ id }) => id), ...wanted]);
  for (const { id } of good) assert.equal(reports.get(id)?.result.kind, 'fuzz');
  for (const { name, id, reason } of GARBAGE) {
    const result = reports.get(reportId(id))?.result;
    if (reason === null) continue;
    assert.ok(result?.kind === 'quarantined', name);
    assert.match(result.reason, reason, name);
  }
  await rig.emptied();
  assert.equal(await worker.stop(), 'done');
}

async function leavesNothing(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testRedis(t), '{flat}');
  const worker = await rig.worker({ jobs: 1, dataDir: quickFolder(t) }).started();
  const queue = `${rig.keys.prefix}:${queueName(BUILD)}`;
  await pour(rig, 0, 300);
  const [keys, bytes] = [await rig.client.dbsize(), await redisBytes(rig)];
  await pour(rig, 300, 900);
  // The report is there before the job and its lock are gone.
  await until('the keys of jobs to go', async () => (await rig.client.dbsize()) <= keys + 1);
  // Redis trims by whole nodes of a hundred entries.
  assert.ok((await rig.client.xlen(`${queue}:events`)) < 1.2 * EVENTS_MAX);
  const growth = (await redisBytes(rig)) - bytes;
  assert.ok(growth < GROWTH_MAX, `${growth} bytes`);
  await worker.stop();
}

describe('a worker', { skip, concurrency: true }, () => {
  for (const [isOwn, of] of [
    [false, ''],
    [true, ' of a model that is not built in'],
  ] as const) {
    test(`reports of every kind of batch${of} what comes of it`, (t) => reportsEveryKind(t, isOwn));
  }
  test('takes the most urgent kind first, over two connections', takesTheMostUrgent);
  test('knows the lists that a batch names, as far as Redis has them', knowsLists);
  test('quarantines what is no batch, with a reason, and goes on with the others', givesUpGarbage);
  test('leaves nothing behind in Redis but reports', leavesNothing);
});
