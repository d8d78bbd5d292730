/** Interleavings with few preemptions: fewer show less, enough of them show all, and what is shown needs no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enumeration } from '../../corpus/breeding/universe.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { hunt } from '../../workers/reproduce/hunt.ts';
import { Engine } from '../../workers/run/engine.ts';
import { exploreWithin } from '../../workers/search/preemption-bounded.ts';
import { SMALL, WITHIN } from '../support/universes.ts';
import { seedNamed } from './support/search.ts';

const MODELS = ['v42-immap-read', 'v48-entry-lock', 'modern-xfs-fixed'];
/** More than any run of two threads with an operation each has places for. */
const ENOUGH = 60;
const QUESTION = { statesMax: 1 << 18, all: true };

function shownBy(engine: Engine, workload: Workload, preemptions: number | null) {
  const found = exploreWithin(engine, workload, { ...QUESTION, preemptions });
  assert.ok(found.isComplete);
  for (const { signature, traced } of found.violations) {
    assert.ok(traced.preemptions <= (preemptions ?? ENOUGH), signature);
  }
  return { found, signatures: found.violations.map(({ signature }) => signature).sort() };
}

for (const model of MODELS) {
  test(`${model}: with each bound more, and at last what every interleaving shows`, () => {
    const engine = new Engine(modelOf(model));
    const enumeration = new Enumeration({ ...SMALL, ...WITHIN, pages: 1 });
    for (const workload of enumeration.workloadsFrom(0)) {
      let before: readonly string[] = [];
      let states = 0;
      for (const preemptions of [0, 1, 2, ENOUGH]) {
        const { found, signatures } = shownBy(engine, workload, preemptions);
        assert.deepEqual(
          before.filter((one) => !signatures.includes(one)),
          [],
        );
        assert.ok(found.states >= states);
        [before, states] = [signatures, found.states];
      }
      assert.deepEqual(before, shownBy(engine, workload, null).signatures);
    }
  });
}

test('a signature is shown from the bound on that a hunt for it needs', () => {
  const engine = new Engine(modelOf('v42-immap-read'));
  for (const name of ['b12-fault-vs-punch', 'b09-store-vs-store', 'b01-store-vs-load']) {
    const input = seedNamed(name);
    for (const signature of shownBy(engine, input, null).signatures) {
      const { traced } = hunt(engine, input, signature, { from: 0, to: 9, stepsMax: 1e7 });
      const needed = traced?.preemptions ?? assert.fail(signature);
      assert.ok(shownBy(engine, input, needed).signatures.includes(signature));
      if (needed === 0) continue;
      assert.ok(!shownBy(engine, input, needed - 1).signatures.includes(signature));
    }
  }
});

test('too many states: inconclusive, and by what', () => {
  const engine = new Engine(modelOf('modern-xfs-fixed'));
  const question = { statesMax: 9, all: true, preemptions: 2 };
  const { verdict, cutBy, states } = exploreWithin(
    engine,
    seedNamed('b12-fault-vs-punch'),
    question,
  );
  assert.deepEqual([verdict, cutBy, states], ['inconclusive', 'states', 9]);
});
