/** Toggles: what a text declares, what a reference sets, `name[:toggle=value,…]`, and what is wrong with either. */
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable, printableFile } from '../../corpus/vocabulary/printable.ts';
import type { Report } from './report.ts';
import { type Condition, type Library, NOTHING, type Source, type Toggle } from './source.ts';

export type Toggles = Readonly<Record<string, string>>;

/** Takes what is wrong: throws it, or reports its message at a place in a text. */
export type Refuse = (problem: Refusal) => void;

interface Part {
  readonly toggle: string;
  readonly value: string;
}

export interface Reference {
  readonly name: string;
  readonly parts: readonly Part[];
}

// ---- what a text declares ---------------------------------------------------------------------------------

/** Every toggle at its default: what the text sets, or the first of its values. */
export function defaultsOf({ toggles, sets }: Source): Record<string, string> {
  const set = new Map(sets.map(({ toggle, value }) => [toggle.text, value.text]));
  return Object.fromEntries(
    toggles.map(({ name, values }) => [name.text, set.get(name.text) ?? values[0]?.text ?? '']),
  );
}

/** The toggles that leave a choice, with their values; one value is a constant. */
export function choicesOf({ toggles }: Source): ReadonlyMap<string, readonly string[]> {
  const choices = toggles.filter(({ values }) => values.length > 1);
  return new Map(choices.map((one) => [one.name.text, valuesOf(one)]));
}

function valuesOf({ values }: Toggle): readonly string[] {
  return values.map(({ text }) => text);
}

function declaredIn({ toggles }: Source, name: string): Toggle | undefined {
  return toggles.find((one) => one.name.text === name);
}

// ---- what a reference sets --------------------------------------------------------------------------------

export function readReference(text: string, refuse: Refuse): Reference {
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text, parts: [] };
  const name = text.slice(0, colon);
  return { name, parts: readSetting(name, text.slice(colon + 1), refuse) };
}

/**
 * @param name what stands before the colon: a model, or a file
 * @param setting what stands behind it
 */
function readSetting(name: string, setting: string, refuse: Refuse): readonly Part[] {
  const said = setting.split(',').map((part) => part.trim());
  const given = said.filter((part) => part !== '');
  if (given.length < said.length) refuse(emptyPart(name, setting, given));
  const parts = given.map((part) => {
    const [toggle = '', ...value] = part.split('=');
    return { toggle: toggle.trim(), value: value.join('=').trim() };
  });
  return parts.filter(({ toggle, value }, i) => {
    const before = parts.slice(0, i).find((one) => one.toggle === toggle);
    if (toggle === '') refuse(withoutName(name, value));
    else if (before !== undefined) refuse(setTwice(name, toggle, [before.value, value]));
    return toggle !== '' && before === undefined;
  });
}

/** Characters of a reference in a message. */
const SHOWN_MAX = 200;

function emptyPart(name: string, setting: string, given: readonly string[]): Refusal {
  const file = printableFile(name);
  const what = `${file}:${printable(setting, SHOWN_MAX)}`;
  return given.length === 0
    ? fail('TOGGLE_SETTING', {
        what: `${what} has no toggle behind its colon`,
        remedy: `${file} alone, or ${file}:TOGGLE=VALUE`,
      })
    : fail('TOGGLE_SETTING', {
        what: `${what} has a comma without a toggle before or behind it`,
        remedy: `${file}:${printable(given.join(','), SHOWN_MAX)}`,
      });
}

function withoutName(name: string, value: string): Refusal {
  const file = printableFile(name);
  const shown = printable(value);
  const what = `${file}:=${shown} names no toggle before its "="`;
  return fail('TOGGLE_SETTING', { what, remedy: `${file}:TOGGLE=${shown}` });
}

function setTwice(name: string, toggle: string, values: readonly string[]): Refusal {
  const [file, shown] = [printableFile(name), printable(toggle)];
  const different = [...new Set(values.map((value) => printable(value)))];
  const how =
    different.length === 1 ? `to ${different[0]} both times` : `to ${different.join(' and to ')}`;
  const remedy = different.map((value) => `${file}:${shown}=${value}`).join(' or ');
  return fail('TOGGLE_SETTING', { what: `${file} sets toggle ${shown} twice, ${how}`, remedy });
}

/** The toggles of a text as a reference to it sets them. */
export function setToggles(
  source: Source,
  parts: readonly Part[],
  library: Library,
  refuse: Refuse,
): Record<string, string> {
  const toggles = defaultsOf(source);
  for (const { toggle, value } of parts) {
    const problem = problemOf(source, toggle, value, library);
    if (problem === null) toggles[toggle] = value;
    else refuse(problem);
  }
  return toggles;
}

/**
 * @param setting `toggle=value,…`; null for every default
 * @throws Refusal TOGGLE_SETTING, TOGGLE_UNKNOWN or TOGGLE_VALUE
 */
export function togglesOf(source: Source, setting: string | null, library: Library): Toggles {
  const parts = setting === null ? [] : readSetting(nameOf(source, library), setting, thrown);
  return setToggles(source, parts, library, thrown);
}

