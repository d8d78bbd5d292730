/**
 * Shrinks an input while it still shows what it was found for: threads, operations, setup, arguments, forced
 * switches, round after round until nothing more can go. It never knows who executes: a test says whether a
 * candidate still fails, and with which schedule.
 *
 * Deterministic: candidates come in an order that is a function of the input, the first success is taken, and
 * nothing is taken that is not simpler (`measureOf`). So the result is no larger than the input, minimizing
 * it again changes nothing, and no single thread, operation or switch can be taken away from it.
 */
import { unreachable } from '../vocabulary/assert.ts';
import type { AreaSetup, FileSetup, Input, Setup } from '../vocabulary/input.ts';
import { LINE_BYTES, PAGE_BYTES } from '../vocabulary/limits.ts';
import { type Argument, argumentOf, OPERATIONS, type Op, type Sharing } from '../vocabulary/ops.ts';
import { canonicalInput, printInput } from '../vocabulary/text.ts';
import { checkInput, unmappedAreas } from '../vocabulary/validate.ts';
import { REDUCTIONS, type Reduction } from './reductions.ts';
import { STATES_BY_COST } from './simpler.ts';

/** An input that fails, its schedule as it was recorded, and how many preemptions that has. */
export interface FailingInput {
  readonly input: Input;
  readonly preemptions: number;
}

/**
 * A function of its arguments alone; the candidate's workload stays, its schedule may be another.
 * @param preemptionsMax of a schedule that is worth finding
 */
export type Test = (candidate: Input, preemptionsMax: number) => FailingInput | null;

export interface Shrunk {
  readonly smallest: FailingInput;
  /** Candidates that were executed. */
  readonly tests: number;
  /** Then the result fails, but may be larger than it has to be. */
  readonly budgetRanOut: boolean;
}

/** @param testsMax candidates that may be executed; duplicates and invalid ones are free */
export function minimize(start: FailingInput, test: Test, testsMax: number): Shrunk {
  const shrinking = new Shrinking(start, test, testsMax);
  let hasShrunk = true;
  while (hasShrunk) hasShrunk = REDUCTIONS.filter((one) => shrinking.pass(one)).length > 0;
  const { best, tests, budgetRanOut } = shrinking;
  return { smallest: best, tests, budgetRanOut };
}

class Shrinking {
  best: FailingInput;
  tests = 0;
  budgetRanOut = false;
  private measure: Measure;
  private readonly test: Test;
  private readonly testsMax: number;
  /** Canonical texts of what was executed: no candidate is worth that twice. */
  private readonly known = new Set<string>();

  constructor(start: FailingInput, test: Test, testsMax: number) {
    this.best = { ...start, input: canonicalInput(start.input) };
    this.measure = measureOf(this.best.input, start.preemptions);
    this.test = test;
    this.testsMax = testsMax;
  }

  /** Whether anything has become simpler. After a success the pass goes on where it was. */
  pass(reduction: Reduction): boolean {
    let hasShrunk = false;
    let candidates = reduction.candidates(this.best.input);
    for (let next = 0; next < candidates.length; ) {
      const candidate = candidates[next];
      if (candidate !== undefined && this.accept(canonicalInput(candidate))) {
        candidates = reduction.candidates(this.best.input);
        hasShrunk = true;
      } else next++;
    }
    return hasShrunk;
  }

  private accept(candidate: Input): boolean {
    const preemptionsMax = this.worthOf(candidate);
    if (preemptionsMax < 0) return false;
    if (this.tests >= this.testsMax) {
      this.budgetRanOut = true;
      return false;
    }
    this.tests++;
    const failing = this.test(candidate, preemptionsMax);
    if (failing === null) return false;
    const measure = measureOf(failing.input, failing.preemptions);
    if (!isSmaller(measure, this.measure)) return false;
    this.best = failing;
    this.measure = measure;
    return true;
  }

  /** With how many preemptions it would be simpler; negative where it is not worth a test. */
  private worthOf(candidate: Input): number {
    const worth = this.preemptionsMax(candidate);
    if (worth < 0 || checkInput(candidate) !== null) return -1;
    // A person who wrote such an access would be told of a slip.
    if (unmappedAreas(candidate).length > unmappedAreas(this.best.input).length) return -1;
    const text = printInput(candidate);
    if (this.known.has(text)) return -1;
    this.known.add(text);
    return worth;
  }

  private preemptionsMax(candidate: Input): number {
    const { preemptions } = this.best;
    if (isSmaller(measureOf(candidate, Number.MAX_SAFE_INTEGER), this.measure)) {
      return Number.MAX_SAFE_INTEGER;
    }
    if (isSmaller(measureOf(candidate, preemptions), this.measure)) return preemptions;
    return isSmaller(measureOf(candidate, preemptions - 1), this.measure) ? preemptions - 1 : -1;
  }
}

/**
 * What "simpler" means, as a list of numbers compared from the left: threads, operations, preemptions, what operations and
 * setup ask of a reader, how much is outside the first thread, forced switches. Steps are the executor's: a run is as long
 * as its schedule says.
 */
type Measure = readonly number[];

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

function fileCost({ size, pages }: FileSetup): number {
  return pagesCost(size) + sum(pages.map((state) => STATES_BY_COST.indexOf(state)));
}

function areaCost({ file, offset, length, sharing }: AreaSetup): number {
  return file + pagesCost(offset) + pagesCost(length) + SHARING_COST[sharing];
}
