/** Three of the pairs, compiled in a hurry; agreement.nightly.test.ts has them all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianProgram, skipReason } from '../support/debian.ts';
import { assertAgreement } from './agreement.ts';
import { B01, B12, CLEAN } from './pairs.ts';

const skip = await skipReason('spin');
const spin = await debianProgram('spin');

for (const pair of [B01, B12, CLEAN]) {
  test(`SPIN agrees: ${pair.name}`, { skip }, async () => {
    assert.ok('path' in spin);
    const { denied } = await assertAgreement(pair, spin, '-O0');
    assert.deepEqual(denied, pair.denied);
  });
}
