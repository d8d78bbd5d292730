/** The guide is run as it stands: its files are written, its commands typed, and each line that it shows comes. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { modelOfLines } from '../../daemon/cli/model-argument.ts';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { faultlineHere } from './faultline.ts';

const GUIDE = path.join(PACKAGE_ROOT, 'dashboards/docs/model-in-ten-minutes.md');
const BLOCK = /^```(?<kind>console|model|input)(?: (?<file>\S+))?\n(?<body>[\s\S]*?)^```$/gm;
/** What a line of the guide leaves out at its end. */
const AND_SO_ON = '...';

test('every block of the guide does what the guide says', async (t) => {
  const folder = temporaryFolder(t);
  let commands = 0;
  for (const { groups } of readFileSync(GUIDE, 'utf8').matchAll(BLOCK)) {
    const { kind, file = '', body = '' } = groups ?? {};
    if (kind !== 'console') {
      writeFileSync(path.join(folder, file), body);
      continue;
    }
    for (const part of body.split(/^\$ faultline /m).slice(1)) {
      const [command = '', ...lines] = part.trimEnd().split('\n');
      const { stdout, stderr } = await faultlineHere(command.split(' '), folder);
      assertShown(stdout.split('\n'), lines, `${command}\n${stdout}${stderr}`);
      commands += 1;
    }
  }
  assert.ok(commands >= 6, `${commands} commands`);
});

/** In this order, with others between. */
function assertShown(output: readonly string[], lines: readonly string[], said: string): void {
  let at = 0;
  for (const line of lines) {
    const start = line.endsWith(AND_SO_ON) ? line.slice(0, -AND_SO_ON.length) : null;
    const isIt = (one: string): boolean => (start === null ? one === line : one.startsWith(start));
    const found = output.findIndex((one, i) => i >= at && isIt(one));
    assert.ok(found >= 0, `the guide shows: ${line}\n${said}`);
    at = found + 1;
  }
}

test('what `init` shows in comments applies to the base, line by line', async (t) => {
  const folder = temporaryFolder(t);
  for (const base of ['v42-immap-read', 'ext2-dax-sem', 'v48-entry-lock', 'xfs-mmaplock-prezero']) {
    await faultlineHere(['init', 'begun', '--from', base], folder);
    const file = path.join(folder, 'begun.model');
    const text = readFileSync(file, 'utf8');
    const lock = /^# lock .*$/m.exec(text)?.[0].slice(2) ?? '';
    for (const [example] of text.matchAll(/^# in .*$/gm)) {
      const own = text.replace(example, example.slice(2));
      const lines = example.includes('my_lock') ? `${own}${lock}\n` : own;
      assert.doesNotThrow(() => modelOfLines(lines, 'begun.model'), `${base}: ${example}`);
    }
    rmSync(file);
  }
});
