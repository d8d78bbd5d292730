/** A minute of `up` from nothing finds what the built-in models are known for, and nothing on the sound one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Up } from '../chaos/up.ts';
import { skipReason } from '../support/debian.ts';

const skip = await skipReason('redis-server');
const FOUND =
  'B01 B02 B03 B04 B09 B10 B11 B12 B13 B14 B15 B16 B17 B20 B33 B34 B50 B51 B53 B56 CANARY F01';

test('a minute of up', { skip }, async (t) => {
  const up = await Up.start(t, ['--time', '60s', '--rng-seed', '1']);
  assert.equal((await up.ended).exit, 0, up.logs());
  const { findings, damaged } = new FindingStore(up.dataDir).list();
  assert.deepEqual(damaged, []);
  const known = new Set(findings.map((finding) => finding.known));
  const missing = FOUND.split(' ').filter((row) => !known.has(row));
  assert.deepEqual(missing, []);
  for (const { models, known: row } of findings) {
    if (models.includes('xfs-mmaplock-prezero')) assert.match(row ?? '', /^B1[01]$/);
  }
  assert.deepEqual(up.processes(), []);
});
