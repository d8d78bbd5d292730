/** A batch determines its report, a plan depends on the frontier alone, and a campaign on no executor's pace. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import type { FuzzBatch, FuzzResult } from '../../corpus/vocabulary/messages.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { Frontier } from '../../daemon/campaign/frontier.ts';
import { planFuzzBatch, SHARES } from '../../daemon/campaign/plan-batch.ts';
import { FuzzRunner } from '../../workers/batch/fuzz-batch.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from './support/search.ts';

const MODEL = 'v42-immap-read';
const SEEDS = ['b12-fault-vs-punch', 'b09-store-vs-store', 'b10-load-vs-store'].map((name) =>
  printInput({ ...seedNamed(name), schedule: EMPTY_SCHEDULE }),
);

function batch(index: number, change: Partial<FuzzBatch> = {}): FuzzBatch {
  return {
    kind: 'fuzz',
    index,
    model: MODEL,
    rngSeed: RNG_SEED,
    runs: 512,
    sources: [
      { kind: 'given', texts: SEEDS, statesMax: 0, schedules: 32 },
      { kind: 'mutate', parents: SEEDS, runs: 200 },
      { kind: 'fresh' },
    ],
    settledDigest: null,
    settled: [],
    featuresDigest: null,
    ...change,
  };
}

test('a batch gives the same report, whatever its runner did before', () => {
  const busy = new FuzzRunner(modelOf(MODEL));
  const others = [3, 1, 2].map((index) => busy.run(batch(index)));
  for (const [i, index] of [3, 1, 2].entries()) {
    assert.deepEqual(new FuzzRunner(modelOf(MODEL)).run(batch(index)), others[i]);
  }
  assert.notDeepEqual(others[0], { ...others[1], index: 3 });
});

test('a report counts what was asked for, and its witnesses show what they are for', () => {
  const report = new FuzzRunner(modelOf(MODEL)).run(batch(0));
  assert.equal(report.runs, 512);
  assert.ok(report.witnesses.length > 0 && report.candidates.length > 0);
  assert.deepEqual(
    [...new Set(report.witnesses.map(({ signature }) => signature))].sort(),
    Object.keys(report.hits).sort(),
  );
  assertShown(report);
});

function assertShown(report: FuzzResult): void {
  const engine = new Engine(modelOf(MODEL));
  assert.ok(report.witnesses.length > 0);
  for (const { signature, text, run } of report.witnesses) {
    const input = parseInput(text, signature);
    engine.load(input);
    const { verdict } = engine.trace(input.schedule);
    assert.ok(verdict.kind === 'violation', signature);
    assert.ok(verdict.violations.some((violation) => violation.signature === signature));
    assert.ok((report.hits[signature]?.first ?? Number.POSITIVE_INFINITY) <= run);
  }
}

test('given workloads are searched first, to the last interleaving or as far as they may', () => {
  const runner = new FuzzRunner(modelOf(MODEL));
  const given = (statesMax: number): FuzzResult =>
    runner.run(
      batch(0, { runs: 1, sources: [{ kind: 'given', texts: SEEDS, statesMax, schedules: 1 }] }),
    );
  const all = given(30_000);
  assert.deepEqual(all.breadth, { workloads: 1, given: 3, exhausted: 3 });
  const shown = all.witnesses.map(({ signature }) => rowOf(signature)?.id);
  for (const id of ['B09', 'B10', 'B12']) assert.ok(shown.includes(id), id);
  const cut = given(10);
  assert.deepEqual(cut.breadth, { workloads: 1, given: 3, exhausted: 0 });
});

test('what is settled is counted, but brings no witness', () => {
  const runner = new FuzzRunner(modelOf(MODEL));
  const all = runner.run(batch(0));
  const settled = Object.keys(all.hits).slice(0, 2);
  const report = runner.run(batch(0, { settled }));
  assert.deepEqual(report.hits, all.hits);
  assert.deepEqual(
    report.witnesses,
    all.witnesses.filter(({ signature }) => !settled.includes(signature)),
  );
});

test('a scope is searched without a run, and its witnesses show what they are for', () => {
  const scope = { threads: 2, ops: 1, pages: 1, kinds: ['store', 'punch', 'load'] } as const;
  const budget = { states: 1 << 20, statesMax: 1 << 17 };
  const sources = [{ kind: 'sweep', scope, from: 0, to: null, ...budget }] as const;
  const report = new FuzzRunner(modelOf(MODEL)).run(batch(0, { sources }));
  const { swept, hits } = report;
  assert.equal(report.runs, 0);
  assert.deepEqual(swept?.kinds, ['load', 'store', 'punch']);
  assert.ok(swept.to === swept.of && swept.inconclusive === 0);
  assert.deepEqual(Object.keys(hits).sort(), swept.signatures);
  assert.ok(swept.signatures.some((signature) => rowOf(signature)?.id === 'B12'));
  assertShown(report);
});

test('a thread alone meets no pair of threads: features need two that touch one object', () => {
  const alone = `faultline input 1
file A size 4096 pages hole
process P0 a0 A 0 4096 shared
thread T0 P0
store a0 0
punch A 0 4096
pwrite A 0 4096
load a0 0
first T0
`;
  const size = new Engine(modelOf(MODEL)).program.size;
  const featuresOf = (text: string): readonly number[] => {
    const sources = [{ kind: 'given', texts: [text], statesMax: 0, schedules: 16 }] as const;
    const report = new FuzzRunner(modelOf(MODEL)).run(batch(0, { runs: 16, sources }));
    return report.candidates.flatMap(({ features }) => features);
  };
  const pairs = (text: string): number =>
    featuresOf(text).filter((feature) => feature < size * size).length;
  assert.equal(pairs(alone), 0);
  // Edges of the lock-class graph one thread draws as well.
  assert.ok(featuresOf(alone).length > 0);
  assert.ok(pairs(SEEDS[0] ?? '') > 0);
});

// ---- frontier and planner ---------------------------------------------------------------------------------

function planOf(index: number, rngSeed: number, frontier: Frontier): FuzzBatch {
  const need = { model: MODEL, runs: 1024, seeds: [], sweep: null, shares: SHARES };
  return planFuzzBatch({
    ...need,
    index,
    rngSeed,
    frontier,
    featuresDigest: null,
    settled: { digest: null, others: ['x'] },
  });
}

function frontierOf(reports: readonly FuzzResult[]): Frontier {
  const frontier = new Frontier();
  for (const report of reports) frontier.fold(report);
  return frontier;
}

test('a plan is a function of rngSeed, number and frontier', () => {
  const runner = new FuzzRunner(modelOf(MODEL));
  const reports = [0, 1, 2].map((index) => runner.run(batch(index)));
  const plans = [frontierOf(reports), frontierOf(reports)].map((frontier) =>
    [70, 72, 74].map((k) => planOf(k, RNG_SEED, frontier)),
  );
  assert.deepEqual(plans[0], plans[1]);
  const [first] = plans[0] ?? [];
  assert.ok(first?.sources.some(({ kind }) => kind === 'mutate'));
  assert.notDeepEqual(planOf(70, RNG_SEED ^ 1, frontierOf(reports)), first);
});

test('a frontier admits each feature once, and the order of reports decides only who brought it', () => {
  const runner = new FuzzRunner(modelOf(MODEL));
  const reports = [0, 1, 2].map((index) => runner.run(batch(index)));
  const forward = frontierOf(reports);
  assert.equal(forward.size, frontierOf([...reports].reverse()).size);
  const added = forward.entries.reduce((sum, { featureCount }) => sum + featureCount, 0);
  assert.equal(added, forward.size);
  const { entries } = forward;
  const before = entries.length;
  for (const report of reports) forward.fold(report);
  assert.equal(entries.length, before);
});

test('each way into a cycle of locks has a witness, and the deadlock has one of its own', () => {
  const model = 'v43rc-immap-write';
  const signature = 'lock-cycle iMmapRwsem pageLock';
  const seed = seedNamed('b03-mkwrite-vs-store');
  const texts = [printInput({ ...seed, schedule: EMPTY_SCHEDULE })];
  const sources = [{ kind: 'given', texts, statesMax: 0, schedules: 512 }] as const;
  const runner = new FuzzRunner(modelOf(model));
  const wanted = batch(0, { model, sources });
  const of = ({ witnesses }: FuzzResult): readonly string[] =>
    witnesses.filter((one) => one.signature === signature).map(({ bucket }) => bucket ?? '');
  const buckets = of(runner.run(wanted));
  const deadlocks = buckets.filter((bucket) => bucket.startsWith(`${signature}: deadlock `));
  assert.ok(deadlocks.length > 0 && buckets.length > deadlocks.length, buckets.join('\n'));
  assert.equal(new Set(buckets).size, buckets.length);
  assert.deepEqual(of(runner.run({ ...wanted, settled: buckets })), []);
  assert.deepEqual(of(runner.run({ ...wanted, settled: [signature] })), []);
  assert.deepEqual(
    of(runner.run({ ...wanted, settled: deadlocks })).length,
    buckets.length - deadlocks.length,
  );
});
