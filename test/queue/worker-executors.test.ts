/** Executors that hang, run out of memory or are killed: replaced, their batch quarantined after the third. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { queueName } from '../../corpus/exchange/keys.ts';
import type {
  CanaryRun,
  FuzzBatch,
  Quarantined,
  Result,
} from '../../corpus/vocabulary/messages.ts';
import { ExecutorFailure, ExecutorPool, type Loss } from '../../workers/service/executors.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { testDatabase } from './redis.ts';
import { BUILD, batchOf, ENGINE, fuzzBatch, fuzzBatches, Rig } from './worker-rig.ts';

const skip = await skipReason('redis-server');
const HANG_MS = 60_000;
/** Far more than any test waits for. */
const ENDLESS = fuzzBatch(0, { runs: 1 << 24 });
/** Nearly a megabyte, as a batch may weigh, and five once they are strings in a set. */
const HEAVY = fuzzBatch(0, {
  runs: 64,
  settled: Array.from({ length: 65_000 }, (_, i) => `x${i.toString(36).padStart(11, '0')}`),
});
const LIGHT = fuzzBatch(0, { runs: 64 });

/** A canary counts no runs while it is under way. */
const SILENT: CanaryRun = { kind: 'canary', batch: ENDLESS };

async function endsOf(heapMb: number, works: readonly FuzzBatch[]): Promise<readonly string[]> {
  const pool = new ExecutorPool({ count: 1, engine: ENGINE, name: 'heap', heapMb });
  const ends: string[] = [];
  for (const work of works) {
    const end = pool.execute(work).then(
      () => 'done',
      (error: unknown) => (error instanceof ExecutorFailure ? error.failure : String(error)),
    );
    ends.push(await end);
  }
  await pool.close();
  return ends;
}

/** Megabytes: V8 gives up at one time a little before its limit and at another behind it. */
const HEAP_MARGIN = 1;

/** A heap in which the light work fits and the heavy does not; how much that is differs between Nodes. */
async function narrowHeap(): Promise<number> {
  // In less not even a thread starts.
  for (let heapMb = 12; heapMb < 24; heapMb++) {
    const [light] = await endsOf(heapMb, [LIGHT]);
    if (light !== 'done') continue;
    const [, heavy] = await endsOf(heapMb + HEAP_MARGIN, [LIGHT, HEAVY]);
    assert.equal(heavy, 'memory', 'the heavy work needs more');
    return heapMb + HEAP_MARGIN;
  }
  assert.fail('no heap is large enough for the light work');
}

/** Time goes by only here, each time that runs were made. */
async function leavesAlone(t: TestContext): Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const counted: number[] = [];
  const pool = new ExecutorPool({
    count: 1,
    engine: ENGINE,
    name: 'slow',
    hangMs: HANG_MS,
    counted: (_, { runs }) => counted.push(runs),
  });
  t.after(() => pool.close());
  const work = fuzzBatch(0, { runs: 20_000 });
  let result: Result | undefined;
  const done = pool.execute(work).then((answer) => {
    result = answer.result;
  });
  let seen = 0;
  let deadlines = 0;
  while (result === undefined) {
    await Promise.race([setImmediate(), done]);
    if (pool.busy === 0 || pool.totals.runs === seen) continue;
    t.mock.timers.tick(HANG_MS);
    // The deadline looks first: what is more than this, it has not seen either.
    seen = pool.totals.runs;
    deadlines += 1;
  }
  assert.ok(deadlines > 1, 'it took longer than one that hangs');
  assert.ok(result.kind === 'fuzz' && result.runs === work.runs);
  assert.deepEqual(counted, [work.runs]);
  await pool.close();
  assert.equal(pool.totals.runs, work.runs);
}

async function replacesLoading(t: TestContext): Promise<void> {
  const losses: Loss[] = [];
  const pool = await new Promise<ExecutorPool>((resolve) => {
    const made: ExecutorPool = new ExecutorPool({
      count: 1,
      engine: ENGINE,
      name: 'stuck',
      startMs: 1,
      replaced: (loss) => {
        losses.push(loss);
        resolve(made);
      },
    });
  });
  t.after(() => pool.close());
  assert.equal(losses[0], 'hang');
  // A slow machine is no defect: each has twice the time of the one before, until one is there.
  await pool.execute(LIGHT);
  assert.ok(losses.every((loss) => loss === 'hang'));
}

