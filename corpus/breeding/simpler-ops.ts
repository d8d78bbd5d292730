/**
 * The same operations with smaller arguments. Candidates come in a fixed order, the boldest first; which of
 * them still fail is for the executor to say.
 */
import { at } from '../vocabulary/assert.ts';
import type { Input, Setup, ThreadOps } from '../vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import { OPERATIONS, type Op, type OpKind, weakerKinds } from '../vocabulary/ops.ts';
import { type Areas, movedOp, opAt, pageOf, rangeOf } from './op-shape.ts';

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
  return [...weakerOps(op, areas), ...nearerOps(op, areas), ...shorterOps(op)];
}

/** Without what it can do without, and as kinds that do less. */
function weakerOps(op: Op, areas: Areas): readonly Op[] {
  const weaker: Op[] = [];
  if ('buffer' in op) {
    const { buffer: _, ...plain } = op;
    weaker.push(plain, { ...op, buffer: { area: 0, offset: 0 } });
  }
  if ('sync' in op) {
    const { sync: _, ...plain } = op;
    weaker.push(plain);
  }
  if ('sharing' in op && op.sharing !== 'shared') weaker.push({ ...op, sharing: 'shared' });
  return [...weaker, ...weakerKinds(op.kind).flatMap((kind) => asKind(op, kind, areas))];
}

function asKind(op: Op, kind: OpKind, areas: Areas): readonly Op[] {
  const isAlike = OPERATIONS[kind].args === OPERATIONS[op.kind].args;
  if (isAlike) return [{ ...op, kind } as Op];
  const range = rangeOf(op, areas);
  return range === null ? [] : [opAt(kind, range, areas, { area: 0, buffered: false })];
}

/** The first area, the first file, the first page, the first line. */
function nearerOps(op: Op, areas: Areas): readonly Op[] {
  const nearer: Op[] = [];
  if ('area' in op && op.area > 0) nearer.push({ ...op, area: 0 });
  if ('file' in op && op.file > 0) nearer.push({ ...op, file: 0 });
  if ('sharing' in op || 'size' in op) return nearer;
  const range = rangeOf(op, areas);
  if (range === null) return nearer;
  const offsets = [0, range.offset % PAGE_BYTES, pageOf(range.offset) * PAGE_BYTES];
  for (const offset of new Set(offsets)) {
    if (offset < range.offset) nearer.push(movedOp(op, { ...range, offset }, areas));
  }
  return nearer;
}

function shorterOps(op: Op): readonly Op[] {
  if ('size' in op) return shorterSizes(op.size).map((size) => ({ ...op, size }));
  if (!('length' in op)) return [];
  const isOfLines = OPERATIONS[op.kind].grain === LINE_BYTES;
  const shorter = isOfLines ? parts(op, LINE_BYTES) : wholePages(op);
  return shorter.map((part) => ({ ...op, ...part }));
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

/** Parts of the pages around it, and those pages. */
function wholePages({ offset, length }: Span): readonly Span[] {
  const begin = pageOf(offset) * PAGE_BYTES;
  const end = Math.ceil((offset + length) / PAGE_BYTES) * PAGE_BYTES;
  const whole = { offset: begin, length: end - begin };
  const isWhole = begin === offset && whole.length === length;
  return isWhole ? parts(whole, PAGE_BYTES) : [...parts(whole, PAGE_BYTES), whole];
}

export function shorterSizes(size: number): readonly number[] {
  const up = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
  const sizes = [0, PAGE_BYTES, pageOf(size) * PAGE_BYTES, size - PAGE_BYTES, up];
  return [...new Set(sizes)].filter((one) => one >= 0 && one !== size);
}
