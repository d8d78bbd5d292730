/** Fuzzing and exhaustive search agree: no run shows what `--all` lacks. */
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertSearchKnowsAll, generated, modelNamedIn } from './laws.ts';

const WORKLOADS = 60;
const RUNS = 300;
const STATES = 20_000;

test(`${WORKLOADS} generated workloads: what ${RUNS} runs show, --all knows`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'search')) {
    if (assertSearchKnowsAll(modelNamedIn(count), one, RUNS, STATES) !== null) count++;
    if (count === WORKLOADS) return;
  }
});
