/**
 * Whether a repro still shows what it was made for: its own schedule, the same anchored anew, and at last every
 * interleaving of its workload. Only a search that saw every state says `fixed`. Pure.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { type Engine, type Traced, violationsOf } from '../run/engine.ts';
import { type Counterexample, explore } from '../search/exhaustive.ts';
import { replay, type StepNames, stepOf } from './hunt.ts';

export interface ReplayOptions {
  /** Distinct states that the search may take where the schedule misses. */
  readonly statesMax: number;
  /** Of the run that was recorded, if it was. */
  readonly traceDigest: string | null;
  /** The steps behind the labels of the model that the repro was made with, if it is another one. */
  readonly recorded?: StepNames;
}

export interface ReplayVerdict {
  /** `violation`: another one; `inconclusive`: the search met its bound and saw nothing. */
  readonly verdict: 'reproduced' | 'violation' | 'fixed' | 'inconclusive';
  /** What was looked for; of a `violation`, the gravest that was found. */
  readonly signature: string;
  readonly traceDigest: string;
  /** Step for step the run that was recorded. */
  readonly matches: boolean;
  /** Other signatures that were seen on the way. */
  readonly others: readonly string[];
  /** Of a `violation`: every signature that was seen, with a run that shows it. */
  readonly shown: readonly Counterexample[];
  readonly traced: Traced;
  /** States of the search; 0 if the schedule showed it. */
  readonly states: number;
  /** The search saw every state: what it did not meet is not there. */
  readonly isComplete: boolean;
}

export function replayVerdict(
  engine: Engine,
  input: Input,
  signature: string,
  options: ReplayOptions,
): ReplayVerdict {
  const runs = replay(engine, input, signature, options.recorded);
  const [own] = runs;
  assert(own !== undefined, 'a replay has a run');
  const matches = options.traceDigest === null || options.traceDigest === own.digest;
  const shown = runs.find((traced) => stepOf(traced, signature) > 0);
  const seen = runs.flatMap(violationsOf).map((violation) => violation.signature);
  if (shown !== undefined) {
    const again = said('reproduced', signature, shown, seen);
    return { ...again, matches, states: 0, isComplete: false, shown: [] };
  }
  const found = explore(engine, input, { statesMax: options.statesMax, all: true });
  const all = [...seen, ...found.violations.map((violation) => violation.signature)];
  const same = found.violations.find((violation) => violation.signature === signature);
  const verdict = same !== undefined ? same : (found.violations[0] ?? otherOf(runs));
  const { states, isComplete } = found;
  if (verdict === null) {
    const silence = isComplete && own.verdict.kind !== 'inconclusive' ? 'fixed' : 'inconclusive';
    return { ...said(silence, signature, own, []), matches, states, isComplete, shown: [] };
  }
  const kind = same === undefined ? 'violation' : 'reproduced';
  const others = same === undefined ? shownBy(found.violations, runs) : [];
  return {
    ...said(kind, verdict.signature, verdict.traced, all),
    ...{ matches, states, isComplete },
    shown: others,
  };
}

/** Those of the search first: its runs are the shortest. */
function shownBy(
  found: readonly Counterexample[],
  runs: readonly Traced[],
): readonly Counterexample[] {
  const shown = new Map(found.map((one) => [one.signature, one]));
  for (const traced of runs) {
    for (const { signature } of violationsOf(traced)) {
      if (!shown.has(signature)) shown.set(signature, { signature, traced });
    }
  }
  return [...shown.values()];
}

/** What a run on the way showed besides what was looked for. */
function otherOf(runs: readonly Traced[]): Counterexample | null {
  for (const traced of runs) {
    const [violation] = violationsOf(traced);
    if (violation !== undefined) return { signature: violation.signature, traced };
  }
  return null;
}

function said(
  verdict: ReplayVerdict['verdict'],
  signature: string,
  traced: Traced,
  seen: readonly string[],
): Omit<ReplayVerdict, 'matches' | 'states' | 'isComplete' | 'shown'> {
  const others = [...new Set(seen)].filter((one) => one !== signature).sort();
  return { verdict, signature, traceDigest: traced.digest, others, traced };
}
