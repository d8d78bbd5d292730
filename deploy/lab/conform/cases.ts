/**
 * What `lab conform` plays on both sides: workloads whose threads run one after another, in the form that `guest/play`
 * reads, and what is seen after each operation, in the form that it writes.
 */

import { generatorOf } from '../../../corpus/breeding/generate.ts';
import { at } from '../../../corpus/vocabulary/assert.ts';
import { EMPTY_SCHEDULE, type Input, type Workload } from '../../../corpus/vocabulary/input.ts';
import { AREAS, LINE_BYTES, PAGE_BYTES, THREADS } from '../../../corpus/vocabulary/limits.ts';
import {
  argumentOf,
  OP_KINDS,
  OPERATIONS,
  type Op,
  type OpKind,
  PAGE_STATES,
  type PageState,
  SHARINGS,
} from '../../../corpus/vocabulary/ops.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import { canonicalInput } from '../../../corpus/vocabulary/text.ts';
import { checkInput } from '../../../corpus/vocabulary/validate.ts';
import { writerOf } from '../../../workers/kernel/encoding.ts';

/** Why a real kernel is not asked for an operation. */
export const NOT_PLAYED: Readonly<Partial<Record<OpKind, string>>> = {
  revoke: 'a driver that goes away takes the file system with it',
  crash: 'the machine has no cache of the processor to lose',
  enospc: 'allocations of a real file system fail where it is full, not where one says',
  dma: 'it takes a device that does it',
  clwb: 'no reader sees it',
  swap: 'XFS refuses to swap blocks of files that are mapped with DAX',
};
const ONLY_WHERE_SHARED: readonly OpKind[] = ['reflink', 'unshare'];
/** One process: what another one maps is another mapping. */
const PROCESSES = 1;
const STATE_LETTERS: Readonly<Record<PageState, string>> = {
  hole: 'h',
  cached: 'c',
  unwritten: 'u',
  written: 'w',
};

export function kindsPlayed(canShare: boolean): readonly OpKind[] {
  return OP_KINDS.filter(
    (kind) => NOT_PLAYED[kind] === undefined && (canShare || !ONLY_WHERE_SHARED.includes(kind)),
  );
}

/**
 * So many workloads that a real file system can be brought to begin with; everything follows from the number. A few of them
 * share a handful of kinds (swarm testing: Groce et al., ISSTA 2012): what takes four operations in a row hides among
 * twenty.
 */
export function drawCases(
  rngSeed: number,
  count: number,
  kinds: readonly OpKind[],
): readonly Input[] {
  const random = new Random(rngSeed).fork('conform');
  const cases: Input[] = [];
  while (cases.length < count) {
    const draw = generatorOf({
      kinds: handful(random, kinds, (kind) => OPERATIONS[kind].weight, 3, 6),
      sharings: SHARINGS,
      hasSync: true,
      processesMax: PROCESSES,
    });
    const states = handful(random, PAGE_STATES, () => 1, 1, 2);
    for (let i = 0; i < SWARM && cases.length < count; i++) {
      const input = longer(withStates(draw(random), states), () => draw(random));
      if (canBeMade(input)) cases.push(input);
    }
  }
  return cases;
}

/** Cases of one handful. */
const SWARM = 10;

/** From `min` to `max` of them, no one twice; a weight says how likely one is. */
function handful<T>(
  random: Random,
  all: readonly T[],
  weightOf: (one: T) => number,
  min: number,
  max: number,
): readonly T[] {
  const left = [...all];
  const taken: T[] = [];
  for (let count = min + random.below(max - min + 1); count > 0 && left.length > 0; count--) {
    const ends = left.map((_, i) =>
      left.slice(0, i + 1).reduce((sum, one) => sum + weightOf(one), 0),
    );
    const draw = random.below(at(ends, ends.length - 1));
    taken.push(
      ...left.splice(
        ends.findIndex((end) => draw < end),
        1,
      ),
    );
  }
  return taken;
}

/** Each state that is not among them gives way to one that is. */
function withStates(workload: Workload, states: readonly PageState[]): Workload {
  const stateOf = (state: PageState): PageState =>
    at(states, PAGE_STATES.indexOf(state) % states.length);
  const files = workload.setup.files.map(({ size, pages }) => ({
    size,
    pages: pages.map(stateOf),
  }));
  return { ...workload, setup: { ...workload.setup, files } };
}

/**
 * With threads of other draws behind its own, as many as an input may have: what one operation leaves, a later one meets.
 * Those that name a file or an area that this setup lacks stay away.
 */
function longer(workload: Workload, another: () => Workload): Input {
  let input = canonicalInput({ ...withShortCopies(workload), schedule: EMPTY_SCHEDULE });
  for (let draws = 0; draws < THREADS; draws++) {
    for (const thread of withShortCopies(another()).threads) {
      const more = { ...input, threads: [...input.threads, thread] };
      if (checkInput(more) === null) input = more;
    }
  }
  return input;
}

