/** The words of one line, read from left to right; every complaint says where it stands. */
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Spot } from '../../corpus/vocabulary/spots.ts';
import type { Line } from './lines.ts';
import type { Report } from './report.ts';
import type { Place, Word } from './source.ts';

/** Ends the reading of a line: its complaint is in the report. */
export class Unread extends Error {}

/** Paths, parts, steps, tests, locks. */
export const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Toggles, their values, models. */
export const REFERENCE_WORD = /[a-z0-9][a-z0-9_.-]*/y;
/** In brackets a lock may have blanks in its name. */
const ARGUMENT = /[^()]+/y;
const BLANKS = /\s*/y;

export class Words {
  readonly report: Report;
  private readonly line: Line;
  private at = 0;

  constructor(line: Line, report: Report) {
    this.line = line;
    this.report = report;
  }

  get isAtEnd(): boolean {
    return this.at >= this.line.text.length;
  }

  spot(): Place {
    const { spot } = this.line;
    return { ...spot, column: spot.column + this.at };
  }

  /** What the pattern, which is sticky, matches here. */
  takeIf(pattern: RegExp): Word | null {
    pattern.lastIndex = this.at;
    const text = pattern.exec(this.line.text)?.[0];
    if (text === undefined || text === '') return null;
    const spot = this.spot();
    this.at += text.length;
    this.skipBlanks();
    return { text, spot };
  }

  take(pattern: RegExp, expected: string): Word {
    return this.takeIf(pattern) ?? this.expected(expected);
  }

  /** Whether this word, whole, or this sign comes next; then it is taken. */
  skip(text: string): boolean {
    const { text: all } = this.line;
    if (!all.startsWith(text, this.at)) return false;
    if (/\w$/.test(text) && /\w/.test(all.charAt(this.at + text.length))) return false;
    this.at += text.length;
    this.skipBlanks();
    return true;
  }

  isNext(sign: string): boolean {
    return this.line.text.startsWith(sign, this.at);
  }

  need(text: string, expected = `"${text}"`): void {
    if (!this.skip(text)) this.expected(expected);
  }

  /** `(ARG)`, if it comes next; null without, or with nothing in it. */
  argument(): { readonly word: Word | null } | null {
    if (!this.skip('(')) return null;
    const word = this.takeIf(ARGUMENT);
    this.need(')');
    return { word: word && { ...word, text: word.text.trimEnd() } };
  }

  /** What is left of the line. */
  rest(): Word {
    const spot = this.spot();
    const text = this.line.text.slice(this.at);
    this.at = this.line.text.length;
    return { text, spot };
  }

  end(): void {
    if (!this.isAtEnd) this.expected('the end of the line');
  }

  expected(expected: string): never {
    const found = /^(?:\w+|\S)/.exec(this.line.text.slice(this.at))?.[0];
    const said = found === undefined ? 'the end of the line' : `"${printable(found)}"`;
    throw this.refusal(`expected ${expected}, found ${said}`);
  }

  /** To be thrown: ends the reading of the line. */
  refusal(what: string, spot: Spot = this.spot()): Unread {
    this.report.add(spot, what);
    return new Unread();
  }

  private skipBlanks(): void {
    BLANKS.lastIndex = this.at;
    BLANKS.exec(this.line.text);
    this.at = BLANKS.lastIndex;
  }
}

/** What reading each line gives; a line that cannot be read is reported and left out. */
export function readEach<T>(
  lines: readonly Line[],
  read: (line: Line) => readonly T[],
): readonly T[] {
  return lines.flatMap((line) => {
    try {
      return read(line);
    } catch (error) {
      if (error instanceof Unread) return [];
      throw error;
    }
  });
}
