/**
 * Checks of JSON values: a part is a value with its path, a report collects problems. A missing part is null;
 * `fieldsOf` has reported it, so every check ignores null.
 */
import { type FileCode, type FileProblem, failInFile, type Refusal } from './errors.ts';
import { isJsonObject } from './json.ts';
import { type JsonPath, jsonPathText, type SpotOf } from './json-text.ts';
import { nearestHint } from './nearest.ts';
import { printable, printableFile } from './printable.ts';

/** Problems beyond these are only counted, so that a hostile file costs no time. */
const KEPT_MAX = 100;

export interface Source {
  readonly code: FileCode;
  readonly file: string;
  /** The name of the root in messages, whose path is empty. */
  readonly title: string;
  /** Null for a value that was not read from a text. */
  readonly spotOf: SpotOf | null;
  /** Where the root stands in that text. */
  readonly base: JsonPath;
  /** What messages call a place, where they do not call it by its path. */
  readonly nameOf?: (path: JsonPath) => string;
}

/** A function where they are costly, such as a search for the nearest name. */
export type Words = string | (() => string);

export class JsonReport {
  readonly source: Source;
  count = 0;
  private readonly problems: FileProblem[] = [];
  private readonly seen = new Set<string>();

  constructor(source: Source) {
    this.source = { ...source, file: printableFile(source.file) };
  }

  /** @param key puts the spot at this key of the object at `path` */
  add(path: JsonPath, what: Words, key?: string): void {
    const { base, title, nameOf } = this.source;
    const where = nameOf?.(path) ?? (jsonPathText([...base, ...path]) || title);
    this.addAt(path, where, what, key);
  }

  /** As `add`, with a name of its own for the place. */
  addAt(path: JsonPath, where: string, words: Words, key?: string): void {
    if (this.problems.length >= KEPT_MAX) {
      this.count += 1;
      return;
    }
    const { file, base, spotOf } = this.source;
    const what = typeof words === 'string' ? words : words();
    const said = `${where}: ${what}`;
    if (this.seen.has(said)) return;
    this.seen.add(said);
    this.count += 1;
    const { line, column } = spotOf?.([...base, ...path], key) ?? { line: null, column: null };
    this.problems.push({ file, line, column, where, what });
  }

  /** @throws Refusal for all that was added, if anything was */
  end(): void {
    if (this.count > 0) throw this.refusal();
  }

  private refusal(): Refusal {
    const at = ({ line, column }: FileProblem): number => (line ?? 0) * 2 ** 21 + (column ?? 0);
    const problems = this.problems.toSorted((a, b) => at(a) - at(b));
    return failInFile(this.source.code, problems, this.count);
  }
}

/** A value and where it stands. */
export interface JsonPart {
  readonly report: JsonReport;
  readonly path: JsonPath;
  readonly value: unknown;
}
export type Fields = (name: string) => JsonPart | null;

export function invalid({ report, path }: JsonPart, what: Words): void {
  report.add(path, what);
}

/** A name that does not exist, with the nearest that does. */
export function unknown(
  { report, path }: JsonPart,
  kind: string,
  name: string,
  known: readonly string[],
): void {
  report.add(path, () => `there is no ${kind} "${printable(name)}"${nearestHint(name, known)}`);
}

/** The fields of an object that must have `names`, may have `maybe`, and no others. */
export function fieldsOf(
  part: JsonPart | null,
  names: readonly string[],
  maybe: readonly string[] = [],
): Fields {
  if (part === null) return () => null;
  const { value, path, report } = part;
  if (!isJsonObject(value)) {
    invalid(part, 'is not an object');
    return () => null;
  }
  const known = [...names, ...maybe];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const what = () => `there is no field "${printable(key)}"${nearestHint(key, known)}`;
    report.add(path, what, key);
  }
  for (const name of names) {
    if (!Object.hasOwn(value, name)) invalid(part, `the field "${name}" is missing`);
  }
  return (name) => {
    if (!Object.hasOwn(value, name)) return null;
    return { report, path: [...path, name], value: value[name] };
  };
}

/** The values of an object whose keys are free, within a pattern. */
export function entriesOf(part: JsonPart | null, pattern: RegExp): readonly JsonPart[] {
  if (part === null) return [];
  const { value, path, report } = part;
  if (!isJsonObject(value)) {
    invalid(part, 'is not an object');
    return [];
  }
  return Object.entries(value).map(([key, one]) => {
    if (!pattern.test(key)) {
      report.add(path, `the name "${printable(key)}" does not fit ${pattern.source}`, key);
    }
    return { report, path: [...path, key], value: one };
  });
}

export function listOf(part: JsonPart | null): readonly JsonPart[] {
  if (part === null) return [];
  const { value, path, report } = part;
  if (Array.isArray(value)) {
    return value.map((one: unknown, i) => ({ report, path: [...path, i], value: one }));
  }
  invalid(part, 'is not a list');
  return [];
}

/** The key under which a part stands in its object. */
export function keyOf({ path }: JsonPart): string {
  return String(path.at(-1));
}
