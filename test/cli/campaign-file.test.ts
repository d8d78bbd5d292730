/** A campaign file: what it asks for is taken as it stands, and what cannot be meant is refused with its place. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Settings } from '../../daemon/cli/options/settings.ts';
import { wantedOf } from '../../daemon/cli/options/wanted-campaign.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const SETTINGS: Settings = {
  isJson: false,
  isQuiet: true,
  isVerbose: false,
  rngSeed: undefined,
  dataDir: folder,
};

function wanted(content: unknown) {
  const file = path.join(folder, 'campaign.json');
  writeFileSync(file, JSON.stringify(content));
  return wantedOf({ campaign: file }, SETTINGS);
}

const MODEL = { models: ['v42-immap-read'] };

test('scopes: of the operations that are named, or of all; none unless they are asked for', () => {
  const size = { threads: 2, ops: 2, pages: 1 };
  const operations = ['store', 'punch'];
  assert.deepEqual(wanted({ ...MODEL, scopes: [size, { ...size, operations }] }).scopes, [
    { ...size, kinds: null },
    { ...size, kinds: operations },
  ]);
  assert.equal(wanted(MODEL).scopes, undefined);
});

// biome-ignore format: a table
const REFUSED: readonly (readonly [unknown, RegExp])[] = [
  [{ threads: 2, ops: 7, pages: 1 }, /campaign.json is no campaign: scopes.0.ops: Too big/],
  [{ threads: 2, ops: 1 }, /scopes.0.pages: /],
  [{ threads: 2, ops: 1, pages: 1, operations: ['stroe'] }, /scopes.0.operations.0: /],
  [{ threads: 4, ops: 6, pages: 1 }, /scopes\[0\] has about \d+e\+\d+ workloads on v42-immap-read; name other operations, or a size of 1 to 2e\+8 workloads/],
  [{ threads: 2, ops: 1, pages: 1, operations: ['collapse'] }, /scopes\[0\] has no workloads on v42-immap-read;/],
];

for (const [scope, says] of REFUSED) {
  test(`refused: ${JSON.stringify(scope)}`, () => {
    assert.throws(
      () => wanted({ ...MODEL, scopes: [scope] }),
      (error) => error instanceof Refusal && says.test(error.message),
    );
  });
}

test('every mistake of a file is told at once', () => {
  const wrong = { models: [], stop: { seconds: -1, runs: 0 }, seed: 1 };
  assert.throws(
    () => wanted(wrong),
    (error) => {
      assert.ok(error instanceof Refusal);
      const said = error.problems.map(({ what }) => what.split(':')[0]);
      assert.deepEqual(said.slice(0, 3), ['models', 'stop.runs', 'stop.seconds']);
      assert.equal(said[3], 'Unrecognized key');
      assert.match(error.message, /campaign.json is no campaign: models: Too small/);
      return true;
    },
  );
});
