/** What a text defines, as a whole: nothing twice, nothing in vain, no name for two things. */
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { LOCK_CLASSES } from '../kernel/locks.ts';
import { ENTRIES } from '../kernel/path.ts';
import { chosenIn, type Layer } from './layers.ts';
import { isStepWord } from './names.ts';
import type { Report } from './report.ts';
import type { Body, Definition, Source, Word } from './source.ts';

/** @param reports of the layers, in their order */
export function checkDefinitions(layers: readonly Layer[], reports: readonly Report[]): void {
  for (const [i, { source, toggles }] of layers.entries()) {
    const report = reports[i] as Report;
    checkTwice(chosenIn(source.paths, toggles), report);
    checkTwice(chosenIn(source.parts, toggles), report);
  }
  const [own, ...others] = layers;
  const [report] = reports;
  if (own === undefined || report === undefined) return;
  checkInVain(own.source, others, report);
  checkLacks(own, report);
  checkLockNames(layers, report);
}

function checkTwice(definitions: readonly Definition[], report: Report): void {
  for (const [i, { name }] of definitions.entries()) {
    const before = definitions.slice(0, i).find((one) => one.name.text === name.text);
    if (before === undefined) continue;
    report.add(
      name.spot,
      `${name.text} is defined twice; line ${before.name.spot.line} has it already`,
    );
  }
}

/** A name that no operation, no path and no part has is a slip, mostly. */
function checkInVain(source: Source, others: readonly Layer[], report: Report): void {
  const used = new Set([source, ...others.map((one) => one.source)].flatMap(namesUsed));
  const paths = others.flatMap((one) => one.source.paths.map(({ value }) => value.name.text));
  const parts = others.flatMap((one) => one.source.parts.map(({ value }) => value.name.text));
  for (const { name } of source.paths.map(({ value }) => value)) {
    const known = [...ENTRIES, ...paths];
    if (known.includes(name.text) || used.has(name.text)) continue;
    report.add(name.spot, `nothing calls the path ${name.text}${nearestHint(name.text, known)}`);
  }
  for (const { name } of source.parts.map(({ value }) => value)) {
    if (isStepWord(name.text))
      report.add(name.spot, `${name.text} is a step, and cannot be a part`);
    else if (!parts.includes(name.text) && !used.has(name.text)) {
      const isPath = [...ENTRIES, ...paths].includes(name.text);
      const hint = isPath ? `; a path is written \`${name.text}:\`` : nearestHint(name.text, parts);
      report.add(name.spot, `nothing uses the part ${name.text}${hint}`);
    }
  }
}

function namesUsed({ paths, parts, edits }: Source): readonly string[] {
  const bodies = [...paths, ...parts].map(({ value }) => value.body);
  const added = edits.flatMap(({ value: { edit } }) => ('body' in edit ? [edit.body] : []));
  return [...bodies, ...added].flatMap(namesIn);
}

function namesIn(body: Body): readonly string[] {
  return body.flatMap((item) => {
    if (item.kind === 'step' || item.kind === 'call') return [item.name.text];
    if (item.kind === 'if') return [...namesIn(item.yes), ...namesIn(item.no)];
    return 'body' in item ? namesIn(item.body) : [];
  });
}

function checkLacks({ source, toggles }: Layer, report: Report): void {
  const own = chosenIn(source.paths, toggles).map(({ name }) => name.text);
  for (const { text, spot } of source.lacks) {
    if (own.includes(text))
      report.add(spot, `the text has a path ${text} and says that it lacks it`);
  }
}

/** Of classes and own locks of all texts, the names that the model goes by. */
function checkLockNames(layers: readonly Layer[], report: Report): void {
  const taken = new Map<string, string>(LOCK_CLASSES.map(({ id }) => [id, id]));
  const sources = layers.map(({ source }) => source).toReversed();
  const named = new Map(
    sources.flatMap(({ locks }) => locks.map(({ lock, name }) => [lock.text, name])),
  );
  for (const [lock, name] of named) {
    const other = taken.get(name);
    if (other !== undefined && other !== lock) {
      // Which of the two it names, the text has said.
      const here = layers[0]?.source.locks.find((one) => [lock, other].includes(one.lock.text));
      const named = here?.lock.text === lock ? other : lock;
      if (here !== undefined)
        report.add(here.lock.spot, `"${name}" is the name of ${named} already`);
    }
    taken.set(name, lock);
  }
  const own: Word[] = sources.flatMap(({ ownLocks }) => ownLocks.map(({ name }) => name));
  for (const { text, spot } of own) {
    if (taken.has(text)) report.add(spot, `there is a lock "${text}" already`);
    taken.set(text, text);
  }
}
