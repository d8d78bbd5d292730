/**
 * `dashboards/docs/real-kernel.md` is made anew, on a real kernel, and says the same. UPDATE_GOLDEN=1 writes it; without
 * that its verdicts are compared, and its logs are not: a scheduler orders their lines.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { makeGallery, pageOf, verdictRows } from './gallery.ts';

const skip = await skipReason('qemu-system-x86');
const PAGE = path.join(PACKAGE_ROOT, 'dashboards/docs/real-kernel.md');

test('the gallery says what the kernel shows', { skip }, async (t) => {
  const pieces = await makeGallery(temporaryFolder(t));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(PAGE, pageOf(pieces));
  const lines = readFileSync(PAGE, 'utf8').split('\n');
  assert.deepEqual(
    lines.filter((line) => /^\| [BF]\d\d /.test(line)),
    verdictRows(pieces),
  );
});
