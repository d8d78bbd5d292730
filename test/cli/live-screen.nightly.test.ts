/** The live screen of `up` with its keys, where none must be, and SIGTERM, which ends `fuzz` as Ctrl-C does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { Pty, skipWithoutPty } from '../support/pty.ts';
import { faultline } from './faultline.ts';
import {
  assertCooked,
  assertSixLines,
  ESCAPE,
  inShell,
  leftOf,
  MAIN,
  pictureOf,
  pictures,
  SMALL,
  SOUND,
  STTY,
} from './live-screens.ts';

const skip = skipWithoutPty();

test('SIGTERM gives the terminal back', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const told = Pty.open([process.execPath, MAIN, 'fuzz', ...SOUND, '--time', '1h'], folder, SMALL);
  await pictureOf(told, 'a picture', (text) => text.includes('runs/s'));
  told.signal('SIGTERM');
  assert.equal(await told.ended(), 0);
  assertSixLines(leftOf(told));
});

test('up draws what its coordinator says; p pauses it, q ends it', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const command = [process.execPath, MAIN, 'up', '--redis', 'none', '--port', '0', ...SOUND];
  const pty = Pty.open(inShell(command), folder, { columns: 100, rows: 30 });
  endIfLeft(t, pty);
  await pictureOf(pty, 'findings', (text) => /^findings {2}[1-9]/m.test(text));
  const picture = (pictures(pty).at(-1) ?? []).join('\n');
  assert.match(picture, /^page {6}http:\/\/127\.0\.0\.1:\d+\s*$/m);
  assert.match(picture, /^fleet {5}1 worker, \d of 1 executor busy, \d+ waiting, Redis/m);
  assert.match(picture, /^ {10}faultline show [0-9a-f]{12}\s*$/m);
  pty.type('p');
  await pictureOf(pty, 'a pause', (text) => /up paused.*p goes on/.test(text));
  pty.type('p');
  await pictureOf(pty, 'the campaign', (text) => /up running.*p pauses it/.test(text));
  // A part that is killed is started again, and takes no terminal with it.
  const { pid } = JSON.parse(readFileSync(path.join(folder, '.faultline/daemon.json'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  await pictureOf(pty, 'another', (text) => text.includes('is started again'));
  pty.type('q');
  assert.equal(await pty.ended(), 0);
  assertCooked(pty);
  assertSixLines(leftOf(pty).replace(STTY, ''));
  const log = readFileSync(path.join(folder, '.faultline/log/daemon.log'), 'utf8');
  assert.match(log, /told to pause.*told to resume/s);
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

/** Its coordinator ends when it is gone. */
function endIfLeft(t: TestContext, pty: Pty): void {
  t.after(() => {
    try {
      pty.signal('SIGKILL');
    } catch {
      // It has ended.
    }
  });
}
