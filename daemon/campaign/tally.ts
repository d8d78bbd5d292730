/** What is counted of one model of a campaign: runs, coverage, violations by class, how far its scopes were searched. Pure. */
import {
  addBreadth,
  type Breadth,
  type FuzzResult,
  NO_BREADTH,
} from '../../corpus/vocabulary/messages.ts';
import type { Scope } from '../../corpus/vocabulary/scope.ts';
import { classOfSignature, type ViolationClass } from '../../corpus/vocabulary/verdict.ts';
import { Frontier } from './frontier.ts';
import { NO_SCOPE, type Place, type ScopeProgress, withPart } from './scope-progress.ts';

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

/**
 * @param sweep where the part of a scope began that the batch searched
 * @param scopes those of the campaign, in order
 */
export function addTo(
  tally: ModelTally,
  result: FuzzResult,
  sweep: Place | undefined,
  scopes: readonly Scope[],
  atMs: number,
): void {
  tally.runs += result.runs;
  tally.steps += result.steps;
  tally.inconclusive += result.inconclusive;
  tally.breadth = addBreadth(tally.breadth, result.breadth);
  if (sweep !== undefined && result.swept !== undefined) {
    tally.scope = withPart(tally.scope, scopes, sweep, result.swept);
  }
  if (result.candidates.length > 0) tally.newMs = atMs;
  tally.frontier.fold(result);
  for (const [signature, { count }] of Object.entries(result.hits)) {
    const name = classOfSignature(signature);
    if (name !== null) tally.hits[name] = (tally.hits[name] ?? 0) + count;
  }
}
