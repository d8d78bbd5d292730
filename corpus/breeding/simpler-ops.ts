/**
 * The same operations with smaller arguments. Candidates come in a fixed order, the boldest first; which of
 * them still fail is for the executor to say.
 */
import { at } from '../vocabulary/assert.ts';
import type { Input, Setup, ThreadOps } from '../vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import type { Op } from '../vocabulary/ops.ts';
import { type Areas, movedOp, pageOf, rangeOf } from './op-shape.ts';

export function simplerArguments(input: Input): readonly Input[] {
  return input.threads.flatMap((thread, t) => {
    const areas = areasOf(input.setup, thread);
    return thread.ops.flatMap((op, i) =>
      simplerOps(op, areas).map((next) =>
        withThread(input, t, { ...thread, ops: thread.ops.with(i, next) }),
      ),
    );
  });
}

function withThread(input: Input, t: number, thread: ThreadOps): Input {
  return { ...input, threads: input.threads.with(t, thread) };
}

export function areasOf(setup: Setup, { process }: ThreadOps): Areas {
  return at(setup.processes, process).areas;
}

function simplerOps(op: Op, areas: Areas): readonly Op[] {
  return [...weakerOps(op), ...nearerOps(op, areas), ...shorterOps(op)];
}

/** Collapse, insert and zero ask for a punch or a truncate where one will do. */
function weakerOps(op: Op): readonly Op[] {
  switch (op.kind) {
    case 'store':
      return [{ ...op, kind: 'load' }];
    case 'pwrite':
    case 'pread':
      return op.buffer === undefined
        ? []
        : [plainIo(op), { ...op, buffer: { area: 0, offset: 0 } }];
    case 'collapse':
    case 'insert':
    case 'zero':
      return [truncateAt(op), { ...op, kind: 'punch' }];
    case 'punch':
      return [truncateAt(op)];
    case 'mmap':
      return op.sharing === 'private' ? [{ ...op, sharing: 'shared' }] : [];
    default:
      return [];
  }
}

function plainIo({ kind, file, offset, length }: Extract<Op, { kind: 'pread' | 'pwrite' }>): Op {
  return { kind, file, offset, length };
}

function truncateAt({ file, offset }: { file: number; offset: number }): Op {
  return { kind: 'truncate', file, size: offset };
}

/** The first area, the first file, the first page, the first line. */
function nearerOps(op: Op, areas: Areas): readonly Op[] {
  const nearer: Op[] = [];
  if ('area' in op && op.area > 0) nearer.push({ ...op, area: 0 });
  if ('file' in op && op.file > 0) nearer.push({ ...op, file: 0 });
  if ('sharing' in op || op.kind === 'truncate') return nearer;
  const range = rangeOf(op, areas);
  if (range === null) return nearer;
  const offsets = [0, range.offset % PAGE_BYTES, pageOf(range.offset) * PAGE_BYTES];
  for (const offset of new Set(offsets)) {
    if (offset < range.offset) nearer.push(movedOp(op, { ...range, offset }, areas));
  }
  return nearer;
}

function shorterOps(op: Op): readonly Op[] {
  switch (op.kind) {
    case 'truncate':
      return shorterSizes(op.size).map((size) => ({ ...op, size }));
    case 'pread':
    case 'pwrite':
      return parts(op, LINE_BYTES).map((part) => ({ ...op, ...part }));
    case 'punch':
    case 'zero':
    case 'fallocate':
      return wholePages(op).map((part) => ({ ...op, ...part }));
    case 'mmap':
    case 'collapse':
    case 'insert':
      return parts(op, PAGE_BYTES).map((part) => ({ ...op, ...part }));
    default:
      return [];
  }
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

/** One unit, each half, and all but the last or the first unit. */
export function parts({ offset, length }: Span, unit: number): readonly Span[] {
  const units = length / unit;
  const half = Math.ceil(units / 2);
  const cuts = [
    [0, 1],
    [0, half],
    [half, units],
    [0, units - 1],
    [1, units],
  ] as const;
  return cuts
    .filter(([from, to]) => from < to && to - from < units)
    .map(([from, to]) => ({ offset: offset + from * unit, length: (to - from) * unit }));
}

/** Of a range of lines: the pages around it, or parts of those. */
function wholePages({ offset, length }: Span): readonly Span[] {
  const begin = pageOf(offset) * PAGE_BYTES;
  const end = Math.ceil((offset + length) / PAGE_BYTES) * PAGE_BYTES;
  const whole = { offset: begin, length: end - begin };
  return [...parts(whole, PAGE_BYTES), whole];
}

export function shorterSizes(size: number): readonly number[] {
  const up = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
  const sizes = [0, PAGE_BYTES, pageOf(size) * PAGE_BYTES, size - PAGE_BYTES, up];
  return [...new Set(sizes)].filter((one) => one >= 0 && one !== size);
}
