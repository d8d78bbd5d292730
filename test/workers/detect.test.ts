/** `bench detect`: what is counted is what was run, and a scenario is one where the row can show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import type { FuzzBatch } from '../../corpus/vocabulary/messages.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { chartOf } from '../../daemon/cli/output/detect-chart.ts';
import { renderDetections } from '../../daemon/cli/output/detect-table.ts';
import { FuzzRunner } from '../../workers/batch/fuzz-batch.ts';
import { detectRow } from '../../workers/bench/detect/detect.ts';
import { DETECTORS } from '../../workers/bench/detect/detectors.ts';
import { interleave } from '../../workers/bench/detect/fast-check-peer.ts';
import { figuresOf, pooled, type Sample, sampleOf } from '../../workers/bench/detect/samples.ts';
import { claimsOf, type Scenario, scenariosOf } from '../../workers/bench/detect/scenarios.ts';
import { intervalOf, logMeanOf, quantileOf } from '../../workers/bench/detect/statistics.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { ReplayChoices } from '../../workers/schedulers/replay.ts';
import { golden } from '../support/golden.ts';
import { seedNamed } from './support/search.ts';
import { SEEDS } from './support/verdicts.ts';

const MODEL = 'v42-immap-read';
const SHAPE = { isCold: false, runs: 10_000 };

function scenario(row: string, seed: string, model = MODEL): Scenario {
  return { row, model: modelOf(model), seed, workload: seedNamed(seed) };
}

function claimOf(row: string, model: string) {
  const claim = claimsOf(modelOf(model)).find((one) => one.row.id === row);
  assert.ok(claim !== undefined, `${model} claims no ${row}`);
  return claim;
}

async function countsOf(name: string, one: Scenario, trials: number): Promise<Sample> {
  const trial = DETECTORS[name]?.(one);
  assert.ok(trial);
  const counts = [];
  for (let seed = 0; seed < trials; seed++) counts.push(await trial(seed, SHAPE.runs));
  return sampleOf(name, counts, SHAPE.runs);
}

test('the portfolio counts the runs that a batch of a campaign makes', async () => {
  for (const [row, name] of [
    ['B12', 'b12-fault-vs-punch'],
    ['B14', 'b14-fault-vs-truncate-down-up'],
  ] as const) {
    const trial = DETECTORS.portfolio?.(scenario(row, name));
    const texts = [printInput({ ...seedNamed(name), schedule: EMPTY_SCHEDULE })];
    const runner = new FuzzRunner(modelOf(MODEL));
    for (let rngSeed = 1; rngSeed <= 3; rngSeed++) {
      const given = { kind: 'given', texts, statesMax: 0, schedules: 1000 } as const;
      const batch: FuzzBatch = {
        ...{ kind: 'fuzz', index: 0, model: MODEL, rngSeed, runs: 1000 },
        ...{ sources: [given], settled: [], settledDigest: null, featuresDigest: null },
      };
      const { hits } = runner.run(batch);
      const firsts = Object.keys(hits)
        .filter((signature) => rowOf(signature)?.id === row)
        .map((signature) => hits[signature]?.first ?? Number.NaN);
      assert.equal(await trial?.(rngSeed, 1000), Math.min(...firsts) + 1);
    }
  }
});

test('a trial ends with its budget', async () => {
  const one = scenario('B12', 'b12-fault-vs-punch');
  for (const [name, detector] of Object.entries(DETECTORS)) {
    const trial = detector(one);
    let rngSeed = 0;
    while ((await trial?.(rngSeed, 1)) !== null) rngSeed++;
    const count = (await trial?.(rngSeed, 10_000)) ?? 0;
    assert.ok(count > 1, name);
    assert.equal(await trial?.(rngSeed, count - 1), null, name);
    assert.equal(await trial?.(rngSeed, count), count, name);
  }
});

test('fast-check: each of its schedules is a run of the engine, to its end', async () => {
  const engine = new Engine(modelOf('v43rc-immap-write'));
  engine.load(seedNamed('b03-mkwrite-vs-store'));
  const met = new Set<string>();
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const choices = await interleave(engine.kernel, scheduler);
    assert.deepEqual(engine.choicesOf(new ReplayChoices(choices)), choices);
    assert.equal(engine.kernel.enabled(), 0);
    met.add(choices.join(''));
  });
  await fc.assert(property, { seed: 1, numRuns: 50 });
  assert.ok(met.size > 25, `${met.size} interleavings in 50 runs`);
});

test('fast-check draws as a random walk does', async () => {
  const one = scenario('B12', 'b12-fault-vs-punch');
  const [peer, walk] = [await countsOf('fast-check', one, 60), await countsOf('random', one, 60)];
  const [ours, theirs] = [figuresOf(walk), figuresOf(peer)];
  assert.ok(ours.low < theirs.high && theirs.low < ours.high, JSON.stringify({ ours, theirs }));
});

test('a seed that cannot show its row on a model is no scenario there', () => {
  const names = (row: string, model: string): readonly string[] =>
    scenariosOf(claimOf(row, model), SEEDS).shown.map(({ seed }) => seed);
  assert.deepEqual(names('B18', 'jul16-opt1'), ['b18-store-between-flush-and-drop']);
  // No seed is named after it that shows it: another row's does.
  const other = names('B52', 'jul16-opt3-naive');
  assert.ok(other.length === 1 && !other[0]?.startsWith('b52'), other.join(' '));
});

test('figures do not depend on what is measured besides', async () => {
  const claim = claimOf('B12', MODEL);
  const options = { trials: 4, schedulesMax: 100, rngSeed: 7 };
  const alone = await detectRow(claim, SEEDS, { ...options, schedulers: ['surw'] });
  const beside = await detectRow(claim, SEEDS, { ...options, schedulers: ['random', 'surw'] });
  assert.deepEqual(beside.samples[1], alone.samples[0]);
  const other = await detectRow(claim, SEEDS, { ...options, rngSeed: 8, schedulers: ['surw'] });
  assert.notDeepEqual(other.samples, alone.samples);
});

test('table and figures of three rows', async () => {
  const schedulers = ['portfolio', 'surw', 'random', 'fast-check'];
  const options = { schedulers, trials: 6, schedulesMax: 60, rngSeed: 1 };
  const rows = [claimOf('B12', MODEL), claimOf('B33', MODEL), claimOf('B47', 'range-lock-rfc')];
  const detections = [];
  for (const claim of rows) detections.push(await detectRow(claim, SEEDS, options));
  golden('cli/detect.txt', `${renderDetections(detections, { isCold: false, runs: 60 })}\n`);
});

// ---- statistics ---------------------------------------------------------------------------------------------

test("quantiles are those of Student's t", () => {
  for (const [freedom, quantile] of [
    [3, 3.182],
    [5, 2.571],
    [10, 2.228],
    [30, 2.042],
    [Number.POSITIVE_INFINITY, 1.96],
  ] as const) {
    assert.ok(Math.abs(quantileOf(freedom) / quantile - 1) < 0.01, `${freedom}`);
  }
});

test('an interval of 95 % holds the mean in about 95 of 100 samples', () => {
  const random = new Random(1);
  const decades = [1, 10, 100, 1000, 10_000];
  const held = Array.from({ length: 1000 }, () => {
    const counts = Array.from({ length: 12 }, () => random.pick(decades));
    const { low, high } = intervalOf(logMeanOf(counts));
    return low <= 100 && 100 <= high;
  }).filter(Boolean).length;
  assert.ok(held > 930 && held < 970, `${held} of 1000`);
});

test('parts count alike, however many trials they have', () => {
  const parts = [
    sampleOf('surw', [1, 1, 1, 1], 100),
    sampleOf(
      'surw',
      Array.from({ length: 40 }, () => null),
      100,
    ),
    sampleOf('random', [7, 7, 7, 7], 100),
  ];
  const [surw, random] = pooled(parts).map(figuresOf);
  const exact = {
    mean: 10,
    low: 10,
    high: 10,
    median: 100,
    average: 10,
    most: 100,
  };
  assert.deepEqual(surw, { scheduler: 'surw', trials: 44, misses: 40, ...exact });
  assert.equal(random?.mean, 7);
});

// ---- the chart ----------------------------------------------------------------------------------------------

test('chart: a mark for each figure, later ones further right, misses hollow, all of it in words', () => {
  const samples = [
    sampleOf('surw', [1, 2, 1, 2], 10_000),
    sampleOf('random', [100, null, 100, 100], 10_000),
  ];
  const place = { model: MODEL, seed: 'b12-fault-vs-punch', samples };
  const detection = { row: 'B12', title: '', places: [place], samples, unknown: [] };
  const svg = chartOf([detection], SHAPE);
  const marks = [
    ...svg.matchAll(
      /<path class="(s\d(?: bound)?)" transform="translate\(([\d.]+) [\d.]+\)"[^>]*><title>/g,
    ),
  ];
  const ofRow = marks.slice(0, 2).map(([, name, x]) => ({ name, x: Number(x) }));
  assert.deepEqual(
    ofRow.map(({ name }) => name),
    ['s0', 's1 bound'],
  );
  assert.ok((ofRow[0]?.x ?? 0) < (ofRow[1]?.x ?? 0));
  assert.match(
    svg,
    /<desc id="figures">B12: surw 1\.41 \(.*\), random 316 \(.*, 1 of 4 missed\)\. all: /,
  );
  assert.match(svg, /prefers-color-scheme:dark/);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test('cold: a row that not every campaign shows is listed with what each needed', () => {
  const samples = [sampleOf('campaign', [70, null, 9, 800], 2000)];
  const place = { model: MODEL, seed: null, samples };
  const detection = { row: 'B55', title: '', places: [place], samples, unknown: [] };
  const text = renderDetections([detection], { isCold: true, runs: 2000 });
  assert.match(
    text,
    /\n\nNot within 2000 runs in every campaign:\n {2}B55 v42-immap-read: 1 of 4 missed; found after 9 70 800\n\n/,
  );
});
