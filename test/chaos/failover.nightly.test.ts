/** Ten failovers that somebody asks for, and five after the primary was isolated. */
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { survivesFailovers } from './failovers.ts';

const skip = await skipReason('redis-server');

test('fifteen failovers lose nothing and double nothing', { skip }, async (t) => {
  await survivesFailovers(t, RNG_SEED, { forced: 10, isolated: 5 });
});
