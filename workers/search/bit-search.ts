/**
 * A search for state spaces that do not fit into memory: depth first, and of a state only some bits are kept. What it
 * finds is run again and judged; what it does not find may be there. Whether operations end is not asked. Pure.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';
import { worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { UndoStack } from '../kernel/undo.ts';
import { type Engine, violationsOf } from '../run/engine.ts';
import { searchOn } from './begin.ts';
import { BitStates } from './bit-states.ts';
import type { Counterexample, SearchProgress } from './exhaustive.ts';
import { Sightings, type Sought } from './sightings.ts';
import { Transition } from './transition.ts';

export interface BitSearchResult {
  /** `unproven`: it came to its end and nothing went wrong in what it looked at. */
  readonly verdict: 'unproven' | 'violation' | 'inconclusive';
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest path that was followed. */
  readonly depth: number;
  /** One a signature: the gravest class first; not the shortest. */
  readonly violations: readonly Counterexample[];
  readonly ignored: readonly string[];
  readonly isComplete: false;
  readonly cutBy: 'states' | 'room' | 'depth' | 'table' | null;
  readonly bits: BitCoverage;
}

export interface BitCoverage {
  /** Bits of the table a state. */
  readonly hashFactor: number;
  /** Share of the bits that are set. */
  readonly fill: number;
  /** States that were taken for others, about. */
  readonly missed: number;
}

/** Longer paths are not followed: with its fused steps one by one a run has some times as many steps. */
const DEPTH_MAX = STEPS_MAX / 4;
const PROGRESS_STATES = 1 << 14;

/** @param bytes of the table */
export function exploreBits(
  engine: Engine,
  workload: Workload,
  sought: Sought,
  bytes: number,
  progress?: SearchProgress,
): BitSearchResult {
  return searchOn(engine, workload, true, () => {
    const search = new BitSearch(engine, sought, bytes, progress);
    search.run();
    return search;
  }).result();
}

class BitSearch {
  private readonly engine: Engine;
  private readonly k: Kernel;
  private readonly sightings: Sightings;
  private readonly states: BitStates;
  private readonly progress: SearchProgress | undefined;
  private readonly transition = new Transition();
  private readonly undo = new UndoStack();
  /** The path to the state that the kernel stands in, and of each state on it the threads that are to be tried. */
  private readonly path: number[] = [];
  private readonly untried: number[] = [];
  private transitions = 0;
  private depth = 0;
  private cutBy: BitSearchResult['cutBy'] = null;

  constructor(engine: Engine, sought: Sought, bytes: number, progress?: SearchProgress) {
    this.engine = engine;
    this.k = engine.kernel;
    this.sightings = new Sightings(sought);
    this.states = new BitStates(bytes);
    this.progress = progress;
  }

  run(): void {
    const { k, path, untried } = this;
    this.states.add(k.digestA, k.digestB);
    untried.push(k.enabled());
    while (untried.length > 0 && !this.isOver()) {
      const last = untried.length - 1;
      const mask = untried[last] as number;
      if (mask !== 0) {
        untried[last] = mask & (mask - 1);
        this.take(31 - Math.clz32(mask & -mask));
        continue;
      }
      untried.pop();
      if (last === 0) return;
      path.pop();
      this.undo.pop(k);
    }
  }

  private isOver(): boolean {
    if (this.states.size >= this.sightings.statesMax) this.cutBy = 'states';
    else if (this.states.isFull) this.cutBy = 'table';
    return this.cutBy === 'states' || this.cutBy === 'table';
  }

  private take(t: number): void {
    const { k, transition } = this;
    this.transitions++;
    transition.take(this.engine, t, this.path.length);
    this.path.push(t);
    this.undo.push(k);
    this.depth = Math.max(this.depth, this.path.length);
    if (transition.isOverflow) this.cutBy ??= 'room';
    if (this.engine.judge.violations.length > 0) this.noteViolations();
    if (transition.isKept && this.goesOn()) this.untried.push(k.enabled());
    else {
      this.path.pop();
      this.undo.pop(k);
    }
  }

  /** The kernel stands in a new state in which some thread can run. */
  private goesOn(): boolean {
    const { k, states } = this;
    if (!states.add(k.digestA, k.digestB)) return false;
    if (states.size % PROGRESS_STATES === 0) {
      this.progress?.(states.size, this.path.length, this.untried.length);
    }
    if (this.path.length < DEPTH_MAX) return k.enabled() !== 0;
    if (k.enabled() !== 0) this.cutBy ??= 'depth';
    return false;
  }

  private noteViolations(): void {
    const { judge } = this.engine;
    for (const violation of judge.violations) {
      this.sightings.note(violation, this.states.size, () => [...this.path]);
    }
    judge.reset();
  }

  result(): BitSearchResult {
    const violations = [...this.sightings.paths].flatMap(([signature, { path, rank }]) => {
      const traced = this.engine.traceFused(path, signature);
      const isShown = worstOf(violationsOf(traced), signature) !== undefined;
      const isLong = traced.rows.length >= STEPS_MAX;
      assert(isShown || isLong, 'a path of the search shows what it showed', signature);
      if (!isShown) this.cutBy ??= 'depth';
      return isShown ? [{ signature, traced, rank }] : [];
    });
    violations.sort((a, b) => a.rank - b.rank);
    const { transitions, depth, cutBy, sightings } = this;
    const { size: states, hashFactor, fill, missed } = this.states;
    const verdict =
      violations.length > 0 ? 'violation' : cutBy === null ? 'unproven' : 'inconclusive';
    const ignored = [...sightings.ignored].sort();
    const bits = { hashFactor, fill, missed };
    return {
      verdict,
      states,
      transitions,
      depth,
      violations,
      ignored,
      isComplete: false,
      cutBy,
      bits,
    };
  }
}
