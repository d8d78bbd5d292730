/**
 * Reads JSON that people write, with the spot of every value; one refusal carries all problems with line and
 * column. Accepts what `JSON.parse` accepts, except values without a canonical form (fractions, refused keys, too
 * many levels or parts) and duplicate keys, of which JSON silently keeps the last.
 */
import { type FileCode, type FileProblem, failInFile } from './errors.ts';
import { isKeyRefused, isWhole, type Json } from './json.ts';
import { JSON_DEPTH_MAX, JSON_PARTS_MAX, TEXT_BYTES_MAX } from './limits.ts';
import { printable, printableFile } from './printable.ts';
import { Lines, type Spot } from './spots.ts';

/** From the root to a value: keys of objects and indices of lists. */
export type JsonPath = readonly (string | number)[];

export interface JsonText {
  readonly value: Json;
  readonly spotOf: SpotOf;
}

/**
 * Where the value at `path` begins, or with `key` that key of the object at `path`; of the nearest value around
 * it if there is no such thing.
 */
export type SpotOf = (path: JsonPath, key?: string) => Spot;

/** `paths.fault[3].then`; '' is the root. */
export function jsonPathText(path: JsonPath): string {
  const words = path.map((part) =>
    typeof part === 'number' ? `[${part}]` : `.${printable(part)}`,
  );
  return words.join('').replace(/^\./, '');
}

/** @throws Refusal with the code, for all that is wrong */
export function openJson(text: string, fileName: string, code: FileCode): JsonText {
  const file = printableFile(fileName);
  if (text.length > TEXT_BYTES_MAX) {
    const what = `${text.length} characters, at most ${TEXT_BYTES_MAX}`;
    throw failInFile(code, [{ file, line: 1, column: 1, where: '', what }]);
  }
  const lines = new Lines(text);
  const scanner = new Scanner(text);
  const root = scanner.scan();
  const problems = scanner.faults.map(({ offset, what }): FileProblem => {
    return { file, ...lines.spotOf(offset), where: '', what };
  });
  if (root === undefined || problems.length > 0) throw failInFile(code, problems, scanner.count);
  const spotOf: SpotOf = (path, key) => lines.spotOf(offsetOf(root, path, key));
  // Cannot throw, the scanner has accepted the text. JSON.parse makes own properties even of `__proto__`.
  return { value: JSON.parse(text) as Json, spotOf };
}

/** A value in the text: where it begins, and where its parts do. */
interface Part {
  readonly offset: number;
  readonly keys: ReadonlyMap<string, number> | undefined;
  readonly parts: ReadonlyMap<string | number, Part> | undefined;
}

function offsetOf(root: Part, path: JsonPath, key: string | undefined): number {
  let part = root;
  for (const step of path) {
    const next = part.parts?.get(step);
    if (next === undefined) return part.offset;
    part = next;
  }
  return (key === undefined ? undefined : part.keys?.get(key)) ?? part.offset;
}

interface Fault {
  readonly offset: number;
  readonly what: string;
}

/** Stops the scan: after a syntax error the rest of the text has no meaning. */
class Broken {
  readonly fault: Fault;

  constructor(offset: number, what: string) {
    this.fault = { offset, what };
  }
}

/** Faults beyond these are only counted. */
const FAULTS_MAX = 100;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS: readonly string[] = ['true', 'false', 'null'];
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /[\w$+.-]{1,40}/y;

class Scanner {
  readonly faults: Fault[] = [];
  count = 0;
  private readonly text: string;
  private at = 0;
  private depth = 0;
  private size = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Undefined where the text is no JSON. */
  scan(): Part | undefined {
    try {
      const root = this.value();
      this.blanks();
      if (this.at < this.text.length) throw this.unexpected('the end of the text');
      return root;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      this.note(error.fault.offset, error.fault.what);
      return undefined;
    }
  }

