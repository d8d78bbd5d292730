/**
 * A workload made ready to run: the start vector and the operations as plain numbers. What is here never
 * changes during a run, so it is not part of the state.
 */

import type { Setup, Workload } from '../../corpus/vocabulary/input.ts';
import {
  AREAS,
  BLOCKS,
  FILES,
  LINE_BYTES,
  LINES_PER_PAGE,
  OPS,
  PAGE_BYTES,
  PAGES,
  THREADS,
} from '../../corpus/vocabulary/limits.ts';
import {
  argumentOf,
  deedOf,
  OP_KINDS,
  OPERATIONS,
  type Op,
  type Operation,
  type OpKind,
  type Sharing,
  takes,
} from '../../corpus/vocabulary/ops.ts';
import {
  ENTRY_DIRTY,
  ENTRY_ZERO,
  extentWord,
  INITIAL,
  OWNER_FILE,
  pageIndex,
  pageOfSlot,
  pageSlot,
  SLOT_ENTRY,
  SLOT_PAGE,
  STALE,
  SYNC_WRITE,
  slotKind,
  UNWRITTEN,
  vmaWord,
  WRITTEN,
} from './encoding.ts';
import {
  BLOCK_OWNER,
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  CPU,
  DATA_BY,
  EXTENT,
  MEDIA,
  PAGE_HOME,
  PC,
  R_FILE,
  R_FIRST,
  R_KIND,
  R_LAST,
  R_LINE,
  R_MM,
  R_PAGE,
  R_PTE,
  R_WRITE,
  SIZE,
  SIZE_CEILING,
  SIZE_FLOOR,
  SIZE_SETS,
  SLOT,
  VMA,
  WORDS,
  ZERO_BY,
} from './layout.ts';
import type { State } from './state.ts';

/** Number of the kind of a pwrite that is synchronous: behind those of OP_KINDS. */
const SYNCED_PWRITE: number = OP_KINDS.length;

/** One operation in numbers; -1 where a field does not apply. Lines count from the start of file or area. */
export interface OpRow {
  /** What it does: `deedOf` what was asked for. */
  readonly kind: OpKind;
  /** Its place in OP_KINDS, or SYNCED_PWRITE. */
  readonly kindNumber: number;
  readonly file: number;
  readonly first: number;
  readonly last: number;
  readonly mm: number;
  /** Index of the area, mm * AREAS + area. */
  readonly area: number;
  /** Line of the user buffer: area * LINES + line, or -1 for a plain buffer. */
  readonly buffer: number;
  /** The user memory that it touches: an area, the first line in it, how many. */
  readonly userArea: number;
  readonly userFirst: number;
  readonly userLines: number;
  readonly sharing: Sharing;
  /** It stores one line through a mapping, or a device does so for it. */
  readonly isStore: boolean;
  /** It returns once what it wrote is durable. */
  readonly isSync: boolean;
  /** What it may do to i_size. */
  readonly resizes: Operation['resizes'] | null;
}

const NO_ROW: OpRow = {
  kind: 'commit',
  kindNumber: 0,
  file: 0,
  first: 0,
  last: 0,
  mm: 0,
  area: -1,
  buffer: -1,
  userArea: -1,
  userFirst: 0,
  userLines: 0,
  sharing: 'shared',
  isStore: false,
  isSync: false,
  resizes: null,
};
const AREA_LINES = PAGES * LINES_PER_PAGE;

export class World {
  readonly start: Int32Array;
  readonly threads: number;
  readonly rows: readonly OpRow[];
  /** Areas that exist at the start or may be mapped later: what a walk of the page tables looks at. */
  readonly areas: readonly number[];
  /** Pages that anything in the workload can reach; loops over a file end here. */
  readonly pageLimit: number;
  /** Kinds of its operations, by their number. */
  readonly kinds: readonly number[];
  /** Some operation touches a mapping, and so may fault. */
  readonly mayFault: boolean;
  /** Some operation provokes an error, so that any other may fail. */
  readonly injectsErrors: boolean;
  /** Writers that may store through a mapping: what fsync owes of them depends on the model. */
  readonly mappingWriters: number;
  /** Writers that are synchronous writes. */
  readonly syncWriters: number;
  readonly files: number;
  /** Operations of each thread. */
  private readonly counts: readonly number[];

