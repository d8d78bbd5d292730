/** What threads that search together say to each other. Who owns the threads is the door's (`service/`). Pure. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { THREADS } from '../../corpus/vocabulary/limits.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Segment } from './shared-rows.ts';

/** The states of one depth, by row; the step of a thread from one of them has the rank row * RANKS + thread. */
export interface SharedLevel {
  /** Ranks of the levels before. */
  readonly base: number;
  readonly rows: number;
  readonly depth: number;
  readonly ids: SharedArrayBuffer;
  readonly addresses: SharedArrayBuffer;
  /** By row, once it is expanded: see `outcomeOf`. */
  readonly outcomes: SharedArrayBuffer;
  /** By rank: 0, or how the step comes to a new state (`arrivalOf`), and once all is seen, that state's number. */
  readonly arrivals: SharedArrayBuffer;
  /** The first row that no thread has begun with. */
  readonly next: SharedArrayBuffer;
  /** Rows that a thread begins with at once. */
  readonly atOnce: number;
}

/** Steps of a row, one a thread. */
export const RANKS: number = THREADS;

/** Memory of one search. */
export interface SearchMemory {
  readonly visited: SharedArrayBuffer;
  readonly touched: SharedArrayBuffer;
  /** How many segments of rows there are. */
  readonly segments: SharedArrayBuffer;
}

/** What all threads do together; it ends for each before the next phase begins. */
export type Phase =
  /** Take every step of every row of a level, and claim what it leads to. */
  | {
      readonly phase: 'expand';
      readonly level: SharedLevel;
      readonly segments: readonly Segment[];
    }
  /** Number what was claimed in the last level; what was met from this rank on counts for nothing. */
  | { readonly phase: 'settle'; readonly ranks: number }
  | {
      readonly phase: 'grow';
      readonly visited: SharedArrayBuffer;
      /** The first slot that no thread has begun with. */
      readonly next: SharedArrayBuffer;
    };

/** What begins a search on the other threads. */
export interface Beginning {
  readonly phase: 'begin';
  readonly workload: Workload;
  readonly isFused: boolean;
  readonly memory: SearchMemory;
}

export type Order = Beginning | Phase;

/** Met at a rank of the level that was expanded. */
export interface At<T> {
  readonly rank: number;
  readonly what: T;
}

/** What a thread has to say after a phase. */
export interface Answer {
  readonly violations: readonly At<Violation>[];
  readonly contradictions: readonly At<string>[];
  readonly segments: readonly Segment[];
  /** Steps to states that another step was first to arrive at, in pairs of their numbers. */
  readonly edges: Int32Array<ArrayBuffer>;
  /** States that it was the first to claim. */
  readonly claimed: number;
}

export interface Crew {
  /** Levels of fewer rows are expanded by one thread: to wait for the others takes longer. */
  readonly rowsFrom: number;
  /** So many states are worth the threads, and they are there. */
  joins(states: number): boolean;
  /** Every other thread does a phase while `own` does this one's part; what they answer. */
  together(order: Order, own: () => void): readonly Answer[];
}

/** Of a row: the threads that took a step, whether it leads out, and whether a step ran out of room. */
export function outcomeOf(taken: number, isWayOut: boolean, isOverflow: boolean): number {
  return taken | (isWayOut ? WAY_OUT : 0) | (isOverflow ? OVERFLOW : 0);
}

export function takenIn(outcome: number): number {
  return outcome & (WAY_OUT - 1);
}

export function leadsOut(outcome: number): boolean {
  return (outcome & WAY_OUT) !== 0;
}

export function overflowed(outcome: number): boolean {
  return (outcome & OVERFLOW) !== 0;
}

const WAY_OUT = 1 << RANKS;
const OVERFLOW = 2 << RANKS;

/** The arrival at a state in which nobody can run. */
export const ENDED = -1;

/** The arrival at one that goes on, by the address of its row; above 0. */
export function arrivalOf(address: number, isUnspoken: boolean): number {
  return ((address << 1) | (isUnspoken ? 1 : 0)) + 1;
}

export function addressIn(arrival: number): number {
  return (arrival - 1) >> 1;
}

export function isUnspokenIn(arrival: number): boolean {
  return ((arrival - 1) & 1) !== 0;
}

/** The arrival at one that another step had come to, at a rank that is larger: its arrival says more. */
export function before(rank: number): number {
  return ENDED - 1 - rank;
}

/** The rank of the other step; below 0 for any other arrival. */
export function laterIn(arrival: number): number {
  return ENDED - 1 - arrival;
}