/**
 * What is copied from a mapping has its writer's number in the simulator, and its old content on a real kernel: of one line
 * it is known which that is (`simulator.ts`).
 */
function withShortCopies(workload: Workload): Workload {
  return {
    ...workload,
    threads: workload.threads.map(({ process, ops }) => ({ process, ops: ops.map(asShortCopy) })),
  };
}

function asShortCopy(op: Op): Op {
  if (!('buffer' in op) || op.length === LINE_BYTES) return op;
  return { ...op, length: LINE_BYTES };
}

/** Behind i_size a file has neither data nor pages in the cache. */
export function canBeMade({ setup, threads }: Workload): boolean {
  if (setup.processes.length > PROCESSES || threads.some(({ process }) => process > 0))
    return false;
  return setup.files.every(({ size, pages }) =>
    pages.every((state, page) => {
      return (state !== 'written' && state !== 'cached') || page * PAGE_BYTES < size;
    }),
  );
}

/** In the order in which they are played. */
export function opsOf({
  threads,
}: Workload): readonly { readonly op: Op; readonly value: number }[] {
  return threads.flatMap(({ ops }, t) => ops.map((op, i) => ({ op, value: writerOf(t, i) })));
}

export function caseText(input: Workload, number: number): string {
  const ops = opsOf(input).map(({ op, value }) => opLine(op, value));
  return linesText([`case ${number}`, ...setupLines(input), 'begin', ...ops, 'end']);
}

export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** What a case begins with. */
export function setupLines(input: Workload): readonly string[] {
  const { files, processes } = input.setup;
  const areas = Array.from({ length: AREAS }, (_, i) => processes[0]?.areas[i] ?? null);
  return [
    ...files.map(({ size, pages }) => {
      return `file ${size} ${pages.map((state) => STATE_LETTERS[state]).join('') || '-'}`;
    }),
    ...areas.map((area) =>
      area === null ? 'area -' : `area ${area.file} ${area.offset} ${area.length} ${area.sharing}`,
    ),
  ];
}

/** @param value the byte that it writes */
export function opLine(op: Op, value: number): string {
  return `op ${fieldsOf(op).join(' ')} ${value}`;
}

function fieldsOf(op: Op): readonly (string | number)[] {
  const buffer = argumentOf(op, 'buffer');
  return [
    op.kind,
    argumentOf(op, 'area') ?? -1,
    argumentOf(op, 'file') ?? -1,
    argumentOf(op, 'offset') ?? -1,
    argumentOf(op, 'length') ?? -1,
    argumentOf(op, 'size') ?? -1,
    argumentOf(op, 'sharing') ?? '-',
    buffer?.area ?? -1,
    buffer?.offset ?? -1,
    'sync' in op ? 1 : 0,
  ];
}

/** What one side says: a line for the setup and one for each operation. */
export interface Seen {
  readonly lines: readonly string[];
  /** The first line after which a shared mapping shows what read(2) does not; -1 for none. */
  readonly split: number;
}

export const NOTHING_SEEN: Seen = { lines: ['no answer'], split: -1 };
const SPLIT = / !$/;

export function readSeen(text: string): ReadonlyMap<number, Seen> {
  const lines = new Map<number, string[]>();
  let current: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const number = /^case (\d+)$/.exec(line)?.[1];
    if (number !== undefined) {
      current = [];
      lines.set(Number(number), current);
    } else if (line !== '') current.push(line);
  }
  return new Map([...lines].map(([number, of]) => [number, seenIn(of)]));
}

function seenIn(lines: readonly string[]): Seen {
  return {
    lines: lines.map((line) => line.replace(SPLIT, '')),
    split: lines.findIndex((line) => SPLIT.test(line)),
  };
}

/** The simulator's word for what a block held before it was the file's: on a kernel, any byte. */
export const ANY_BYTE = '??';

/** The first line of which one side says what the other does not; -1 if there is none. */
export function firstDifference(kernel: readonly string[], simulator: readonly string[]): number {
  const length = Math.max(kernel.length, simulator.length);
  for (let i = 0; i < length; i++) {
    if (!isSame(comparable(kernel[i] ?? ''), comparable(simulator[i] ?? ''))) return i;
  }
  return -1;
}

function isSame(kernel: string, simulator: string): boolean {
  const isSameAt = (char: string, i: number): boolean =>
    char === kernel[i] || (char === ANY_BYTE[0] && /[\da-f]/.test(kernel[i] ?? ''));
  return kernel.length === simulator.length && Array.from(simulator).every(isSameAt);
}

/** Names of one refusal: the simulated kernel has one name for several, and tells why a copy failed. */
const SAME_RESULT: Readonly<Record<string, string>> = {
  EACCES: 'EINVAL',
  EFAULT: 'SIGBUS',
  SIGSEGV: 'SIGBUS',
};

function comparable(line: string): string {
  return line.replace(/^\w+/, (result) => SAME_RESULT[result] ?? result);
}
