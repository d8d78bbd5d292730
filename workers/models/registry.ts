/** The list of built-in models, and model references: `name[:toggle=value,…]`. */
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import { behaviourOf, type Model } from '../kernel/path.ts';
import { canary } from './canary.ts';
import { V42_OPTIONS, v42ImmapRead } from './v42-immap-read.ts';
import { v43rcImmapWrite } from './v43rc-immap-write.ts';
import { V48_OPTIONS, v48EntryLock } from './v48-entry-lock.ts';
import { XFS_OPTIONS, xfsMmaplockPrezero } from './xfs-mmaplock-prezero.ts';

type Toggles = Readonly<Record<string, string>>;

interface BuiltIn {
  readonly name: string;
  readonly options: Readonly<Record<string, readonly string[]>>;
  readonly build: (toggles: Toggles) => Model;
}

export const MODELS: readonly BuiltIn[] = [
  { name: 'v42-immap-read', options: V42_OPTIONS, build: v42ImmapRead },
  { name: 'v43rc-immap-write', options: V42_OPTIONS, build: v43rcImmapWrite },
  { name: 'xfs-mmaplock-prezero', options: XFS_OPTIONS, build: xfsMmaplockPrezero },
  { name: 'v48-entry-lock', options: V48_OPTIONS, build: v48EntryLock },
  { name: 'canary', options: {}, build: canary },
];

export const MODEL_NAMES: readonly string[] = MODELS.map((model) => model.name);

/**
 * The model of a reference.
 * @throws Refusal MODEL_UNKNOWN, TOGGLE_UNKNOWN or TOGGLE_VALUE, each naming what is known.
 */
export function modelOf(reference: string): Model {
  const { builtIn, toggles } = parseReference(reference);
  const key = `${builtIn.name} ${Object.values(toggles).join(' ')}`;
  const model = built.get(key) ?? builtIn.build(toggles);
  built.set(key, model);
  return model;
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

function parseReference(reference: string): { builtIn: BuiltIn; toggles: Toggles } {
  const colon = reference.indexOf(':');
  const name = colon < 0 ? reference : reference.slice(0, colon);
  const builtIn = MODELS.find((model) => model.name === name);
  if (builtIn === undefined) {
    throw fail('MODEL_UNKNOWN', { model: name, known: MODEL_NAMES.join(', ') });
  }
  const toggles: Record<string, string> = {};
  for (const [toggle, values] of Object.entries(builtIn.options)) toggles[toggle] = values[0] ?? '';
  if (colon >= 0) applyToggles(builtIn, reference.slice(colon + 1), toggles);
  return { builtIn, toggles };
}

function applyToggles(builtIn: BuiltIn, text: string, toggles: Record<string, string>): void {
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const toggle = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    const values = Object.hasOwn(builtIn.options, toggle) ? builtIn.options[toggle] : undefined;
    if (values === undefined) {
      const known = Object.keys(builtIn.options).join(', ') || 'none';
      throw fail('TOGGLE_UNKNOWN', { model: builtIn.name, toggle, known });
    }
    if (!values.includes(value)) {
      throw fail('TOGGLE_VALUE', { model: builtIn.name, toggle, value, known: values.join(', ') });
    }
    toggles[toggle] = value;
  }
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
