/** `replay`, `check` and a repro's verdict agree, on the seeds and on generated workloads. */
import { test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { generated, MODELS, modelNamedIn, someSeeds } from './laws.ts';
import { assertVerbsAgree } from './verbs.ts';

const STATES = 10_000;
const WORKLOADS = 60;

for (const [i, model] of MODELS.entries()) {
  test(`${model}: no two verbs contradict each other on the seeds`, () => {
    for (const seed of someSeeds('verbs')) {
      assertVerbsAgree(modelOf(model), modelNamedIn(i + 1), seed, STATES);
    }
  });
}

test(`no two verbs contradict each other on ${WORKLOADS} generated workloads`, () => {
  let count = 0;
  for (const one of generated(RNG_SEED, 'verbs')) {
    if (assertVerbsAgree(modelNamedIn(count), modelNamedIn(count + 1), one, STATES)) count++;
    if (count === WORKLOADS) return;
  }
});
