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
import { STEPS } from '../kernel/registry.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import { type Observed, observe } from './observe.ts';
import { ascii, WIDTH, wrap } from './wrap.ts';

/** What a view needs of a run that was written down. */
export interface TracedRun {
  readonly verdict: Verdict;
  readonly rows: readonly TraceRow[];
}

/** `   12  `: the number of a step. */
const NUMBER_WIDTH = 5;
const GAP = '  ';
const BODY_WIDTH = WIDTH - NUMBER_WIDTH - GAP.length;
const BAR = ' | ';
/** Two columns: (65 - 3) / 2. More threads get staggered texts of the same width. */
const CELL_WIDTH = Math.floor((BODY_WIDTH - BAR.length) / 2);

/** @param known the catalogue's row for the signature, `B12 fault against punch`, or null */
export function renderColumns(
  model: Model,
  input: Input,
  traced: TracedRun,
  known: string | null,
): string {
  const lines = [...headOf(model, input), '', ...tableOf(model, input, traced), ''];
  return `${[...lines, ...footOf(traced.verdict, known)].join('\n')}\n`;
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
  const program = compile(model);
  const observed = observe(program, input, rows);
  const stepOf = new Map(program.label.map((label, pc) => [label, program.step[pc] ?? '']));
  const count = input.threads.length;
  const lines = [headingOf(input)];
  const opNow = input.threads.map(() => 0);
  rows.forEach((row, i) => {
    const op = input.threads[row.thread]?.ops[row.op];
    const opText = op === undefined ? '' : printOp(op);
    if (row.op !== opNow[row.thread]) {
      lines.push(lineOf('op', row.thread, opText, count));
      opNow[row.thread] = row.op;
    }
    const told = observed[i];
    const text =
      told === undefined ? row.label : textOf(model, row, stepOf.get(row.label) ?? '', opText, told);
    lines.push(lineOf(String(i + 1), row.thread, text, count));
    lines.push(...marksOf(verdict, i + 1));
  });
  return lines;
}

/** The first operation of every thread; the others are announced where they begin. */
function headingOf(input: Input): string {
  const texts = input.threads.map(({ ops }, t) => `T${t} ${ops[0] === undefined ? '' : printOp(ops[0])}`);
  const cells = texts.map((text) => cut(text).padEnd(CELL_WIDTH));
  const isWide = texts.length > 2;
  const body = isWide ? texts.map((text) => cut(text)).join('; ') : cells.join(BAR);
  return `${'step'.padStart(NUMBER_WIDTH)}${GAP}${body.slice(0, BODY_WIDTH)}`.trimEnd();
}

/** Two threads have a column each; more are staggered, for four columns of 72 are too narrow to read. */
function lineOf(number: string, thread: number, text: string, count: number): string {
  const cell = cut(`T${thread} ${text}`);
  const begin = number.padStart(NUMBER_WIDTH) + GAP;
  if (count > 2) {
    const stagger = Math.floor((BODY_WIDTH - CELL_WIDTH) / (count - 1));
    return begin + ' '.repeat(stagger * thread) + cell;
  }
  const before = thread === 0 ? cell.padEnd(CELL_WIDTH) : ' '.repeat(CELL_WIDTH);
  return (begin + before + (count === 2 ? BAR : '') + (thread === 0 ? '' : cell)).trimEnd();
}

function cut(text: string): string {
  return ascii(text).slice(0, CELL_WIDTH);
}

/** Behind the step at which the run first went wrong. */
function marksOf(verdict: Verdict, step: number): readonly string[] {
  if (verdict.kind !== 'violation' || verdict.violations[0]?.step !== step) return [];
  const { title } = VIOLATION_CLASSES[verdict.violations[0].class];
  return [`${String(step).padStart(NUMBER_WIDTH)}${GAP}<-- ${title}`.slice(0, WIDTH)];
}

function textOf(model: Model, row: TraceRow, step: string, op: string, told: Observed): string {
  if (told.sleepsOn !== null) return `waits for ${lockName(model, told.sleepsOn)}`;
  const text = sayingOf(model, row, step, op);
  const values = told.values.length > 0 ? ` -> ${told.values.join(', ')}` : '';
  const failure = told.failure === null ? '' : ` -> ${told.failure}`;
  return `${text}${told.faulted ? ': page fault' : ''}${values}${failure}`;
}

function sayingOf(model: Model, row: TraceRow, step: string, op: string): string {
  if (step === 'access') return op;
  const said = STEPS.get(step)?.says ?? row.label;
  return said.replace('{lock}', lockName(model, lockIn(row.label)));
}

/** The lock that a label names: `punch/downWrite(inodeLock)~2`. */
function lockIn(label: string): string {
  return /\((\w+)\)/.exec(label)?.[1] ?? 'lock';
}

function lockName(model: Model, lock: string): string {
  return model.locks[lock as LockId] ?? lock;
}

function footOf(verdict: Verdict, known: string | null): readonly string[] {
  switch (verdict.kind) {
    case 'pass':
      return ['no violation'];
    case 'inconclusive':
      return [`inconclusive: ${verdict.why}`];
    case 'violation': {
      const told = verdict.violations.flatMap(({ step, detail, signature }) => [
        ...wrap(`step ${step}: ${detail}`, GAP),
        ...wrap(`signature: ${signature}`, GAP),
      ]);
      return known === null ? told : [...told, ...wrap(`known: ${known}`, GAP)];
    }
  }
}
