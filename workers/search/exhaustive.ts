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
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SPOKEN } from '../kernel/layout.ts';
import { VisitedStates } from '../kernel/visited.ts';
import { kindsTurning } from '../oracles/liveness.ts';
import { type Engine, type Traced, violationsOf } from '../run/engine.ts';
import { turningIn } from '../run/never-ends.ts';
import { searchOn } from './begin.ts';
import type { Crew } from './crew.ts';
import { type Course, JointSearch } from './joint-search.ts';
import { Level } from './level.ts';
import { Sightings, type Sought } from './sightings.ts';
import { StateGraph } from './state-graph.ts';
import { TouchedWords } from './touched-words.ts';
import { Transition } from './transition.ts';

export interface ExploreOptions extends Sought {
  /** Off: every visible step is a scheduling point of its own; the findings are the same. */
  readonly isFused?: boolean;
}

export interface Counterexample {
  readonly signature: string;
  readonly traced: Traced;
}

export interface SearchResult {
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
  readonly cutBy: Course['cutBy'];
}

/** Each is run again to see what does not end: half a second. */
const DEAD_ENTRIES_MAX = 1000;

/** Told of a search under way, every few thousand states. */
export type SearchProgress = (states: number, depth: number, queued: number) => void;

export function explore(
  engine: Engine,
  workload: Workload,
  options: ExploreOptions,
  progress?: SearchProgress,
  crew?: Crew,
): SearchResult {
  return searchOn(engine, workload, options.isFused !== false, () => {
    const search = new Search(engine, options, progress);
    search.run(workload, crew);
    return search;
  }).result();
}

/** States between two words of progress. */
const PROGRESS_STATES = 4096;

class Search {
  private readonly k: Kernel;
  private readonly engine: Engine;
  private readonly options: ExploreOptions;
  private readonly progress: SearchProgress | undefined;
  private readonly visited = new VisitedStates();
  private readonly touched: TouchedWords;
  private level: Level;
  private nextLevel: Level;
  private readonly graph = new StateGraph();
  private readonly sightings: Sightings;
  private readonly transition = new Transition();
  private readonly course: Course = { transitions: 0, depth: 0, cutBy: null };

  constructor(engine: Engine, options: ExploreOptions, progress?: SearchProgress) {
    this.engine = engine;
    this.k = engine.kernel;
    this.options = options;
    this.progress = progress;
    this.sightings = new Sightings(options);
    this.touched = new TouchedWords(engine.kernel.words.slice());
    this.level = new Level(this.touched);
    this.nextLevel = new Level(this.touched);
  }

  run(workload: Workload, crew?: Crew): void {
    this.visited.add(0, 0, 0);
    this.graph.addStart();
    this.level.push(this.k, 0);
    while (this.level.count > 0 && this.course.cutBy !== 'states') {
      if (crew?.joins(this.graph.states) === true) {
        this.goOnTogether(workload, crew);
        return;
      }
      for (let row = 0; row < this.level.count && !this.isOver(); row++) this.expand(row);
      [this.level, this.nextLevel] = [this.nextLevel, this.level];
      this.nextLevel.clear();
      this.course.depth++;
    }
  }

  private goOnTogether(workload: Workload, crew: Crew): void {
    const { engine, graph, sightings, course, visited, level, touched } = this;
    const begun = { engine, graph, sightings, course, visited, level, touched };
    new JointSearch(begun, crew).run(workload, this.options.isFused !== false, (queued) =>
      this.progress?.(graph.states, course.depth, queued),
    );
  }

  private isOver(): boolean {
    if (this.visited.size >= this.sightings.statesMax) this.course.cutBy = 'states';
    return this.course.cutBy === 'states';
  }

  private expand(row: number): void {
    const k = this.k;
    const parent = this.level.restore(k, row);
    this.graph.expanded(parent);
    if (parent % PROGRESS_STATES === 0) {
      this.progress?.(
        this.visited.size,
        this.course.depth,
        this.level.count + this.nextLevel.count,
      );
    }
    const enabled = k.enabled();
    for (let t = 0; enabled >> t !== 0; t++) if ((enabled & (1 << t)) !== 0) this.take(parent, t);
  }

  private take(parent: number, t: number): void {
    const { k, transition, course } = this;
    course.transitions++;
    transition.take(this.engine, t, course.depth);
    if (transition.isOverflow) course.cutBy ??= 'room';
    else if (this.engine.judge.violations.length > 0) this.noteViolations(parent, t);
    if (transition.isKept) this.keep(parent, t);
    if (transition.isWayOut) this.graph.leadsOut(parent);
    k.undoLog();
  }

  private keep(parent: number, t: number): void {
    const k = this.k;
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
    const { graph, sightings } = this;
    const { judge } = this.engine;
    for (const violation of judge.violations) {
      sightings.note(violation, graph.states, () => graph.pathThrough(parent, t));
    }
    judge.reset();
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
    if (entries.length > DEAD_ENTRIES_MAX) this.course.cutBy ??= 'liveness';
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
    for (const violation of violations) this.sightings.noteDead(violation, path);
    // The states that nothing leads out of are too many to show it.
    if (violations.length === 0) this.course.cutBy ??= 'liveness';
  }

  /** Each signature's path is run again and written down, fused steps one by one. */
  result(): SearchResult {
    // Without an operation none ends, and none has to.
    if (this.engine.judge.looksForEndless && this.course.transitions > 0) this.noteNeverEnding();
    const violations = [...this.sightings.paths].map(([signature, { path, rank }]) => {
      const traced = this.trace(path, signature);
      const shown = worstOf(violationsOf(traced), signature);
      assert(shown !== undefined, 'a path of the search shows what it showed', signature);
      return { signature, traced, rank, length: path.length };
    });
    violations.sort((a, b) => a.rank - b.rank || a.length - b.length);
    const { transitions, depth, cutBy } = this.course;
    const isComplete = cutBy === null;
    const verdict = violations.length > 0 ? 'violation' : isComplete ? 'verified' : 'inconclusive';
    const seen = { states: this.graph.states, transitions, depth };
    return {
      verdict,
      ...seen,
      violations,
      ignored: [...this.sightings.ignored].sort(),
      isComplete,
      cutBy,
    };
  }
}
