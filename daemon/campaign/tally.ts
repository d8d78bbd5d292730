/** What a coordinator counts of one model: runs, coverage, and how far its scopes were searched. */
import { type Breadth, NO_BREADTH } from '../../corpus/vocabulary/messages.ts';
import type { ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import { Frontier } from './frontier.ts';
import { NO_SCOPE, type ScopeProgress } from './scope-progress.ts';

export interface ModelTally {
  runs: number;
  steps: number;
  inconclusive: number;
  breadth: Breadth;
  frontier: Frontier;
  scope: ScopeProgress;
  /** Runs that met a violation, by its class. */
  hits: Partial<Record<ViolationClass, number>>;
  /** When it last met something new. */
  newMs: number;
}

export function emptyTally(): ModelTally {
  const counts = { runs: 0, steps: 0, inconclusive: 0, newMs: 0 };
  return { ...counts, breadth: NO_BREADTH, frontier: new Frontier(), scope: NO_SCOPE, hits: {} };
}
