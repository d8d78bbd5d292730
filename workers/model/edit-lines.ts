/** Edits of what a model extends: `in punch: before removeExtent insert down_write(i_mmap_sem)`. */
import { printable } from '../../corpus/vocabulary/printable.ts';
import { LineReader, readTaken, readTest } from './body.ts';
import type { Line } from './lines.ts';
import type { Report } from './report.ts';
import type { Anchor, Edit, PathEdit, Position, Range, Word } from './source.ts';
import { NAME, readEach, type Words } from './words.ts';

const KINDS = 'before, after, at, replace, without, wrap or change';
const COUNT = /[1-9]\d{0,3}(?=(?:st|nd|rd|th)\b)/y;
const WHATS = ['if', 'while', 'block', 'leave', 'retry'] as const;

/** @param reader stands behind `in` */
export function readPathEdits(reader: LineReader, line: Line, report: Report): readonly PathEdit[] {
  const { words } = reader;
  const paths: Word[] = [];
  do paths.push(words.take(NAME, 'the name of a path'));
  while (words.skip(','));
  words.need(':', 'a colon');
  const made = (edit: Edit): PathEdit => ({ paths, edit });
  if (!words.isAtEnd) return [made(readEdit(reader))];
  if (line.children.length === 0) words.expected(`an edit: ${KINDS}`);
  return readEach(line.children, (child) => [made(readEdit(new LineReader(child, report)))]);
}

function readEdit(reader: LineReader): Edit {
  const edit = editOf(reader);
  reader.end();
  return edit;
}

function editOf(reader: LineReader): Edit {
  const { words } = reader;
  const spot = words.spot();
  for (const where of ['before', 'after'] as const) {
    if (words.skip(where)) return insertion(reader, { where, anchor: readAnchor(words) });
  }
  if (words.skip('at')) {
    const where = (['start', 'end'] as const).find((word) => words.skip(word));
    return insertion(reader, { where: where ?? words.expected('start or end') });
  }
  if (words.skip('replace')) {
    const range = readRange(words);
    words.need('by');
    return { kind: 'replace', range, body: reader.bodyOrStatements(), spot };
  }
  if (words.skip('change')) {
    const anchor = readAnchor(words);
    words.need('to');
    return { kind: 'change', anchor, test: readTest(words), spot };
  }
  if (words.skip('without')) return { kind: 'without', range: readRange(words), spot };
  if (!words.skip('wrap')) return words.expected(`an edit: ${KINDS}`);
  const range = words.skip('all') ? null : readRange(words);
  words.need('with');
  return { kind: 'wrap', range, taken: readTaken(words), spot };
}

function insertion(reader: LineReader, at: Position): Edit {
  const spot = reader.words.spot();
  reader.words.need('insert');
  return { kind: 'insert', at, body: reader.bodyOrStatements(), spot };
}

function readRange(words: Words): Range {
  if (!words.skip('from')) return { from: readAnchor(words), to: null };
  const from = readAnchor(words);
  words.need('to');
  return { from, to: readAnchor(words) };
}

function readAnchor(words: Words): Anchor {
  const nth = readCount(words);
  const isNot = words.skip('unless');
  const what = isNot ? 'if' : (WHATS.find((word) => words.skip(word)) ?? 'step');
  const name = words.take(NAME, 'a step, path(), or if, while, block, leave, retry and a name');
  if (what !== 'step') return { what, name, argument: words.argument()?.word ?? null, nth, isNot };
  const argument = words.argument();
  const isCall = argument !== null && argument.word === null;
  return { what: isCall ? 'call' : 'step', name, argument: argument?.word ?? null, nth, isNot };
}

function readCount(words: Words): number | null {
  const count = words.takeIf(COUNT);
  if (count === null) {
    const bare = words.takeIf(/\d+/y);
    if (bare === null) return null;
    throw words.refusal(
      `${printable(bare.text)} is no number of a place: write 1st, 2nd, 3rd`,
      bare.spot,
    );
  }
  const nth = Number(count.text);
  const ending = words.takeIf(/(?:st|nd|rd|th)/y);
  const said = `${nth}${ending?.text}`;
  if (said === ordinal(nth)) return nth;
  throw words.refusal(`${said} is written ${ordinal(nth)}`, count.spot);
}

/** `1st`, `2nd`, `11th` */
export function ordinal(nth: number): string {
  const isTeen = nth % 100 >= 11 && nth % 100 <= 13;
  const ending = isTeen ? undefined : ['th', 'st', 'nd', 'rd'][nth % 10];
  return `${nth}${ending ?? 'th'}`;
}
