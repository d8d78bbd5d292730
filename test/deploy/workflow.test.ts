/** The workflow of a public host is one by its schema, and says what this tree needs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { validateWorkflow } from '@action-validator/core';
import { DEBIAN_NAMES } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const read = (file: string): string => readFileSync(path.join(PACKAGE_ROOT, file), 'utf8');
const WORKFLOW = read('.github/workflows/ci.yml');

test('the workflow is one by its schema', () => {
  assert.deepEqual(validateWorkflow(WORKFLOW).errors, []);
  for (const planted of [
    WORKFLOW.replace('steps:', 'step:'),
    WORKFLOW.replace('timeout-minutes: 15', 'needs: gone'),
    WORKFLOW.replace('24]', '24'),
  ]) {
    assert.notEqual(planted, WORKFLOW);
    assert.notDeepEqual(validateWorkflow(planted).errors, []);
  }
});

test('it installs every program that tests start', () => {
  const [, list = ''] = /apt-get install ([\s\S]*?)\n {6}-/.exec(WORKFLOW) ?? [];
  const packages = list.split(/\s+/);
  assert.deepEqual(
    DEBIAN_NAMES.filter((name) => !packages.includes(name)),
    [],
  );
});

test('it runs the oldest Node that is supported', () => {
  const { engines } = JSON.parse(read('package.json'));
  const [oldest] = /\d+/.exec(engines.node) ?? [];
  const [, first] = /node: \[(\d+),/.exec(WORKFLOW) ?? [];
  assert.equal(first, oldest);
});
