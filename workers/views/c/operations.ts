/**
 * Each operation as a call in C, or why a program cannot have it. One row an operation of `corpus/vocabulary/ops.ts`;
 * the compiler misses the row of a new one.
 */
import { FILE_NAMES, THREAD_NAMES } from '../../../corpus/vocabulary/names.ts';
import type { AreaOffset, Op, OpKind, Sharing } from '../../../corpus/vocabulary/ops.ts';
import { printOp } from '../../../corpus/vocabulary/text.ts';
import { writerOf } from '../../kernel/encoding.ts';

/** An operation, where it stands. */
export interface Placed {
  readonly thread: number;
  readonly index: number;
  readonly op: Op;
}

/** What prints a line of an operation, by what its call returns. */
type Printer = 'returned' | 'accessed' | 'lines_read';

interface Call {
  readonly prints: Printer;
  readonly c: string;
}

interface Carried<K extends OpKind> {
  readonly call: (op: OpOf<K>, writer: number, name: string) => Call;
  /** Where it is no call of its own: what stands for it. */
  readonly how?: string;
}
type OpOf<K extends OpKind> = Extract<Op, { readonly kind: K }>;
type Row<K extends OpKind> = Carried<K> | { readonly lacks: string };

const MAP_FLAGS: Readonly<Record<Sharing, string>> = {
  shared: 'MAP_SHARED',
  private: 'MAP_PRIVATE',
  sync: 'MAP_SHARED_VALIDATE | MAP_SYNC',
};

const PUNCH = 'FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE';

// biome-ignore format: a table
const IN_C: { readonly [K in OpKind]: Row<K> } = {
  load: { call: ({ area, offset }) => accessed(`load_from(${at({ area, offset })})`) },
  store: { call: ({ area, offset }, writer) => accessed(`store_to(${at({ area, offset })}, ${writer})`) },
  mmap: { call: ({ area, file, offset, length, sharing }) => returned(mapping(area, file, offset, length, sharing)) },
  munmap: { call: ({ area }) => returned(`unmap_area(&area[${area}])`) },
  msync: { call: ({ area }) => returned(`msync(${whole(area)}, MS_SYNC)`) },
  pread: { call: ({ file, offset, length, buffer }) => reading(file, offset, length, buffer) },
  pwrite: { call: (op, writer) => returned(writing(op, writer)) },
  truncate: { call: ({ file, size }) => returned(`ftruncate(${fd(file)}, ${size})`) },
  punch: { call: (op) => returned(allocating(PUNCH, op)) },
  collapse: { call: (op) => returned(allocating('FALLOC_FL_COLLAPSE_RANGE', op)) },
  insert: { call: (op) => returned(allocating('FALLOC_FL_INSERT_RANGE', op)) },
  zero: { call: (op) => returned(allocating('FALLOC_FL_ZERO_RANGE', op)) },
  fallocate: { call: (op) => returned(allocating('0', op)) },
  fsync: { call: ({ file }) => returned(`fsync(${fd(file)})`) },
  revoke: { lacks: 'a program has no call that takes the device from under its own mount' },
  commit: { call: () => returned('commit_log()'), how: 'an fsync of another file, which commits the log of this one' },
  crash: { lacks: 'a program does not outlive a power failure to print what is left' },
  enospc: { lacks: 'a program has no call that fails the next allocation alone' },
  reflink: { call: ({ file }, _writer, name) => returned(`ioctl(new_file("${nameOf(file)}-clone-${name}"), FICLONE, ${fd(file)})`) },
  dma: { call: ({ area, offset }, writer) => returned(`write_pinned(${at({ area, offset })}, ${writer})`), how: 'process_vm_writev(2), which pins the page and writes it as a driver does' },
  clwb: { call: ({ area, offset }) => accessed(`flush_from(${at({ area, offset })})`) },
  unshare: { call: (op) => returned(allocating('FALLOC_FL_UNSHARE_RANGE', op)) },
  madvise_remove: { call: ({ area }) => returned(`madvise(${whole(area)}, MADV_REMOVE)`) },
  drop_caches: { call: () => returned('drop_all_caches()'), how: 'a write to /proc/sys/vm/drop_caches, which takes root' },
  swap: { call: ({ file }) => returned(`swap_blocks(${fd(file)})`), how: 'XFS_IOC_SWAPEXT with a copy' },
};

