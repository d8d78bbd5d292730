/**
 * All workloads of one size, each once: what `check --threads --ops --pages` searches. Workloads that differ only in the
 * names of threads, pages, lines or files are one, and the first of them in a fixed order stands for it.
 *
 * A renaming is used only where it is sure to change nothing (renamings.ts). A walk over the page tables of both
 * processes has an order, so a process is renamed only where the other one is never accessed.
 *
 * Nothing is left out for lack of a conflict: the order of locks is judged by class, over all files and processes, so
 * threads that share no object can still contradict each other.
 */
import { assert } from '../vocabulary/assert.ts';
import type { Setup, Workload } from '../vocabulary/input.ts';
import { LINE_BYTES, MMS, PAGE_BYTES } from '../vocabulary/limits.ts';
import {
  makeOp,
  type Op,
  type OpKind,
  PAGE_STATES,
  type Sharing,
  takes,
} from '../vocabulary/ops.ts';
import { lists, multisets, numbers } from './combinations.ts';
import { type Renaming, renamedOp, renamedSetup, renames, renamingsOf } from './renamings.ts';

export interface Universe {
  /** One to so many. */
  readonly threads: number;
  /** Of a thread: one to so many. */
  readonly ops: number;
  readonly files: number;
  /** Of each file. */
  readonly pages: number;
  /** Lines of a page that are accessed, read and written alone; with 1, reads and writes are of whole pages. */
  readonly lines: number;
  readonly kinds: readonly OpKind[];
  /** How each process may map the files. */
  readonly sharings: readonly Sharing[];
}

/** Every operation of the universe with its arguments. File f is mapped whole by area f of both processes. */
export function operationsOf(universe: Universe): readonly Op[] {
  return universe.kinds.flatMap((kind) => operationsOfKind(kind, universe));
}

function operationsOfKind(kind: OpKind, universe: Universe): readonly Op[] {
  if (!takes(kind, 'file') && !takes(kind, 'area')) return [makeOp(kind, {})];
  return numbers(universe.files).flatMap((file) => operationsOnFile(kind, file, universe));
}

