/** Promela as text; whether SPIN finds in it what Faultline finds is the matter of test/spin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { STEPS, TESTS } from '../../workers/kernel/step-registry.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { LOCAL_FRAGMENTS, TEST_FRAGMENTS } from '../../workers/views/promela/locals.ts';
import { renderPromela } from '../../workers/views/promela/promela.ts';
import { STEP_FRAGMENTS } from '../../workers/views/promela/steps.ts';
import { golden } from '../support/golden.ts';
import { seedNamed } from './support/search.ts';

test('unfenced punch on v42-immap-read, in Promela', () => {
  const promela = renderPromela(modelOf('v42-immap-read'), seedNamed('b12-fault-vs-punch'));
  assert.ok('text' in promela);
  golden('promela-b12-fault-vs-punch.pml', promela.text);
});

test('every fragment is of a step or a test of the registry', () => {
  for (const name of Object.keys(STEP_FRAGMENTS)) assert.ok(STEPS.get(name)?.visible, name);
  for (const name of Object.keys(LOCAL_FRAGMENTS)) assert.equal(STEPS.get(name)?.visible, false);
  for (const name of Object.keys(TEST_FRAGMENTS)) assert.ok(TESTS.get(name)?.run, name);
});

/** What an input asks for and no fragment has; the rest of the input would do. */
const LACKING: readonly (readonly [text: string, lacks: RegExp])[] = [
  ['collapse A 0 4096', /^step claimRange, of collapse, has no Promela fragment$/],
  ['fallocate A 0 4096', /^step claimRange, of fallocate, has no Promela fragment$/],
  ['revoke', /^step killDevice, at revoke\/killDevice, has no Promela fragment$/],
  ['pwrite A 0 2048 from a0 0', /^a copy whose buffer is a mapping has no Promela fragment$/],
];

for (const [op, lacks] of LACKING) {
  test(`no Promela of ${op}, and it says why`, () => {
    const text = `faultline input 1
file A size 8192 pages written written
process P0 a0 A 0 4096 shared
thread T0 P0
${op}
load a0 0
first T0
`;
    const promela = renderPromela(modelOf('v42-immap-read'), parseInput(text, op));
    assert.match('lacks' in promela ? promela.lacks : '', lacks);
  });
}

test('no Promela of an operation that the model lacks', () => {
  const promela = renderPromela(modelOf('ext2-dax-sem'), seedNamed('b12-fault-vs-punch'));
  assert.deepEqual(promela, { lacks: 'the model has no path for punch' });
});

test('no Promela of a private mapping, nor of a huge page', () => {
  const cases = [
    ['v42-immap-read', 'b26-private-store-vs-load', /^a private mapping has no Promela fragment$/],
    ['pmd-v44', 'b06-huge-store', /^step \w+, at fault\/\S+, has no Promela fragment$/],
  ] as const;
  for (const [model, seed, lacks] of cases) {
    const promela = renderPromela(modelOf(model), seedNamed(seed));
    assert.match('lacks' in promela ? promela.lacks : '', lacks);
  }
});
