/** Every interleaving of one workload on one model. Pure. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { exploreWithin } from '../search/preemption-bounded.ts';
import { counterexampleOf, engineFor } from './prepared.ts';
import type { Counterexample } from './results.ts';

export interface CheckOptions {
  /** Distinct states after which the search ends without a verdict; 1 000 000 if left out. */
  readonly statesMax?: number;
  /** Goes on to every distinct signature; left out, the search soon ends after the first. */
  readonly all?: boolean;
  /** The most preemptions of an interleaving; left out, all interleavings. */
  readonly preemptions?: number;
  /** Whether a violation counts; left out, each does. */
  readonly counts?: (violation: Violation) => boolean;
}

export interface Checked {
  /**
   * `verified`: no interleaving goes wrong (with `preemptions`: none of those). `inconclusive`: none was met, and not all
   * were searched.
   */
  readonly verdict: 'verified' | 'violation' | 'inconclusive';
  /** Distinct states that were seen. */
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest path that was followed. */
  readonly depth: number;
  /** Every state was seen: there is no signature besides these. */
  readonly isComplete: boolean;
  /** One a signature: the gravest class first, then the shortest run. */
  readonly counterexamples: readonly Counterexample[];
}

const STATES_DEFAULT = 1_000_000;

/** @throws Refusal for a workload that makes no sense, or with an operation that the model lacks */
export function check(model: Model, workload: Workload, options: CheckOptions = {}): Checked {
  const { statesMax = STATES_DEFAULT, all = false, preemptions = null, counts } = options;
  const question = { statesMax, all, preemptions, ...(counts === undefined ? {} : { counts }) };
  const found = exploreWithin(engineFor(model, workload), workload, question);
  const { verdict, states, transitions, depth, isComplete } = found;
  const counterexamples = found.violations.map(({ signature, traced }) =>
    counterexampleOf(model, workload, signature, traced),
  );
  return { verdict, states, transitions, depth, isComplete, counterexamples };
}
