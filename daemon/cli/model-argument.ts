/** What `--model` takes: a reference, or the path of a file with a model's JSON. */
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { fail, Refusal, withExit } from '../../corpus/vocabulary/errors.ts';
import { openJson } from '../../corpus/vocabulary/json-text.ts';
import { checkModel } from '../../workers/kernel/check-model.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { isBuiltIn, MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { EXIT } from './endings.ts';

export const MODEL_FLAG = '--model <ref>';
export const MODEL_FLAG_TEXT = 'a model: name[:toggle=value,...], or a file with its JSON';

export const BISECT_FLAG = '--bisect';
export const BISECT_FLAG_TEXT =
  'exit 125 instead of 2 if the model cannot be read: git bisect skips';

/** @param isBisect exit 125 for a model that cannot be read */
export function givenModel(argument: string, isBisect = false): Model {
  try {
    return isPath(argument) ? modelOfFile(argument) : modelOf(argument);
  } catch (error) {
    if (!isBisect || !(error instanceof Refusal)) throw error;
    throw withExit(error, EXIT.cannotJudge);
  }
}

function isPath(argument: string): boolean {
  return argument.includes('/') || argument.includes('\\') || argument.endsWith('.json');
}

function modelOfFile(file: string): Model {
  const { value, spotOf } = openJson(readNamed(file), file, 'MODEL_INVALID');
  const model = checkModel(value, file, spotOf);
  // Findings name models by their references: two of one name would be taken for each other.
  if (MODEL_NAMES.includes(model.name) && !isBuiltIn(model)) {
    throw fail('MODEL_NAME_TAKEN', { file, name: model.name });
  }
  return model;
}
