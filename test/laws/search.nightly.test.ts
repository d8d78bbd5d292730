/**
 * Fuzzing and exhaustive search agree on 1500 generated workloads: no run shows what `--all` lacks, and 2000 runs
 * show what it has, but for what needs a rare schedule. How many those are is printed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertSearchKnowsAll, generated, modelNamedIn } from './laws.ts';

const WORKLOADS = 1500;
const RUNS = 2000;
const STATES = 50_000;
/** Of all signatures that the search has. */
const RARE_SHARE_MAX = 0.1;

test(`${WORKLOADS} generated workloads: ${RUNS} runs show nothing that --all lacks`, (t) => {
  const rare = new Map<string, number>();
  let count = 0;
  let total = 0;
  for (const one of generated(RNG_SEED, 'search, nightly')) {
    const missed = assertSearchKnowsAll(modelNamedIn(count), one, RUNS, STATES);
    if (missed === null) continue;
    total += missed.total;
    for (const signature of missed.unshown) rare.set(signature, (rare.get(signature) ?? 0) + 1);
    if (++count === WORKLOADS) break;
  }
  const missed = [...rare.values()].reduce((sum, one) => sum + one, 0);
  for (const [signature, times] of [...rare].sort((a, b) => b[1] - a[1])) {
    t.diagnostic(`${times} times no run showed ${signature}`);
  }
  t.diagnostic(`${missed} of ${total} signatures were shown by no run`);
  assert.ok(missed <= RARE_SHARE_MAX * total, `${missed} of ${total}`);
});
