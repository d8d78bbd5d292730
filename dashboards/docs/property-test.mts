/**
 * A property test of a locking model. Where `faultline`, `typescript` and `@types/node` are installed:
 *
 *     npx tsc --module nodenext --target es2023 --types node property-test.mts && node --test property-test.mjs
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arbWorkload, check, draw, fc, modelFromText, runRandom, vocabularyOf } from 'faultline';

const model = modelFromText(`faultline model 1
name    xfs-fenced
title   XFS, with both of its zero page races closed
extends xfs-mmaplock-prezero

in fault:  replace 1st down_read(XFS_MMAPLOCK) by down_write(XFS_MMAPLOCK)
in pwrite: wrap from 4th checkCached to 4th if yes with down_write(XFS_MMAPLOCK)
`);
const anything = vocabularyOf(model);
const options = { seed: 1, numRuns: 200, includeErrorInReport: true };

test('no interleaving of any small workload goes wrong', () => {
  const small = arbWorkload({ ...anything, threadsMax: 2, opsMax: 2, pagesMax: 2 });
  const isClean = fc.property(small, (workload) => {
    const { verdict, counterexamples } = check(model, workload);
    for (const one of counterexamples) assert.fail(draw(model, one.run.input, one.signature));
    assert.equal(verdict, 'verified');
  });
  fc.assert(isClean, options);
});

test('nor does any of a hundred interleavings of a larger one', () => {
  const isClean = fc.property(arbWorkload(anything), fc.nat(), (workload, rngSeed) => {
    const { counterexamples } = runRandom(model, workload, { runs: 100, rngSeed });
    for (const one of counterexamples) assert.fail(draw(model, one.run.input, one.signature));
  });
  fc.assert(isClean, options);
});
