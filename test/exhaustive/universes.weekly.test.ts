/**
 * All workloads of two threads of two operations each on two pages, over the seven kinds that most races are made of: what
 * was clean is verified, and what goes wrong is what the model is expected to show.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enumeration } from '../../corpus/breeding/universe.ts';
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { NOTHING_SWEPT } from '../../workers/search/sweep.ts';
import { Sweepers } from '../../workers/service/sweepers.ts';
import { figure } from '../support/patience.ts';
import { WEEKLY } from '../support/universes.ts';

const THREADS = 2;
const MODELS = ['modern-xfs-fixed', 'xfs-mmaplock-prezero', 'v42-immap-read'];
const OPTIONS = {
  statesMax: 2_000_000,
  all: true,
  preemptions: null,
  ignored: [],
  onlyClass: null,
};

for (const reference of MODELS) {
  test(`${reference}: nothing but what it is expected to show`, async () => {
    const model = modelOf(reference);
    const enumeration = new Enumeration(WEEKLY);
    const start = { model, universe: WEEKLY, options: OPTIONS };
    const sweepers = new Sweepers(start, enumeration, { slice: 0, swept: NOTHING_SWEPT }, () => {});
    await sweepers.run(THREADS);
    const { workloads, states, cut, met } = sweepers.reached.swept;
    figure(`${reference}: ${workloads} workloads, ${states} states`);
    assert.equal(workloads, enumeration.count);
    assert.deepEqual(cut, NOTHING_SWEPT.cut);
    const isExpected = (signature: string): boolean =>
      model.expect.find.includes(rowOf(signature)?.id ?? '');
    assert.deepEqual(
      met.filter(({ signature }) => !isExpected(signature)),
      [],
    );
  });
}
