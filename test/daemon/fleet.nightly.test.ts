/** A thousand stand-in workers on one coordinator that knows 2000 findings: `bench coordinator` judges what is time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchCoordinator } from '../../daemon/cli/bench-coordinator.ts';
import { skipReason } from '../support/debian.ts';
import { figure } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const skip = await skipReason('redis-server');
const FINDINGS = 2000;
const WORKERS = 1000;
const MEASURED_MS = 30_000;
const REDIS_MB = 200;

test('a thousand workers and 2000 findings fit into a small Redis', { skip }, async () => {
  const results = await benchCoordinator({
    ...{ model: 'v42-immap-read', rngSeed: RNG_SEED, timeMs: MEASURED_MS },
    ...{ findings: FINDINGS, workers: WORKERS, began: () => {} },
  });
  for (const { name, value, unit } of results) figure(`${name} ${value.toPrecision(3)} ${unit}`);
  const of = (name: string): number =>
    results.find((one) => one.name === name)?.value ?? Number.NaN;
  assert.equal(of('fleet.workers'), WORKERS, 'workers that the coordinator knows of');
  assert.ok(of('fleet.batches') > 0, 'batches come back');
  assert.ok(of('fleet.redis') <= REDIS_MB, 'Redis is larger than asked');
});
