/**
 * A run as people draw it in mails: one column a thread, time downwards. At most 72 wide, plain ASCII, and
 * every line begins with the number of its step and names its actor, so that it survives lost white space.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { printInput, printOp } from '../../corpus/vocabulary/text.ts';
import { type Verdict, VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { compile } from '../kernel/compile.ts';
import type { LockId } from '../kernel/locks.ts';
import type { Model } from '../kernel/path.ts';
import type { Program } from '../kernel/program.ts';
import { STEPS } from '../kernel/registry.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import { type Observed, observe } from './observe.ts';
import { ascii, WIDTH, wrap } from './wrap.ts';

/** What a view needs of a run that was written down. */
export interface TracedRun {
  readonly verdict: Verdict;
  readonly rows: readonly TraceRow[];
}

/** `  12  `: the number of a step. */
const NUMBER_WIDTH = 4;
const GAP = '  ';
const BODY_WIDTH = WIDTH - NUMBER_WIDTH - GAP.length;
const BAR = ' | ';
/** What two columns share, and a half of it. */
const CELLS_WIDTH = BODY_WIDTH - BAR.length;
const CELL_WIDTH = Math.floor(CELLS_WIDTH / 2);

/** @param name what the finding is called (naming.ts), or null where there is none */
export function renderColumns(
  model: Model,
  input: Input,
  traced: TracedRun,
  name: string | null,
): string {
  const lines = [...headOf(model, input), '', ...tableOf(model, input, traced), ''];
  return `${[...lines, ...footOf(traced.verdict, name)].join('\n')}\n`;
}

function headOf(model: Model, input: Input): readonly string[] {
  const setup = printInput(input)
    .split('\n')
    .filter((line) => /^(?:file|process) /.test(line));
  const threads = input.threads.map(
    ({ process, ops }, t) => `T${t} in P${process}: ${ops.map(printOp).join('; ')}`,
  );
  return [
    ...wrap(`${model.name}: ${model.title}`, GAP),
    ...[...setup, ...threads].flatMap((line) => wrap(line, GAP)),
  ];
}

function tableOf(model: Model, input: Input, { verdict, rows }: TracedRun): readonly string[] {
  const cells: Cell[] = input.threads.map(({ ops }, thread) => ({
    number: 'step',
    thread,
    text: ops[0] === undefined ? '' : printOp(ops[0]),
  }));
  const heading = cells.slice();
  const opNow = input.threads.map(() => 0);
  const texts = textsOf(model, input, rows);
  rows.forEach(({ thread, op }, i) => {
    // The first operation of each thread is in the heading; the others are announced where they begin.
    if (op !== opNow[thread]) cells.push({ number: 'op', thread, text: opText(input, thread, op) });
    opNow[thread] = op;
    cells.push({ number: String(i + 1), thread, text: texts[i] ?? '' });
  });
  const layout = layoutOf(cells, input.threads.length);
  const table = cells.slice(heading.length).map((cell) => lineOf(cell, layout));
  return [headingOf(heading, layout), ...withMarks(table, verdict)];
}

/** One text of one thread, and the step's number before it. */
interface Cell {
  readonly number: string;
  readonly thread: number;
  readonly text: string;
}

/** Where the text of each thread begins and how wide it may be. */
interface Layout {
  readonly begins: readonly number[];
  readonly widths: readonly number[];
  readonly bar: string;
}

/** Two threads have a column each; more are staggered, for four columns of 72 are too narrow to read. */
function layoutOf(cells: readonly Cell[], count: number): Layout {
  if (count === 1) return { begins: [0], widths: [BODY_WIDTH], bar: '' };
  if (count > 2) {
    const stagger = Math.floor((BODY_WIDTH - CELL_WIDTH) / (count - 1));
    const begins = Array.from({ length: count }, (_, thread) => stagger * thread);
    return { begins, widths: begins.map(() => CELL_WIDTH), bar: '' };
  }
  const [first = 0, second = 0] = [0, 1].map((thread) =>
    Math.max(...cells.map((cell) => (cell.thread === thread ? textOf(cell).length : 0))),
  );
  // Who needs less than a half leaves the rest to the other.
  const left = Math.max(Math.min(first, CELL_WIDTH), Math.min(first, CELLS_WIDTH - second));
  return { begins: [0, left + BAR.length], widths: [left, CELLS_WIDTH - left], bar: BAR };
}

