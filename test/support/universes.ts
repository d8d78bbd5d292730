/**
 * Universes by brute force: every workload, with whatever names; and by hand, apart from the product's own rules, which of
 * them are the same but for names.
 */
import { operationsOf, type Universe } from '../../corpus/breeding/universe.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../corpus/vocabulary/limits.ts';
import { type Op, PAGE_STATES, type PageState } from '../../corpus/vocabulary/ops.ts';

/** Of these an operation of one page looks at nothing beyond it. */
export const WITHIN: Pick<Universe, 'kinds'> = { kinds: ['load', 'store', 'pwrite', 'punch'] };

export const SMALL: Universe = {
  threads: 2,
  ops: 1,
  files: 1,
  pages: 2,
  lines: 1,
  kinds: ['store', 'punch'],
  sharings: ['shared'],
};

/** Of the weekly lane. */
export const WEEKLY: Universe = {
  ...SMALL,
  ops: 2,
  kinds: ['load', 'store', 'pwrite', 'truncate', 'punch', 'collapse', 'fsync'],
};

type Thread = Workload['threads'][number];

/** Threads in any order, in any process. */
export function* everyWorkload(universe: Universe): Generator<Workload> {
  const { files, pages, threads } = universe;
  const all = threadsOf(universe);
  const size = pages * PAGE_BYTES;
  const areas = Array.from({ length: files }, (_, file) => {
    return { file, offset: 0, length: size, sharing: 'shared' } as const;
  });
  const processes = [{ areas }, { areas }];
  for (const states of lists<PageState>(PAGE_STATES, files * pages)) {
    const setup = {
      files: areas.map((_, f) => ({ size, pages: states.slice(f * pages, (f + 1) * pages) })),
      processes,
    };
    for (let count = 1; count <= threads; count++) {
      for (const chosen of lists(all, count)) yield { setup, threads: chosen };
    }
  }
}

function threadsOf(universe: Universe): readonly Thread[] {
  const operations = operationsOf(universe);
  const threads: Thread[] = [];
  for (let length = 1; length <= universe.ops; length++) {
    for (const ops of lists(operations, length)) {
      threads.push({ process: 0, ops }, { process: 1, ops });
    }
  }
  return threads;
}

function lists<T>(from: readonly T[], length: number): readonly (readonly T[])[] {
  if (length === 0) return [[]];
  return lists(from, length - 1).flatMap((list) => from.map((one) => [...list, one]));
}

/** One text for all workloads that are the same but for names; of the kinds of WITHIN. */
export function sameness(workload: Workload): string {
  const texts = imagesOf(withPlainProcesses(workload)).map(({ setup, threads }) => {
    return JSON.stringify([setup.files, threads.map((one) => JSON.stringify(one)).sort()]);
  });
  return texts.sort()[0] ?? '';
}

/** A process matters where memory is accessed, and one alone is as good as the other. */
function withPlainProcesses({ setup, threads }: Workload): Workload {
  const accesses = ({ ops }: Thread): boolean => ops.some((op) => 'area' in op);
  const both = new Set(threads.filter(accesses).map(({ process }) => process)).size === 2;
  return {
    setup,
    threads: threads.map((one) => ({ ...one, process: both && accesses(one) ? one.process : 0 })),
  };
}

/** The workload itself, and as it is with files, pages and lines in other order. */
function imagesOf(workload: Workload): readonly Workload[] {
  const { files } = workload.setup;
  let images: readonly Workload[] = [workload];
  const isMovable = isOneOfEach(workload);
  if (files.length === 2 && isMovable) images = images.flatMap((one) => [one, filesSwapped(one)]);
  for (const file of files.keys()) {
    if (isMovable) images = images.flatMap((one) => [one, ...pagesSwapped(one, file)]);
    for (const page of files[file]?.pages.keys() ?? []) {
      images = images.flatMap((one) => [one, ...linesSwapped(one, file, page)]);
    }
  }
  return images;
}

/** Of blocks and of cached pages: otherwise their numbers say which page is which. */
function isOneOfEach({ setup }: Workload): boolean {
  const text = setup.files.flatMap(({ pages }) => pages).join(' ');
  const many = (words: RegExp): boolean => [...text.matchAll(words)].length > 1;
  return !many(/cached/g) && !many(/written/g);
}

function filesSwapped({ setup, threads }: Workload): Workload {
  const swapped = (op: Op): Op =>
    'area' in op ? { ...op, area: 1 - op.area } : 'file' in op ? { ...op, file: 1 - op.file } : op;
  return {
    setup: { ...setup, files: setup.files.toReversed() },
    threads: threads.map((one) => ({ ...one, ops: one.ops.map(swapped) })),
  };
}

/** The two pages of a file, unless an operation is about both. */
function pagesSwapped(workload: Workload, file: number): readonly Workload[] {
  const { setup, threads } = workload;
  if (setup.files[file]?.pages.length !== 2) return [];
  if (!onFile(workload, file).every((op) => lengthOf(op) <= PAGE_BYTES)) return [];
  const swapped = (op: Op): Op =>
    isOn(op, file) && 'offset' in op
      ? { ...op, offset: (op.offset + PAGE_BYTES) % (2 * PAGE_BYTES) }
      : op;
  const files = setup.files.map((one, f) =>
    f === file ? { ...one, pages: one.pages.toReversed() } : one,
  );
  return [
    {
      setup: { ...setup, files },
      threads: threads.map((one) => ({ ...one, ops: one.ops.map(swapped) })),
    },
  ];
}

/** The two lines of a page, unless an operation is about both. */
function linesSwapped(workload: Workload, file: number, page: number): readonly Workload[] {
  const begin = page * PAGE_BYTES;
  const isHere = (op: Op): boolean =>
    isOn(op, file) &&
    'offset' in op &&
    op.offset < begin + PAGE_BYTES &&
    op.offset + lengthOf(op) > begin;
  const here = onFile(workload, file);
  if (here.some((op) => lengthOf(op) > PAGE_BYTES)) return [];
  if (here.some((op) => isHere(op) && lengthOf(op) > LINE_BYTES)) return [];
  const swapped = (op: Op): Op =>
    isHere(op) && 'offset' in op
      ? { ...op, offset: begin + ((op.offset - begin + LINE_BYTES) % PAGE_BYTES) }
      : op;
  const threads = workload.threads.map((one) => ({ ...one, ops: one.ops.map(swapped) }));
  return [{ ...workload, threads }];
}

function onFile({ threads }: Workload, file: number): readonly Op[] {
  return threads.flatMap(({ ops }) => ops).filter((op) => isOn(op, file));
}

function isOn(op: Op, file: number): boolean {
  return ('area' in op ? op.area : 'file' in op ? op.file : -1) === file;
}

function lengthOf(op: Op): number {
  return 'length' in op ? op.length : LINE_BYTES;
}
