/**
 * The operations of a workload: what a simulated thread asks of the kernel. Offsets, lengths and sizes are
 * bytes, multiples of a line; ranges of collapse and insert are multiples of a page.
 */

/** A position in one of the thread's own areas, in bytes from the start of the area. */
export interface AreaOffset {
  readonly area: number;
  readonly offset: number;
}

export type Sharing = 'shared' | 'private';

export interface Access extends AreaOffset {
  readonly kind: 'load' | 'store';
}
export interface Mmap {
  readonly kind: 'mmap';
  readonly area: number;
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  readonly sharing: Sharing;
}
export interface AreaOp {
  readonly kind: 'munmap' | 'msync';
  readonly area: number;
}
/** read(2) and write(2) of a DAX file; with `buffer`, the user buffer is a mapping ("DIO-GUP"). */
export interface FileIo {
  readonly kind: 'pread' | 'pwrite';
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  readonly buffer?: AreaOffset;
}
export interface Truncate {
  readonly kind: 'truncate';
  readonly file: number;
  readonly size: number;
}
export interface RangeOp {
  readonly kind: 'punch' | 'collapse' | 'insert' | 'zero' | 'fallocate';
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}
export interface Fsync {
  readonly kind: 'fsync';
  readonly file: number;
}
/** revoke: driver shutdown; commit: a full log; crash: power failure; enospc: the next allocation fails. */
export interface WorldOp {
  readonly kind: 'revoke' | 'commit' | 'crash' | 'enospc';
}

export type Op = Access | Mmap | AreaOp | FileIo | Truncate | RangeOp | Fsync | WorldOp;
export type OpKind = Op['kind'];

export const OP_KINDS = [
  'load',
  'store',
  'mmap',
  'munmap',
  'msync',
  'pread',
  'pwrite',
  'truncate',
  'punch',
  'collapse',
  'insert',
  'zero',
  'fallocate',
  'fsync',
  'revoke',
  'commit',
  'crash',
  'enospc',
] as const satisfies readonly OpKind[];