function operationsOnFile(kind: OpKind, file: number, universe: Universe): readonly Op[] {
  const { pages, lines, sharings } = universe;
  const area = file;
  if (takes(kind, 'sharing')) {
    const whole = { area, file, offset: 0, length: pages * PAGE_BYTES };
    return sharings.map((sharing) => makeOp(kind, { ...whole, sharing }));
  }
  if (takes(kind, 'size')) {
    const unit = PAGE_BYTES / lines;
    return numbers(lines * pages + 1).map((size) => makeOp(kind, { file, size: size * unit }));
  }
  if (takes(kind, 'length')) {
    return rangesOf(kind, universe).map((range) => makeOp(kind, { file, ...range }));
  }
  if (takes(kind, 'offset')) {
    return linesOf(universe).map((offset) => makeOp(kind, { area, offset }));
  }
  return [makeOp(kind, takes(kind, 'area') ? { area } : { file })];
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

/** Reads and writes: each page, and each line if there are two; others: all pages in a row. */
function rangesOf(kind: OpKind, universe: Universe): readonly Range[] {
  const { pages, lines } = universe;
  const runs = numbers(pages).flatMap((first) =>
    numbers(pages - first).map((more) => inPages(first, more + 1)),
  );
  if (takes(kind, 'buffer')) {
    const single = linesOf(universe).map((offset) => ({ offset, length: LINE_BYTES }));
    return [...numbers(pages).map((page) => inPages(page, 1)), ...(lines > 1 ? single : [])];
  }
  // Up to the end of the file it is refused.
  if (kind === 'collapse')
    return runs.filter(({ offset, length }) => offset + length < pages * PAGE_BYTES);
  return kind === 'insert' ? numbers(pages).map((page) => inPages(page, 1)) : runs;
}

function inPages(first: number, count: number): Range {
  return { offset: first * PAGE_BYTES, length: count * PAGE_BYTES };
}

/** Offsets of the lines that are accessed. */
function linesOf({ pages, lines }: Universe): readonly number[] {
  return numbers(pages).flatMap((page) =>
    numbers(lines).map((line) => page * PAGE_BYTES + line * LINE_BYTES),
  );
}

/** Workloads before any is taken for another: some seconds to count, and days to search. */
export const RAW_COUNT_MAX = 2e8;

/** How many workloads there are before any is taken for another: what enumerating them costs. */
export function rawCountOf(universe: Universe): number {
  const operations = operationsOf(universe).length;
  const lists = numbers(universe.ops).reduce((sum, more) => sum + operations ** (more + 1), 0);
  const letters = lists * (universe.threads > 1 ? MMS : 1);
  const setups =
    PAGE_STATES.length ** (universe.files * universe.pages) * universe.sharings.length ** MMS;
  let [count, multisets] = [0, 1];
  for (let threads = 1; threads <= universe.threads; threads++) {
    multisets = (multisets * (letters + threads - 1)) / threads;
    count += multisets;
  }
  return count * setups;
}

/** What a renaming makes of setups and threads, by number; -1 for a thread that it does not apply to. */
interface Images {
  readonly setups: Int32Array;
  readonly threads: Int32Array;
}

/** One thread that a workload may have: a list of operations in a process. */
interface Candidate {
  readonly process: number;
  readonly ops: readonly Op[];
}

/**
 * The workloads in order, in slices: all that have the same setup and the same threads but the last one. Those of fewer
 * threads come first.
 */
export class Enumeration {
  readonly count: number;
  readonly slices: number;
  private readonly setups: readonly SetupChoice[];
  private readonly candidates: readonly Candidate[];
  /** All threads but the last, as numbers of candidates that do not decrease. */
  private readonly leads: readonly (readonly number[])[];
  private readonly images: readonly Images[];
  /** A bit for each process that the candidate accesses memory of. */
  private readonly accessed: Uint8Array;
  /** How many workloads come before each slice. */
  private readonly before: Float64Array;

  constructor(universe: Universe) {
    this.setups = setupsOf(universe);
    this.candidates = candidatesOf(universe);
    this.accessed = Uint8Array.from(this.candidates, ({ process, ops }) =>
      ops.some(accessesMemory) ? 1 << process : 0,
    );
    this.images = renamingsOf(universe).map((one) => imagesOf(one, this.setups, this.candidates));
    this.leads = numbers(universe.threads).flatMap((size) =>
      multisets(this.candidates.length, size),
    );
    this.slices = this.leads.length * this.setups.length;
    this.before = new Float64Array(this.slices + 1);
    for (let slice = 0; slice < this.slices; slice++) {
      let count = 0;
      this.visit(slice, () => count++);
      this.before[slice + 1] = (this.before[slice] as number) + count;
    }
    this.count = this.before[this.slices] as number;
  }

  /** Number of the first workload of a slice, from 0; of the slice after the last, how many there are. */
  firstOf(slice: number): number {
    return this.before[slice] as number;
  }

  workloadsOf(slice: number): readonly Workload[] {
    const found: Workload[] = [];
    const { setup } = this.setups[slice % this.setups.length] as SetupChoice;
    this.visit(slice, (threads) => {
      found.push({ setup, threads: threads.map((one) => this.candidates[one] as Candidate) });
    });
    return found;
  }

  /** @param number from 0, below `count` */
  workload(number: number): Workload {
    const slice = this.sliceOf(number);
    return this.workloadsOf(slice)[number - this.firstOf(slice)] as Workload;
  }

  /** In order, from one on. */
  *workloadsFrom(number: number): Generator<Workload> {
    for (let slice = this.sliceOf(number); slice < this.slices; slice++) {
      yield* this.workloadsOf(slice).slice(Math.max(0, number - this.firstOf(slice)));
    }
  }

  /** The last slice that begins with a workload or before it: empty ones are passed by. */
  private sliceOf(number: number): number {
    let [from, to] = [0, this.slices - 1];
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if (this.firstOf(middle) <= number) from = middle;
      else to = middle - 1;
    }
    return from;
  }

  private visit(slice: number, found: (threads: readonly number[]) => void): void {
    const setup = slice % this.setups.length;
    const lead = this.leads[Math.floor(slice / this.setups.length)] as readonly number[];
    const threads = [...lead, 0];
    const last = threads.length - 1;
    for (let one = lead.at(-1) ?? 0; one < this.candidates.length; one++) {
      threads[last] = one;
      if (this.isFirst(setup, threads)) found(threads);
    }
  }

  /** Whether a workload stands for all that are the same but for names. */
  private isFirst(setup: number, threads: readonly number[]): boolean {
    let accessed = 0;
    for (const thread of threads) accessed |= this.accessed[thread] as number;
    // The one process that is accessed is P0, and how another maps the files makes no difference.
    if (accessed === 2) return false;
    if (((this.setups[setup] as SetupChoice).special & ~accessed) !== 0) return false;
    return this.images.every((images) => !comesBefore(images, setup, threads));
  }
}

