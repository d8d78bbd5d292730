/**
 * A million tiny batches through one coordinator. Stopped, the next run with the same RNG_SEED (`--resume`) goes on: the
 * coordinator's folder stays until it is done.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { leavesNoTrace } from './many-batches.ts';

const skip = await skipReason('redis-server');
/** Fewer, to see that it works. */
const BATCHES = Number(process.env.FAULTLINE_TEST_BATCHES ?? 1_000_000);

test('a million batches leave no trace in memory', { skip }, async (t) => {
  const folder = path.join(PACKAGE_ROOT, `.faultline/weekly/million-${RNG_SEED}`);
  await leavesNoTrace(t, folder, BATCHES);
  rmSync(folder, { recursive: true, force: true });
});
