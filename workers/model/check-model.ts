/**
 * What a model must be before anything runs it, be it built in or read from a file: the right fields, names
 * that can be printed, steps, tests and locks that exist. What its paths do together is for check-paths.ts.
 * One refusal carries all problems, with their places.
 */
import { CATALOGUE } from '../../corpus/vocabulary/catalogue.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, isJsonObject, jsonProblem } from '../../corpus/vocabulary/json.ts';
import {
  entriesOf,
  type Fields,
  fieldsOf,
  invalid,
  type JsonPart,
  JsonReport,
  keyOf,
  listOf,
  unknown,
} from '../../corpus/vocabulary/json-parts.ts';
import type { SpotOf } from '../../corpus/vocabulary/json-text.ts';
import { MODEL_JSON_MAX, NAME_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Model } from '../kernel/path.ts';
import { STEPS, TESTS } from '../kernel/step-registry.ts';
import { checkLocks } from './check-locks.ts';
import { checkPaths, type Wording } from './check-paths.ts';
import {
  checkName,
  checkProse,
  checkUnique,
  NAME,
  PROSE_LENGTH_MAX,
  WORD,
} from './check-values.ts';

const FORMAT = 1;
/** Rows of the catalogue. */
const ROW = /^[A-Z][A-Z0-9]{0,15}$/;

/** What compile.ts emits for a load or a store; in a path of its own it would fault within a fault. */
const COMPILERS_STEPS: readonly string[] = ['access', 'enter'];
const STEP_NAMES = [...STEPS.keys()].filter((name) => !COMPILERS_STEPS.includes(name));

const FIELDS = [
  ...['format', 'name', 'title', 'comment', 'origin', 'options', 'toggles', 'locks', 'order'],
  ...['durability', 'expect', 'paths'],
];

/**
 * @param where what the model came from, a file or a reference: the beginning of every problem
 * @param spotOf where its values stand, if it was read from a text
 * @param wording how messages call places, steps and locks, if not by their paths and by the registry's names
 * @param isCarried a repro brings it, of a build that did not look at everything: it is read all the same
 * @throws Refusal MODEL_INVALID with all problems, or FORMAT_NEWER
 */
export function checkModel(
  value: unknown,
  where: string,
  spotOf: SpotOf | null = null,
  isCarried = false,
  wording: Wording | null = null,
): Model {
  const source = { code: 'MODEL_INVALID', file: where, title: 'model', spotOf, base: [] } as const;
  const report = new JsonReport(
    wording === null ? source : { ...source, nameOf: (path) => wording.place(path) },
  );
  const root: JsonPart = { report, path: [], value };
  checkText(root);
  report.end();
  checkFormat(root);
  const field = fieldsOf(root, FIELDS, ['ownLocks', 'needs']);
  checkHead(field);
  checkOptions(field('options'), field('toggles'));
  const rwsems = checkLocks(field, STEP_NAMES, isCarried);
  checkExpect(field('expect'), isCarried);
  const paths = field('paths');
  const broken = entriesOf(paths, WORD).filter((path) => !isPath(path, rwsems));
  if (isJsonObject(paths?.value)) {
    checkPaths(value as Model, new Set(broken.map(keyOf)), report, wording);
  }
  report.end();
  return value as Model;
}

// ---- everything but the paths ---------------------------------------------------------------------------

/** Checked first: bounds the work of the other checks. */
function checkText(root: JsonPart): void {
  const problem = jsonProblem(root.value);
  if (problem !== null) {
    invalid(root, problem);
    return;
  }
  const { length } = canonicalJson(root.value);
  if (length > MODEL_JSON_MAX) invalid(root, `${length} characters, at most ${MODEL_JSON_MAX}`);
}

function checkFormat({ report, value }: JsonPart): void {
  const found = isJsonObject(value) ? value.format : undefined;
  if (found === undefined || found === FORMAT) return;
  if (typeof found === 'number' && found > FORMAT) {
    const facts = { found: `model ${found}`, known: `model ${FORMAT}` };
    throw fail('FORMAT_NEWER', { file: report.source.file, ...facts });
  }
  report.add(['format'], `must be ${FORMAT}`);
}

function checkHead(field: Fields): void {
  checkName(field('name'), NAME);
  checkProse(field('title'), NAME_BYTES_MAX);
  checkProse(field('comment'), PROSE_LENGTH_MAX);
  const origin = fieldsOf(field('origin'), ['kernel', 'sources']);
  checkProse(origin('kernel'), NAME_BYTES_MAX);
  for (const source of listOf(origin('sources'))) checkProse(source, PROSE_LENGTH_MAX);
  const durability = field('durability');
  if (durability === null || typeof durability.value === 'boolean') return;
  invalid(durability, 'is neither true nor false');
}

