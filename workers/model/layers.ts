/** A model and all that it extends, the most derived first, each with the values of its own toggles. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Report } from './report.ts';
import type { Chosen, Condition, Source, Word } from './source.ts';

export type Toggles = Readonly<Record<string, string>>;

export interface Layer {
  readonly source: Source;
  readonly toggles: Toggles;
}

/** Where `extends` finds what it names. */
export interface Library {
  /** Paths and parts of every model, the more special text first. Their toggles are those of the model. */
  readonly common: readonly Source[];
  /**
   * @param from the file whose text extends it
   * @returns null where there is no such model
   */
  find(name: string, from: string): Source | null;
  /** For the nearest one. */
  readonly names: readonly string[];
}

/** What a text extends that has all its paths itself. */
const NOTHING = 'nothing';
/** Models within models. */
const LAYERS_MAX = 8;

export function layersOf(
  source: Source,
  toggles: Toggles,
  library: Library,
  report: Report,
): readonly Layer[] {
  const layers: Layer[] = [{ source, toggles }];
  for (let top: Layer | undefined = layers[0]; top?.source.extends != null; ) {
    const { extends: word } = top.source;
    if (word.text === NOTHING) return layers;
    const isTooDeep = layers.length >= LAYERS_MAX;
    if (isTooDeep) {
      const { spot } = source.extends ?? word;
      report.add(spot, `extends more than ${LAYERS_MAX - 1} models, one behind the other`);
    }
    top = isTooDeep ? undefined : baseOf(word, top, library, report);
    if (top !== undefined && layers.some((one) => one.source.file === top?.source.file)) {
      report.add((source.extends ?? word).spot, `extends itself, by way of ${word.spot.file}`);
      break;
    }
    if (top !== undefined) layers.push(top);
  }
  const all = Object.assign({}, ...layers.map((layer) => layer.toggles).toReversed()) as Toggles;
  return [...layers, ...library.common.map((source) => ({ source, toggles: all }))];
}

/** `name[:toggle=value,…]`; a toggle that the model declares as well is handed on. */
function baseOf(
  word: Word,
  { source, toggles }: Layer,
  library: Library,
  report: Report,
): Layer | undefined {
  const colon = word.text.indexOf(':');
  const name = colon < 0 ? word.text : word.text.slice(0, colon);
  const base = library.find(name, source.file);
  if (base === null) {
    report.add(
      word.spot,
      `there is no model "${printable(name)}"${nearestHint(name, library.names)}`,
    );
    return undefined;
  }
  const values = defaultsOf(base);
  const given =
    colon < 0
      ? []
      : word.text
          .slice(colon + 1)
          .split(',')
          .map((part) => part.trim());
  for (const part of given) {
    const [toggle = '', value = ''] = part.split('=');
    set(base, values, toggle, value, (what) => report.add(word.spot, what));
  }
  for (const { name: own, values: all } of source.toggles) {
    const declared = base.toggles.find((one) => one.name.text === own.text);
    if (declared === undefined) continue;
    // A constant of the base has any value that the model gives it.
    const checked = declared.values.length > 1 ? all : [];
    for (const one of checked) {
      set(base, { ...values }, own.text, one.text, (what) => report.add(one.spot, what));
    }
    values[own.text] = toggles[own.text] ?? '';
  }
  return { source: base, toggles: values };
}

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
  return new Map(choices.map(({ name, values }) => [name.text, values.map(({ text }) => text)]));
}

/**
 * @param text `toggle=value,…`, or nothing
 * @throws Refusal TOGGLE_UNKNOWN or TOGGLE_VALUE
 */
export function togglesOf(source: Source, text: string): Toggles {
  const toggles = defaultsOf(source);
  const choices = choicesOf(source);
  const model = source.name.text;
  for (const part of text === '' ? [] : text.split(',')) {
    const [toggle = '', ...rest] = part.split('=');
    const value = rest.join('=');
    const values = choices.get(toggle);
    if (values === undefined) {
      const known = [...choices.keys()].join(', ') || 'none';
      throw fail('TOGGLE_UNKNOWN', { model, toggle, known });
    }
    if (!values.includes(value)) {
      throw fail('TOGGLE_VALUE', { model, toggle, value, known: values.join(', ') });
    }
    toggles[toggle] = value;
  }
  return toggles;
}

function set(
  { name, toggles }: Source,
  values: Record<string, string>,
  toggle: string,
  value: string,
  refuse: (what: string) => void,
): void {
  const declared = toggles.find((one) => one.name.text === toggle);
  if (declared === undefined) {
    const all = toggles.map((one) => one.name.text);
    refuse(`${name.text} has no toggle "${printable(toggle)}"${nearestHint(toggle, all)}`);
    return;
  }
  const all = declared.values.map(({ text }) => text);
  if (all.includes(value)) values[toggle] = value;
  else refuse(`toggle ${toggle} of ${name.text} is ${all.join(' or ')}, not "${printable(value)}"`);
}

/** What counts with these toggles. */
export function chosenIn<T>(all: readonly Chosen<T>[], toggles: Toggles): readonly T[] {
  return all.filter(({ when }) => holds(when, toggles)).map(({ value }) => value);
}

export function holds(when: Condition, toggles: Toggles): boolean {
  return when.every(({ toggle, values }) =>
    values.some(({ text }) => toggles[toggle.text] === text),
  );
}

/** What a text sets is a toggle of the same text, and a value that it has. */
export function checkSets(source: Source, report: Report): void {
  for (const { toggle, value } of source.sets) {
    refuseUnlessDeclared(source, toggle, value, report);
  }
}

/** Every condition names toggles of the same text, each once, and values that they have. */
export function checkCondition(when: Condition, source: Source, report: Report): void {
  for (const [i, { toggle, values }] of when.entries()) {
    if (when.slice(0, i).some((one) => one.toggle.text === toggle.text)) {
      report.add(toggle.spot, `names ${toggle.text} twice; \`${toggle.text}=a|b\` is either`);
    }
    for (const value of values) refuseUnlessDeclared(source, toggle, value, report);
  }
}

function refuseUnlessDeclared(source: Source, toggle: Word, value: Word, report: Report): void {
  const word = toggle.text;
  set(source, {}, word, value.text, (what) => {
    const isKnown = source.toggles.some(({ name }) => name.text === word);
    const isOfBase = !isKnown && source.extends !== null && source.extends.text !== NOTHING;
    const hint = `; one of its base it declares itself, \`toggle ${word} = …\``;
    report.add(isKnown ? value.spot : toggle.spot, isOfBase ? `${what}${hint}` : what);
  });
}
