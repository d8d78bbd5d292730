/** The guide is run as it stands: its files are written, its commands typed, and each line that it shows comes. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { faultlineHere } from './faultline.ts';
import { assertScaffold } from './scaffold.ts';

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

test('what `init` shows in comments applies to the base, block by block', async (t) => {
  const folder = temporaryFolder(t);
  // Punch of the modern ones gives its lock up to wait for pins, and takes it again.
  for (const base of ['xfs-mmaplock-prezero', 'modern-xfs:reflink=on']) {
    await assertScaffold(base, folder);
  }
});
