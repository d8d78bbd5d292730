/** What `--model` takes: a reference, or the path of a file with a model's JSON. */
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { readJson } from '../../corpus/vocabulary/json.ts';
import { checkModel } from '../../workers/kernel/check-model.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { modelOf } from '../../workers/models/registry.ts';

export const MODEL_FLAG = '--model <ref>';
export const MODEL_FLAG_TEXT = 'a model: name[:toggle=value,...], or a file with its JSON';

export function givenModel(argument: string): Model {
  return isPath(argument) ? modelOfFile(argument) : modelOf(argument);
}

function isPath(argument: string): boolean {
  return argument.includes('/') || argument.includes('\\') || argument.endsWith('.json');
}

function modelOfFile(file: string): Model {
  const value = readJson(readNamed(file));
  if (value === undefined) {
    throw fail('MODEL_INVALID', { model: file, where: 'the file', what: 'not JSON, or too large' });
  }
  return checkModel(value, file);
}
