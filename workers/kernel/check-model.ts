/**
 * What a model must be before anything runs it, be it built in or read from a file: the right fields, names
 * that can be printed, steps, tests and locks that exist. What its paths do together is for check-paths.ts.
 * The first thing that is wrong is refused, with its place.
 */
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, isJsonObject, jsonProblem } from '../../corpus/vocabulary/json.ts';
import { NAME_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { checkPaths } from './check-paths.ts';
import { LOCK_CLASSES, RWSEMS } from './locks.ts';
import type { Model } from './path.ts';
import { STEPS, TESTS } from './registry.ts';

/** Characters of canonical JSON. The largest built-in model has 12 000. */
const MODEL_TEXT_MAX = 1 << 16;
const FORMAT = 1;
/** A paragraph: a comment, or where a path was read. */
const PROSE_LENGTH_MAX = 1000;

/** Models, toggles and their values: they make references, file names and words of a command line. */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;
/** Paths, blocks and labels: they make labels of steps. */
const WORD = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;
/** Rows of the catalogue. */
const ROW = /^[A-Z][A-Z0-9]{0,15}$/;
const ASCII = /^[ -~]+$/;

const LOCK_IDS: readonly string[] = LOCK_CLASSES.map((lock) => lock.id);
const RWSEM_IDS: readonly string[] = RWSEMS.map((rwsem) => rwsem.id);
/** What compile.ts emits for a load or a store; in a path of its own it would fault within a fault. */
const NO_MODELS_STEP = 'access';

/** A value and where it stands: `paths.fault[3].then`. */
interface Part {
  readonly source: string;
  readonly path: string;
  readonly value: unknown;
}
type Fields = (name: string) => Part;

/**
 * @param where what the model came from, a file or a reference: the beginning of every refusal
 * @throws Refusal MODEL_INVALID or FORMAT_NEWER
 */
export function checkModel(value: unknown, where: string): Model {
  const root: Part = { source: printable(where), path: '', value };
  const problem = jsonProblem(value);
  if (problem !== null) throw invalid(root, problem);
  checkFormat(root);
  const field = fieldsOf(root, [
    'format',
    'name',
    'title',
    'comment',
    'origin',
    'options',
    'toggles',
    'locks',
    'order',
    'durability',
    'expect',
    'paths',
  ]);
  checkHead(field);
  checkOptions(field('options'), field('toggles'));
  checkLocks(field('locks'), field('order'));
  checkExpect(field('expect'));
  entriesOf(field('paths'), WORD).forEach(checkPath);
  const { length } = canonicalJson(value);
  if (length > MODEL_TEXT_MAX)
    throw invalid(root, `${length} characters, at most ${MODEL_TEXT_MAX}`);
  const model = value as Model;
  checkPaths(model, root.source);
  return model;
}

// ---- everything but the paths ---------------------------------------------------------------------------

function checkFormat(root: Part): void {
  const found = isJsonObject(root.value) ? root.value.format : undefined;
  if (found === FORMAT) return;
  if (typeof found === 'number' && found > FORMAT) {
    const facts = { found: `model ${found}`, known: `model ${FORMAT}` };
    throw fail('FORMAT_NEWER', { file: root.source, ...facts });
  }
  if (isJsonObject(root.value) && found !== undefined) {
    throw invalid({ ...root, path: 'format' }, `must be ${FORMAT}`);
  }
}

function checkHead(field: Fields): void {
  checkName(field('name'), NAME);
  checkProse(field('title'), NAME_BYTES_MAX);
  checkProse(field('comment'), PROSE_LENGTH_MAX);
  const origin = fieldsOf(field('origin'), ['kernel', 'sources']);
  checkProse(origin('kernel'), NAME_BYTES_MAX);
  for (const source of listOf(origin('sources'))) checkProse(source, PROSE_LENGTH_MAX);
  const durability = field('durability');
  if (typeof durability.value !== 'boolean') throw invalid(durability, 'is neither true nor false');
}

/** Every toggle that is declared has one of its values, and no other has any. */
function checkOptions(options: Part, toggles: Part): void {
  const declared = entriesOf(options, NAME);
  const set = entriesOf(toggles, NAME);
  for (const option of declared) {
    const values = listOf(option);
    if (values.length === 0) throw invalid(option, 'has no value');
    for (const value of values) checkName(value, NAME);
    checkUnique(values);
    const name = option.path.slice(options.path.length + 1);
    const toggle = set.find((one) => one.path === `${toggles.path}.${name}`);
    if (toggle === undefined) throw invalid(toggles, `toggle "${name}" has no value`);
    if (!values.some((one) => one.value === toggle.value)) {
      throw invalid(toggle, `is not ${values.map((one) => String(one.value)).join(' or ')}`);
    }
  }
  for (const toggle of set) {
    const name = toggle.path.slice(toggles.path.length + 1);
    if (!declared.some((one) => one.path === `${options.path}.${name}`)) {
      throw invalid(toggle, 'is not declared in options');
    }
  }
}

function checkLocks(locks: Part, order: Part): void {
  for (const lock of entriesOf(locks, WORD)) {
    const id = lock.path.slice(locks.path.length + 1);
    if (!LOCK_IDS.includes(id)) throw unknown(lock, 'lock', id, LOCK_IDS);
    checkProse(lock, NAME_BYTES_MAX);
    if (!ASCII.test(String(lock.value)))
      throw invalid(lock, 'is not plain ASCII: diagrams show it');
  }
  for (const line of listOf(order)) {
    checkProse(line, PROSE_LENGTH_MAX);
    const chain = String(line.value).split(' -> ');
    if (chain.length < 2) throw invalid(line, 'is no chain "lock -> lock"');
    for (const id of chain) if (!LOCK_IDS.includes(id)) throw unknown(line, 'lock', id, LOCK_IDS);
  }
}

function checkExpect(part: Part): void {
  const field = fieldsOf(part, ['find', 'clean']);
  const rows = [...listOf(field('find')), ...listOf(field('clean'))];
  for (const row of rows) checkName(row, ROW);
  checkUnique(rows);
}

// ---- paths ----------------------------------------------------------------------------------------------

type Kind = 'step' | 'when' | 'loop' | 'block' | 'leave' | 'retry' | 'call';
/** The fields of each kind of node besides its name: those it must have, and those it may. */
const NODE_FIELDS: Readonly<Record<Kind, readonly [readonly string[], readonly string[]]>> = {
  step: [[], ['lock', 'label']],
  when: [['then'], ['else']],
  loop: [['body'], []],
  block: [['body'], []],
  leave: [[], []],
  retry: [[], []],
  call: [[], []],
};
const KINDS = Object.keys(NODE_FIELDS) as readonly Kind[];

function checkPath(part: Part): void {
  listOf(part).forEach(checkNode);
}

function checkNode(part: Part): void {
  if (!isJsonObject(part.value)) throw invalid(part, 'is not a node: an object');
  const { value } = part;
  const kind = KINDS.find((one) => Object.hasOwn(value, one));
  if (kind === undefined) throw invalid(part, `is no node: it has none of ${KINDS.join(', ')}`);
  const [required, optional] = NODE_FIELDS[kind];
  const field = fieldsOf(part, [kind, ...required], optional);
  const name = field(kind);
  if (typeof name.value !== 'string') throw invalid(name, 'is not a string');
  if (kind === 'step') checkStep(part, name.value, field);
  else if (kind !== 'when' && kind !== 'loop') checkName(name, WORD);
  else if (!TESTS.has(name.value)) throw unknown(part, 'test', name.value, [...TESTS.keys()]);
  for (const branch of ['then', 'else', 'body']) {
    if (Object.hasOwn(value, branch)) checkPath(field(branch));
  }
}

function checkStep(part: Part, name: string, field: Fields): void {
  const def = name === NO_MODELS_STEP ? undefined : STEPS.get(name);
  if (def === undefined) {
    throw unknown(
      part,
      'step',
      name,
      [...STEPS.keys()].filter((one) => one !== NO_MODELS_STEP),
    );
  }
  const lock = field('lock').value;
  if (def.takesLock && lock === undefined) throw invalid(part, `${name} names no lock`);
  if (!def.takesLock && lock !== undefined) throw invalid(part, `${name} takes no lock by name`);
  if (lock !== undefined && !RWSEM_IDS.includes(String(lock))) {
    throw unknown(part, 'lock', String(lock), RWSEM_IDS);
  }
  if (field('label').value === undefined) return;
  checkName(field('label'), WORD);
  if (!def.visible) throw invalid(part, `${name} is a local step: it has no label`);
}

// ---- values ---------------------------------------------------------------------------------------------

function invalid({ source, path }: Part, what: string): Refusal {
  return fail('MODEL_INVALID', { model: source, where: path === '' ? 'model' : path, what });
}

function unknown(part: Part, kind: string, name: string, known: readonly string[]): Refusal {
  const nearest = nearestOf(name, known);
  const hint = nearest === undefined ? '' : `; the nearest is ${nearest}`;
  return invalid(part, `there is no ${kind} "${printable(name)}"${hint}`);
}

function fieldsOf(part: Part, names: readonly string[], maybe: readonly string[] = []): Fields {
  const { value, path } = part;
  if (!isJsonObject(value)) throw invalid(part, 'is not an object');
  for (const key of Object.keys(value)) {
    if (!names.includes(key) && !maybe.includes(key))
      throw unknown(part, 'field', key, [...names, ...maybe]);
  }
  for (const name of names) {
    if (!Object.hasOwn(value, name)) throw invalid(part, `the field "${name}" is missing`);
  }
  return (name) => ({
    ...part,
    path: path === '' ? name : `${path}.${name}`,
    value: Object.hasOwn(value, name) ? value[name] : undefined,
  });
}

/** The values of an object whose keys are free, within a pattern. */
function entriesOf(part: Part, pattern: RegExp): readonly Part[] {
  const { value, path } = part;
  if (!isJsonObject(value)) throw invalid(part, 'is not an object');
  return Object.entries(value).map(([key, one]) => {
    if (!pattern.test(key))
      throw invalid(part, `the name "${printable(key)}" does not fit ${pattern.source}`);
    return { ...part, path: `${path}.${key}`, value: one };
  });
}

function listOf(part: Part): readonly Part[] {
  const { value, path } = part;
  if (!Array.isArray(value)) throw invalid(part, 'is not a list');
  return value.map((one: unknown, i) => ({ ...part, path: `${path}[${i}]`, value: one }));
}

function checkName(part: Part, pattern: RegExp): void {
  if (typeof part.value !== 'string') throw invalid(part, 'is not a string');
  if (pattern.test(part.value)) return;
  throw invalid(part, `"${printable(part.value)}" does not fit ${pattern.source}`);
}

function checkProse(part: Part, lengthMax: number): void {
  const { value } = part;
  if (typeof value !== 'string') throw invalid(part, 'is not a string');
  if (value.length > lengthMax)
    throw invalid(part, `${value.length} characters, at most ${lengthMax}`);
  if (printable(value, lengthMax) !== value)
    throw invalid(part, 'has a character that cannot be printed');
}

function checkUnique(parts: readonly Part[]): void {
  const seen = new Set<unknown>();
  for (const part of parts) {
    if (seen.has(part.value))
      throw invalid(part, `"${printable(String(part.value))}" is there twice`);
    seen.add(part.value);
  }
}

/** What was probably meant: the name that differs least, if not in more than a third of its letters. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = distanceBetween(name, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Letters to add, drop or replace (Levenshtein), capitals alike. */
function distanceBetween(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      const above = row[j] ?? 0;
      next.push(Math.min(above + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
