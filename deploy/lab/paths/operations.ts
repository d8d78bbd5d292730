/**
 * What `lab trace` records and `lab conform REF` compares: operations on page 1 of a file of four pages, and states in
 * which that page is when they begin. Both a model and a kernel play these.
 */

import type { FileSystemName } from '../file-systems.ts';

/** To bring the page into a state: its extent, and operations on it. LOAD is one by each shared mapping of the page. */
type Step = 'LOAD' | 'LOAD_A0' | 'STORE' | 'WRITE' | 'SYNC' | 'SHARE';
export interface PageStart {
  readonly extent: 'hole' | 'unwritten';
  readonly steps: readonly Step[];
}

function start(extent: PageStart['extent'], ...steps: readonly Step[]): PageStart {
  return { extent, steps };
}

/** What an fsync does not follow has not been committed. */
export const STATES: Readonly<Record<string, PageStart>> = {
  hole: start('hole', 'SYNC'),
  zeromapped: start('hole', 'LOAD'),
  unwritten: start('unwritten', 'SYNC'),
  'unwritten-zeromapped': start('unwritten', 'LOAD'),
  written: start('hole', 'WRITE', 'SYNC'),
  mapped: start('hole', 'WRITE', 'LOAD'),
  clean: start('hole', 'STORE', 'SYNC'),
  dirty: start('hole', 'STORE'),
  shared: start('hole', 'WRITE', 'SYNC', 'SHARE'),
  'shared-mapped': start('hole', 'WRITE', 'SYNC', 'SHARE', 'LOAD'),
  'shared-fsynced': start('hole', 'WRITE', 'SYNC', 'SHARE', 'LOAD_A0', 'SYNC'),
};
const SHARED: readonly string[] = ['shared', 'shared-mapped', 'shared-fsynced'];
const UNSHARED: readonly string[] = Object.keys(STATES).filter((state) => !SHARED.includes(state));

const FILE_BYTES = 16384;
/** Its last page, which is page 1, is cut. */
const SHORT_BYTES = 6144;

export interface Operation {
  readonly op: string;
  /** Bytes of A, where it is not FILE_BYTES. */
  readonly size?: number;
  /** Area a1. */
  readonly area?: string;
  /** Page 0 of B. */
  readonly other?: 'hole' | 'written';
  /** Area 1 is the one whose pte is followed. */
  readonly isOfArea1?: true;
  /** Part of a line, which no model has: what a kernel is asked for instead. */
  readonly onKernel?: { readonly offset: number; readonly length: number };
  readonly isDirect?: true;
}

const PRIVATE = { area: 'A 0 16384 private', isOfArea1: true } as const;
const SYNC = { area: 'A 0 16384 sync', isOfArea1: true } as const;
const SHORT = { size: SHORT_BYTES } as const;
const B_HOLE = { area: 'B 0 4096 shared', other: 'hole' } as const;
const B_WRITTEN = { area: 'B 0 4096 shared', other: 'written' } as const;
const DIRECT = { isDirect: true } as const;
const MIDDLE = { onKernel: { offset: 5120, length: 2048 } } as const;

