/** Which model judges a repro: the one named, the one in this build if it is still the same, or the carried one. */
import { fail, failInFile, Refusal } from '../../../corpus/vocabulary/errors.ts';
import { readJson } from '../../../corpus/vocabulary/json.ts';
import type { Repro } from '../../../corpus/vocabulary/repro.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { checkModel } from '../../../workers/model/check-model.ts';
import { builtInModel, isDigestOf, modelDigest } from '../../../workers/models/registry.ts';

/** Characters of a digest that tell two apart in a message. */
const SHOWN = 12;

/**
 * The built-in model of that name, unless it has changed; a model of somebody's own travels in the repro.
 * @throws Refusal MODEL_CHANGED or MODEL_MISSING: nobody can say whether the bug is still there
 */
export function currentModel(repro: Repro, file: string): Model {
  const model = builtInModel(repro.modelRef);
  if (model === undefined) return recordedModel(repro, file);
  if (isDigestOf(model, repro.modelDigest)) return model;
  const [was, now] = [repro.modelDigest, modelDigest(model)].map((one) => one.slice(0, SHOWN));
  throw fail('MODEL_CHANGED', { file, model: repro.modelRef, was: `${was}`, now: `${now}` });
}

/** The model that the repro carries, which is a stranger's and is checked like one. */
export function recordedModel(repro: Repro, file: string): Model {
  const model = checkedModel(repro, file);
  if (isDigestOf(model, repro.modelDigest)) return model;
  const what = 'model-digest is not that of the model that the repro carries';
  throw failInFile('INPUT_INVALID', [{ file, line: 1, column: 1, where: '', what }]);
}

function checkedModel(repro: Repro, file: string): Model {
  try {
    return checkModel(readJson(repro.modelJson), `${file}: model-json`, null, true);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'MODEL_INVALID') throw error;
    throw fail('MODEL_MISSING', { model: repro.modelRef, why: error.message });
  }
}
