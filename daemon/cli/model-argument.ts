/** What `--model` takes: a reference, or the path of a file with a model's JSON. */
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { openJson } from '../../corpus/vocabulary/json-text.ts';
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
  const { value, spotOf } = openJson(readNamed(file), file, 'MODEL_INVALID');
  return checkModel(value, file, spotOf);
}
