/**
 * Rows of the live screen, cut to a width in terminal columns. A cut never ends inside a URL or a command, because half
 * of one looks like a whole one when it is copied.
 */
import stringWidth from 'string-width';
import { printable } from '../../../corpus/vocabulary/printable.ts';

export type Tone = 'plain' | 'good' | 'bad' | 'faint';

interface Shape {
  /** Where the height is too small the rows with the highest rank go first. */
  readonly rank: number;
  readonly label: string;
  readonly tone?: Tone;
}

export type Row = Shape &
  (
    | { readonly kind: 'words'; readonly text: string }
    /** `linesMax` lines; the items that have no room are counted in a last one. */
    | { readonly kind: 'items'; readonly items: readonly string[]; readonly linesMax: number }
    /** A URL or a command: whole, on a line of its own if need be, or not at all. */
    | { readonly kind: 'whole'; readonly text: string }
  );

/** What is on one line; the label is padded. */
export interface Line {
  readonly label: string;
  readonly text: string;
  readonly tone: Tone;
}

const LABEL_WIDTH = 10;
const INDENT = '  ';
const CUT = '...';
/** Longer than any line: what follows could not be seen. */
const TEXT_MAX = 1000;
const ATOM = /https?:\/\/\S+|`[^`]*`/g;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

export function linesOf(row: Row, width: number): readonly Line[] {
  const room = width - LABEL_WIDTH;
  const tone = row.tone ?? 'plain';
  const line = (text: string, index = 0): Line => ({
    label: text === '' ? row.label : (index === 0 ? row.label : '').padEnd(LABEL_WIDTH),
    text,
    tone,
  });
  switch (row.kind) {
    case 'words':
      return [line(cut(shown(row.text), room))];
    case 'items':
      return packed(row.items.map(shown), room, row.linesMax).map(line);
    case 'whole':
      return wholeLines(row.label, shown(row.text), width).map((one) => ({ ...one, tone }));
  }
}

function shown(text: string): string {
  return printable(text, TEXT_MAX);
}

function wholeLines(label: string, text: string, width: number): readonly Omit<Line, 'tone'>[] {
  if (stringWidth(text) <= width - LABEL_WIDTH) return [{ label: label.padEnd(LABEL_WIDTH), text }];
  if (stringWidth(text) > width - INDENT.length) return [];
  const own = { label: INDENT, text };
  return label === '' ? [own] : [{ label, text: '' }, own];
}

/** As many items to a line as there is room for. */
function packed(items: readonly string[], room: number, linesMax: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const [index, item] of items.entries()) {
    const isLast = index === items.length - 1;
    const longer = line === '' ? item : `${line}, ${item}`;
    const more = `, +${items.length - index} more`;
    // Behind the item there is a comma, or on the last line the count of what is left out.
    const reserve = isLast ? 0 : lines.length + 1 < linesMax ? 1 : more.length;
    if (stringWidth(longer) + reserve <= room) {
      line = longer;
      continue;
    }
    if (lines.length + 1 >= linesMax || line === '') {
      lines.push(cut(line === '' ? item : `${line}${more}`, room));
      return lines;
    }
    lines.push(`${line},`);
    line = cut(item, room);
  }
  return line === '' ? lines : [...lines, line];
}

/** So many columns, the last of them `...` where something is left out. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const room = Math.max(0, width - CUT.length);
  let end = 0;
  let columns = 0;
  for (const { segment, index } of CHARACTERS.segment(text)) {
    columns += stringWidth(segment);
    if (columns > room) break;
    end = index + segment.length;
  }
  const halved = [...text.matchAll(ATOM)].find(
    (atom) => atom.index < end && end < atom.index + atom[0].length,
  );
  return `${text.slice(0, halved?.index ?? end).trimEnd()}${CUT.slice(0, Math.max(0, width))}`;
}
