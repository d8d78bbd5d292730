/** A coordinator whose disk is full for a while: it says so, and says when it goes on. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Disk } from '../chaos/disk.ts';
import { MAIN } from '../cli/faultline.ts';
import { Talking } from '../e2e/fuzz.ts';

test('a log that cannot be written, and can again, is a line each', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-test-'));
  // In this order: what is mounted cannot be removed.
  const disk = new Disk(t, path.join(folder, 'disk'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = path.join(disk.folder, 'data');
  const args = ['daemon', '--redis', 'none', '--jobs', '1', '--port', '0', '--model', 'canary'];
  const daemon = new Talking([MAIN, ...args, '--data-dir', dataDir], folder);
  t.after(() => daemon.interrupt());
  await daemon.until(/campaign \w+ begun/);
  const { pid } = JSON.parse(readFileSync(path.join(dataDir, 'daemon.json'), 'utf8'));
  disk.fill(pid);
  await daemon.until(/cannot write to .*; it goes on when that is mended/);
  disk.free(pid);
  await daemon.until(/it goes on: mended after [\d.]+ s: cannot write to /);
  daemon.interrupt();
  assert.equal((await daemon.ended()).exit, 0);
});