  constructor(workload: Workload) {
    this.threads = workload.threads.length;
    this.counts = workload.threads.map((thread) => thread.ops.length);
    const rows: OpRow[] = new Array<OpRow>(THREADS * OPS).fill(NO_ROW);
    workload.threads.forEach((thread, t) => {
      thread.ops.forEach((op, i) => {
        rows[t * OPS + i] = rowOf(op, thread.process, workload.setup);
      });
    });
    this.rows = rows;
    this.files = workload.setup.files.length;
    this.areas = areasOf(workload);
    this.pageLimit = pageLimitOf(workload);
    this.kinds = kindsOf(workload);
    this.mayFault = rows.some(({ userLines }) => userLines > 0);
    this.injectsErrors = rows.some(({ kind }) => kind === 'enospc');
    this.mappingWriters = rows.reduce(
      (mask, { kind, userLines }, i) =>
        kind !== 'pwrite' && userLines > 0 ? mask | (1 << (i + 1)) : mask,
      0,
    );
    this.syncWriters = rows.reduce(
      (mask, { isSync }, i) => (isSync ? mask | (1 << (i + 1)) : mask),
      0,
    );
    this.start = startVector(workload.setup);
  }

  opCount(thread: number): number {
    return this.counts[thread] as number;
  }

  row(index: number): OpRow {
    return this.rows[index] as OpRow;
  }

  rowOfWriter(writer: number): OpRow {
    return this.rows[writer - 1] as OpRow;
  }

  /** Set the registers of an operation's frame; returns the number of its kind. */
  startOp(k: State, r: number, index: number): number {
    const row = this.rows[index] as OpRow;
    k.put(r + R_FILE, row.file);
    k.put(r + R_FIRST, row.first);
    k.put(r + R_LAST, row.last);
    k.put(r + R_MM, row.mm);
    if (isAccess(row.kind)) {
      k.put(r + R_PTE, row.area * PAGES + (row.first >> 1));
      k.put(r + R_LINE, row.first & 1);
      k.put(r + R_WRITE, row.isStore ? 1 : 0);
    } else {
      k.put(r + R_PAGE, row.first >> 1);
      if (row.isSync) k.put(r + R_KIND, SYNC_WRITE);
      if (row.area >= 0) k.put(r + R_PTE, row.area * PAGES);
    }
    return row.kindNumber;
  }

  /** Set the registers of a fault's frame: the page is looked up once mmap_sem is held. */
  startFault(k: State, r: number, mm: number, pteIndex: number, isWrite: number): void {
    k.put(r + PC, 0);
    k.put(r + R_MM, mm);
    k.put(r + R_PTE, pteIndex);
    k.put(r + R_WRITE, isWrite);
  }
}

/** One line through a pte. */
function isAccess(kind: OpKind): boolean {
  return takes(kind, 'offset') && !takes(kind, 'file');
}

function rowOf(op: Op, mm: number, setup: Setup): OpRow {
  const area = argumentOf(op, 'area');
  const [first, last] = linesOf(op);
  const row: OpRow = {
    ...NO_ROW,
    kind: deedOf(op.kind),
    kindNumber: numberOf(op),
    resizes: OPERATIONS[op.kind].resizes ?? null,
    mm,
    area: area === undefined ? NO_ROW.area : mm * AREAS + area,
    file: argumentOf(op, 'file') ?? NO_ROW.file,
    first,
    last,
    sharing: argumentOf(op, 'sharing') ?? NO_ROW.sharing,
    isStore: op.kind === 'store' || op.kind === 'dma',
    isSync: 'sync' in op,
  };
  if (op.kind === 'madvise_remove') return { ...row, ...mappedBy(op, mm, setup) };
  if (isAccess(op.kind)) return { ...row, userArea: row.area, userFirst: first, userLines: 1 };
  const buffer = argumentOf(op, 'buffer');
  if (buffer === undefined) return row;
  const userArea = mm * AREAS + buffer.area;
  const userFirst = buffer.offset / LINE_BYTES;
  const userLines = last - first;
  return { ...row, buffer: userArea * AREA_LINES + userFirst, userArea, userFirst, userLines };
}

/** What an area maps at the start: a punch of it is of those lines, unless it has been mapped anew by then. */
function mappedBy(
  { area }: { readonly area: number },
  mm: number,
  { processes }: Setup,
): Partial<OpRow> {
  const mapped = processes[mm]?.areas[area] ?? null;
  if (mapped === null || mapped.sharing === 'private') return {};
  const first = mapped.offset / LINE_BYTES;
  return { file: mapped.file, first, last: first + mapped.length / LINE_BYTES };
}

function numberOf(op: Op): number {
  return 'sync' in op ? SYNCED_PWRITE : OP_KINDS.indexOf(op.kind);
}

/** Of the file or, where it names none, of the area; the whole file where it names no part of it. */
function linesOf(op: Op): readonly [first: number, last: number] {
  if ('size' in op) return [op.size / LINE_BYTES, op.size / LINE_BYTES];
  if (!('offset' in op)) return [0, 'file' in op ? AREA_LINES : 0];
  const first = op.offset / LINE_BYTES;
  return [first, first + (argumentOf(op, 'length') ?? LINE_BYTES) / LINE_BYTES];
}

