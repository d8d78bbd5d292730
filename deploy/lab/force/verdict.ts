/** From what a kernel showed to a verdict. Pure. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { LINE_BYTES, LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { FILE_NAMES, PROCESS_NAMES } from '../../../corpus/vocabulary/names.ts';
import { printOp } from '../../../corpus/vocabulary/text.ts';
import {
  classOfSignature,
  type ViolationClass,
  worstOf,
} from '../../../corpus/vocabulary/verdict.ts';
import { type Traced, violationsOf } from '../../../workers/run/engine.ts';
import { nameOfOp } from '../../../workers/views/c/operations.ts';
import { lineName, type Outcomes } from './outcomes.ts';
import type { Planned } from './plan.ts';
import type { Readings } from './readings.ts';
import { NOT_MAPPED, PAST_EOF, type Visible } from './visible.ts';

/** What the kernel shows, and what a right one would. */
export interface Difference {
  readonly what: string;
  readonly kernel: string;
  readonly expected: string;
}

export type ForcedVerdict =
  | { readonly kind: 'shown'; readonly differences: readonly Difference[] }
  /** A lock of the kernel forbids the interleaving. */
  | { readonly kind: 'blocked'; readonly lock: string; readonly step: string }
  /** Every step came, and nothing is wrong. */
  | { readonly kind: 'right' }
  | { readonly kind: 'cannot'; readonly why: string };

const TIME_IS_UP = 124;
const NO_END = 2;
export const HANGS: readonly (ViolationClass | null)[] = ['deadlock', 'lost-wakeup', 'never-ends'];

export interface Forced {
  readonly input: Input;
  readonly signature: string;
  readonly plan: Planned;
  readonly outcomes: Outcomes | null;
}

export function verdictOf(forced: Forced, seen: Readings): ForcedVerdict {
  const { steps } = forced.plan;
  const { lacking, impossible, status } = seen;
  if (lacking.length > 0) return cannot(`the kernel has no ${lacking.join(', ')}`);
  if (status === TIME_IS_UP || status === NO_END) return hung(forced);
  if (status !== 0) return cannot(`the program ended with ${status}`);
  if (!seen.isDax) return cannot('the file is not mapped by DAX');
  const differences = [...visibleDifferences(forced, seen), ...flushDifferences(forced, seen)];
  if (differences.length > 0) return { kind: 'shown', differences };
  if (impossible !== null) {
    const { lock, earlier } = impossible;
    const step = steps[earlier]?.says ?? '';
    if (lock === null) return cannot(`step ${step} did not come`);
    return { kind: 'blocked', lock, step };
  }
  const missing = steps[seen.done.length];
  return missing === undefined
    ? { kind: 'right' }
    : cannot(`step ${missing.says} did not come in time; on a busy machine another try may do`);
}

function cannot(why: string): ForcedVerdict {
  return { kind: 'cannot', why };
}

function hung({ signature }: Forced): ForcedVerdict {
  if (!HANGS.includes(classOfSignature(signature))) return cannot('the program did not end');
  const difference = { what: 'the program', kernel: 'does not end', expected: 'it ends' };
  return { kind: 'shown', differences: [difference] };
}

/** Of what a user can see; the same of a run of the simulator as of one of the kernel. */
export function visibleDifferences(
  about: Pick<Forced, 'input' | 'outcomes'>,
  seen: Visible,
): readonly Difference[] {
  return [...readDifferences(about, seen), ...mappedDifferences(about, seen)];
}

