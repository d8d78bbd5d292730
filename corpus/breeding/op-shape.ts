/**
 * Operations by what they touch: from an operation to its bytes of a file and back, always within
 * bounds. Shared by generation, which chooses bytes, and mutation, which moves them.
 */
import type { AreaSetup } from '../vocabulary/input.ts';
import { AREAS, FILE_BYTES_MAX, LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import {
  type AreaOffset,
  type Argument,
  argumentOf,
  makeOp,
  OPERATIONS,
  type Op,
  type OpKind,
  takes,
} from '../vocabulary/ops.ts';

export interface FileRange {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

export type Areas = readonly (AreaSetup | null)[];

/** Which area an operation prefers, whether IO takes its buffer there, and whether a write is synchronous. */
export interface Choice {
  readonly area: number;
  readonly buffered: boolean;
  readonly isSync?: boolean;
}

/** An operation of this kind on this range, asked for by a thread with these areas. */
export function opAt(kind: OpKind, range: FileRange, areas: Areas, choice: Choice): Op {
  const has = (arg: Argument): boolean => takes(kind, arg);
  if (has('size')) return makeOp(kind, { file: range.file, size: range.offset });
  if (has('length')) {
    const mapping = { area: choice.area % AREAS, sharing: 'shared' } as const;
    const isBuffered = has('buffer') && choice.buffered;
    return makeOp(kind, {
      ...inUnits(kind, range),
      ...(has('sharing') ? mapping : {}),
      ...(isBuffered ? { buffer: bufferOf(range, areas, choice.area) } : {}),
      ...(has('sync') && choice.isSync === true ? { sync: true } : {}),
    });
  }
  if (has('offset')) return makeOp(kind, areaOffsetOf(range, areas, choice.area));
  if (has('area')) return makeOp(kind, { area: mappedArea(areas, choice.area) });
  return makeOp(kind, has('file') ? { file: range.file } : {});
}

/** The bytes of a file that an operation is about; null where it is about none. */
export function rangeOf(op: Op, areas: Areas): FileRange | null {
  if ('size' in op) return rangeAt(op.file, op.size, LINE_BYTES);
  if ('length' in op) return bare(op);
  if ('offset' in op) {
    const { file, offset } = areas[op.area] ?? { file: 0, offset: 0 };
    return rangeAt(file, offset + op.offset, LINE_BYTES);
  }
  if ('area' in op) {
    const area = areas[op.area];
    return area ? bare(area) : null;
  }
  return 'file' in op ? rangeAt(op.file, 0, PAGE_BYTES) : null;
}

/** The same operation on another range; one that is about no range stays as it is. */
export function movedOp(op: Op, range: FileRange, areas: Areas): Op {
  if ('size' in op) return { ...op, file: range.file, size: range.offset };
  if ('length' in op) return { ...op, ...inUnits(op.kind, range), ...movedBuffer(op, range) };
  if ('offset' in op) {
    return { ...op, offset: withinArea(range.offset, areas[op.area] ?? null) };
  }
  return op;
}

/** As the operation takes it: lines, or the pages around them. */
function inUnits(kind: OpKind, range: FileRange): FileRange {
  return OPERATIONS[kind].unit === PAGE_BYTES ? wholePages(range) : bare(range);
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

function movedBuffer(op: Op, { length }: FileRange): { readonly buffer?: AreaOffset } {
  const buffer = argumentOf(op, 'buffer');
  if (buffer === undefined) return {};
  const { area, offset } = buffer;
  return { buffer: { area, offset: Math.min(offset, FILE_BYTES_MAX - length) } };
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
