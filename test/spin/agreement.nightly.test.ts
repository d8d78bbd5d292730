/** Agreement with SPIN on every pair, and what of the fragments that covers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STEP_FRAGMENTS } from '../../workers/views/promela/steps.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { assertAgreement } from './agreement.ts';
import { PAIRS } from './pairs.ts';

const skip = await skipReason('spin');
const spin = await debianProgram('spin');
const steps = new Set<string>();

for (const pair of PAIRS) {
  test(`SPIN agrees: ${pair.name}`, { skip }, async () => {
    assert.ok('path' in spin);
    const { denied, steps: ran } = await assertAgreement(pair, spin, '-O2');
    assert.deepEqual(denied, pair.denied);
    for (const step of ran) steps.add(step);
  });
}

/** A part of the step before it, for no device goes away; and what only MAP_SYNC leads to. */
const IDLE: readonly string[] = ['directAccess', 'insertCleanEntry', 'lockSyncedEntry'];

test('every step with a fragment runs in some pair', { skip }, () => {
  const idle = Object.keys(STEP_FRAGMENTS).filter((step) => !steps.has(step));
  assert.deepEqual(idle.sort(), IDLE);
});