  private value(): Part {
    this.blanks();
    const offset = this.at;
    this.size += 1;
    if (this.size > JSON_PARTS_MAX) throw new Broken(offset, `more than ${JSON_PARTS_MAX} values`);
    const first = this.text[offset];
    if (first === '{' || first === '[') return this.nested(first, offset);
    if (first === '"') this.string();
    else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) this.number();
    else this.word();
    return { offset, keys: undefined, parts: undefined };
  }

  private nested(first: '{' | '[', offset: number): Part {
    this.depth += 1;
    if (this.depth > JSON_DEPTH_MAX)
      throw new Broken(offset, `nested deeper than ${JSON_DEPTH_MAX}`);
    this.at += 1;
    const part = first === '{' ? this.object(offset) : this.list(offset);
    this.depth -= 1;
    return part;
  }

  private object(offset: number): Part {
    const keys = new Map<string, number>();
    const parts = new Map<string, Part>();
    if (this.takeIf('}')) return { offset, keys, parts };
    do {
      this.blanks();
      const keyOffset = this.at;
      if (this.text[keyOffset] !== '"') throw this.unexpected('a key in double quotes');
      const key = this.string();
      if (keys.has(key)) this.note(keyOffset, `the key "${printable(key)}" is a duplicate`);
      if (isKeyRefused(key)) this.note(keyOffset, `the key "${printable(key)}" is refused`);
      if (!this.takeIf(':')) throw this.unexpected('":"');
      keys.set(key, keyOffset);
      parts.set(key, this.value());
    } while (this.takeComma('}'));
    if (!this.takeIf('}')) throw this.unexpected('"," or "}"');
    return { offset, keys, parts };
  }

  private list(offset: number): Part {
    const parts = new Map<number, Part>();
    if (this.takeIf(']')) return { offset, keys: undefined, parts };
    do {
      parts.set(parts.size, this.value());
    } while (this.takeComma(']'));
    if (!this.takeIf(']')) throw this.unexpected('"," or "]"');
    return { offset, keys: undefined, parts };
  }

  private string(): string {
    const begin = this.at;
    this.at += 1;
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (Number.isNaN(unit) || unit < 0x20) throw this.unexpected('the closing " of a string');
      if (unit === 0x22) break;
      if (unit !== 0x5c) this.at += 1;
      else if (this.match(ESCAPE) === '') throw this.unexpected('an escape such as \\n or \\u00e9');
    }
    this.at += 1;
    return JSON.parse(this.text.slice(begin, this.at)) as string;
  }

  private number(): void {
    const offset = this.at;
    const number = this.match(NUMBER);
    if (number === '') throw this.unexpected('a number');
    if (!isWhole(Number(number))) this.note(offset, `${printable(number)} is not a whole number`);
  }

  private word(): void {
    const word = WORDS.find((one) => this.text.startsWith(one, this.at));
    if (word === undefined) throw this.unexpected('a value');
    this.at += word.length;
  }

  private takeIf(character: string): boolean {
    this.blanks();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /** A comma with another part after it. A comma before the end is noted, and the scan goes on. */
  private takeComma(end: '}' | ']'): boolean {
    if (!this.takeIf(',')) return false;
    const comma = this.at - 1;
    this.blanks();
    if (this.text[this.at] !== end) return true;
    this.note(comma, `the comma before "${end}" is one too many`);
    return false;
  }

  private blanks(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.at += 1;
    }
  }

  /** What a sticky pattern takes from here. */
  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [found = ''] = pattern.exec(this.text) ?? [];
    this.at += found.length;
    return found;
  }

  private unexpected(expected: string): Broken {
    const offset = this.at;
    const found = this.match(WORD) || String.fromCodePoint(this.text.codePointAt(offset) ?? 0);
    const shown = offset < this.text.length ? `"${printable(found)}"` : 'the end of the text';
    return new Broken(offset, `expected ${expected}, found ${shown}`);
  }

  private note(offset: number, what: string): void {
    this.count += 1;
    if (this.faults.length < FAULTS_MAX) this.faults.push({ offset, what });
  }
}
