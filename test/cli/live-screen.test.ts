/** The live screen of `fuzz` and `up` on a real terminal: sizes and ways out. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { until } from '../support/patience.ts';
import { Pty, skipWithoutPty } from '../support/pty.ts';
import {
  assertCooked,
  COLOUR,
  ENTER,
  inShell,
  isOf,
  leftOf,
  MAIN,
  MODELS,
  pictureOf,
  pictures,
  REDRAWS_MAX,
  SIZES,
  SMALL,
  SOUND,
} from './live-screens.ts';

const skip = skipWithoutPty();

test('fuzz draws for the size that the terminal has, and gives it back', { skip }, async (t) => {
  const startedMs = performance.now();
  const folder = temporaryFolder(t);
  for (const name of MODELS) {
    const text = `faultline model 1\nname ${name}\ntitle ${name}\nextends modern-xfs-fixed\n`;
    writeFileSync(path.join(folder, `${name}.model`), text);
  }
  const models = MODELS.map((name) => `./${name}.model`);
  const command = [MAIN, 'fuzz', '--jobs', '1', '--time', '1h', '--model', ...models];
  const pty = Pty.open([process.execPath, ...command], folder, SMALL);
  for (const size of SIZES) {
    pty.resize(size);
    const name = `${size.columns}x${size.rows}`;
    await pty.until(name, () => isOf(pictures(pty).at(-1) ?? [], size));
  }
  await pty.stopAndGoOn();
  await pty.until('it again', () => pty.text.split(ENTER).length === 3);
  assert.match(pty.text, COLOUR);
  pty.type('q');
  await pictureOf(pty, 'what q does', (text) => text.includes('stopping: findings'));
  // Until it is not the echo of q.
  await until('its end', () => {
    pty.type('\x03');
    return pty.hasEnded;
  });
  assert.equal(await pty.ended(), 130);
  const seconds = (performance.now() - startedMs) / 1000;
  const count = pictures(pty).length;
  assert.ok(count <= REDRAWS_MAX * seconds + 2, `${count} pictures in ${seconds} s`);
  assert.match(leftOf(pty), /stopping: findings under way are finished first/);
});

test('a crash gives the terminal back, NO_COLOR has no colour', {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const crash = 'data:text/javascript,process.on("SIGUSR2", () => { throw new Error("planted"); })';
  const command = ['--import', crash, MAIN, 'fuzz', ...SOUND, '--time', '1h'];
  const line = inShell([process.execPath, ...command]);
  const crashed = Pty.open(line, folder, SMALL, { NO_COLOR: '1' });
  await pictureOf(crashed, 'a picture', (text) => text.includes('runs/s'));
  assert.match(pictures(crashed).at(-1)?.[0] ?? '', /q ends it/);
  crashed.signalAll('SIGUSR2');
  assert.equal(await crashed.ended(), 70);
  assertCooked(crashed);
  assert.match(leftOf(crashed), /this is a bug in Faultline: planted/);
  assert.doesNotMatch(crashed.text, COLOUR);
});
