/** What `goldenIn` writes, compares and refuses. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { goldenIn } from './support/golden.ts';

test('a golden is written once, compared ever after, and rewritten only on demand', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'golden-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'a/list.txt');

  assert.throws(() => goldenIn(folder, 'a/list.txt', 'one\n', { CI: 'true' }), /no test\/golden/);
  assert.throws(() => goldenIn(folder, 'a/empty.txt', '', { CI: 'true' }), /no test\/golden/);
  goldenIn(folder, 'a/list.txt', 'one\n', {});
  goldenIn(folder, 'a/list.txt', 'one\n', { CI: 'true' });
  assert.throws(() => goldenIn(folder, 'a/list.txt', 'two\n', {}), /differs/);
  assert.equal(readFileSync(file, 'utf8'), 'one\n');
  goldenIn(folder, 'a/list.txt', 'two\n', { UPDATE_GOLDEN: '1' });
  assert.equal(readFileSync(file, 'utf8'), 'two\n');
});
