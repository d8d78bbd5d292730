/** The text of a model, read whole: every problem that can be seen without knowing any name of the kernel. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { LineReader, readCondition } from './body.ts';
import { readPathEdits } from './edit-lines.ts';
import { type Draft, emptyDraft, readHead } from './head.ts';
import { type Line, readLines } from './lines.ts';
import type { Report } from './report.ts';
import type { Condition, Definition, Source } from './source.ts';
import { NAME, readEach } from './words.ts';

export const MODEL_TEXT_VERSION = 1;
const FIRST_LINE = `faultline model ${MODEL_TEXT_VERSION}`;

/** Whether a text wants to be a model in this language. */
export function isModelText(text: string): boolean {
  return /^\s*faultline\s+model\b/.test(text);
}

export function readSource(text: string, report: Report): Source {
  const [first, ...lines] = readLines(text.replace(/^\uFEFF/, ''), report);
  checkFirst(first, report);
  const draft = emptyDraft(report.file);
  readAll(lines, [], draft, report);
  const isNamed = lines.some(({ text: said }) => /^name\s/.test(said));
  if (!isNamed) report.add({ line: 1, column: 1 }, 'has no name: add a line `name NAME`');
  return draft;
}

/** @throws Refusal FORMAT_NEWER */
function checkFirst(first: Line | undefined, report: Report): void {
  const found = /^faultline model (\d+)$/.exec(first?.text ?? '')?.[1];
  if (first !== undefined && found !== undefined && Number(found) > MODEL_TEXT_VERSION) {
    const facts = { found: `model ${printable(found)}`, known: `model ${MODEL_TEXT_VERSION}` };
    throw fail('FORMAT_NEWER', { file: report.file, ...facts });
  }
  if (first?.text === FIRST_LINE && first.children.length === 0) return;
  const isInput = first?.text.startsWith('faultline input') === true;
  const what = isInput
    ? 'this is an input, and no model'
    : `the first line is not \`${FIRST_LINE}\``;
  report.add({ line: 1, column: 1 }, what);
  if (isInput) report.end();
}

function readAll(lines: readonly Line[], when: Condition, draft: Draft, report: Report): void {
  readEach(lines, (line) => {
    readLine(line, when, draft, report);
    return [];
  });
}

function readLine(line: Line, when: Condition, draft: Draft, report: Report): void {
  const reader = new LineReader(line, report);
  const { words } = reader;
  if (words.skip('for')) {
    const choices = readCondition(words);
    words.need(':', 'a colon');
    words.end();
    if (line.children.length === 0) words.expected('what holds only then, indented below it');
    readAll(line.children, [...when, ...choices], draft, report);
    return;
  }
  if (words.skip('in')) {
    const edits = readPathEdits(reader, line, report);
    draft.edits.push(...edits.map((value) => ({ when, value })));
    return;
  }
  const isPart = /^part\s/.test(line.text) && words.skip('part');
  if (isPart || /^\w+\s*:/.test(line.text)) {
    const definition = readDefinition(reader);
    (isPart ? draft.parts : draft.paths).push({ when, value: definition });
    return;
  }
  readHead(whole(line, report), when, draft, report);
}

/** What reads like an edit, a path of a toggle, or a row of the head, and would be lost in somebody's prose. */
const OTHER_LINE =
  /^(?:(?:in|part) \w+(?:, \w+)*:|for [\w.-]+=\S+:|(?:finds|clean)\s+[BF]\d|(?:toggle|set)\s+[\w.-]+\s*=|extends\s+\S+$)/;

/** A line of the head goes on where it is indented. */
function whole(line: Line, report: Report): Line {
  for (const { text, spot } of line.children.flatMap(linesOf)) {
    if (!OTHER_LINE.test(text)) continue;
    report.add(
      spot,
      'goes on with the line above, below which it is indented: begin it further left',
    );
  }
  const text = linesOf(line).map((one) => one.text);
  return { ...line, text: text.join(' '), children: [] };
}

function linesOf(line: Line): readonly Line[] {
  return [line, ...line.children.flatMap(linesOf)];
}

function readDefinition(reader: LineReader): Definition {
  const name = reader.words.take(NAME, 'a name');
  const body = reader.body();
  reader.end();
  return { name, body };
}
