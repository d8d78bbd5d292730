/** A model's text, opened as somebody gives it: with the toggles that he sets, sound with other settings as well. */
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Model } from '../kernel/path.ts';
import { expand } from './expand.ts';
import { layersOf } from './layers.ts';
import { readSource } from './read.ts';
import { Report } from './report.ts';
import type { Body, Condition, Library, Source } from './source.ts';
import {
  checkCondition,
  checkSets,
  choicesOf,
  defaultsOf,
  type Toggles,
  togglesOf,
} from './toggles.ts';

/** Settings that are read, besides the one that is asked for: each takes some milliseconds. */
const SETTINGS_MAX = 256;
/** Toggles that are set together where there are more settings. */
const SET_TOGETHER = 2;

/**
 * @param setting `toggle=value,…`; null for every default
 * @throws Refusal MODEL_INVALID with every problem, TOGGLE_SETTING, TOGGLE_UNKNOWN, TOGGLE_VALUE or FORMAT_NEWER
 */
export function modelOfText(
  text: string,
  file: string,
  setting: string | null,
  library: Library,
): Model {
  const report = new Report(file);
  const source = readSource(text, report);
  checkSets(source, library, report);
  checkConditions(source, library, report);
  const asked = selecting(source, library);
  const settings = settingsOf(source, asked);
  const [first, ...others] = settings as [Toggles, ...Toggles[]];
  expand(source, first, library, report);
  for (const one of others) expandAs(source, one, library);
  const toggles = togglesOf(source, setting, library);
  checkSelects(source, toggles, asked);
  return expand(source, toggles, library);
}

/** Toggles that some line of the text, or of what it extends, asks for. */
function selecting(source: Source, library: Library): ReadonlySet<string> {
  const layers = layersOf(source, defaultsOf(source), library, new Report(source.file));
  const conditions = layers.flatMap((layer) => conditionsOf(layer.source)).flat();
  return new Set(conditions.map(({ toggle }) => toggle.text));
}

/** A text that is printed whole has toggles, and nothing any more that they select. */
function checkSelects(source: Source, toggles: Toggles, asked: ReadonlySet<string>): void {
  const defaults = defaultsOf(source);
  for (const [toggle, value] of Object.entries(toggles)) {
    if (value === defaults[toggle] || asked.has(toggle)) continue;
    throw fail('TOGGLE_IDLE', { file: source.file, toggle, value, known: defaults[toggle] ?? '' });
  }
}

function expandAs(source: Source, toggles: Toggles, library: Library): void {
  try {
    expand(source, toggles, library);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'MODEL_INVALID') throw error;
    const set = Object.entries(toggles).map(([name, value]) => `${name}=${value}`);
    const [problem] = error.problems;
    const what = `${problem?.what ?? error.message} (with ${set.join(', ')})`;
    throw fail('MODEL_INVALID', { ...error.facts, problem: `${placeOf(error)}${what}`, what });
  }
}

function placeOf({ problems }: Refusal): string {
  const [problem] = problems;
  return problem?.line == null ? '' : `${problem.file}:${problem.line}:${problem.column}: `;
}

/**
 * Combinations of the toggles that select something, those with fewer of them set first; the first is that of the
 * defaults. All of them where they are few, else those of two toggles: what is wrong shows with one or two.
 */
function settingsOf(source: Source, asked: ReadonlySet<string>): readonly Toggles[] {
  const defaults = defaultsOf(source);
  const choices = [...choicesOf(source)].filter(([name]) => asked.has(name));
  const count = choices.reduce((product, [, values]) => product * values.length, 1);
  const setMax = count > SETTINGS_MAX ? SET_TOGETHER : choices.length;
  const settings: Toggles[] = [];
  let level: readonly Partly[] = [{ toggles: defaults, next: 0 }];
  for (let set = 0; set <= setMax && settings.length < SETTINGS_MAX; set++) {
    settings.push(...level.map(({ toggles }) => toggles));
    level = level.flatMap(({ toggles, next }) =>
      choices.slice(next).flatMap(([name, values], i) => {
        const others = values.filter((value) => value !== defaults[name]);
        return others.map((value) => ({
          toggles: { ...toggles, [name]: value },
          next: next + i + 1,
        }));
      }),
    );
  }
  return settings.slice(0, SETTINGS_MAX);
}

interface Partly {
  readonly toggles: Toggles;
  /** The first of the choices that may be set besides. */
  readonly next: number;
}

function checkConditions(source: Source, library: Library, report: Report): void {
  for (const when of conditionsOf(source)) checkCondition(when, source, library, report);
}

function conditionsOf(source: Source): readonly Condition[] {
  const { owes, order, needs, finds, clean, paths, parts, edits } = source;
  const lists = [owes, order, needs, finds, clean, paths, parts, edits];
  const bodies = [...paths, ...parts].map(({ value }) => value.body);
  const added = edits.flatMap(({ value: { edit } }) => ('body' in edit ? [edit.body] : []));
  const written = lists.flatMap((list) => list.map(({ when }) => when));
  return [...written, ...[...bodies, ...added].flatMap(conditionsIn)];
}

function conditionsIn(body: Body): readonly Condition[] {
  return body.flatMap((item) => {
    if (item.kind === 'for') return [item.when, ...conditionsIn(item.body)];
    if (item.kind === 'if') return [...conditionsIn(item.yes), ...conditionsIn(item.no)];
    return 'body' in item ? conditionsIn(item.body) : [];
  });
}
