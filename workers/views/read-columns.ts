/**
 * A columns view, read back from a mail: quoted (`> `), with blanks collapsed or lines broken anew. What it needs of it
 * are the setup, the operations of each thread, and who ran at each numbered step. Pure.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';

export interface Gap {
  readonly line: number;
  readonly expected: string;
  readonly found: string;
}

export interface ReadColumns {
  /** As the drawing names it; a name with its toggles. */
  readonly model: string;
  readonly workload: Workload;
  /** The thread of each step. */
  readonly choices: readonly number[];
}

const QUOTES = /^(?:\s*>)+\s?/;
const THREAD = /^T(\d) in (P\d): ?(.*)$/;
const HEADING = /^step T0\b/;
const STEP = /^(\d+)\*? ?\|? ?T(\d)\b/;
const MODEL = /^([a-z0-9][a-z0-9_.-]*(?::[\w=,.-]+)?): \S/;
const STATEMENT = /^(?:file|process) |^T\d in P\d:/;

/** Whether a text has what only a drawing has: a line `T0 in P0: ...` and numbered steps. */
export function isColumns(text: string): boolean {
  const lines = linesOf(text);
  return lines.some((line) => THREAD.test(line)) && lines.some((line) => STEP.test(line));
}

/**
 * @param name of the text, for what is wrong with it
 * @throws Refusal where its setup or an operation is none
 * @returns the line, from 1, and what is expected there, where the drawing is not whole
 */
export function readColumns(text: string, name: string): ReadColumns | Gap {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => STATEMENT.test(line));
  const table = lines.findIndex((line, i) => i > first && isTable(line));
  const model = lines.slice(0, Math.max(0, first)).findLast((line) => MODEL.test(line));
  const reference = MODEL.exec(model ?? '')?.[1];
  if (reference === undefined) {
    return {
      line: first + 1,
      expected: 'a model before it, as in "v42-immap-read: ..."',
      found: 'none',
    };
  }
  const choices: number[] = [];
  for (const [i, line] of lines.entries()) {
    const [, number, thread] = (i >= table && STEP.exec(line)) || [];
    if (number === undefined) continue;
    // What the run shows behind its last step repeats a number.
    if (Number(number) !== choices.length + 1) {
      return { line: i + 1, expected: `step ${choices.length + 1}`, found: `step ${number}` };
    }
    choices.push(Number(thread));
  }
  const statements = joined(lines.slice(first, table)).map(statementOf);
  const workload = parseInput(['faultline input 1', ...statements, ''].join('\n'), name);
  return { model: reference, workload, choices };
}

function isTable(line: string): boolean {
  return HEADING.test(line) || /^op T\d\b/.test(line) || STEP.test(line);
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => line.replace(QUOTES, '').trim().replace(/\s+/g, ' '));
}

/** What was broken into several lines. */
function joined(lines: readonly string[]): readonly string[] {
  const whole: string[] = [];
  for (const line of lines.filter((one) => one !== '')) {
    if (STATEMENT.test(line) || whole.length === 0) whole.push(line);
    else whole.push(`${whole.pop()} ${line}`);
  }
  return whole;
}

function statementOf(line: string): string {
  const [, thread, process, ops] = THREAD.exec(line) ?? [];
  if (ops === undefined) return line;
  return [`thread T${thread} ${process}`, ...ops.split(/ ?; ?/)].join('\n');
}