/** The answer comes, but its process has time for it only after the deadline. */
async function countsOnce(t: TestContext): Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let counted = 0;
  const pool = new ExecutorPool({
    count: 1,
    engine: ENGINE,
    name: 'late',
    hangMs: HANG_MS,
    counted: () => {
      counted += 1;
    },
  });
  t.after(() => pool.close());
  // It is refused at once, without a run.
  const wrong = { kind: 'verify', model: LIGHT.model, repro: 'none', notOn: '' } as const;
  await assert.rejects(pool.execute(wrong), /found "none"/);
  const late = assert.rejects(pool.execute(wrong), /no answer and no run within 60 s/);
  // It answers meanwhile, and nobody looks.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  t.mock.timers.tick(HANG_MS);
  await late;
  for (let looks = 0; looks < 3; looks++) await setImmediate();
  assert.equal(counted, 2);
}

describe('a worker whose executors', { skip, concurrency: true }, () => {
  test('hang goes on without them', async (t) => {
    const rig = new Rig(t, await testDatabase(t), '{hang}');
    const good = fuzzBatches(12, { runs: 64 });
    await rig.queue.add([batchOf('endless', SILENT), ...good]);
    const worker = rig.worker({ limits: { hangMs: 1000 } });
    const reports = await rig.reported(['endless', ...good.map(({ id }) => id)]);
    const given = reports.get('endless')?.result as Quarantined;
    assert.match(given.reason, /^hang: executor \S+: no answer and no run within 1 s$/);
    assert.equal(given.starts, 3);
    for (const { id } of good) assert.equal(reports.get(id)?.result.kind, 'fuzz');
    // More where a starved one seemed to hang too.
    assert.ok(worker.lines.filter(({ msg }) => msg === 'replaced an executor').length >= 3);
    await rig.emptied();
    await worker.stop();
  });

  test('run out of memory goes on without them', async (t) => {
    const heapMb = await narrowHeap();
    const rig = new Rig(t, await testDatabase(t), '{memory}');
    const good = fuzzBatches(6, { runs: 64 });
    await rig.queue.add([batchOf('heavy', HEAVY), ...good]);
    const worker = rig.worker({ jobs: 1, limits: { heapMb } });
    const reports = await rig.reported(['heavy', ...good.map(({ id }) => id)]);
    const given = reports.get('heavy')?.result as Quarantined;
    assert.match(given.reason, /^memory: /);
    assert.equal(given.starts, 3);
    for (const { id } of good) {
      const result = reports.get(id)?.result;
      assert.equal(result?.kind, 'fuzz', JSON.stringify(result));
    }
    assert.ok(!worker.hasEnded);
    await worker.stop();
  });

  test('are killed tries again, three times in all', async (t) => {
    const rig = new Rig(t, await testDatabase(t), '{killed}');
    await rig.queue.add([batchOf('endless', ENDLESS)]);
    // So often it was only in the hand of a worker that was killed.
    const job = `${rig.keys.prefix}:${queueName(BUILD)}:endless`;
    await rig.client.hset(job, { ats: '5' });
    const worker = await rig.worker({ jobs: 1, mayBeHurt: true }).started();
    for (let kills = 0; kills < 3; kills++) {
      await until(`batch under way after ${kills} kills`, async () => {
        const metrics = await worker.metrics();
        const isBusy = metrics.get('faultline_worker_executors_busy') === 1;
        return isBusy && metrics.get('faultline_worker_restarts_total{cause="crash"}') === kills;
      });
      process.kill(process.pid, 'SIGUSR2');
    }
    const reports = await rig.reported(['endless']);
    const given = reports.get('endless')?.result as Quarantined;
    assert.match(given.reason, /^crash: executor \S+: it was killed$/);
    assert.equal(given.starts, 5 + 3);
    await worker.stop();
  });

  test('are one verify on another', async (t) => {
    const pool = new ExecutorPool({ count: 1, engine: ENGINE, name: 'sole' });
    t.after(() => pool.close());
    const [first] = await Promise.all([pool.execute(LIGHT)]);
    assert.equal(first.executor, 'sole.1');
    const verify = { kind: 'verify', model: LIGHT.model, repro: 'none', notOn: 'sole.1' } as const;
    await assert.rejects(pool.execute(verify, { notOn: 'sole.1' }), /found "none"/);
    assert.equal((await pool.execute(LIGHT)).executor, 'sole.2');
  });
});

// Not at the same time as the others: they hold up their thread and its timers.
describe('executors', () => {
  test('that take long, and make runs, are left alone', leavesAlone);
  test('that hang while they start are replaced', replacesLoading);
  test('whose answer is late are replaced, and their work is counted once', countsOnce);
});