/** Results of loads and reads, and what read(2) says at the end, which no interleaving of a right kernel has. */
function readDifferences(
  { input, outcomes }: Pick<Forced, 'input' | 'outcomes'>,
  { results, files }: Visible,
): readonly Difference[] {
  if (outcomes === null) return [];
  const differences: Difference[] = [];
  const compare = (name: string, what: string, kernel: string | undefined): void => {
    const expected = outcomes.get(name);
    if (kernel === undefined || expected === undefined || expected.has(kernel)) return;
    differences.push({ what, kernel, expected: [...expected].sort().join(' or ') });
  };
  for (const [thread, { ops }] of input.threads.entries()) {
    for (const [index, op] of ops.entries()) {
      const name = nameOfOp({ thread, index });
      compare(name, `${name} ${printOp(op)}`, valuesIn(results.get(name)));
    }
  }
  for (const [file] of input.setup.files.entries()) {
    const letter = FILE_NAMES[file] ?? '';
    for (const [line, value] of (files.get(letter) ?? []).entries())
      compare(lineName(letter, line), `read(2) of ${letter} at ${line * LINE_BYTES}`, value);
  }
  return differences;
}

/** Of `4096: 1 0`, the values; anything else as it is. */
function valuesIn(result: string | undefined): string | undefined {
  return result?.replace(/^\d+: /, '');
}

/** At the end a shared mapping shows what read(2) says, and nothing on a page past EOF. */
function mappedDifferences(
  { input }: Pick<Forced, 'input'>,
  { files, areas }: Visible,
): readonly Difference[] {
  return [...areas].flatMap(([name, lines]) => {
    const [letter = '', area = ''] = name.split(' ');
    const read = files.get(letter) ?? [];
    if (!isShared(input, area)) return [];
    return lines.flatMap((kernel, line) => {
      const expected = read[line] ?? PAST_EOF;
      const page = Math.floor(line / LINES_PER_PAGE) * LINES_PER_PAGE;
      const isBeyond = expected === PAST_EOF && (read[page] ?? PAST_EOF) !== PAST_EOF;
      if (kernel === NOT_MAPPED || kernel === expected || isBeyond) return [];
      return [{ what: `${name} at ${line * LINE_BYTES}`, kernel, expected: shownRead(expected) }];
    });
  });
}

function shownRead(value: string): string {
  return value === PAST_EOF ? 'SIGBUS, for it is past EOF' : `${value}, as read(2) says`;
}

/** `P0.a1`; an area that an operation maps is one of those that the threads have. */
function isShared({ setup, threads }: Input, name: string): boolean {
  const [process = '', area = ''] = name.split('.a');
  const index = (PROCESS_NAMES as readonly string[]).indexOf(process);
  const atFirst = setup.processes[index]?.areas[Number(area)]?.sharing;
  const later = threads.flatMap(({ ops }) =>
    ops.flatMap((op) => (op.kind === 'mmap' && op.area === Number(area) ? [op.sharing] : [])),
  );
  return [atFirst, ...later].every((one) => one === undefined || one !== 'private');
}

/** An fsync that returned 0 before anything was flushed. */
function flushDifferences(
  { input, signature, plan }: Forced,
  { results, done }: Readings,
): readonly Difference[] {
  if (classOfSignature(signature) !== 'durability') return [];
  const synced = syncedIn(plan.run, signature);
  const step = plan.steps.findIndex(
    ({ ends, thread }) => ends === synced?.op && thread === synced?.thread,
  );
  const flushes = done.find((one) => one.step === step)?.flushes;
  const op = synced && input.threads[synced.thread]?.ops[synced.op];
  if (synced === null || op === undefined || op === null || flushes !== 0) return [];
  const name = nameOfOp({ thread: synced.thread, index: synced.op });
  if (results.get(name) !== '0') return [];
  const kernel = 'returns 0 after no call of dax_flush';
  return [{ what: `${name} ${printOp(op)}`, kernel, expected: 'what was stored is flushed' }];
}

/** The operation whose end says that all is durable. */
function syncedIn(
  run: Traced,
  signature: string,
): { readonly thread: number; readonly op: number } | null {
  const step = worstOf(violationsOf(run), signature)?.step;
  return step === undefined ? null : (run.rows[step - 1] ?? null);
}
