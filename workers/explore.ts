/**
 * Every interleaving of a workload, breadth first, so that the first violation is a shortest one, a fused step
 * (kernel/program.ts) counting as a part of the one before it. No other reduction: the ground truth for schedulers,
 * minimizer and everything else. Pure.
 *
 * A state is stored as the words that any run of this workload has ever written, against the start vector;
 * states are told apart by a 64-bit incremental digest, so two states are taken for one with probability
 * about n^2 / 2^65. Whom a signature blames is part of the state (kernel/blame.ts), so that what is merged
 * shows the same.
 */
import { assert } from '../corpus/vocabulary/assert.ts';
import type { Workload } from '../corpus/vocabulary/input.ts';
import { rankOf, type Violation, worstOf } from '../corpus/vocabulary/verdict.ts';
import { type Engine, type Traced, violationsOf } from './execute.ts';
import type { Kernel } from './kernel/kernel.ts';
import { SPOKEN, WORDS } from './kernel/layout.ts';
import { VisitedStates } from './kernel/visited.ts';
import { cutsShort, turningIn } from './never-ends.ts';
import { kindsTurning } from './oracles/liveness.ts';
import { StateGraph } from './state-graph.ts';

export interface ExploreOptions {
  /** Distinct states after which the search gives up, inconclusive. */
  readonly statesMax: number;
  /** Go on behind the first violation to every distinct signature, not only to twice its states. */
  readonly all: boolean;
  /** Off: every visible step is a scheduling point of its own; the findings are the same. */
  readonly isFused?: boolean;
  /** What is asked for; anything else is met, named and passed by. */
  readonly counts?: (violation: Violation) => boolean;
}

export interface Counterexample {
  readonly signature: string;
  readonly traced: Traced;
}

export interface Exploration {
  readonly verdict: 'verified' | 'violation' | 'inconclusive';
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest path that was followed. */
  readonly depth: number;
  /** One a signature: the gravest class first, then the shortest path. */
  readonly violations: readonly Counterexample[];
  /** Signatures that were met and do not count. */
  readonly ignored: readonly string[];
  /** Every state was seen: there is no signature besides these. */
  readonly isComplete: boolean;
  /** Why it is not: too many states, an interleaving too large for the simulator, too much that may never end. */
  readonly cutBy: 'states' | 'room' | 'liveness' | null;
}

/** A search that has found something looks on for graver things, to twice its states and at least so many. */
const LOOK_ON_STATES = 50_000;
/** Each is run again to see what does not end: half a second. */
const DEAD_ENTRIES_MAX = 1000;

/** Told of a search under way, every few thousand states. */
export type SearchProgress = (states: number, depth: number, frontier: number) => void;

export function explore(
  engine: Engine,
  workload: Workload,
  options: ExploreOptions,
  progress?: SearchProgress,
): Exploration {
  engine.load(workload);
  const k = engine.kernel;
  const { tracker, footprints } = k;
  k.tracker = null;
  k.footprints = false;
  k.fused = options.isFused === false ? 0 : k.fusable;
  const search = new Search(engine, options, progress);
  search.run();
  k.logging = false;
  k.fused = k.fusable;
  k.tracker = tracker;
  k.footprints = footprints;
  return search.result();
}

/** States between two words of progress. */
const PROGRESS_STATES = 4096;

class Search {
  private readonly k: Kernel;
  private readonly engine: Engine;
  private readonly options: ExploreOptions;
  private readonly progress: SearchProgress | undefined;
  private readonly visited = new VisitedStates();
  private level: Level;
  private nextLevel: Level;
  private readonly graph = new StateGraph();
  /** The first path to each signature in its worst class. */
  private readonly paths = new Map<string, { path: readonly number[]; rank: number }>();
  private readonly ignored = new Set<string>();
  private statesMax: number;
  private transitions = 0;
  private depth = 0;
  private cutBy: Exploration['cutBy'] = null;

  constructor(engine: Engine, options: ExploreOptions, progress?: SearchProgress) {
    this.engine = engine;
    this.k = engine.kernel;
    this.options = options;
    this.progress = progress;
    this.statesMax = options.statesMax;
    const touched = new TouchedWords(engine.kernel.words.slice());
    this.level = new Level(touched);
    this.nextLevel = new Level(touched);
  }

