/**
 * The small scope whole: one operation against one or two of all there are, on every built-in model and each other
 * value of each of its toggles; and the small sweep in every combination of toggles.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flavours } from '../../workers/models/registry.ts';
import { figure } from '../support/patience.ts';
import { allReferences } from '../workers/support/search.ts';
import { sweepAll } from './sweep-threads.ts';

const EVERY_HAND = [0, 1, 2, 3, 4];

/** One at a time: what has been swept is said before the next begins. */
async function assertSound(reference: string, isWhole: boolean): Promise<void> {
  const [swept] = await sweepAll([reference], () => EVERY_HAND, isWhole);
  assert.ok(swept !== undefined);
  figure(`${reference}: ${swept.workloads} workloads, ${swept.states} states`);
  assert.equal(Object.values(swept.surprises).join('\n'), '');
  assert.equal(swept.inconclusive, 0);
}

for (const reference of flavours()) {
  test(`${reference}: all operations show nothing but what it is expected to show`, () =>
    assertSound(reference, true));
}

for (const reference of allReferences().filter((one) => !flavours().includes(one))) {
  test(`${reference}: the small sweep shows nothing but what it is expected to show`, () =>
    assertSound(reference, false));
}
