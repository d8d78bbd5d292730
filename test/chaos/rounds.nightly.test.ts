/** Twenty minutes of faults of every kind, drawn from the seed of the run. */
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { survivesRounds } from './rounds.ts';

const skip = await skipReason('redis-server');
const MINUTES = 20;

test('twenty minutes of faults lose nothing and double nothing', { skip }, async (t) => {
  await survivesRounds(t, RNG_SEED, MINUTES * 60_000);
});
