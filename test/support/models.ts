/** The models of tests: a reference, or a file of `test/cases/models`: JSON, or a text that changes a built-in one. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readJson } from '../../corpus/vocabulary/json.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { checkModel } from '../../workers/model/check-model.ts';
import { modelOfText } from '../../workers/model/open.ts';
import { LIBRARY, modelOf } from '../../workers/models/registry.ts';
import { PACKAGE_ROOT } from './package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/cases/models');

export function modelNamed(name: string): Model {
  if (!/\.(?:json|model)$/.test(name)) return modelOf(name);
  const text = readFileSync(path.join(FOLDER, name), 'utf8');
  return name.endsWith('.model')
    ? modelOfText(text, name, null, LIBRARY)
    : checkModel(readJson(text), name);
}
