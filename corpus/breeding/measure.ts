/**
 * What "simpler" means, as a list of numbers compared from the left: threads, operations, preemptions, what
 * operations and setup ask of a reader, how much is outside the first thread, forced switches. Steps are the
 * executor's: a run is as long as its schedule says.
 */
import { unreachable } from '../vocabulary/assert.ts';
import type { AreaSetup, FileSetup, Input, Setup } from '../vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import {
  type Argument,
  argumentOf,
  OPERATIONS,
  type Op,
  type PageState,
  type Sharing,
} from '../vocabulary/ops.ts';

export type Measure = readonly number[];

export function measureOf(input: Input, preemptions: number): Measure {
  const { setup, threads, schedule } = input;
  const ops = threads.flatMap((thread) => thread.ops);
  const processes = sum(threads.map(({ process }) => process));
  return [
    threads.length,
    ops.length,
    preemptions,
    sum(ops.map(opCost)) + setupCost(setup) + processes,
    sum(threads.map((thread, index) => index * thread.ops.length)),
    schedule.switches.length,
    schedule.first,
  ];
}

export function isSmaller(left: Measure, right: Measure): boolean {
  const different = left.findIndex((value, i) => value !== right[i]);
  return different >= 0 && (left[different] ?? 0) < (right[different] ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A weaker operation counts for more than any range: it says less about what went wrong. */
const KIND_WEIGHT = 64;
const SHARING_COST: Readonly<Record<Sharing, number>> = { shared: 0, private: 4, sync: 4 };
const BUFFER_COST = 16;
const SYNC_COST = 8;

function opCost(op: Op): number {
  const { args, rank } = OPERATIONS[op.kind];
  return rank * KIND_WEIGHT + sum(args.map((arg) => argumentCost(op, arg)));
}

function argumentCost(op: Op, arg: Argument): number {
  switch (arg) {
    case 'area':
    case 'file':
      return argumentOf(op, arg) ?? 0;
    case 'offset':
    case 'length':
    case 'size': {
      const bytes = argumentOf(op, arg) ?? 0;
      return OPERATIONS[op.kind].grain === LINE_BYTES ? lineOf(bytes) : pagesCost(bytes);
    }
    case 'sharing':
      return SHARING_COST[argumentOf(op, arg) ?? 'shared'];
    case 'buffer': {
      const buffer = argumentOf(op, arg);
      return buffer ? BUFFER_COST + buffer.area + lineOf(buffer.offset) : 0;
    }
    case 'sync':
      return argumentOf(op, arg) ? SYNC_COST : 0;
    default:
      return unreachable(arg);
  }
}

function lineOf(offset: number): number {
  return offset / LINE_BYTES;
}

/** Whole pages are easier to think about than half ones. */
function pagesCost(bytes: number): number {
  return 2 * Math.ceil(bytes / PAGE_BYTES) + (bytes % PAGE_BYTES === 0 ? 0 : 1);
}

/** More than all that a file or an address space can ask by its numbers. */
const PART_COST = 256;
const AREA_COST = 32;

function setupCost({ files, processes }: Setup): number {
  const areas = processes.flatMap((process) => process.areas).filter((area) => area !== null);
  const parts = PART_COST * (files.length + processes.length) + AREA_COST * areas.length;
  return parts + sum(files.map(fileCost)) + sum(areas.map(areaCost));
}

/**
 * A hole needs no words; written content is what files have; unwritten extents and cached zero pages have to
 * be explained.
 */
export const STATES_BY_COST: readonly PageState[] = ['hole', 'written', 'unwritten', 'cached'];

function fileCost({ size, pages }: FileSetup): number {
  return pagesCost(size) + sum(pages.map((state) => STATES_BY_COST.indexOf(state)));
}

function areaCost({ file, offset, length, sharing }: AreaSetup): number {
  return file + pagesCost(offset) + pagesCost(length) + SHARING_COST[sharing];
}
