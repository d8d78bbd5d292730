/**
 * Every interleaving of a fifth of the small sweep, on five models: each finds its bugs that fit into one page
 * and one operation against one or two, and nothing that it does not expect.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { golden } from '../support/golden.ts';
import { FITS, idsIn, type Swept, sweptText } from './sweep.ts';
import { sweepAll } from './sweep-threads.ts';

/** The hand of five that shows every bug that fits; the nightly lane sweeps them all. */
const HANDS: Readonly<Record<string, readonly number[]>> = { 'v48-entry-lock': [1] };
const FIRST = [0];

const MODELS = Object.keys(FITS);

let swept: readonly Swept[] = [];
before(async () => {
  swept = await sweepAll(MODELS, (model) => HANDS[model] ?? FIRST);
});

for (const [i, model] of MODELS.entries()) {
  const result = (): Swept => swept[i] ?? assert.fail('not swept');

  test(`${model}: shows what it is expected to, and nothing else`, () => {
    assert.equal(Object.values(result().surprises).join('\n'), '');
    const { clean } = modelOf(model).expect;
    assert.deepEqual(
      idsIn(result()).filter((id) => clean.includes(id)),
      [],
    );
  });

  test(`${model}: every interleaving was judged, and each bug that fits is found`, () => {
    assert.equal(result().inconclusive, 0);
    assert.deepEqual(idsIn(result()), FITS[model]);
  });

  test(`${model}: the counts are those that were reviewed`, () => {
    golden(`exhaustive/${model}.txt`, sweptText(result()));
  });
}
