/** Single slips of a model's locking: each is found by a small input, or is in the table of redundant ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelNamed } from '../support/models.ts';
import { smallInputs } from '../support/small-inputs.ts';
import { allMutants, BASE, REDUNDANT, reasonOf, slipShown } from './mutants.ts';

test('the model itself shows nothing on the small inputs', () => {
  const base = { name: 'none', model: modelNamed(BASE) };
  assert.equal(slipShown(base, smallInputs()), null);
});

for (const mutant of allMutants()) {
  const reason = reasonOf(mutant);
  test(`${mutant.name}: ${reason === undefined ? 'found' : `redundant: ${reason}`}`, () => {
    const shown = slipShown(mutant, smallInputs());
    assert.equal(shown === null, reason !== undefined, shown ?? 'nothing shown');
  });
}

test('every row of the table is a slip of the model', () => {
  const names = allMutants().map(({ name }) => name);
  for (const [beginning] of REDUNDANT) {
    assert.ok(
      names.some((name) => name.startsWith(beginning)),
      beginning,
    );
  }
});
