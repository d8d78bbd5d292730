/** What the formatter, the linter and the compiler say about the whole tree. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from './support/package-root.ts';

test('the linter and the formatter have nothing to say', () => {
  assertPasses('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '--colors=off', '.']);
});

test('the compiler accepts every source', () => {
  assertPasses('typescript/bin/tsc', [
    '-p',
    '.',
    '--noEmit',
    '--incremental',
    'false',
    '--tsBuildInfoFile',
    'null',
  ]);
});

function assertPasses(tool: string, args: readonly string[]): void {
  const script = path.join(PACKAGE_ROOT, 'node_modules', tool);
  const result = spawnSync(process.execPath, [script, ...args], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  if (result.status !== 0) assert.fail(`${result.stdout}${result.stderr}`);
}
