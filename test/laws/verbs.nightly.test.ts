/** The law of verbs.test.ts on 1000 generated workloads. */
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { generated, modelNamedIn } from './laws.ts';
import { assertVerbsAgree } from './verbs.ts';

const STATES = 30_000;
const WORKLOADS = 1000;

test(`no two verbs contradict each other on ${WORKLOADS} generated workloads`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'verbs, nightly')) {
    if (assertVerbsAgree(modelNamedIn(count), modelNamedIn(count + 1), one, STATES)) count++;
    if (count === WORKLOADS) return;
  }
});
