/**
 * What `lab conform` plays on both sides: workloads whose threads run one after another, in the form that `guest/play.c`
 * reads, and what is seen after each operation, in the form that it writes.
 */

import { generatorOf } from '../../../corpus/breeding/generate.ts';
import { EMPTY_SCHEDULE, type Input, type Workload } from '../../../corpus/vocabulary/input.ts';
import { AREAS, LINE_BYTES, PAGE_BYTES } from '../../../corpus/vocabulary/limits.ts';
import {
  argumentOf,
  OP_KINDS,
  type Op,
  type OpKind,
  type PageState,
} from '../../../corpus/vocabulary/ops.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import { canonicalInput } from '../../../corpus/vocabulary/text.ts';
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

/** So many workloads that a real file system can be brought to begin with; everything follows from the number. */
export function drawCases(
  rngSeed: number,
  count: number,
  kinds: readonly OpKind[],
): readonly Input[] {
  const random = new Random(rngSeed).fork('conform');
  const draw = generatorOf({
    kinds,
    sharings: ['shared', 'private', 'sync'],
    hasSync: true,
    processesMax: PROCESSES,
  });
  const cases: Input[] = [];
  while (cases.length < count) {
    const input = canonicalInput({ ...withShortCopies(draw(random)), schedule: EMPTY_SCHEDULE });
    if (canBeMade(input)) cases.push(input);
  }
  return cases;
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
  const { files, processes } = input.setup;
  const areas = Array.from({ length: AREAS }, (_, i) => processes[0]?.areas[i] ?? null);
  const lines = [
    `case ${number}`,
    ...files.map(({ size, pages }) => {
      return `file ${size} ${pages.map((state) => STATE_LETTERS[state]).join('') || '-'}`;
    }),
    ...areas.map((area) =>
      area === null ? 'area -' : `area ${area.file} ${area.offset} ${area.length} ${area.sharing}`,
    ),
    'begin',
    ...opsOf(input).map(({ op, value }) => `op ${fieldsOf(op).join(' ')} ${value}`),
    'end',
  ];
  return lines.map((line) => `${line}\n`).join('');
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

const NOTHING = '--';

/**
 * The first line of which one side says what the other does not; -1 if there is none. A line of a mapping that has no pte
 * on one side is not compared: what a page table still holds is a cache's business.
 */
export function firstDifference(left: readonly string[], right: readonly string[]): number {
  const length = Math.max(left.length, right.length);
  for (let i = 0; i < length; i++) {
    if (!agree(left[i] ?? '', right[i] ?? '')) return i;
  }
  return -1;
}

function agree(left: string, right: string): boolean {
  const [ours = '', ...lefts] = left.split(' ');
  const [theirs = '', ...rights] = right.split(' ');
  if (resultOf(ours) !== resultOf(theirs) || lefts.length !== rights.length) return false;
  return lefts.every((part, i) => agreePart(part, rights[i] ?? ''));
}

/** Names of one refusal: the simulated kernel has one name for several, and tells why a copy failed. */
const SAME_RESULT: Readonly<Record<string, string>> = {
  EACCES: 'EINVAL',
  EFAULT: 'SIGBUS',
  SIGSEGV: 'SIGBUS',
};

function resultOf(name: string): string {
  return SAME_RESULT[name] ?? name;
}

function agreePart(left: string, right: string): boolean {
  if (left === right) return true;
  const isMapping = !left.includes(':') && left.length === right.length && left.length > 1;
  if (!isMapping) return false;
  for (let at = 0; at < left.length; at += NOTHING.length) {
    const ours = left.slice(at, at + NOTHING.length);
    const theirs = right.slice(at, at + NOTHING.length);
    if (ours !== theirs && ours !== NOTHING && theirs !== NOTHING) return false;
  }
  return true;
}