/** Every toggle that is declared has one of its values, and no other has any. */
function checkOptions(options: JsonPart | null, toggles: JsonPart | null): void {
  const declared = entriesOf(options, NAME);
  const set = entriesOf(toggles, NAME);
  const byName = new Map(set.map((toggle) => [keyOf(toggle), toggle]));
  for (const option of declared) {
    const values = listOf(option);
    if (Array.isArray(option.value) && values.length === 0) invalid(option, 'has no value');
    for (const value of values) checkName(value, NAME);
    checkUnique(values);
    if (toggles === null) continue;
    const name = keyOf(option);
    const toggle = byName.get(name);
    if (toggle === undefined) invalid(toggles, `toggle "${printable(name)}" has no value`);
    else if (values.length > 0 && !values.some((one) => one.value === toggle.value)) {
      invalid(toggle, `is not ${values.map((one) => printable(String(one.value))).join(' or ')}`);
    }
  }
  if (options === null) return;
  const names = declared.map(keyOf);
  const known = new Set(names);
  for (const toggle of set) {
    const name = keyOf(toggle);
    if (known.has(name)) continue;
    invalid(toggle, () => `is not declared in options${nearestHint(name, names)}`);
  }
}

/** What is not there is an operation, and none that every kernel has. */
/** A model that a repro carries may expect rows of a newer catalogue. */
function checkExpect(part: JsonPart | null, isCarried: boolean): void {
  const field = fieldsOf(part, ['find', 'clean']);
  const rows = [...listOf(field('find')), ...listOf(field('clean'))];
  const known = CATALOGUE.map(({ id }) => id);
  for (const row of rows) {
    const id = String(row.value);
    if (!ROW.test(id)) {
      invalid(
        row,
        `"${printable(id)}" is no row of the catalogue: write each by its id, as in B12 B13`,
      );
    } else if (!isCarried && !known.includes(id)) unknown(row, 'row of the catalogue', id, known);
  }
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

function isPath(part: JsonPart, rwsems: readonly string[]): boolean {
  const { count } = part.report;
  checkPath(part, rwsems);
  return part.report.count === count;
}

/** @param rwsems names that a step with a lock may give */
function checkPath(part: JsonPart, rwsems: readonly string[]): void {
  for (const node of listOf(part)) checkNode(node, rwsems);
}

function checkNode(part: JsonPart, rwsems: readonly string[]): void {
  const { value } = part;
  if (!isJsonObject(value)) {
    invalid(part, 'is not a node: an object');
    return;
  }
  const kind = KINDS.find((one) => Object.hasOwn(value, one));
  if (kind === undefined) {
    invalid(part, `is no node: it has none of ${KINDS.join(', ')}`);
    return;
  }
  const [required, optional] = NODE_FIELDS[kind];
  const field = fieldsOf(part, [kind, ...required], optional);
  const name = field(kind);
  if (name === null) return;
  if (typeof name.value !== 'string') invalid(name, 'is not a string');
  else if (kind === 'step') checkStep(part, name.value, field, rwsems);
  else if (kind !== 'when' && kind !== 'loop') checkName(name, WORD);
  else if (!TESTS.has(name.value)) unknown(part, 'test', name.value, [...TESTS.keys()]);
  for (const branch of ['then', 'else', 'body']) {
    const path = required.includes(branch) || optional.includes(branch) ? field(branch) : null;
    if (path !== null) checkPath(path, rwsems);
  }
}

function checkStep(part: JsonPart, name: string, field: Fields, rwsems: readonly string[]): void {
  const def = COMPILERS_STEPS.includes(name) ? undefined : STEPS.get(name);
  if (def === undefined) {
    unknown(part, 'step', name, STEP_NAMES);
    return;
  }
  const lock = field('lock');
  if (def.takesLock && lock === null) invalid(part, `${name} names no lock`);
  if (!def.takesLock && lock !== null) invalid(part, `${name} takes no lock by name`);
  else if (lock !== null && !rwsems.includes(String(lock.value))) {
    unknown(part, 'lock', String(lock.value), rwsems);
  }
  const label = field('label');
  if (label === null) return;
  checkName(label, WORD);
  if (!def.visible) invalid(part, `${name} is a local step: it has no label`);
}
