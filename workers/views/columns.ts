/**
 * A run as people draw it in mails: one column a thread, time downwards. At most 72 wide, plain ASCII, and
 * every line begins with the number of its step and names its actor, so that it survives lost white space.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { printInput, printOp } from '../../corpus/vocabulary/text.ts';
import { type Verdict, VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import type { LockId } from '../kernel/locks.ts';
import type { Model } from '../kernel/path.ts';
import type { Program } from '../kernel/program.ts';
import { STEPS } from '../kernel/step-registry.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import { compile } from '../model/compile.ts';
import { canonicalReference } from '../models/registry.ts';
import { explain, type Marked, markedOf, type Subject } from './explain.ts';
import { type Observed, observe, type TracedRun } from './observe.ts';
import { ascii, WIDTH, wrap } from './wrap.ts';

/** `  12  `: the number of a step. */
const NUMBER_WIDTH = 4;
const GAP = '  ';
const BODY_WIDTH = WIDTH - NUMBER_WIDTH - GAP.length;
const BAR = ' | ';
/** What two columns share, and a half of it. */
const CELLS_WIDTH = BODY_WIDTH - BAR.length;
const CELL_WIDTH = Math.floor(CELLS_WIDTH / 2);

/** @param subject the finding that it is about, which then explains itself first; null where it is about none */
export function renderColumns(
  model: Model,
  input: Input,
  run: TracedRun,
  subject: Subject | null,
): string {
  const observed = observe(compile(model), input, run.rows);
  const texts = textsOf(model, input, run.rows, observed);
  const marked = subject === null ? UNMARKED : markedOf(run, subject);
  const told = subject === null ? [] : toldOf(run, subject, texts);
  const table = tableOf(input, run, { texts, observed }, marked);
  const lines = [
    ...told,
    ...headOf(model, input),
    '',
    ...bounded(table),
    '',
    ...footOf(run.verdict, marked),
  ];
  return `${lines.join('\n')}\n`;
}

/** Of a run that uses up its steps, the beginning and the end: one line a step, mostly. */
const [HEAD_LINES, TAIL_LINES] = [1200, 400];

function bounded(table: readonly string[]): readonly string[] {
  const left = table.length - HEAD_LINES - TAIL_LINES;
  if (left <= 0) return table;
  return [...table.slice(0, HEAD_LINES), `  .. ${left} lines`, ...table.slice(-TAIL_LINES)];
}

const UNMARKED: Marked = { guilty: 0, pair: null };

function toldOf(run: TracedRun, subject: Subject, texts: readonly string[]): readonly string[] {
  const sentences = explain(run, subject, texts);
  return [subject.name, ...sentences, ''].flatMap((text) => (text === '' ? [''] : wrap(text, GAP)));
}

function headOf(model: Model, input: Input): readonly string[] {
  const setup = printInput(input)
    .split('\n')
    .filter((line) => /^(?:file|process) /.test(line));
  const threads = input.threads.map(
    ({ process, ops }, t) => `T${t} in P${process}: ${ops.map(printOp).join('; ')}`,
  );
  return [
    ...wrap(`${canonicalReference(model)}: ${model.title}`, GAP),
    ...[...setup, ...threads].flatMap((line) => wrap(line, GAP)),
  ];
}

/** What each step says and did. */
interface Told {
  readonly texts: readonly string[];
  readonly observed: readonly Observed[];
}

function tableOf(
  input: Input,
  { verdict, rows }: TracedRun,
  { texts, observed }: Told,
  { pair }: Marked,
): readonly string[] {
  const cells: Cell[] = input.threads.map(({ ops }, thread) => ({
    number: 'step',
    thread,
    text: ops[0] === undefined ? '' : printOp(ops[0]),
  }));
  const heading = cells.slice();
  const opNow = input.threads.map(() => 0);
  rows.forEach(({ thread, op }, i) => {
    // The first operation of each thread is in the heading; the others are announced where they begin.
    if (op !== opNow[thread]) cells.push({ number: 'op', thread, text: opText(input, thread, op) });
    opNow[thread] = op;
    const isDeciding = pair?.includes(i + 1) === true;
    const outcome = { thread, text: texts[i] ?? '', isDeciding };
    cells.push({ number: String(i + 1), step: i + 1, ...outcome });
  });
  const layout = layoutOf(cells, input.threads.length);
  const table = cells.slice(heading.length).flatMap((cell) => {
    const { step = 0 } = cell;
    return [...linesOf(cell, layout), ...marksAt(step, verdict, observed[step - 1])];
  });
  return [...headingOf(heading, layout), ...table];
}