function textOf({ thread, text }: Cell): string {
  return ascii(`T${thread} ${text}`);
}

function headingOf(cells: readonly Cell[], { widths, bar }: Layout): string {
  const texts = cells.map((cell, i) => {
    const text = textOf(cell).slice(0, widths[i]);
    return bar === '' ? text : text.padEnd(widths[i] ?? 0);
  });
  const body = texts.join(bar === '' ? '; ' : bar).slice(0, BODY_WIDTH);
  return `${numberText('step')}${body}`.trimEnd();
}

function lineOf(cell: Cell, { begins, widths, bar }: Layout): string {
  const text = textOf(cell).slice(0, widths[cell.thread]);
  const before = ' '.repeat((begins[cell.thread] ?? 0) - (cell.thread > 0 ? bar.length : 0));
  const body = cell.thread === 0 ? text.padEnd(widths[0] ?? 0) + bar : before + bar + text;
  return `${numberText(cell.number)}${body}`.trimEnd();
}

/** A step at which the run went wrong gets a line of its own behind it, for each complaint. */
function withMarks(table: readonly string[], verdict: Verdict): readonly string[] {
  const violations = verdict.kind === 'violation' ? verdict.violations : [];
  return table.flatMap((line) => {
    const marked = violations.filter(({ step }) => line.startsWith(numberText(step)));
    const titles = marked.map((one) => VIOLATION_CLASSES[one.class].title);
    const marks = marked.map(({ step }, i) =>
      `${numberText(step)}<-- ${titles[i]}`.slice(0, WIDTH),
    );
    return [line, ...marks];
  });
}

function numberText(number: number | string): string {
  return `${String(number).padStart(NUMBER_WIDTH)}${GAP}`;
}

// ---- what a step says -----------------------------------------------------------------------------------

function opText({ threads }: Input, thread: number, op: number): string {
  const found = threads[thread]?.ops[op];
  return found === undefined ? '' : printOp(found);
}

function textsOf(model: Model, input: Input, rows: readonly TraceRow[]): readonly string[] {
  const program = compile(model);
  const observed = observe(program, input, rows);
  return rows.map((row, i) => {
    const told = observed[i];
    if (told === undefined) return row.label;
    if (told.sleepsOn !== null) return `waits for ${lockName(model, told.sleepsOn)}`;
    const said = sayingOf(model, program, row, opText(input, row.thread, row.op));
    return `${said}${outcomeOf(told)}`;
  });
}

function outcomeOf({ faulted, values, failure }: Observed): string {
  const seen = values.length > 0 ? ` -> ${values.join(', ')}` : '';
  return `${faulted ? ': page fault' : ''}${seen}${failure === null ? '' : ` -> ${failure}`}`;
}

function sayingOf(model: Model, program: Program, row: TraceRow, op: string): string {
  const step = program.step[row.pc] ?? '';
  if (step === 'access') return op;
  const said = STEPS.get(step)?.says ?? row.label;
  return said.replace('{lock}', lockName(model, program.lock[row.pc] ?? ''));
}

function lockName(model: Model, lock: string): string {
  return model.locks[lock as LockId] ?? lock;
}

function footOf(verdict: Verdict, name: string | null): readonly string[] {
  switch (verdict.kind) {
    case 'pass':
      return ['no violation'];
    case 'inconclusive':
      return wrap(`inconclusive: ${verdict.why}, ${verdict.at}`, GAP);
    case 'violation': {
      const told = verdict.violations.flatMap(({ step, detail, signature }) => [
        ...wrap(`step ${step}: ${detail}`, GAP),
        ...wrap(`signature: ${signature}`, GAP),
      ]);
      return name === null ? told : [...told, ...wrap(name, GAP)];
    }
  }
}