function areasOf(workload: Workload): number[] {
  const areas = new Set<number>();
  workload.setup.processes.forEach((process, mm) => {
    process.areas.forEach((area, i) => {
      if (area !== null) areas.add(mm * AREAS + i);
    });
  });
  for (const thread of workload.threads) {
    for (const op of thread.ops) if ('sharing' in op) areas.add(thread.process * AREAS + op.area);
  }
  return [...areas].sort((a, b) => a - b);
}

function pageLimitOf(workload: Workload): number {
  let limit = 1;
  let inserted = 0;
  const reach = (bytes: number): void => {
    limit = Math.max(limit, Math.ceil(bytes / PAGE_BYTES));
  };
  for (const file of workload.setup.files) {
    reach(file.size);
    limit = Math.max(limit, file.pages.length);
  }
  for (const process of workload.setup.processes) {
    for (const area of process.areas) if (area !== null) reach(area.offset + area.length);
  }
  for (const thread of workload.threads) {
    for (const op of thread.ops) {
      if ('size' in op) reach(op.size);
      else if ('length' in op) reach(op.offset + op.length);
      if (OPERATIONS[op.kind].resizes === 'grows')
        inserted += Math.ceil((argumentOf(op, 'length') ?? 0) / PAGE_BYTES);
    }
  }
  return Math.min(PAGES, limit + inserted);
}

function kindsOf({ threads }: Workload): number[] {
  return [...new Set(threads.flatMap(({ ops }) => ops.map(numberOf)))];
}

function startVector(setup: Setup): Int32Array {
  const words = new Int32Array(WORDS);
  words.fill(STALE, CPU, CPU + BLOCKS * LINES_PER_PAGE);
  words.fill(STALE, MEDIA, MEDIA + BLOCKS * LINES_PER_PAGE);
  for (let line = 0; line < FILES * PAGES * LINES_PER_PAGE; line++) words[ZERO_BY + line] = 1;
  let block = 0;
  let pageObject = 0;
  setup.files.forEach((file, f) => {
    words[SIZE + f] = file.size / LINE_BYTES;
    words[COMMITTED_SIZE + f] = file.size / LINE_BYTES;
    words[SIZE_FLOOR + f] = file.size / LINE_BYTES;
    words[SIZE_CEILING + f] = file.size / LINE_BYTES;
    words[SIZE_SETS + (f << THREADS)] = 1 << (file.size / LINE_BYTES);
    file.pages.forEach((state, page) => {
      const index = pageIndex(f, page);
      if (state === 'cached') {
        words[SLOT + index] = pageSlot(pageObject);
        words[PAGE_HOME + pageObject] = 1 + index;
        pageObject++;
      } else if (state !== 'hole') {
        placeBlock(words, f, page, block, state === 'written');
        block++;
      }
    });
  });
  setup.processes.forEach((process, mm) => {
    process.areas.forEach((area, i) => {
      if (area === null) return;
      const pages = area.length / PAGE_BYTES;
      const vma = vmaWord(area.file, area.offset / PAGE_BYTES, pages, area.sharing);
      words[VMA + mm * AREAS + i] = vma;
    });
  });
  return words;
}

/** Where loads leave ZERO entries, a hole that is cached is one. */
export function cacheAsEntries(words: Int32Array): void {
  for (let index = 0; index < FILES * PAGES; index++) {
    const slot = words[SLOT + index] as number;
    if (slotKind(slot) !== SLOT_PAGE) continue;
    words[PAGE_HOME + pageOfSlot(slot)] = 0;
    words[SLOT + index] = SLOT_ENTRY | ENTRY_ZERO | ENTRY_DIRTY;
  }
}

/** A block that was allocated and committed before the run; `written` content is durable. */
function placeBlock(
  words: Int32Array,
  file: number,
  page: number,
  block: number,
  written: boolean,
): void {
  const index = pageIndex(file, page);
  const extent = extentWord(written ? WRITTEN : UNWRITTEN, block);
  words[EXTENT + index] = extent;
  words[COMMITTED_EXTENT + index] = extent;
  words[BLOCK_OWNER + block] = OWNER_FILE + file;
  if (!written) return;
  for (let i = 0; i < LINES_PER_PAGE; i++) {
    const line = page * LINES_PER_PAGE + i;
    // A file system keeps zeros behind i_size: data there would come to light when the file grows.
    const isData = line < (words[SIZE + file] as number);
    words[CPU + block * LINES_PER_PAGE + i] = isData ? INITIAL + file : 0;
    words[MEDIA + block * LINES_PER_PAGE + i] = isData ? INITIAL + file : 0;
    words[DATA_BY + index * LINES_PER_PAGE + i] = isData ? 1 : 0;
    words[ZERO_BY + index * LINES_PER_PAGE + i] = isData ? 0 : 1;
  }
}

export const EMPTY_WORLD: World = new World({ setup: { files: [], processes: [] }, threads: [] });
