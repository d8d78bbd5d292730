/**
 * Text that is reviewed like code: `test/golden/NAME` in the source tree. UPDATE_GOLDEN=1 rewrites what
 * differs; a file that is missing is written, except in CI, where it is a failure.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PACKAGE_ROOT } from './package-root.ts';

export function golden(name: string, text: string): void {
  goldenIn(path.join(PACKAGE_ROOT, 'test/golden'), name, text, process.env);
}

export function goldenIn(folder: string, name: string, text: string, env: NodeJS.ProcessEnv): void {
  const file = path.join(folder, name);
  const known = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (known === text) return;
  const mayWrite = env.UPDATE_GOLDEN === '1' || (known === undefined && env.CI !== 'true');
  if (!mayWrite) {
    const hint = `differs from test/golden/${name}; UPDATE_GOLDEN=1 npm test rewrites it`;
    assert.equal(text, known ?? '', known === undefined ? `no test/golden/${name}` : hint);
    assert.fail(`no test/golden/${name}`);
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
