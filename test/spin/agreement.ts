/**
 * SPIN, which knows nothing of Faultline, searches the program that `show --as promela` prints of a pair. It has to deny
 * the same claims, and to store one state more than Faultline has in the words of that program: the one before the
 * program has set its state up.
 */
import assert from 'node:assert/strict';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { renderPromela } from '../../workers/views/promela/promela.ts';
import type { DebianProgram } from '../support/debian.ts';
import type { Pair } from './pairs.ts';
import { type Projection, projectionOf } from './projected.ts';
import { searchWithSpin } from './spin.ts';

const BEFORE_SETUP = 1;

/** @returns what Faultline has seen */
export async function assertAgreement(
  { model, input }: Pick<Pair, 'model' | 'input'>,
  spin: DebianProgram,
  optimized: '-O0' | '-O2',
): Promise<Projection> {
  const promela = renderPromela(modelOf(model), input);
  assert.ok('text' in promela, 'lacks' in promela ? promela.lacks : '');
  const ours = projectionOf(modelOf(model), input, promela.text);
  const theirs = await searchWithSpin(promela.text, spin, optimized);
  const expected = { states: ours.projected + BEFORE_SETUP, denied: ours.denied };
  assert.deepEqual(theirs, expected, `${model}\n${printInput(input)}`);
  return ours;
}
