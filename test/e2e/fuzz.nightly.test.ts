/** The full length of what `fuzz.test.ts` samples. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { fuzzed, knownOf, lasting } from './fuzz.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'faultline-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (let i = 0; i < 10; i++) {
  const rngSeed = String((RNG_SEED + i) >>> 0);
  test(`200 000 runs with --rng-seed ${rngSeed} find B12, and the same again with one executor`, async () => {
    const args = ['--model', 'v42-immap-read', '--runs', '200k', '--rng-seed', rngSeed];
    const document = await fuzzed(folder, ...args, '--data-dir', `${i}`);
    assert.ok(knownOf(document).has('B12'));
    const again = await fuzzed(folder, ...args, '--data-dir', `${i}-again`, '--jobs', '1');
    assert.deepEqual(lasting(again), lasting(document));
  });
}

test('a million runs on the sound model: B10 and B11 and nothing else', async () => {
  const args = ['--model', 'xfs-mmaplock-prezero', '--runs', '1e6', '--rng-seed', String(RNG_SEED)];
  const document = await fuzzed(folder, ...args);
  assert.deepEqual([...knownOf(document)].sort(), ['B10', 'B11']);
});

test('all models together: what they are expected to show, and on none what it is not', async () => {
  const args = ['--runs', '200k', '--rng-seed', String(RNG_SEED), '--data-dir', 'all'];
  const document = await fuzzed(folder, ...args);
  const known = knownOf(document);
  const expected = document.models.flatMap((model) => modelOf(model).expect.find);
  const missing = expected.filter((row) => !known.has(row));
  assert.deepEqual(missing, []);
  const strange = document.findings.filter(({ known: row }) => row === null);
  assert.deepEqual(strange, []);
});