  run(): void {
    const k = this.k;
    k.reset();
    this.engine.judge.reset();
    k.logging = true;
    this.visited.add(0, 0, 0);
    this.graph.addStart();
    this.level.push(k, 0);
    while (this.level.count > 0 && this.cutBy !== 'states') {
      for (let row = 0; row < this.level.count && !this.isOver(); row++) this.expand(row);
      [this.level, this.nextLevel] = [this.nextLevel, this.level];
      this.nextLevel.clear();
      this.depth++;
    }
  }

  private isOver(): boolean {
    if (this.visited.size >= this.statesMax) this.cutBy = 'states';
    return this.cutBy === 'states';
  }

  private expand(row: number): void {
    const k = this.k;
    const parent = this.level.restore(k, row);
    this.graph.expanded(parent);
    if (parent % PROGRESS_STATES === 0) {
      this.progress?.(this.visited.size, this.depth, this.level.count + this.nextLevel.count);
    }
    const enabled = k.enabled();
    for (let t = 0; enabled >> t !== 0; t++) if ((enabled & (1 << t)) !== 0) this.take(parent, t);
  }

  private take(parent: number, t: number): void {
    const k = this.k;
    const { endings } = k;
    const others = k.enabled() & ~(1 << t);
    k.logLength = 0;
    k.steps = this.depth;
    this.transitions++;
    k.step(t);
    if (k.enabled() === 0) this.engine.judge.ended(k);
    const isOver = k.enabled() === 0 && !cutsShort(k, others);
    const isWayOut = k.endings !== endings || isOver || k.overflow;
    if (k.overflow) {
      this.cutBy ??= 'room';
      k.overflow = false;
      // What it said belongs to a run that cannot be shown again.
      this.engine.judge.reset();
    } else this.keep(parent, t, isOver);
    if (isWayOut) this.graph.leadsOut(parent);
    k.undo(0);
  }

  private keep(parent: number, t: number, isOver: boolean): void {
    const k = this.k;
    if (this.engine.judge.violations.length > 0) this.noteViolations(parent, t);
    // Nothing comes after a power failure, and it leads nobody out.
    if (k.enabled() === 0 && !isOver) return;
    const id = this.graph.states;
    const known = this.visited.add(k.digestA, k.digestB, id);
    if (known >= 0) {
      this.graph.addEdge(parent, known);
      return;
    }
    this.graph.addState(parent, t, k.peek(SPOKEN) === 0);
    if (k.enabled() !== 0) this.nextLevel.push(k, id);
    else this.graph.leadsOut(id);
  }

  private noteViolations(parent: number, t: number): void {
    const { judge } = this.engine;
    for (const violation of judge.violations) this.noteViolation(violation, parent, t);
    judge.reset();
    this.graph.leadsOut(parent);
  }

  private noteViolation(violation: Violation, parent: number, t: number): void {
    const { signature } = violation;
    const rank = rankOf(violation);
    const known = this.paths.get(signature);
    if (known !== undefined && known.rank <= rank) return;
    if (this.options.counts?.(violation) === false) {
      this.ignored.add(signature);
      return;
    }
    if (this.paths.size === 0 && !this.options.all) {
      const enough = Math.max(2 * this.visited.size, LOOK_ON_STATES);
      this.statesMax = Math.min(this.statesMax, enough);
    }
    this.paths.set(signature, { path: [...this.graph.pathTo(parent), t], rank });
  }

  private trace(path: readonly number[], signature: string | null = null): Traced {
    const { engine, options } = this;
    return options.isFused === false
      ? engine.traceChoices(path)
      : engine.traceFused(path, signature);
  }

  /** O3 of a search: the states at which paths begin that no operation ends on. */
  private noteNeverEnding(): void {
    const entries = this.graph.deadEntries();
    const known = new Set<string>();
    for (const dead of entries.slice(0, DEAD_ENTRIES_MAX)) {
      const path = this.graph.pathTo(dead);
      const turning = this.turningAfter(path);
      if (!known.has(turning)) this.noteDead(path);
      known.add(turning);
    }
    if (entries.length > DEAD_ENTRIES_MAX) this.cutBy ??= 'liveness';
  }

  /** Which kinds of operations go round behind a path. */
  private turningAfter(path: readonly number[]): string {
    const { k, engine } = this;
    k.fused = this.options.isFused === false ? 0 : k.fusable;
    k.reset();
    for (const t of path) k.step(t);
    const turning = turningIn(k);
    engine.judge.reset();
    k.fused = k.fusable;
    return kindsTurning(k, turning).join(' ');
  }

