/**
 * Every interleaving of a workload with at most so many preemptions (schedulers/bounded.ts), and what the first of each
 * signature looks like. What it verifies says nothing of runs with more of them, and nothing of operations that never end:
 * that takes all the ways on from a state. States are those in which more than one thread could go on. Pure.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { rankOf, type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Engine, violationsOf } from '../run/engine.ts';
import { BoundedSearch, type Lookout } from '../schedulers/bounded.ts';
import type { Crew } from './crew.ts';
import {
  type Counterexample,
  type ExploreOptions,
  explore,
  type SearchProgress,
  type SearchResult,
} from './exhaustive.ts';
import { LOOK_ON_STATES } from './sightings.ts';

export interface Question extends Omit<ExploreOptions, 'isFused'> {
  /** The most preemptions of an interleaving; null for all interleavings. */
  readonly preemptions: number | null;
}

export function exploreWithin(
  engine: Engine,
  workload: Workload,
  { preemptions, ...options }: Question,
  progress?: SearchProgress,
  crew?: Crew,
): SearchResult {
  if (preemptions === null) return explore(engine, workload, options, progress, crew);
  engine.load(workload);
  const search = new SearchWithin(engine, preemptions, options);
  return search.result();
}

interface Path {
  readonly path: readonly number[];
  readonly rank: number;
}

class SearchWithin implements Lookout {
  private readonly engine: Engine;
  private readonly options: Omit<ExploreOptions, 'isFused'>;
  private readonly search: BoundedSearch;
  /** The first path to each signature in its worst class. */
  private readonly paths = new Map<string, Path>();
  private readonly ignored = new Set<string>();
  private statesMax: number;

  constructor(engine: Engine, preemptions: number, options: Omit<ExploreOptions, 'isFused'>) {
    this.engine = engine;
    this.options = options;
    this.statesMax = options.statesMax;
    const bounds = { preemptions, stepsMax: Number.POSITIVE_INFINITY, prune: true };
    this.search = new BoundedSearch(engine.kernel, bounds, this);
  }

  /** Ends the search where there are too many states. */
  isSuspect(k: Kernel): boolean {
    const { judge } = this.engine;
    if (k.overflow) judge.reset();
    else if (k.enabled() === 0) judge.ended(k);
    if (judge.violations.length > 0) {
      for (const violation of judge.violations) this.note(violation);
      judge.reset();
    }
    return this.search.states >= this.statesMax;
  }

  forget(): void {
    this.engine.judge.reset();
  }

  private note(violation: Violation): void {
    const { signature } = violation;
    const rank = rankOf(violation);
    const known = this.paths.get(signature);
    if (known !== undefined && known.rank <= rank) return;
    if (this.options.counts?.(violation, this.search.states) === false) {
      this.ignored.add(signature);
      return;
    }
    if (this.paths.size === 0 && !this.options.all) {
      const enough = Math.max(2 * this.search.states, LOOK_ON_STATES);
      this.statesMax = Math.min(this.statesMax, enough);
    }
    this.paths.set(signature, { path: this.search.choices(), rank });
  }

  result(): SearchResult {
    const outcome = this.search.next();
    const cutBy = outcome === 'done' ? null : outcome === 'cut' ? 'room' : 'states';
    const { states, stepsTaken: transitions, deepest: depth } = this.search;
    const violations = [...this.paths]
      .sort(([, a], [, b]) => a.rank - b.rank || a.path.length - b.path.length)
      .map(([signature, { path }]) => this.counterexample(signature, path));
    const isComplete = cutBy === null;
    const verdict = violations.length > 0 ? 'violation' : isComplete ? 'verified' : 'inconclusive';
    const ignored = [...this.ignored].sort();
    return { verdict, states, transitions, depth, violations, ignored, isComplete, cutBy };
  }

  private counterexample(signature: string, path: readonly number[]): Counterexample {
    const traced = this.engine.traceChoices(path);
    const shown = worstOf(violationsOf(traced), signature);
    assert(shown !== undefined, 'a path of the search shows what it showed', signature);
    return { signature, traced };
  }
}
