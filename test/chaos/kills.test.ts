/** Twelve kills of any process of `up`; kills.nightly.test.ts has more. */
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { survivesKills } from './kills.ts';

const skip = await skipReason('redis-server');

test('twelve kills lose nothing, double nothing, and stop nothing', { skip }, async (t) => {
  await survivesKills(t, 3, ['--model', 'v42-immap-read', 'v48-entry-lock']);
});
