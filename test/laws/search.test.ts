/** Fuzzing and exhaustive search agree: no run shows what `--all` lacks. */
import { test } from 'node:test';
import { assertSearchKnowsAll, generated, modelNamedIn } from './laws.ts';

const WORKLOADS = 60;
const RUNS = 300;
const STATES = 20_000;

test(`${WORKLOADS} generated workloads: what ${RUNS} runs show, --all knows`, () => {
  let count = 0;
  for (const one of generated('search')) {
    if (assertSearchKnowsAll(modelNamedIn(count), one, RUNS, STATES) !== null) count++;
    if (count === WORKLOADS) return;
  }
});
