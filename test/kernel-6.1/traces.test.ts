/**
 * modern-ext4 and modern-xfs against the kernel: for each operation and state of a page that was traced on a real Linux
 * 6.1.192, what the model's path does, run alone, is what the trace says, in order (deploy/lab/paths has what is
 * compared).
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FILE_SYSTEM_NAMES } from '../../deploy/lab/file-systems.ts';
import { comparePaths } from '../../deploy/lab/paths/compare.ts';
import { readTraces } from '../../deploy/lab/paths/folder.ts';
import { PATH_MODELS } from '../../deploy/lab/paths/operations.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/kernel-6.1/traces');

for (const fs of FILE_SYSTEM_NAMES) {
  const model = PATH_MODELS[fs];
  test(`${model} does what ${fs} of 6.1 was traced to do`, () => {
    const traces = readTraces(FOLDER, fs);
    const { compared, differences } = comparePaths(compile(modelOf(model)), fs, traces);
    assert.deepEqual(differences, []);
    assert.equal(compared, traces.length, 'every trace is compared');
  });
}
