/** What ends a campaign must hold where something starts the coordinator again: with `--stay` it does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from '../support/package-root.ts';

/** The words of the command that starts a coordinator; quotes and the dashes of a list are none. */
function daemonWords(file: string): readonly string[] {
  const text = readFileSync(path.join(PACKAGE_ROOT, 'deploy', file), 'utf8');
  const [, words = ''] = /\bdaemon\b(?!:)((?:\s+(?:#.*|- )?(?:[-\w./%$'"]+))+)/.exec(text) ?? [];
  return words.split(/\s+/);
}

for (const file of [
  'compose.yaml',
  'kubernetes/base/coordinator.yaml',
  'systemd/faultline-coordinator.service',
]) {
  test(`${file}: a campaign that has ended stays ended`, () => {
    assert.ok(daemonWords(file).includes('--stay'), daemonWords(file).join(' '));
  });
}