function thrown(problem: Refusal): never {
  throw problem;
}

/** Null where the text has the toggle, and the toggle the value. */
export function problemOf(
  source: Source,
  toggle: string,
  value: string,
  library: Library,
): Refusal | null {
  const facts = {
    model: source.name.text,
    name: nameOf(source, library),
    toggle: printable(toggle),
  };
  const declared = declaredIn(source, toggle);
  if (declared === undefined) {
    return fail('TOGGLE_UNKNOWN', { ...facts, remedy: whereItIs(source, toggle, value, library) });
  }
  const known = valuesOf(declared);
  if (known.includes(value)) return null;
  const wrong = value === '' ? 'is given no value' : `cannot be "${printable(value)}"`;
  return fail('TOGGLE_VALUE', { ...facts, wrong, known: known.join(', ') });
}

/** By which a command names the model. */
function nameOf({ name, file }: Source, { names }: Library): string {
  return names.includes(name.text) ? name.text : file;
}

// ---- a toggle of a base -----------------------------------------------------------------------------------

/** Of a toggle that a text lacks: which base has it and what to type, or what the text has. */
function whereItIs(source: Source, toggle: string, value: string, library: Library): string {
  const owner = ownerOf(source, toggle, library);
  if (owner !== null) return ofBase(source, owner, value, library);
  const known = [...choicesOf(source).keys()];
  if (known.length === 0) return 'it has none';
  return `its toggles: ${known.join(', ')}${nearestHint(toggle, known)}`;
}

interface Owner {
  readonly base: Source;
  readonly declared: Toggle;
  /** What extends it: the text itself, or one between. */
  readonly by: Source;
}

function ownerOf(source: Source, toggle: string, library: Library): Owner | null {
  const seen = new Set<string>();
  let by = source;
  for (let base = baseOf(by, library); base !== null; base = baseOf(by, library)) {
    const declared = declaredIn(base, toggle);
    if (declared !== undefined) return { base, declared, by };
    if (seen.has(base.file)) return null;
    seen.add(base.file);
    by = base;
  }
  return null;
}

function baseOf({ extends: word, file }: Source, library: Library): Source | null {
  if (word === null || word.text === NOTHING) return null;
  return library.find(readReference(word.text, () => {}).name, file);
}

function ofBase(source: Source, owner: Owner, value: string, library: Library): string {
  const { base, declared, by } = owner;
  const isNext = by === source;
  const said = source.extends?.text ?? '';
  const { name: word, parts } = readReference(said, () => {});
  const toggle = declared.name.text;
  const values = valuesOf(declared);
  const has = isNext
    ? `its base ${base.name.text} has`
    : `${base.name.text}, which ${by.name.text} extends, has`;
  const isConstant = values.length === 1;
  if (!isConstant && !values.includes(value)) return `${has}, and it can be: ${values.join(', ')}`;
  const others = isNext ? parts.filter((part) => part.toggle !== toggle) : [];
  const all = [...others.map((one) => `${one.toggle}=${one.value}`), `${toggle}=${value}`];
  const reference = `${isNext ? word : base.name.text}:${all.join(',')}`;
  if (library.names.includes(source.name.text)) return `${has}: type ${reference}`;
  if (!isNext) return `${has}: write \`extends ${reference}\` in place of ${said}`;
  const first = parts.find((part) => part.toggle === toggle)?.value ?? values[0] ?? '';
  const choice = [...new Set([first, ...values, value])].join(' | ');
  const declare = `a line \`toggle ${toggle} = ${choice}\``;
  return isConstant
    ? `${has}, always ${values[0]}: give ${source.name.text} ${declare}`
    : `${has}: write \`extends ${reference}\`, or give ${source.name.text} ${declare} to choose it`;
}

// ---- conditions and settings of a text --------------------------------------------------------------------

/** What a text sets is a toggle of the same text, and a value that it has. */
export function checkSets(source: Source, library: Library, report: Report): void {
  for (const { toggle, value } of source.sets) {
    checkChoice(source, { toggle, values: [value] }, library, report);
  }
}

/** Every condition names toggles of the same text, each once, and values that they have. */
export function checkCondition(
  when: Condition,
  source: Source,
  library: Library,
  report: Report,
): void {
  for (const [i, choice] of when.entries()) {
    const { toggle } = choice;
    if (when.slice(0, i).some((one) => one.toggle.text === toggle.text)) {
      report.add(toggle.spot, `names ${toggle.text} twice; \`${toggle.text}=a|b\` is either`);
    }
    checkChoice(source, choice, library, report);
  }
}

function checkChoice(
  source: Source,
  { toggle, values }: Condition[number],
  library: Library,
  report: Report,
): void {
  for (const value of values) {
    const problem = problemOf(source, toggle.text, value.text, library);
    if (problem === null) continue;
    report.add((problem.code === 'TOGGLE_VALUE' ? value : toggle).spot, problem.message);
  }
}
