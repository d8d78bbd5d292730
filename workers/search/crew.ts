/** What threads that search together say to each other. `service/search-threads.ts` owns the threads. Pure. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { THREADS } from '../../corpus/vocabulary/limits.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Segment } from './shared-rows.ts';

/**
 * The states of one depth, by row, in the order of their numbers. A step has a link: the number of the state that it
 * begins at * LINKS + its thread. A search of one thread takes steps in the order of their links.
 */
export interface SharedLevel {
  /** Number of the first state. */
  readonly first: number;
  readonly rows: number;
  readonly depth: number;
  readonly ids: SharedArrayBuffer;
  readonly addresses: SharedArrayBuffer;
  /** By row, once it is expanded: see `outcomeOf`. */
  readonly outcomes: SharedArrayBuffer;
  /** By link, less that of the first state: 0, or how the step comes to a new state (`arrivalOf`). */
  readonly arrivals: SharedArrayBuffer;
  /** The first row that no thread has begun with. */
  readonly next: SharedArrayBuffer;
  /** Rows that a thread begins with at once. */
  readonly atOnce: number;
}

/** Links of a state, one a thread. */
export const LINKS: number = THREADS;

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

/** Met with the step of a link. */
export interface At<T> {
  readonly link: number;
  readonly what: T;
}

/** What a thread has to say after a phase. */
export interface Answer {
  readonly violations: readonly At<Violation>[];
  readonly contradictions: readonly At<string>[];
  readonly segments: readonly Segment[];
  /** Steps to states that were known, in pairs: the step's link, and that of a step to the same state. */
  readonly revisits: Int32Array<ArrayBuffer>;
  /** New states that it stored, or that nobody can run in. */
  readonly claimed: number;
}

export interface Crew {
  /** So many states are worth the threads, and they are there. */
  joins(states: number): boolean;
  /** Whether threads expand a level of so many rows together: what comes out does not depend on it. */
  isWorth(rows: number): boolean;
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

const WAY_OUT = 1 << LINKS;
const OVERFLOW = 2 << LINKS;

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

/** The arrival at one that a step with a larger link had come to: the arrival at that place says more. */
export function before(place: number): number {
  return ENDED - 1 - place;
}

export function placeIn(arrival: number): number {
  return ENDED - 1 - arrival;
}

/** Below all others. */
const NUMBERED = -(2 ** 30);

/** The arrival at a state that has its number. */
export function numbered(id: number): number {
  return NUMBERED - id;
}

export function numberIn(arrival: number): number {
  return NUMBERED - arrival;
}

/** At a new state, which is to be numbered. */
export function isOpen(arrival: number): boolean {
  return arrival !== 0 && arrival > NUMBERED;
}

/** The tag of a state in the table: the smaller the link, the larger the tag; below 0 also for the start's link, -1. */
export function tagOf(link: number): number {
  return -2 - link;
}

export function linkIn(tag: number): number {
  return -2 - tag;
}
