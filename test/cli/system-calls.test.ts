/** What `replay`, `show` and `check` ask of the system: no connection, and no file but in the data directory (S22). */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../store/sample.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const skip = await skipReason('strace');
const found = await debianProgram('strace');
const MAIN = path.join(PACKAGE_ROOT, 'dist/bundle/main.js');
const SEED = path.join(PACKAGE_ROOT, 'corpus/seeds/b12-fault-vs-punch.txt');
const MODEL = ['--model', 'v42-immap-read'];

const VERBS: readonly (readonly string[])[] = [
  ['replay', SEED, ...MODEL],
  ['show', SEED, '--as', 'svg', ...MODEL],
  ['check', SEED, ...MODEL],
];

for (const verb of VERBS) {
  test(`${verb[0]} opens no connection, and writes nowhere else`, { skip }, async (t) => {
    assert.ok(!('missing' in found));
    const folder = temporaryFolder(t);
    const dataDir = path.join(folder, 'data');
    const calls = path.join(folder, 'calls');
    const traced = ['-f', '-qq', '-e', 'trace=%network,openat,creat', '-o', calls];
    const args = [...traced, process.execPath, MAIN, ...verb, '--data-dir', dataDir];
    // A violation ends them with 1.
    await promisify(execFile)(found.path, args, { timeout: PATIENCE_MS }).catch((error) =>
      assert.equal(error.code, 1, String(error)),
    );
    const lines = readFileSync(calls, 'utf8').split('\n');
    assert.ok(
      lines.some((line) => line.includes('openat(')),
      'calls are seen',
    );
    const connected = lines.filter((line) => /\b(?:socket|connect|bind|sendto)\(/.test(line));
    assert.deepEqual(connected, []);
    const written = lines.filter((line) => /O_WRONLY|O_RDWR|O_CREAT|creat\(/.test(line));
    const elsewhere = written.filter((line) => !line.includes(`"${dataDir}`));
    assert.deepEqual(
      elsewhere.filter((line) => !/"\/dev\/(?:null|tty)"/.test(line)),
      [],
    );
  });
}
