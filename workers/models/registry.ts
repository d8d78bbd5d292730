/** The built-in models, and model references: `name[:toggle=value,…]`. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, readJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { behaviourOf, type Model } from '../kernel/path.ts';
import { checkModel } from '../model/check-model.ts';
import { expand } from '../model/expand.ts';
import { readSource } from '../model/read.ts';
import { Report } from '../model/report.ts';
import type { Library, Source } from '../model/source.ts';
import { togglesOf } from '../model/toggles.ts';
import { MODEL_TEXTS } from './texts.ts';

/** Texts whose paths and parts every model has, and which are no models: the more special first. */
const COMMON = ['xfs-6.1', 'dax-6.1', 'pmd-4.10', 'dax-4.10', 'pmd-4.3', 'dax-4.2', 'common'];
/** It must fail: wherever models are listed it comes last. */
export const CANARY_MODEL = 'canary';

export const MODEL_NAMES: readonly string[] = [
  ...Object.keys(MODEL_TEXTS).filter((name) => !COMMON.includes(name) && name !== CANARY_MODEL),
  CANARY_MODEL,
];

/** What a text may extend. */
export const LIBRARY: Library = {
  get common() {
    return COMMON.map(sourceNamed);
  },
  find: (name) => (MODEL_NAMES.includes(name) ? sourceNamed(name) : null),
  names: MODEL_NAMES,
};

/** As somebody wrote it, comments and all. */
export function modelText(name: string): string {
  const text = MODEL_TEXTS[name];
  assert(text !== undefined, 'a built-in model', name);
  return text;
}

function sourceNamed(name: string): Source {
  const known = sources.get(name);
  if (known !== undefined) return known;
  const report = new Report(`workers/models/${name}.model`);
  const source = readSource(modelText(name), report);
  report.end();
  sources.set(name, source);
  return source;
}

const sources = new Map<string, Source>();

/**
 * The model of a reference.
 * @throws Refusal MODEL_UNKNOWN, TOGGLE_SETTING, TOGGLE_UNKNOWN or TOGGLE_VALUE, each naming what is known.
 */
export function modelOf(reference: string): Model {
  const colon = reference.indexOf(':');
  const name = colon < 0 ? reference : reference.slice(0, colon);
  if (!MODEL_NAMES.includes(name)) {
    throw fail('MODEL_UNKNOWN', {
      model: printable(name),
      nearest: nearestModel(name),
      known: MODEL_NAMES.join(', '),
    });
  }
  const source = sourceNamed(name);
  const toggles = togglesOf(source, colon < 0 ? null : reference.slice(colon + 1), LIBRARY);
  const key = `${name} ${Object.values(toggles).join(' ')}`;
  const model = built.get(key) ?? expand(source, toggles, LIBRARY);
  built.set(key, model);
  return model;
}

function nearestModel(name: string): string {
  const [first = ''] = name.split(/[^a-z0-9_.-]/);
  if (!MODEL_NAMES.includes(first)) return nearestHint(name, MODEL_NAMES);
  return `; toggles stand behind a colon, ${first}:TOGGLE=VALUE`;
}

/** Every built-in model as it is, and with each other value of one of its toggles. */
export function flavours(): readonly string[] {
  return MODEL_NAMES.flatMap((name) => [
    name,
    ...Object.entries(modelOf(name).options).flatMap(([toggle, [, ...values]]) =>
      values.map((value) => `${name}:${toggle}=${value}`),
    ),
  ]);
}

/** By name and values of toggles, which are few. */
const built = new Map<string, Model>();

/** The canonical spelling: toggles in the order of their declaration, defaults left out. */
export function canonicalReference(model: Model): string {
  const set = Object.entries(model.options)
    .filter(([name, values]) => model.toggles[name] !== values[0])
    .map(([name]) => `${name}=${model.toggles[name]}`);
  return set.length === 0 ? model.name : `${model.name}:${set.join(',')}`;
}

/** The model as it travels: one line of canonical JSON. */
export function modelJson(model: Model): string {
  return canonicalJson(model);
}

/** SHA-256 of what decides a model's behaviour (`behaviourOf`). */
export function modelDigest(model: Model): string {
  const digest = digests.get(model) ?? sha256Hex(canonicalJson(behaviourOf(model)));
  digests.set(model, digest);
  return digest;
}

/** A model never changes. */
const digests = new WeakMap<Model, string>();

/** Whether it is a model of this list, in some setting of its toggles, and not one that was made from it. */
export function isBuiltIn(model: Model): boolean {
  const same = builtInModel(canonicalReference(model));
  return same !== undefined && modelDigest(same) === modelDigest(model);
}

/**
 * The model of a pin: a built-in one, or the one that travels with it. Its digest is not looked at.
 * @throws Refusal as `modelOf` and `checkModel`
 */
export function pinnedModel({ reference, json }: Pick<ModelPin, 'reference' | 'json'>): Model {
  return json === undefined
    ? modelOf(reference)
    : checkModel(readJson(json), reference, null, true);
}

/** Undefined where this build does not know the name or the toggles: the model is somebody's own. */
export function builtInModel(reference: string): Model | undefined {
  try {
    return modelOf(reference);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Whether a repro's digest is that of a model, by this recipe or by the first one, which left out less. */
export function isDigestOf(model: Model, digest: string): boolean {
  if (modelDigest(model) === digest) return true;
  const { title: _title, comment: _comment, ...rest } = model;
  return sha256Hex(canonicalJson(rest)) === digest;
}
