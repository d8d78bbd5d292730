/** The law of fusing.test.ts on every seed and on 5000 generated workloads. */
import { test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertFusingIsInnocent, generated, MODELS, modelNamedIn, seeds } from './laws.ts';

const SEED_STATES = 60_000;
const STATES = 50_000;
const WORKLOADS = 5000;

for (const model of MODELS) {
  test(`${model}: every seed shows the same, fused or not`, () => {
    for (const seed of seeds()) assertFusingIsInnocent(modelOf(model), seed, SEED_STATES);
  });
}

test(`${WORKLOADS} generated workloads show the same, fused or not`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'fusing, nightly')) {
    if (assertFusingIsInnocent(modelNamedIn(count), one, STATES)) count++;
    if (count === WORKLOADS) return;
  }
});