/** Null where a program can have it. */
export function lacksOf({ thread, op }: Placed): string | null {
  const row = rowOf(op);
  return 'lacks' in row ? `${printOp(op)} of ${THREAD_NAMES[thread]}: ${row.lacks}` : null;
}

/** A statement that runs it and prints its line. */
export function statementOf(placed: Placed): readonly string[] {
  const { thread, index, op } = placed;
  const row = rowOf(op);
  if ('lacks' in row) return [];
  const { prints, c } = row.call(op, writerOf(thread, index), nameOfOp(placed));
  const how = row.how === undefined ? [] : [`/* ${row.how} */`];
  return [...how, `${prints}("${nameOfOp(placed)} ${printOp(op)}",`, `    ${c});`];
}

/** What of it is not what the simulated kernel does; null where it is the same. */
export function noteOf({ thread, index, op }: Placed): string | null {
  if (!('buffer' in op) || op.buffer === undefined) return null;
  const name = nameOfOp({ thread, index });
  return `${name} copies what is there; in the simulation its lines hold ${writerOf(thread, index)}.`;
}

/** `A2`: thread and operation, from 1. */
export function nameOfOp({ thread, index }: Pick<Placed, 'thread' | 'index'>): string {
  return `${threadLetter(thread)}${index + 1}`;
}

/** As the kernel knows the thread. */
export function threadLetter(thread: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + thread);
}

export function nameOf(file: number): string {
  return `faultline-${FILE_NAMES[file]}`;
}

export function fd(file: number): string {
  return `fd_${FILE_NAMES[file]}`;
}

export function mapping(
  area: number,
  file: number,
  offset: number,
  length: number,
  sharing: Sharing,
): string {
  return `map_area(&area[${area}], ${fd(file)}, ${offset}, ${length}, ${MAP_FLAGS[sharing]})`;
}

/** Every row takes the operation of its own kind. */
function rowOf(op: Op): Row<OpKind> {
  return IN_C[op.kind] as Row<OpKind>;
}

function returned(c: string): Call {
  return { prints: 'returned', c };
}

function accessed(c: string): Call {
  return { prints: 'accessed', c };
}

function at({ area, offset }: AreaOffset): string {
  return `area[${area}].at + ${offset}`;
}

function memory(place: AreaOffset): string {
  return `(void *)(${at(place)})`;
}

function whole(area: number): string {
  return `(void *)area[${area}].at, area[${area}].length`;
}

function reading(file: number, offset: number, length: number, into: AreaOffset | undefined): Call {
  const memoryOf = into === undefined ? 'buffer' : memory(into);
  const c = `pread(${fd(file)}, ${memoryOf}, ${length}, ${offset})`;
  return into === undefined ? { prints: 'lines_read', c } : returned(c);
}

/** RWF_DSYNC is O_DSYNC of one call. */
function writing({ file, offset, length, buffer, sync }: OpOf<'pwrite'>, writer: number): string {
  const from = buffer === undefined ? `filled(${writer}, ${length})` : memory(buffer);
  if (sync !== true) return `pwrite(${fd(file)}, ${from}, ${length}, ${offset})`;
  return `pwritev2(${fd(file)}, &(struct iovec){ ${from}, ${length} }, 1, ${offset}, RWF_DSYNC)`;
}

function allocating(
  mode: string,
  {
    file,
    offset,
    length,
  }: { readonly file: number; readonly offset: number; readonly length: number },
): string {
  return `fallocate(${fd(file)}, ${mode}, ${offset}, ${length})`;
}
