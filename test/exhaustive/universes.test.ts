/** A small universe: names do not matter, and its totals depend on nothing but the model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enumeration } from '../../corpus/breeding/universe.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import {
  joined,
  NOTHING_SWEPT,
  type SweepOptions,
  type Swept,
  sweep,
} from '../../workers/search/sweep.ts';
import { type Reached, Sweepers } from '../../workers/service/sweepers.ts';
import { SMALL, WITHIN } from '../support/universes.ts';
import { assertNamesDoNotMatter } from './universes.ts';

const EVERYTHING: SweepOptions = {
  statesMax: 100_000,
  all: true,
  preemptions: null,
  ignored: [],
  onlyClass: null,
};

/** Reviewed like code, as the golden listings are. */
const TOTALS: Readonly<Record<string, readonly number[]>> = {
  'v42-immap-read': [72, 29_054, 49_268],
  'modern-xfs-fixed': [72, 11_166, 17_578],
};

for (const [model, totals] of Object.entries(TOTALS)) {
  const enumeration = new Enumeration({ ...SMALL, ...WITHIN, pages: 1 });
  const engine = new Engine(modelOf(model));
  const swept = (from: number, to: number, options = EVERYTHING): Swept =>
    sweep(engine, enumeration, from, to, options);

  test(`${model}: workloads, states and transitions are those that were reviewed`, () => {
    const { workloads, states, transitions } = swept(0, enumeration.slices);
    assert.deepEqual([workloads, states, transitions], totals);
  });

  test(`${model}: parts put together are the whole`, () => {
    const whole = swept(0, enumeration.slices);
    for (const middle of [0, 1, 7, enumeration.slices]) {
      const parts = joined(swept(0, middle), swept(middle, enumeration.slices));
      assert.deepEqual(parts, whole);
    }
    assert.deepEqual(joined(NOTHING_SWEPT, whole), whole);
  });
}

test('unless all is asked for, it ends with the first workload that goes wrong', () => {
  const enumeration = new Enumeration({ ...SMALL, ...WITHIN, pages: 1 });
  const engine = new Engine(modelOf('v42-immap-read'));
  const whole = sweep(engine, enumeration, 0, enumeration.slices, EVERYTHING);
  const first = sweep(engine, enumeration, 0, enumeration.slices, { ...EVERYTHING, all: false });
  assert.equal(first.met[0]?.first, whole.met[0]?.first);
  assert.equal(first.workloads, (first.met[0]?.first ?? -1) + 1);
});

test('stopped and gone on with, on one thread and on two, it is one search', async () => {
  const enumeration = new Enumeration(SMALL);
  const model = modelOf('v42-immap-read');
  const start = { model, universe: SMALL, options: EVERYTHING };
  const stopped = async (reached: Reached, jobs: number): Promise<Reached> => {
    const sweepers = new Sweepers(start, enumeration, reached, () => sweepers.stop());
    await sweepers.run(jobs);
    return sweepers.reached;
  };
  const first = await stopped({ slice: 0, swept: NOTHING_SWEPT }, 1);
  assert.ok(first.slice > 0 && first.slice < enumeration.slices);
  const rest = new Sweepers(start, enumeration, first, () => {});
  await rest.run(2);
  assert.ok(rest.isOver);
  const whole = sweep(new Engine(model), enumeration, 0, enumeration.slices, EVERYTHING);
  assert.deepEqual(rest.reached.swept, whole);
});

test('names do not matter to modern-xfs-fixed', () => {
  assertNamesDoNotMatter('modern-xfs-fixed', SMALL);
});
