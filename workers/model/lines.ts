/** The lines of a model's text as a tree: what is indented below a line belongs to it. */
import { printable } from '../../corpus/vocabulary/printable.ts';
import type { Report } from './report.ts';
import type { Place } from './source.ts';

export interface Line {
  /** Without indentation, comment and blanks at its end. */
  readonly text: string;
  readonly spot: Place;
  readonly children: readonly Line[];
}

/** Characters of a text. The largest built-in model has 10 000. */
const TEXT_MAX = 1 << 18;
const LINES_MAX = 10_000;
/** Lines within lines. The deepest of a built-in model is 10. */
export const NESTING_MAX = 40;
const TAB = '\t';
/** A comment stands alone or behind a blank: `fix#12` has none. */
const COMMENT = /(?:^|\s)#.*$/;

interface Open {
  readonly indent: number;
  readonly children: Line[];
}

/** @throws Refusal where a bound is passed; what is wrong in a line is reported, and the line left out */
export function readLines(text: string, report: Report): readonly Line[] {
  const start = { line: 1, column: 1 };
  if (text.length > TEXT_MAX) {
    report.add(start, `${text.length} characters, at most ${TEXT_MAX}`);
    report.end();
  }
  const rows = text.split('\n');
  if (rows.length > LINES_MAX) {
    report.add(start, `${rows.length} lines, at most ${LINES_MAX}`);
    report.end();
  }
  const root: Line[] = [];
  const open: Open[] = [{ indent: -1, children: root }];
  for (const [i, row] of rows.entries()) {
    const said = row.replace(COMMENT, '').trimEnd();
    const body = said.trimStart();
    if (body === '') continue;
    const indent = said.length - body.length;
    const spot = { file: report.file, line: i + 1, column: indent + 1 };
    if (said.slice(0, indent).includes(TAB)) {
      report.add(spot, 'is indented with a tab; indent with blanks');
      continue;
    }
    if (printable(body, body.length) !== body) {
      report.add(spot, 'has a character that cannot be printed');
      continue;
    }
    place(open, { text: body, spot, children: [] }, indent, report);
  }
  return root;
}

function place(open: Open[], line: Line, indent: number, report: Report): void {
  while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
  const parent = open.at(-1) as Open;
  const first = parent.children[0];
  if (first !== undefined && first.spot.column !== indent + 1) {
    report.add(
      line.spot,
      `is indented by ${indent}, the lines before it by ${first.spot.column - 1}`,
    );
  }
  if (open.length > NESTING_MAX) {
    report.add(line.spot, `is nested deeper than ${NESTING_MAX}`);
    return;
  }
  parent.children.push(line);
  open.push({ indent, children: line.children as Line[] });
}
