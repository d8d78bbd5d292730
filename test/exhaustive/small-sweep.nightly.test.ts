/** The small sweep on every built-in model in every combination of its toggles. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { allReferences } from '../workers/support/search.ts';
import type { Swept } from './sweep.ts';
import { sweepAll } from './sweep-threads.ts';

const REFERENCES = allReferences();

let swept: readonly Swept[] = [];
before(async () => {
  swept = await sweepAll(REFERENCES);
});

for (const [i, reference] of REFERENCES.entries()) {
  test(`${reference}: nothing but what it is expected to show`, () => {
    const result = swept[i] ?? assert.fail('not swept');
    assert.equal(Object.values(result.surprises).join('\n'), '');
    assert.equal(result.inconclusive, 0);
  });
}
