/** Models by name or as text, and what workloads for a model are made of. */
import type { Vocabulary } from '../../corpus/breeding/weights.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { OP_KINDS, SHARINGS } from '../../corpus/vocabulary/ops.ts';
import type { Model } from '../kernel/path.ts';
import { NO_ENTRY } from '../kernel/program.ts';
import { compile } from '../model/compile.ts';
import { modelOfText } from '../model/open.ts';
import {
  MODEL_NAMES as BUILT_IN,
  modelOf as builtIn,
  isBuiltIn,
  LIBRARY,
} from '../models/registry.ts';

/** The built-in models; the last one must always fail. */
export const MODEL_NAMES: readonly string[] = BUILT_IN;

/**
 * A built-in model: `name[:toggle=value,…]`.
 * @throws Refusal MODEL_UNKNOWN, TOGGLE_SETTING, TOGGLE_UNKNOWN or TOGGLE_VALUE, each naming what is known
 */
export function modelOf(reference: string): Model {
  return builtIn(reference);
}

/**
 * The model of a text, which may extend a built-in one.
 * @param file what a refusal calls the text
 * @param toggles `toggle=value,…`; null for every default
 * @throws Refusal with every problem, each with line and column
 */
export function modelFromText(text: string, file = 'model', toggles: string | null = null): Model {
  const model = modelOfText(text, file, toggles, LIBRARY);
  if (MODEL_NAMES.includes(model.name) && !isBuiltIn(model)) {
    throw fail('MODEL_NAME_TAKEN', { file, name: model.name });
  }
  return model;
}

/** The operations and mappings that a model has a path for: `arbWorkload(vocabularyOf(model))` draws nothing else. */
export function vocabularyOf(model: Model): Vocabulary {
  const { entry, hasMapSync, hasDsync } = compile(model);
  return {
    kinds: OP_KINDS.filter((kind) => entry[kind] !== NO_ENTRY),
    sharings: SHARINGS.filter((sharing) => sharing !== 'sync' || hasMapSync),
    hasSync: hasDsync,
  };
}
