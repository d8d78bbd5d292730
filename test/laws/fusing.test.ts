/** Fusing changes how many states there are, never what they show. */
import { test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertFusingIsInnocent, generated, MODELS, modelNamedIn, someSeeds } from './laws.ts';

const SEED_STATES = 60_000;
const STATES = 20_000;
const WORKLOADS = 150;

for (const model of MODELS) {
  test(`${model}: seeds show the same, fused or not`, () => {
    for (const seed of someSeeds('fusing'))
      assertFusingIsInnocent(modelOf(model), seed, SEED_STATES);
  });
}

test(`${WORKLOADS} generated workloads show the same, fused or not`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'fusing')) {
    if (assertFusingIsInnocent(modelNamedIn(count), one, STATES)) count++;
    if (count === WORKLOADS) return;
  }
});
