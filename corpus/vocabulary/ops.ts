/**
 * The operations of a workload: what a simulated thread asks of the kernel. One table of them: text form, JSON,
 * validation, generation, mutation, minimizing, registers of the simulated kernel and the guide read it, so that a new
 * operation of known arguments is a row here, and paths in the models that have it.
 */
import { LINE_BYTES, PAGE_BYTES } from './limits.ts';

/** A position in one of the thread's own areas, in bytes from the start of the area. */
export interface AreaOffset {
  readonly area: number;
  readonly offset: number;
}

/** `sync`: shared, with MAP_SYNC. */
export type Sharing = 'shared' | 'private' | 'sync';
export const SHARINGS = ['shared', 'private', 'sync'] as const satisfies readonly Sharing[];

/**
 * How a page of a file starts: `hole`; `cached`: a hole whose zero page is in the page cache;
 * `unwritten`: a block is allocated and not initialised; `written`: content made durable long ago.
 */
export type PageState = 'hole' | 'cached' | 'unwritten' | 'written';
export const PAGE_STATES = [
  'hole',
  'cached',
  'unwritten',
  'written',
] as const satisfies readonly PageState[];

/** Arguments: an area is of the thread's process; offsets, lengths and sizes are bytes. */
interface Arguments {
  readonly area: number;
  readonly file: number;
  /** From the start of the file or, without a file, of the area. */
  readonly offset: number;
  readonly length: number;
  readonly size: number;
  readonly sharing: Sharing;
  readonly buffer: AreaOffset;
  /** O_DSYNC: what was written is durable once the call returns. */
  readonly sync: true;
}
export type Argument = keyof Arguments;

/** What may be left out. */
type Optional = 'buffer' | 'sync';
export type Required = Exclude<Argument, Optional>;

export function isRequired(arg: Argument): arg is Required {
  return arg !== 'buffer' && arg !== 'sync';
}

/** In the order of the text. An access and an area are of the thread's own address space. */
const ACCESS = ['area', 'offset'] as const;
const MAPPING = ['area', 'file', 'offset', 'length', 'sharing'] as const;
const AREA = ['area'] as const;
const IO = ['file', 'offset', 'length', 'buffer'] as const;
const WRITE = ['file', 'offset', 'length', 'buffer', 'sync'] as const;
const SIZE = ['file', 'size'] as const;
const RANGE = ['file', 'offset', 'length'] as const;
const FILE = ['file'] as const;
const NONE = [] as const;

export interface Operation {
  readonly args: readonly Argument[];
  /** What it is, for the guide. */
  readonly says: string;
  /** Bytes that offset and length are multiples of: a line, or a page where that is all that the call takes. */
  readonly unit: number;
  /** Which way a buffer goes, as the text has it. */
  readonly buffer?: 'into' | 'from';
  /** The kind that it is once it has found its file: findings name that one. */
  readonly is?: string;
  /** What it may do to i_size. */
  readonly resizes?: 'sets' | 'extends' | 'shrinks' | 'grows';
  /** A file system may have no such operation: then its model has no path for it. */
  readonly isOptional: boolean;
  /** Drawn only for models that have it: what others draw does not depend on it. */
  readonly isSpecial: boolean;

  // How often it is drawn: of all, of what comes before the parallel part, of what ends a thread.
  readonly weight: number;
  readonly opens: number;
  readonly closes: number;

  // What a repro may have in its place.
  /** How much it does beyond the weakest of its sort. */
  readonly rank: number;
  /** Kinds that do less to the same range, the boldest first. */
  readonly weaker: readonly string[];
  /** Whole pages say less than lines do. */
  readonly grain: number;
  /** What it may leave in the pages that it touches. */
  readonly leaves?: PageState;
}

type Row<A extends readonly Argument[]> = Operation & { readonly args: A };

const USUAL = {
  unit: LINE_BYTES,
  isOptional: false,
  isSpecial: false,
  opens: 0,
  closes: 0,
  rank: 0,
  weaker: [],
  grain: PAGE_BYTES,
};
type Named = Pick<Operation, 'says' | 'weight'> & Partial<Operation>;

function row<const A extends readonly Argument[]>(args: A, named: Named): Row<A> {
  return { ...USUAL, ...named, args };
}

const OF_FALLOCATE = { isOptional: true };
const SPECIAL = { isOptional: true, isSpecial: true };