/** Whether a renaming makes of a workload one that comes before it. */
function comesBefore(images: Images, setup: number, threads: readonly number[]): boolean {
  const other = images.setups[setup] as number;
  if (other > setup) return false;
  const renamed: number[] = [];
  for (const thread of threads) {
    const image = images.threads[thread] as number;
    if (image < 0) return false;
    renamed.push(image);
  }
  if (other < setup) return true;
  renamed.sort((a, b) => a - b);
  const differs = renamed.findIndex((one, i) => one !== threads[i]);
  return differs >= 0 && (renamed[differs] as number) < (threads[differs] as number);
}

function candidatesOf(universe: Universe): readonly Candidate[] {
  const all = operationsOf(universe);
  let longest: readonly (readonly Op[])[] = [[]];
  const lists: (readonly Op[])[] = [];
  for (let length = 1; length <= universe.ops; length++) {
    longest = longest.flatMap((list) => all.map((op) => [...list, op]));
    lists.push(...longest);
  }
  const processes = numbers(universe.threads > 1 ? MMS : 1);
  return lists.flatMap((ops) =>
    // A process matters only to those that access memory or map it.
    (ops.some(accessesMemory) ? processes : [0]).map((process) => ({ process, ops })),
  );
}

function accessesMemory({ kind }: Op): boolean {
  return takes(kind, 'area');
}

interface SetupChoice {
  readonly setup: Setup;
  /** A bit for each process that maps otherwise than with the first sharing. */
  readonly special: number;
}

function setupsOf({ files, pages, sharings }: Universe): readonly SetupChoice[] {
  const size = pages * PAGE_BYTES;
  const states = lists(lists(PAGE_STATES, pages), files);
  const mappings = lists(numbers(sharings.length), MMS);
  return mappings.flatMap((chosen) =>
    states.map((of) => ({
      special: chosen.reduce((bits, one, process) => bits | (one > 0 ? 1 << process : 0), 0),
      setup: {
        files: of.map((one) => ({ size, pages: one })),
        processes: chosen.map((one) => {
          const sharing = sharings[one] as Sharing;
          const areas = numbers(files).map((file) => ({ file, offset: 0, length: size, sharing }));
          return { areas };
        }),
      },
    })),
  );
}

function imagesOf(
  renaming: Renaming,
  setups: readonly SetupChoice[],
  candidates: readonly Candidate[],
): Images {
  const numberOf = new Map(candidates.map((one, i) => [JSON.stringify(one), i]));
  const setupOf = new Map(setups.map(({ setup }, i) => [JSON.stringify(setup), i]));
  return {
    setups: Int32Array.from(setups, ({ setup }) => {
      if (!renames(renaming, setup)) return NOT_RENAMED;
      return at(setupOf, JSON.stringify(renamedSetup(renaming, setup)));
    }),
    threads: Int32Array.from(candidates, ({ process, ops }) => {
      const renamed = ops.map((op) => renamedOp(renaming, op));
      return numberOf.get(JSON.stringify({ process, ops: renamed })) ?? -1;
    }),
  };
}

/** In place of a setup that a renaming does not apply to: it comes before nothing. */
const NOT_RENAMED = 2 ** 31 - 1;

function at(numberOf: ReadonlyMap<string, number>, text: string): number {
  const number = numberOf.get(text);
  assert(number !== undefined, 'a renamed setup is a setup of the universe', text);
  return number;
}
