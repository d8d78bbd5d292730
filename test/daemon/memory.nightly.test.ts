/** A hundred thousand tiny batches through one coordinator; many.weekly.test.ts has a million. */
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { leavesNoTrace } from './many-batches.ts';

const skip = await skipReason('redis-server');
const BATCHES = 100_000;

test('a hundred thousand batches leave no trace in memory', { skip }, async (t) => {
  await leavesNoTrace(t, temporaryFolder(t), BATCHES);
});
