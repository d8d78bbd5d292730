/** A campaign of `up` from nothing finds what every built-in model is known for, and on none what it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { Up } from '../chaos/up.ts';
import { skipReason } from '../support/debian.ts';

const skip = await skipReason('redis-server');
/** Some thousands a model, behind its seeds. */
const RUNS = '200k';

test('a campaign of all models with up', { skip }, async (t) => {
  const up = await Up.start(t, ['--runs', RUNS, '--rng-seed', '1']);
  assert.equal((await up.ended()).exit, 0, up.logs());
  const { findings, damaged } = new FindingStore(up.dataDir).list();
  assert.deepEqual(damaged, []);
  const known = new Set(findings.map((finding) => finding.known));
  const expected = MODEL_NAMES.flatMap((name) => modelOf(name).expect.find);
  assert.deepEqual(
    [...new Set(expected)].filter((row) => !known.has(row)),
    [],
  );
  const strange = findings.filter(({ known: row }) => row === null);
  assert.deepEqual(strange, []);
  assert.deepEqual(up.processes(), []);
});
