/**
 * Lines and words of our texts, read once from front to back. Knows blanks, comments, line ends and
 * the `>` that mail programs put before a quoted line; knows no statement. Every refusal says where
 * it stands.
 */
import type { Refusal } from './errors.ts';
import { fail } from './errors.ts';
import { TEXT_BYTES_MAX } from './limits.ts';
import { nearestHint } from './nearest.ts';
import { printable, printableFile } from './printable.ts';
import type { Spot } from './spots.ts';

/** Offsets are into `text`. */
export interface Cursor {
  readonly file: string;
  readonly text: string;
  /**
   * The line being read, from 1, and where it begins and ends, its comment and line end left out.
   */
  line: number;
  begin: number;
  end: number;
  /** The next word; behind the last of the line, its end. */
  at: number;
  /** The line after; beyond the text if there is none. */
  next: number;
  ended: boolean;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const QUOTE = 0x3e;
const NUMBER = /^(?:0|[1-9][0-9]{0,9})$/;

export function openText(text: string, fileName: string): Cursor {
  const file = printableFile(fileName);
  if (text.length > TEXT_BYTES_MAX) {
    const expected = `at most ${TEXT_BYTES_MAX} bytes`;
    throw fail('INPUT_SYNTAX', { file, line: 1, column: 1, expected, found: `${text.length}` });
  }
  return { file, text, line: 0, begin: 0, end: 0, at: 0, next: 0, ended: false };
}

/**
 * To the next line that says something; false, and standing at the end of the text, if there is
 * none.
 */
export function nextLine(cursor: Cursor): boolean {
  while (readLine(cursor, HASH)) {
    if (cursor.at < cursor.end) return true;
  }
  return false;
}

/** To the next line as it stands, for what may contain a `#`. */
export function rawLine(cursor: Cursor): boolean {
  return readLine(cursor, NEWLINE);
}

/**
 * Looks at each character once, whatever the lines are like: a hostile text may be a million of
 * them.
 */
function readLine(cursor: Cursor, comment: number): boolean {
  const { text } = cursor;
  if (cursor.next > text.length) {
    cursor.ended = true;
    return false;
  }
  let end = cursor.next;
  while (
    end < text.length &&
    text.charCodeAt(end) !== NEWLINE &&
    text.charCodeAt(end) !== comment
  ) {
    end += 1;
  }
  let next = end;
  while (next < text.length && text.charCodeAt(next) !== NEWLINE) next += 1;
  if (next === end && end > cursor.next && text.charCodeAt(end - 1) === RETURN) end -= 1;
  cursor.line += 1;
  cursor.begin = cursor.next;
  cursor.end = end;
  cursor.at = cursor.next;
  cursor.next = next + 1;
  skipQuote(cursor);
  return true;
}

/** What is left of the line, to its last character. */
export function rest(cursor: Cursor): string {
  return cursor.text.slice(cursor.at, cursor.end);
}

export function spotOf(cursor: Cursor): Spot {
  return { line: cursor.line, column: cursor.at - cursor.begin + 1 };
}

/** The next word of the line, or '' behind its last. */
export function peek(cursor: Cursor): string {
  let end = cursor.at;
  while (end < cursor.end && !isBlank(cursor.text.charCodeAt(end))) end += 1;
  return cursor.text.slice(cursor.at, end);
}

export function take(cursor: Cursor, expected: string): string {
  const word = peek(cursor);
  if (word === '') throw refuse(cursor, expected);
  cursor.at += word.length;
  skipBlanks(cursor);
  return word;
}

export function takeKeyword(cursor: Cursor, keyword: string): void {
  if (peek(cursor) !== keyword) throw refuse(cursor, `"${keyword}"`);
  take(cursor, keyword);
}

/** True, and the word is taken, if it comes next. */
export function takeIf(cursor: Cursor, keyword: string): boolean {
  if (peek(cursor) !== keyword) return false;
  take(cursor, keyword);
  return true;
}

export function takeNumber(cursor: Cursor, expected: string): number {
  if (!NUMBER.test(peek(cursor))) throw refuse(cursor, expected);
  return Number(take(cursor, expected));
}

/** The place of the next word in a list of names. */
export function takeName(cursor: Cursor, names: readonly string[], noun: string): number {
  const index = names.indexOf(peek(cursor));
  if (index < 0) throw refuse(cursor, `${noun}, ${names.join(' or ')}`);
  take(cursor, noun);
  return index;
}

/** The next word if it has this form. */
export function takeMatch(cursor: Cursor, form: RegExp, expected: string): string {
  if (!form.test(peek(cursor))) throw refuse(cursor, expected);
  return take(cursor, expected);
}

export function takeEnd(cursor: Cursor): void {
  if (peek(cursor) !== '') throw refuse(cursor, 'the end of the line');
}

/**
 * Refuses what comes next.
 * @param words it could have been one of these
 */
export function refuse(cursor: Cursor, expected: string, words: readonly string[] = []): Refusal {
  const word = peek(cursor);
  const nothing = cursor.ended ? 'the end of the text' : 'the end of the line';
  const found = word === '' ? nothing : `"${printable(word)}"${nearestHint(word, words)}`;
  return fail('INPUT_SYNTAX', { file: cursor.file, ...spotOf(cursor), expected, found });
}

/** The first line of each of our texts: `faultline <form> <version>`. */
export function readHeader(cursor: Cursor, form: string, version: number): void {
  const header = `"faultline ${form} ${version}"`;
  if (!nextLine(cursor) || !takeIf(cursor, 'faultline')) throw refuse(cursor, header);
  if (!takeIf(cursor, form)) throw refuse(cursor, `"${form}"`);
  const found = peek(cursor);
  if (!/^[1-9][0-9]*$/.test(found)) throw refuse(cursor, 'a version');
  if (found !== String(version)) {
    const facts = { found: `${form} ${printable(found)}`, known: `${form} ${version}` };
    throw fail('FORMAT_NEWER', { file: cursor.file, ...facts });
  }
  take(cursor, 'a version');
  takeEnd(cursor);
}

function skipBlanks(cursor: Cursor): void {
  while (cursor.at < cursor.end && isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
}

/** Mails quote a line as `> line`, and quotes of quotes as `> > line` or `>> line`. */
function skipQuote(cursor: Cursor): void {
  skipBlanks(cursor);
  while (cursor.at < cursor.end && cursor.text.charCodeAt(cursor.at) === QUOTE) {
    cursor.at += 1;
    skipBlanks(cursor);
  }
}

function isBlank(unit: number): boolean {
  return unit === SPACE || unit === TAB;
}
