/** Where the live screen must not be, and SIGTERM, which ends `fuzz` as Ctrl-C does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { Pty, skipWithoutPty } from '../support/pty.ts';
import { faultline } from './faultline.ts';
import { assertSixLines, ESCAPE, leftOf, MAIN, pictureOf, SMALL, SOUND } from './live-screens.ts';

const skip = skipWithoutPty();

test('SIGTERM gives the terminal back', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const told = Pty.open([process.execPath, MAIN, 'fuzz', ...SOUND, '--time', '1h'], folder, SMALL);
  await pictureOf(told, 'a picture', (text) => text.includes('runs/s'));
  told.signal('SIGTERM');
  assert.equal(await told.ended(), 0);
  assertSixLines(leftOf(told));
});

test('no escape byte where there is no screen, or nothing is to be said', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const args = ['fuzz', ...SOUND, '--runs', '2k'];
  const { stdout, stderr } = await faultline(args, folder);
  assert.ok(!`${stdout}${stderr}`.includes(ESCAPE));
  const open = (more: readonly string[], env: Readonly<Record<string, string>> = {}): Pty =>
    Pty.open([process.execPath, MAIN, ...args, ...more], folder, SMALL, env);
  const ptys = [open(['--quiet']), open(['--json']), open([], { TERM: 'dumb' })];
  await Promise.all(ptys.map((pty) => pty.ended()));
  for (const pty of ptys) {
    assert.match(pty.text, /xfs-mmaplock-prezero/);
    assert.ok(!pty.text.includes(ESCAPE), pty.text);
  }
});
