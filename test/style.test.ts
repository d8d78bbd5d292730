/** What `npm run lint` and the compiler say about the whole tree. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from './support/package-root.ts';

test('the linter, the formatter, unused code and imports: nothing to say', (t) => {
  const startedMs = performance.now();
  assertPasses('npm', ['run', '--silent', 'lint']);
  t.diagnostic(`npm run lint: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
});

test('the compiler accepts every source', () => {
  const tsc = path.join(PACKAGE_ROOT, 'node_modules/typescript/bin/tsc');
  const apart = ['--noEmit', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  assertPasses(process.execPath, [tsc, '-p', '.', ...apart]);
});

function assertPasses(program: string, args: readonly string[]): void {
  const env = { ...process.env, NO_COLOR: '1' };
  const result = spawnSync(program, args, { cwd: PACKAGE_ROOT, encoding: 'utf8', env });
  if (result.status !== 0) assert.fail(`${result.error ?? ''}${result.stdout}${result.stderr}`);
}