// biome-ignore format: a table
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  load: { op: 'load a0 4096' },
  store: { op: 'store a0 4096' },
  'priv-load': { op: 'load a1 4096', ...PRIVATE },
  'priv-store': { op: 'store a1 4096', ...PRIVATE },
  'sync-store': { op: 'store a1 4096', ...SYNC },
  pread: { op: 'pread A 4096 4096' },
  pwrite: { op: 'pwrite A 4096 4096' },
  'pwrite-part': { op: 'pwrite A 4096 2048', onKernel: { offset: 5120, length: 1024 } },
  'pwrite-ext': { op: 'pwrite A 12288 4096', ...SHORT },
  'pwrite-buf-B-hole': { op: 'pwrite A 4096 4096 from a1 0', ...B_HOLE },
  'pwrite-buf-B-written': { op: 'pwrite A 4096 4096 from a1 0', ...B_WRITTEN },
  'pwrite-buf-A-same': { op: 'pwrite A 4096 4096 from a0 4096' },
  'pwrite-buf-A-other': { op: 'pwrite A 4096 4096 from a0 12288' },
  'pread-buf-B-hole': { op: 'pread A 4096 4096 into a1 0', ...B_HOLE },
  'pread-buf-A-same': { op: 'pread A 4096 4096 into a0 4096' },
  'pread-buf-A-other': { op: 'pread A 4096 4096 into a0 12288' },
  'dio-read': { op: 'pread A 4096 4096', ...DIRECT },
  'dio-write': { op: 'pwrite A 4096 4096', ...DIRECT },
  'dio-write-buf-B-hole': { op: 'pwrite A 4096 4096 from a1 0', ...B_HOLE, ...DIRECT },
  'dio-write-buf-A-same': { op: 'pwrite A 4096 4096 from a0 4096', ...DIRECT },
  'trunc-down': { op: 'truncate A 4096' },
  'trunc-down-part': { op: 'truncate A 6144' },
  'trunc-up': { op: 'truncate A 16384', ...SHORT },
  punch: { op: 'punch A 4096 4096' },
  'punch-part': { op: 'punch A 4096 2048', ...MIDDLE },
  collapse: { op: 'collapse A 4096 4096' },
  insert: { op: 'insert A 4096 4096' },
  zero: { op: 'zero A 4096 4096' },
  'zero-part': { op: 'zero A 4096 2048', ...MIDDLE },
  'falloc-keep': { op: 'fallocate A 4096 4096' },
  'falloc-ext': { op: 'fallocate A 4096 20480' },
  fsync: { op: 'fsync A' },
  msync: { op: 'msync a0' },
  mmap: { op: 'mmap a1 A 0 16384 shared' },
  munmap: { op: 'munmap a0' },
  'drop-caches': { op: 'drop_caches' },
  'reflink-to-B': { op: 'reflink A' },
  unshare: { op: 'unshare A 4096 4096' },
};

const OF_CLONES: readonly string[] = ['reflink-to-B', 'unshare'];
const ON_SHARED: readonly string[] = [
  ...['load', 'store', 'priv-store', 'sync-store', 'pread', 'pwrite', 'pwrite-part'],
  ...['pwrite-buf-A-same', 'trunc-down', 'trunc-down-part', 'punch', 'punch-part', 'collapse'],
  ...['zero', 'fsync', ...OF_CLONES],
];
/** On a file system that can share, of pages that are not: enough to see that it makes no difference. */
const BESIDES = [
  ['store', 'hole'],
  ['pwrite', 'hole'],
  ['pwrite', 'zeromapped'],
  ['reflink-to-B', 'dirty'],
  ['store', 'written'],
  ['reflink-to-B', 'mapped'],
] as const;

export type Played = readonly [operation: string, state: string];

/** In the order in which they are recorded: a trace that is as an earlier one names that. */
export function playedOn(canShare: boolean): readonly Played[] {
  const every = (operations: readonly string[], states: readonly string[]): readonly Played[] =>
    operations.flatMap((operation) => states.map((state): Played => [operation, state]));
  if (canShare) return [...every(ON_SHARED, SHARED), ...BESIDES];
  const operations = Object.keys(OPERATIONS).filter((name) => !OF_CLONES.includes(name));
  return every(operations, UNSHARED);
}

/** The text of an input, in which the last operation is the one that counts. */
export function inputOf(operation: Operation, { extent, steps }: PageStart): string {
  const { op, size = FILE_BYTES, area, other } = operation;
  const pages = size === FILE_BYTES ? `written ${extent} written written` : `written ${extent}`;
  return [
    'faultline input 1',
    `file A size ${size} pages ${pages}`,
    ...(other === undefined ? [] : [`file B size 4096 pages ${other}`]),
    `process P0 a0 A 0 16384 shared${area === undefined ? '' : ` a1 ${area}`}`,
    'thread T0 P0',
    ...steps.flatMap((step) => stepLines(step, operation)),
    op,
    'first T0',
    '',
  ].join('\n');
}

function stepLines(step: Step, { size = FILE_BYTES, area }: Operation): readonly string[] {
  switch (step) {
    case 'LOAD':
      return area === SYNC.area ? ['load a0 4096', 'load a1 4096'] : ['load a0 4096'];
    case 'LOAD_A0':
      return ['load a0 4096'];
    case 'STORE':
      return ['store a0 4096'];
    case 'WRITE':
      return [`pwrite A 4096 ${size === FILE_BYTES ? 4096 : size - 4096}`];
    case 'SYNC':
      return ['fsync A'];
    case 'SHARE':
      return ['reflink A'];
  }
}

/** Whose paths are to be those of the file system. */
export const PATH_MODELS: Readonly<Record<FileSystemName, string>> = {
  ext4: 'modern-ext4',
  xfs: 'modern-xfs',
  'xfs-reflink': 'modern-xfs:reflink=on',
};
