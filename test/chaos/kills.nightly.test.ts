/** Eighty kills of any process of `up`, over every model. */
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { survivesKills } from './kills.ts';

const skip = await skipReason('redis-server');

test('eighty kills lose nothing, double nothing, and stop nothing', { skip }, async (t) => {
  await survivesKills(t, 20);
});
