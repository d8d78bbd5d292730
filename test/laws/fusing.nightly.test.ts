/** The law of fusing.test.ts on 5000 generated workloads. */
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertFusingIsInnocent, generated, modelNamedIn } from './laws.ts';

const STATES = 50_000;
const WORKLOADS = 5000;

test(`${WORKLOADS} generated workloads show the same, fused or not`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'fusing, nightly')) {
    if (assertFusingIsInnocent(modelNamedIn(count), one, STATES)) count++;
    if (count === WORKLOADS) return;
  }
});
