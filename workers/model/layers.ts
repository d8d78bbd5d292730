/** A model and all that it extends, the most derived first, each with the values of its own toggles. */
import type { Refusal } from '../../corpus/vocabulary/errors.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Report } from './report.ts';
import {
  type Chosen,
  type Condition,
  type Library,
  NOTHING,
  type Source,
  type Word,
} from './source.ts';
import { problemOf, readReference, setToggles, type Toggles } from './toggles.ts';

export interface Layer {
  readonly source: Source;
  readonly toggles: Toggles;
}

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
  const refuse = (problem: Refusal): void => report.add(word.spot, problem.message);
  const { name, parts } = readReference(word.text, refuse);
  const base = library.find(name, source.file);
  if (base === null) {
    report.add(word.spot, noModel(name, library));
    return undefined;
  }
  const values = setToggles(base, parts, library, refuse);
  for (const { name: own, values: all } of source.toggles) {
    const declared = base.toggles.find((one) => one.name.text === own.text);
    if (declared === undefined) continue;
    // A constant of the base has any value that the model gives it.
    const checked = declared.values.length > 1 ? all : [];
    for (const one of checked) {
      const problem = problemOf(base, own.text, one.text, library);
      if (problem !== null) report.add(one.spot, problem.message);
    }
    values[own.text] = toggles[own.text] ?? '';
  }
  return { source: base, toggles: values };
}

function noModel(name: string, { names }: Library): string {
  const said = printable(name);
  if (/[/\\]|\.model$/.test(name)) return `there is no file "${said}" as seen from this one`;
  if (/[\s,]/.test(name)) {
    return `"${said}" is no model: a text extends one, whose toggles stand behind a colon, NAME:TOGGLE=VALUE`;
  }
  const known =
    '`faultline models` lists those built in, and a file is named with its folder, `./NAME.model`';
  return `there is no model "${said}"${nearestHint(name, names) || `; ${known}`}`;
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
