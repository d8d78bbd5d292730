/** What the table calls redundant, by every interleaving of the small sweep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallSweep } from '../support/small-sweep.ts';
import { allMutants, reasonOf, slipShown } from './mutants.ts';

for (const mutant of allMutants()) {
  const reason = reasonOf(mutant);
  if (reason === undefined) continue;
  test(`${mutant.name}: nothing in the small sweep (${reason})`, () => {
    assert.equal(slipShown(mutant, smallSweep()), null);
  });
}
