/** The small sweep on every built-in model, and on each other value of each of its toggles. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { flavours, modelJson, modelOf } from '../../workers/models/registry.ts';
import { golden } from '../support/golden.ts';
import { FITS, idsIn, type Swept, sweptText } from './sweep.ts';
import { sweepAll } from './sweep-threads.ts';

const REFERENCES = flavours();
const jsonOf = (reference: string): string => modelJson(modelOf(reference));

let swept: readonly Swept[] = [];
before(async () => {
  swept = await sweepAll(REFERENCES);
});

for (const [i, reference] of REFERENCES.entries()) {
  test(`${reference}: what fits, and nothing but what it is expected to show`, () => {
    const result = swept[i] ?? assert.fail('not swept');
    assert.equal(Object.values(result.surprises).join('\n'), '');
    assert.equal(result.inconclusive, 0);
    const name = Object.keys(FITS).find((one) => jsonOf(one) === jsonOf(reference));
    if (name === undefined) return;
    assert.deepEqual(idsIn(result), FITS[name]);
    golden(`exhaustive/whole/${name}.txt`, sweptText({ ...result, model: name }));
  });
}
