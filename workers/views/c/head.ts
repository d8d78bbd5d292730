/** The comment that a program in C begins with: which run it is about, and how it is compiled and read. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { FILE_NAMES, THREAD_NAMES } from '../../../corpus/vocabulary/names.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import { INITIAL, writerOf } from '../../kernel/encoding.ts';
import type { Model } from '../../kernel/path.ts';
import { renderColumns } from '../columns.ts';
import type { Subject } from '../explain.ts';
import type { TracedRun } from '../observe.ts';
import { ascii, wrap } from '../wrap.ts';
import { nameOfOp, noteOf, type Placed, threadLetter } from './operations.ts';

/** The run that a program is about. */
export interface Drawn {
  readonly model: Model;
  readonly run: TracedRun;
  /** The finding; null where it is about none. */
  readonly subject: Subject | null;
}

export function headOf(
  input: Input,
  drawn: Drawn | null,
  placed: readonly Placed[],
  prefix: readonly Placed[],
): string {
  const text = [
    ...aboutOf(input, drawn),
    '',
    ...wrap(
      'The same operations, for a kernel. DIR is a directory on a DAX mount; files faultline-* in it are made anew, and stay:',
    ),
    '',
    '  gcc -O1 -pthread -Wall -Wextra -o repro repro.c && ./repro DIR',
    '',
    ...legendOf(input, placed, prefix).flatMap((sentence) => wrap(sentence, '  ')),
  ];
  return ['/*', ...text.map((line) => ` * ${quoted(line)}`.trimEnd()), ' */'].join('\n');
}

function aboutOf(input: Input, drawn: Drawn | null): readonly string[] {
  if (drawn === null) return printInput(input).trimEnd().split('\n');
  const { model, run, subject } = drawn;
  const columns = renderColumns(model, input, run, subject).trimEnd().split('\n');
  return ['What a model of the locking does, not a trace of a kernel:', '', ...columns];
}

function legendOf(
  { threads, setup }: Input,
  placed: readonly Placed[],
  prefix: readonly Placed[],
): readonly string[] {
  const names = threads.map((_, t) => `${THREAD_NAMES[t]} is ${threadLetter(t)}`).join(', ');
  const initial = setup.files.map((_, f) => `${INITIAL + f} what ${FILE_NAMES[f]} held`);
  const written = placed
    .filter(isWriter)
    .map((one) => `${writerOf(one.thread, one.index)} what ${nameOfOp(one)} wrote`);
  const values = ['0 is zeros', ...initial, ...written].join(', ');
  const before = prefix.map(nameOfOp).join(', ');
  return [
    `Threads: ${names}; A1 is the first operation of A.`,
    ...(before === '' ? [] : [`Before the threads start: ${before}.`]),
    `Values, which are those of the simulation: ${values}.`,
    'A line has 2048 bytes, of which loads and stores take the first; its first byte is its value.',
    'Tables say what a line holds by pread(2) and through each area: - past EOF or SIGBUS, . not mapped. Before the threads start nothing is loaded that would fault.',
    ...placed.flatMap((one) => noteOf(one) ?? []),
  ];
}

function isWriter({ op }: Placed): boolean {
  return (
    op.kind === 'store' || op.kind === 'dma' || (op.kind === 'pwrite' && op.buffer === undefined)
  );
}

/** Nothing in it ends the comment, or looks like the beginning of another one. */
function quoted(line: string): string {
  return ascii(line).replaceAll('*/', '* /').replaceAll('/*', '/ *');
}