  private noteDead(path: readonly number[]): void {
    const violations = violationsOf(this.trace(path));
    for (const violation of violations) {
      const { signature } = violation;
      if (this.options.counts?.(violation) === false) this.ignored.add(signature);
      else if (!this.paths.has(signature)) {
        this.paths.set(signature, { path, rank: rankOf(violation) });
      }
    }
    // The states that nothing leads out of are too many to show it.
    if (violations.length === 0) this.cutBy ??= 'liveness';
  }

  /** Each signature's path is run again and written down, fused steps one by one. */
  result(): Exploration {
    // Without an operation none ends, and none has to.
    if (this.engine.judge.looksForEndless && this.transitions > 0) this.noteNeverEnding();
    const violations = [...this.paths].map(([signature, { path, rank }]) => {
      const traced = this.trace(path, signature);
      const shown = worstOf(violationsOf(traced), signature);
      assert(shown !== undefined, 'a path of the search shows what it showed', signature);
      return { signature, traced, rank, length: path.length };
    });
    violations.sort((a, b) => a.rank - b.rank || a.length - b.length);
    const { cutBy } = this;
    const isComplete = cutBy === null;
    const verdict = violations.length > 0 ? 'violation' : isComplete ? 'verified' : 'inconclusive';
    const { transitions, depth } = this;
    const seen = { states: this.visited.size, transitions, depth };
    return { verdict, ...seen, violations, ignored: [...this.ignored].sort(), isComplete, cutBy };
  }
}

/** The words that any state has ever changed; columns of a stored state. */
class TouchedWords {
  readonly words: number[] = [];
  readonly start: Int32Array;
  private readonly column: Int16Array = new Int16Array(WORDS).fill(-1);

  constructor(start: Int32Array) {
    this.start = start;
  }

  /** Take in what the last step wrote. */
  note(k: Kernel): void {
    for (let i = 0; i < k.logLength; i++) {
      const word = k.logWord[i] as number;
      if (this.column[word] !== -1) continue;
      this.column[word] = this.words.length;
      this.words.push(word);
    }
  }
}

/** The states of one depth: digest, number and changed words of each. */
class Level {
  count = 0;
  private readonly touched: TouchedWords;
  private stride = 128;
  private data: Int32Array = new Int32Array(FIRST_ROWS * 128);

  constructor(touched: TouchedWords) {
    this.touched = touched;
  }

  clear(): void {
    this.count = 0;
  }

  push(k: Kernel, id: number): void {
    this.touched.note(k);
    const { words } = this.touched;
    if (words.length + HEAD > this.stride) this.widen();
    if ((this.count + 1) * this.stride > this.data.length) this.lengthen();
    const { data } = this;
    const state = k.words;
    let at = this.count * this.stride;
    data[at++] = k.digestA;
    data[at++] = k.digestB;
    data[at++] = id;
    data[at++] = words.length;
    for (let i = 0; i < words.length; i++) data[at++] = state[words[i] as number] as number;
    this.count++;
  }

  /** Make the kernel stand in a state of this level; returns the state's number. */
  restore(k: Kernel, row: number): number {
    const { words, start } = this.touched;
    const { data } = this;
    const state = k.words;
    const base = row * this.stride;
    const known = data[base + 3] as number;
    for (let i = 0; i < known; i++) state[words[i] as number] = data[base + HEAD + i] as number;
    // Words first touched after this state was stored have their start value in it.
    for (let i = known; i < words.length; i++) {
      const word = words[i] as number;
      state[word] = start[word] as number;
    }
    k.digestA = data[base] as number;
    k.digestB = data[base + 1] as number;
    return data[base + 2] as number;
  }

  private widen(): void {
    const wide = this.stride * 2;
    const data = new Int32Array((this.data.length / this.stride) * wide);
    for (let row = 0; row < this.count; row++) {
      data.set(this.data.subarray(row * this.stride, (row + 1) * this.stride), row * wide);
    }
    this.data = data;
    this.stride = wide;
  }

  private lengthen(): void {
    const data = new Int32Array(this.data.length * 2);
    data.set(this.data);
    this.data = data;
  }
}

const HEAD = 4;
/** Most searches of a universe are small: clearing more would take them longer than searching. */
const FIRST_ROWS = 32;
