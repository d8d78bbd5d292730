/**
 * Operations by what they touch: from an operation to its bytes of a file and back, always within
 * bounds. Shared by generation, which chooses bytes, and mutation, which moves them.
 */
import { unreachable } from '../vocabulary/assert.ts';
import type { AreaSetup } from '../vocabulary/input.ts';
import { AREAS, FILE_BYTES_MAX, LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import type { AreaOffset, FileIo, Op, OpKind } from '../vocabulary/ops.ts';

export interface FileRange {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export type Areas = readonly (AreaSetup | null)[];

/** Which area an operation prefers, and whether IO takes its buffer there. */
export interface AreaChoice {
  readonly area: number;
  readonly buffered: boolean;
}

/** An operation of this kind on this range, asked for by a thread with these areas. */
export function opAt(kind: OpKind, range: FileRange, areas: Areas, choice: AreaChoice): Op {
  switch (kind) {
    case 'load':
    case 'store':
      return { kind, ...areaOffsetOf(range, areas, choice.area) };
    case 'mmap':
      return { kind, area: choice.area % AREAS, ...wholePages(range), sharing: 'shared' };
    case 'munmap':
    case 'msync':
      return { kind, area: mappedArea(areas, choice.area) };
    case 'pread':
    case 'pwrite':
      return choice.buffered
        ? { kind, ...range, buffer: bufferOf(range, areas, choice.area) }
        : { kind, ...range };
    case 'truncate':
      return { kind, file: range.file, size: range.offset };
    case 'collapse':
    case 'insert':
      return { kind, ...wholePages(range) };
    case 'punch':
    case 'zero':
    case 'fallocate':
      return { kind, ...range };
    case 'fsync':
      return { kind, file: range.file };
    case 'revoke':
    case 'commit':
    case 'crash':
    case 'enospc':
      return { kind };
    default:
      return unreachable(kind);
  }
}

/** The bytes of a file that an operation is about; null where it is about none. */
export function rangeOf(op: Op, areas: Areas): FileRange | null {
  switch (op.kind) {
    case 'load':
    case 'store': {
      const { file, offset } = areas[op.area] ?? { file: 0, offset: 0 };
      return rangeAt(file, offset + op.offset, LINE_BYTES);
    }
    case 'munmap':
    case 'msync': {
      const area = areas[op.area];
      return area ? bare(area) : null;
    }
    case 'mmap':
    case 'pread':
    case 'pwrite':
    case 'punch':
    case 'collapse':
    case 'insert':
    case 'zero':
    case 'fallocate':
      return bare(op);
    case 'truncate':
      return rangeAt(op.file, op.size, LINE_BYTES);
    case 'fsync':
      return rangeAt(op.file, 0, PAGE_BYTES);
    case 'revoke':
    case 'commit':
    case 'crash':
    case 'enospc':
      return null;
    default:
      return unreachable(op);
  }
}

/** The same operation on another range; one that is about no range stays as it is. */
export function movedOp(op: Op, range: FileRange, areas: Areas): Op {
  switch (op.kind) {
    case 'load':
    case 'store':
      return { ...op, offset: withinArea(range.offset, areas[op.area] ?? null) };
    case 'mmap':
    case 'collapse':
    case 'insert':
      return { ...op, ...wholePages(range) };
    case 'pread':
    case 'pwrite':
      return movedIo(op, range);
    case 'punch':
    case 'zero':
    case 'fallocate':
      return { ...op, file: range.file, offset: range.offset, length: range.length };
    case 'truncate':
      return { ...op, file: range.file, size: range.offset };
    default:
      return op;
  }
}

/** A range that begins no later than the last line and ends with the file at the latest. */
export function rangeAt(file: number, offset: number, length: number): FileRange {
  const begin = Math.max(0, Math.min(offset, FILE_BYTES_MAX - LINE_BYTES));
  return { file, offset: begin, length: Math.min(length, FILE_BYTES_MAX - begin) };
}

export function pageOf(offset: number): number {
  return Math.floor(offset / PAGE_BYTES);
}

/** The range alone, without what it was the range of. */
function bare({ file, offset, length }: FileRange): FileRange {
  return { file, offset, length };
}

function wholePages({ file, offset, length }: FileRange): FileRange {
  const begin = pageOf(offset) * PAGE_BYTES;
  const end = Math.ceil((offset + length) / PAGE_BYTES) * PAGE_BYTES;
  return { file, offset: begin, length: end - begin };
}

function movedIo(op: FileIo, { file, offset, length }: FileRange): FileIo {
  const moved = { ...op, file, offset, length };
  if (op.buffer === undefined) return moved;
  const { area, offset: begin } = op.buffer;
  return { ...moved, buffer: { area, offset: Math.min(begin, FILE_BYTES_MAX - length) } };
}

/** The preferred area if it is mapped, or else one that is. */
function mappedArea(areas: Areas, preferred: number): number {
  const area = preferred % AREAS;
  if (areas[area]) return area;
  const mapped = areas.findIndex((one) => one !== null);
  return mapped < 0 ? area : mapped;
}

/**
 * Where a thread reaches the range's first line: in the preferred area, or in one that maps its
 * file.
 */
function areaOffsetOf(range: FileRange, areas: Areas, preferred: number): AreaOffset {
  const sameFile = areas.findIndex((one) => one?.file === range.file);
  const area = preferred === 0 && sameFile >= 0 ? sameFile : mappedArea(areas, preferred);
  return { area, offset: withinArea(range.offset, areas[area] ?? null) };
}

function withinArea(fileOffset: number, area: AreaSetup | null): number {
  if (area === null) return Math.min(fileOffset, FILE_BYTES_MAX - LINE_BYTES);
  return Math.max(0, fileOffset - area.offset) % area.length;
}

function bufferOf(range: FileRange, areas: Areas, preferred: number): AreaOffset {
  const area = mappedArea(areas, preferred);
  const offset = withinArea(range.offset, areas[area] ?? null);
  return { area, offset: Math.min(offset, FILE_BYTES_MAX - range.length) };
}
