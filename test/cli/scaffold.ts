/** What `init` writes: a model, and with each of its examples in force another. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { modelOfLines } from '../../daemon/cli/options/model-argument.ts';
import { lint } from '../../workers/model/lint.ts';
import { faultlineHere } from './faultline.ts';

/** In comments: an edit, a lock with what takes it, or a path with what is indented below it. */
const EXAMPLE = /^# (?:lock .*\n# )?(?:in \w+: .*|\w+:(?:\n# {3}.*)+)$/gm;
const EXAMPLES_MIN = 5;

export async function assertScaffold(base: string, folder: string): Promise<void> {
  const { exit, stderr } = await faultlineHere(['init', 'begun', '--from', base], folder);
  assert.equal(exit, 0, `${base}: ${stderr}`);
  const file = path.join(folder, 'begun.model');
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  const examples = [...text.matchAll(EXAMPLE)].map(([example]) => example);
  assert.ok(examples.length >= EXAMPLES_MIN, `${base}: ${examples.length} examples\n${text}`);
  for (const example of examples) {
    const own = text.replace(example, example.replace(/^# /gm, ''));
    assert.doesNotThrow(() => lint(modelOfLines(own, 'begun.model')), `${base}: ${example}`);
  }
}
