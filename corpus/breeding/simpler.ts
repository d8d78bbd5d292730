/**
 * The same with less: smaller arguments, and less setup, with operations that follow where they have to. Candidates come
 * in a fixed order, the boldest first; which of them still fail is for the executor to say.
 */
import { at } from '../vocabulary/assert.ts';
import type {
  AreaSetup,
  FileSetup,
  Input,
  ProcessSetup,
  Setup,
  ThreadOps,
} from '../vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import {
  OPERATIONS,
  type Op,
  type OpKind,
  type PageState,
  weakerKinds,
} from '../vocabulary/ops.ts';
import { type Areas, movedOp, opAt, pageOf, rangeOf } from './op-shape.ts';

// Arguments

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

function areasOf(setup: Setup, { process }: ThreadOps): Areas {
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
function parts({ offset, length }: Span, unit: number): readonly Span[] {
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

function shorterSizes(size: number): readonly number[] {
  const up = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
  const sizes = [0, PAGE_BYTES, pageOf(size) * PAGE_BYTES, size - PAGE_BYTES, up];
  return [...new Set(sizes)].filter((one) => one >= 0 && one !== size);
}

// Setups: fewer files, address spaces, mappings and pages, all nearer to the front

export function simplerSetups(input: Input): readonly Input[] {
  return [
    ...mergedProcesses(input),
    ...mergedFiles(input),
    ...mergedAreas(input),
    ...withoutUnused(input),
    ...cutFiles(input),
    ...shiftedFiles(input),
    ...foldedPages(input),
    ...firstLines(input),
    ...simplerAreas(input),
    ...simplerFiles(input),
  ];
}

function withSetup(input: Input, setup: Partial<Setup>): Input {
  return { ...input, setup: { ...input.setup, ...setup } };
}

function mapOps(input: Input, change: (op: Op, areas: Areas) => Op): Input {
  const threads = input.threads.map((thread) => {
    const areas = areasOf(input.setup, thread);
    return { ...thread, ops: thread.ops.map((op) => change(op, areas)) };
  });
  return { ...input, threads };
}

/** One address space, as either of the two was. */
function mergedProcesses(input: Input): readonly Input[] {
  const { processes } = input.setup;
  if (processes.length < 2) return [];
  const threads = input.threads.map(({ ops }) => ({ process: 0, ops }));
  return processes.map((process) => withSetup({ ...input, threads }, { processes: [process] }));
}

/** One file, as either of the two was. */
function mergedFiles(input: Input): readonly Input[] {
  const { files, processes } = input.setup;
  if (files.length < 2) return [];
  const merged = mapOps(input, (op) => ('file' in op ? { ...op, file: 0 } : op));
  const mapped = processes.map(({ areas }) => ({
    areas: areas.map((area) => area && { ...area, file: 0 }),
  }));
  return files.map((file) => withSetup(merged, { files: [file], processes: mapped }));
}

/** Everything in area 0, as either of the two was. */
function mergedAreas(input: Input): readonly Input[] {
  const { processes } = input.setup;
  if (processes.every(({ areas }) => !areas[1])) return [];
  const merged = mapOps(input, inFirstArea);
  return [1, 0].map((chosen) =>
    withSetup(merged, {
      processes: processes.map(({ areas }) => ({ areas: [areas[chosen] ?? areas[0] ?? null] })),
    }),
  );
}

function inFirstArea(op: Op): Op {
  if ('area' in op) return { ...op, area: 0 };
  if ('buffer' in op && op.buffer) return { ...op, buffer: { ...op.buffer, area: 0 } };
  return op;
}

/** Without a mapping, a file or an address space. Whoever used it goes where nothing is. */
function withoutUnused(input: Input): readonly Input[] {
  const { files, processes } = input.setup;
  const mapped = processes.flatMap(({ areas }, p) =>
    areas.flatMap((area, a) => (area === null ? [] : withArea(input, p, a, null))),
  );
  const fewer: Input[] = [];
  if (processes.length > 1 && input.threads.every(({ process }) => process === 0)) {
    fewer.push(withSetup(input, { processes: processes.slice(0, 1) }));
  }
  const isSecondUsed =
    processes.some(({ areas }) => areas.some((area) => area?.file === 1)) ||
    input.threads.some(({ ops }) => ops.some((op) => 'file' in op && op.file === 1));
  if (files.length > 1 && !isSecondUsed) fewer.push(withSetup(input, { files: files.slice(0, 1) }));
  return [...fewer, ...mapped];
}

function withArea(input: Input, process: number, area: number, next: AreaSetup | null): Input {
  const { processes } = input.setup;
  const { areas } = at(processes, process);
  return withSetup(input, {
    processes: processes.with(process, { areas: areas.with(area, next) }),
  });
}

/** A file and its mappings end after some pages. */
function cutFiles(input: Input): readonly Input[] {
  const { files, processes } = input.setup;
  return files.flatMap((file, f) => {
    const span = Math.max(
      file.pages.length,
      Math.ceil(file.size / PAGE_BYTES),
      reachOf(processes, f),
    );
    return Array.from({ length: Math.max(0, span - 1) }, (_, i) => {
      const end = (i + 1) * PAGE_BYTES;
      const cut = { size: Math.min(file.size, end), pages: file.pages.slice(0, i + 1) };
      const clipped = processes.map(({ areas }) => ({
        areas: areas.map((area) => (area?.file === f ? clippedArea(area, end) : area)),
      }));
      return withSetup(input, { files: files.with(f, cut), processes: clipped });
    });
  });
}

function reachOf(processes: readonly ProcessSetup[], file: number): number {
  const areas = processes.flatMap((process) => process.areas).filter((area) => area?.file === file);
  return Math.max(0, ...areas.map((area) => pageOf((area?.offset ?? 0) + (area?.length ?? 0))));
}

/** A mapping that would lose all its pages keeps its first. */
function clippedArea(area: AreaSetup, end: number): AreaSetup {
  return { ...area, length: Math.max(PAGE_BYTES, Math.min(area.length, end - area.offset)) };
}

/** Everything about a file a page further to its front. */
function shiftedFiles(input: Input): readonly Input[] {
  return input.setup.files.map((file, f) => {
    const processes = input.setup.processes.map(({ areas }) => ({
      areas: areas.map((area) =>
        area?.file === f ? { ...area, offset: back(area.offset) } : area,
      ),
    }));
    const threads = input.threads.map((thread) => {
      const areas = areasOf(input.setup, thread);
      const next = at(processes, thread.process).areas;
      return { ...thread, ops: thread.ops.map((op) => shiftedOp(op, f, areas, next)) };
    });
    const shifted = { size: back(file.size), pages: file.pages.slice(1) };
    const files = input.setup.files.with(f, shifted);
    return { ...input, setup: { files, processes }, threads };
  });
}

function back(offset: number): number {
  return Math.max(0, offset - PAGE_BYTES);
}

function shiftedOp(op: Op, file: number, areas: Areas, next: Areas): Op {
  const range = rangeOf(op, areas);
  if (range?.file !== file) return op;
  return movedOp(op, { ...range, offset: back(range.offset) }, next);
}

/** Whatever is done to one page is done to an earlier one, as it is or as the other was. */
function foldedPages(input: Input): readonly Input[] {
  return input.setup.files.flatMap((file, f) => {
    const used = usedPages(input, f);
    return used.flatMap((from) =>
      Array.from({ length: from }, (_, to) => to).flatMap((to) => {
        const folded = mapOps(input, (op, areas) => foldedOp(op, areas, f, from, to));
        const taken = file.pages.map((state, page) => (page === to ? file.pages[from] : state));
        const pages = taken.map((state): PageState => state ?? 'hole');
        const files = input.setup.files.with(f, { ...file, pages });
        return [folded, withSetup(folded, { files })];
      }),
    );
  });
}

function usedPages(input: Input, file: number): readonly number[] {
  const pages = input.threads.flatMap((thread) =>
    thread.ops.flatMap((op) => {
      const range = rangeOf(op, areasOf(input.setup, thread));
      return range?.file === file && range.offset >= PAGE_BYTES ? pageOf(range.offset) : [];
    }),
  );
  return [...new Set(pages)].sort((a, b) => b - a);
}

function foldedOp(op: Op, areas: Areas, file: number, from: number, to: number): Op {
  const range = rangeOf(op, areas);
  if (range?.file !== file || pageOf(range.offset) !== from) return op;
  return movedOp(op, { ...range, offset: range.offset - (from - to) * PAGE_BYTES }, areas);
}

/** Every operation at the start of its page. */
function firstLines(input: Input): readonly Input[] {
  return [
    mapOps(input, (op, areas) => {
      const range = rangeOf(op, areas);
      if (range === null || range.offset % PAGE_BYTES === 0) return op;
      return movedOp(op, { ...range, offset: pageOf(range.offset) * PAGE_BYTES }, areas);
    }),
  ];
}

function simplerAreas(input: Input): readonly Input[] {
  return input.setup.processes.flatMap(({ areas }, p) =>
    areas.flatMap((area, a) => {
      if (area === null) return [];
      const shorter = parts(area, PAGE_BYTES).map(({ length }) => ({ ...area, length }));
      const simpler: AreaSetup[] = [
        { ...area, sharing: 'shared' },
        { ...area, file: 0 },
        { ...area, offset: 0 },
        ...shorter,
      ];
      return simpler.map((next) => withArea(input, p, a, next));
    }),
  );
}

function simplerFiles(input: Input): readonly Input[] {
  const { files } = input.setup;
  return files.flatMap((file, f) =>
    simplerFileSetups(file).map((next) => withSetup(input, { files: files.with(f, next) })),
  );
}

/**
 * A hole needs no words; written content is what files have; unwritten extents and cached zero pages have to
 * be explained.
 */
export const STATES_BY_COST: readonly PageState[] = ['hole', 'written', 'unwritten', 'cached'];

function simplerFileSetups({ size, pages }: FileSetup): readonly FileSetup[] {
  const sizes = shorterSizes(size).map((shorter) => ({ size: shorter, pages }));
  const states = pages.flatMap((state, page) =>
    STATES_BY_COST.slice(0, STATES_BY_COST.indexOf(state)).map((simpler) => ({
      size,
      pages: pages.with(page, simpler),
    })),
  );
  return [...sizes, ...states];
}