// biome-ignore format: a table
const ROWS = {
  load: row(ACCESS, { says: 'one line through a mapping; may fault', weight: 18, opens: 1, grain: LINE_BYTES, leaves: 'cached' }),
  store: row(ACCESS, { says: 'the same, written', weight: 26, opens: 2, grain: LINE_BYTES, rank: 1, weaker: ['load'], leaves: 'written' }),
  mmap: row(MAPPING, { says: 'map whole pages of a file', weight: 1, unit: PAGE_BYTES }),
  munmap: row(AREA, { says: 'unmap an area', weight: 1 }),
  msync: row(AREA, { says: 'sync what an area maps', weight: 1, rank: 1 }),
  pread: row(IO, { says: 'read(2); the buffer may be a mapping', weight: 6, buffer: 'into', grain: LINE_BYTES }),
  pwrite: row(WRITE, { says: 'write(2); the buffer may be a mapping', weight: 16, opens: 1, buffer: 'from', grain: LINE_BYTES, resizes: 'extends', rank: 1, leaves: 'written' }),
  truncate: row(SIZE, { says: 'set the size', weight: 9, resizes: 'sets' }),
  punch: row(RANGE, { ...OF_FALLOCATE, says: 'fallocate(2): punch a hole', weight: 8, rank: 1, weaker: ['truncate'], leaves: 'hole' }),
  collapse: row(RANGE, { ...OF_FALLOCATE, says: 'fallocate(2): take whole pages out', weight: 3, unit: PAGE_BYTES, resizes: 'shrinks', rank: 3, weaker: ['truncate', 'punch'] }),
  insert: row(RANGE, { ...OF_FALLOCATE, says: 'fallocate(2): put whole pages in', weight: 2, unit: PAGE_BYTES, resizes: 'grows', rank: 3, weaker: ['truncate', 'punch'] }),
  zero: row(RANGE, { ...OF_FALLOCATE, says: 'fallocate(2): zero a range', weight: 2, resizes: 'extends', rank: 2, weaker: ['truncate', 'punch'] }),
  fallocate: row(RANGE, { ...OF_FALLOCATE, says: 'fallocate(2): preallocate', weight: 2, opens: 1, resizes: 'extends', leaves: 'unwritten' }),
  fsync: row(FILE, { says: 'make a file durable', weight: 7, opens: 1, closes: 3 }),
  revoke: row(NONE, { says: 'the driver shuts the device down', weight: 1, isOptional: true }),
  commit: row(NONE, { says: 'the log is full: it commits', weight: 2 }),
  crash: row(NONE, { says: 'power fails', weight: 1, closes: 1 }),
  enospc: row(NONE, { says: 'the next allocation fails', weight: 1 }),
  reflink: row(FILE, { ...SPECIAL, says: 'another file takes a clone of this one: they share its blocks', weight: 6, opens: 1 }),
  dma: row(ACCESS, { ...SPECIAL, says: 'a device writes one line of a mapping, whose page is pinned meanwhile', weight: 10, grain: LINE_BYTES, rank: 2, weaker: ['load', 'store'], leaves: 'written' }),
  clwb: row(ACCESS, { ...SPECIAL, says: 'the user writes one line of a mapping back to the device', weight: 5, closes: 2, grain: LINE_BYTES, rank: 1, weaker: ['load'] }),
  unshare: row(RANGE, { ...SPECIAL, says: 'fallocate(2): give a range blocks of its own', weight: 5, resizes: 'extends', rank: 1, weaker: ['fallocate'] }),
  madvise_remove: row(AREA, { ...SPECIAL, says: 'madvise(2), MADV_REMOVE: punch a hole where an area maps', weight: 4, is: 'punch', rank: 2, weaker: ['punch'] }),
  drop_caches: row(NONE, { ...SPECIAL, says: 'drop the clean pages of every file from the cache', weight: 4 }),
  swap: row(FILE, { ...SPECIAL, says: 'swap the blocks of a file with those of a copy of it (XFS_IOC_SWAPEXT)', weight: 4 }),
};

export type OpKind = keyof typeof ROWS;
export const OPERATIONS: Readonly<Record<OpKind, Operation>> = ROWS;
export const OP_KINDS = Object.keys(ROWS) as readonly OpKind[];

type OpOf<K extends OpKind, A extends Argument = (typeof ROWS)[K]['args'][number]> = {
  readonly kind: K;
} & { readonly [N in Exclude<A, Optional>]: Arguments[N] } & {
  readonly [N in Extract<A, Optional>]?: Arguments[N];
};

export type Op = { [K in OpKind]: OpOf<K> }[OpKind];

/** @param values every argument of the kind but those that may be left out, and nothing else */
export function makeOp(kind: OpKind, values: Partial<Arguments>): Op {
  return { kind, ...values } as unknown as Op;
}

/** What an operation has for one of its arguments; undefined for one that was left out. */
export function argumentOf<A extends Argument>(op: Op, arg: A): Arguments[A] | undefined {
  return (op as Partial<Arguments>)[arg];
}

/** What an operation of the kind does: `madvise_remove` is a punch. */
export function deedOf(kind: OpKind): OpKind {
  return (OPERATIONS[kind].is ?? kind) as OpKind;
}

/** Kinds that do less to the same range, the boldest first. */
export function weakerKinds(kind: OpKind): readonly OpKind[] {
  return OPERATIONS[kind].weaker as readonly OpKind[];
}

export function takes(kind: OpKind, arg: Argument): boolean {
  return OPERATIONS[kind].args.includes(arg);
}
