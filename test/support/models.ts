/** The models of tests: a reference, or a file of `test/cases/models`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readJson } from '../../corpus/vocabulary/json.ts';
import { checkModel } from '../../workers/kernel/check-model.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from './package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/cases/models');

export function modelNamed(name: string): Model {
  if (!name.endsWith('.json')) return modelOf(name);
  return checkModel(readJson(readFileSync(path.join(FOLDER, name), 'utf8')), name);
}