/** One text of one thread, and the step's number before it. */
interface Cell {
  readonly number: string;
  readonly thread: number;
  readonly text: string;
  readonly step?: number;
  /** One of the two steps whose order decides. */
  readonly isDeciding?: boolean;
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

function headingOf(cells: readonly Cell[], layout: Layout): readonly string[] {
  const { widths, bar } = layout;
  const fits = cells.every((cell, i) => textOf(cell).length <= (widths[i] ?? 0));
  if (bar === '' || !fits)
    return cells.flatMap((cell) => linesOf({ ...cell, number: 'op' }, layout));
  const texts = cells.map((cell, i) => textOf(cell).padEnd(widths[i] ?? 0));
  return [`${'step'.padStart(NUMBER_WIDTH)}${GAP}${texts.join(bar)}`.trimEnd()];
}

/** A text that is too long goes on in a line without a number, with its actor. */
function linesOf(cell: Cell, layout: Layout): readonly string[] {
  const { thread, number, text } = cell;
  const actor = `T${thread} `;
  const parts = wrap(text, GAP, (layout.widths[thread] ?? 0) - actor.length);
  const mark = cell.isDeciding === true ? '*' : ' ';
  return (parts.length === 0 ? [''] : parts).map((part, i) => {
    const line = `${actor}${part}`;
    return i === 0
      ? lineOf(number, mark, thread, line, layout)
      : lineOf(GOES_ON, ' ', thread, line, layout);
  });
}

const GOES_ON = '..';

function lineOf(
  number: string,
  mark: string,
  thread: number,
  text: string,
  { begins, widths, bar }: Layout,
): string {
  const before = ' '.repeat((begins[thread] ?? 0) - (thread > 0 ? bar.length : 0));
  const body = thread === 0 ? text.padEnd(widths[0] ?? 0) + bar : before + bar + text;
  return `${number.padStart(NUMBER_WIDTH)}${mark} ${body}`.trimEnd();
}

/** A step at which the run went wrong has lines of its own: each complaint, and who holds what. */
function marksAt(
  step: number,
  verdict: Verdict,
  observed: Observed | undefined,
): readonly string[] {
  const violations = verdict.kind === 'violation' ? verdict.violations : [];
  const here = violations.filter((violation) => violation.step === step);
  if (here.length === 0) return [];
  const titles = here.map((violation) => VIOLATION_CLASSES[violation.class].title);
  const held = (observed?.held ?? []).flatMap((locks, t) =>
    locks.length === 0 ? [] : [`T${t} holds ${locks.join(', ')}`],
  );
  const number = String(step).padStart(NUMBER_WIDTH);
  return [...titles, ...held].flatMap((text) =>
    wrap(text, '', BODY_WIDTH - ARROW.length).map((line) => `${number}${GAP}${ARROW}${line}`),
  );
}

const ARROW = '<-- ';

// ---- what a step says -----------------------------------------------------------------------------------

function opText({ threads }: Input, thread: number, op: number): string {
  const found = threads[thread]?.ops[op];
  return found === undefined ? '' : printOp(found);
}

/** What each step does, as a drawing has it. */
export function textsOf(
  model: Model,
  input: Input,
  rows: readonly TraceRow[],
  observed: readonly Observed[],
): readonly string[] {
  const program = compile(model);
  const calls = input.threads.map(() => '');
  return rows.map((row, i) => {
    const call = callOf(row.label);
    const isNew = call !== '' && call !== calls[row.thread];
    calls[row.thread] = call;
    const told = observed[i];
    if (told === undefined) return row.label;
    const said = sayingOf(model, program, row, opText(input, row.thread, row.op));
    const isNamed = said.startsWith(`${call}: `);
    return `${isNew && !isNamed ? `${call}: ` : ''}${said}${outcomeOf(told)}`;
  });
}

/** What a path has called to do the step, the innermost call: `unmap` of `punch/drop/unmap/clearPte`. */
function callOf(label: string): string {
  return label.split('/').slice(1, -1).at(-1) ?? '';
}

function outcomeOf({ faulted, values, failure, sleeps }: Observed): string {
  if (sleeps) return ': waits';
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

function footOf(verdict: Verdict, { pair }: Marked): readonly string[] {
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
      return pair === null ? told : [...told, '*: the two steps whose order decides'];
    }
  }
}
