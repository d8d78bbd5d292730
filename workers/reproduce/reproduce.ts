/**
 * From a violation to a repro: the smallest input that shows a signature, the fewest preemptions it needs, and
 * the two steps whose order decides. And back: whether a repro still shows what it was made for. Pure.
 */
import {
  type FailingInput,
  minimize,
  type Shrunk,
  type Test,
} from '../../corpus/breeding/minimize.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { EMPTY_SCHEDULE, type Input } from '../../corpus/vocabulary/input.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { classOfSignature, type Wanted, worstOf } from '../../corpus/vocabulary/verdict.ts';
import { type Engine, type Traced, violationsOf } from '../run/engine.ts';
import { type CriticalPair, criticalPair } from './critical-pair.ts';
import { calm, failingInputOf, hunt, replay, stepOf } from './hunt.ts';

export interface ReproduceOptions {
  /** Candidates that may be executed. */
  readonly testsMax: number;
  /** Steps that the search for a schedule with fewer preemptions may take. */
  readonly statesMax: number;
}

/** `at-most`: no schedule with `proven` preemptions or fewer does; -1 if not even that was shown. */
export type Proof =
  | { readonly kind: 'exactly'; readonly preemptions: number }
  | { readonly kind: 'at-most'; readonly preemptions: number; readonly proven: number };

export interface Reproduction {
  readonly input: Input;
  readonly traced: Traced;
  readonly preemptions: number;
  readonly proof: Proof;
  readonly criticalPair: CriticalPair | null;
  readonly tests: number;
  readonly budgetRanOut: boolean;
}

/** Steps of the proof that fewer preemptions do not do: with 4000 candidates, a second of one core at the most. */
export const PROOF_STEPS_MAX = 200_000;

/**
 * Preemptions of the schedules that are tried where a candidate's own misses: nearly every known bug needs no
 * more. A constant, so that a candidate's fate depends on nothing else.
 */
const SWEEP_PREEMPTIONS = 3;
/** Steps one such sweep may take: one to two milliseconds. */
const SWEEP_STEPS = 6000;

/** Steps of the search for the worst form of a finding: the deadlock that an inversion foretells. */
const WORST_STEPS = 400_000;

/** Null if the input does not show the signature. */
export function reproduce(
  engine: Engine,
  input: Input,
  signature: string,
  options: ReproduceOptions,
): Reproduction | null {
  const shown = makeTest(engine, signature)(input, Number.MAX_SAFE_INTEGER);
  if (shown === null) return null;
  const { start, wanted } = worstForm(engine, shown, signature, options);
  const test = makeTest(engine, wanted);
  let failing = start;
  let tests = 1;
  for (;;) {
    const minimized: Shrunk = minimize(failing, test, Math.max(0, options.testsMax - tests));
    tests += minimized.tests;
    const { budgetRanOut } = minimized;
    const { proof, better } = prove(engine, minimized.smallest, wanted, options.statesMax);
    if (better === null) {
      const { input: smallest, preemptions } = minimized.smallest;
      const traced = traceOf(engine, smallest, wanted);
      const pair = criticalPair(engine, smallest, wanted);
      return {
        input: smallest,
        traced,
        preemptions,
        proof,
        criticalPair: pair,
        tests,
        budgetRanOut,
      };
    }
    failing = better;
  }
}

export function proofText(proof: Proof): string {
  if (proof.kind === 'exactly') return `needs exactly ${proof.preemptions}`;
  return `needs <= ${proof.preemptions}, > ${proof.proven} proven`;
}

/** The witness in the worst class that its workload shows the signature in. */
function worstForm(
  engine: Engine,
  shown: FailingInput,
  signature: string,
  { statesMax }: ReproduceOptions,
): { start: FailingInput; wanted: Wanted } {
  const traced = traceOf(engine, shown.input, signature);
  const violation = worstOf(violationsOf(traced), signature);
  assert(violation !== undefined, 'a witness shows it', signature);
  const asShown: Wanted = { signature, class: violation.class };
  const worst = classOfSignature(signature) ?? violation.class;
  if (worst === violation.class) return { start: shown, wanted: asShown };
  const wanted: Wanted = { signature, class: worst };
  const stepsMax = statesMax === 0 ? 0 : WORST_STEPS;
  const found = hunt(engine, shown.input, wanted, { from: 0, to: SWEEP_PREEMPTIONS, stepsMax });
  const start = found.traced && failingInputOf(shown.input, found.traced, wanted);
  return start === null ? { start: shown, wanted: asShown } : { start, wanted };
}

/** A candidate's own schedule, or else a sweep over all that are nearly sequential. */
function makeTest(engine: Engine, wanted: Wanted): Test {
  const swept = new Map<string, FailingInput | null>();
  const sweep = (candidate: Input, to: number): FailingInput | null => {
    const workload = `${to}\n${printInput({ ...candidate, schedule: EMPTY_SCHEDULE })}`;
    const known = swept.get(workload);
    if (known !== undefined) return known;
    const { traced } = hunt(engine, candidate, wanted, { from: 0, to, stepsMax: SWEEP_STEPS });
    const failing = traced && failingInputOf(candidate, traced, wanted);
    swept.set(workload, failing);
    return failing;
  };
  return (candidate, preemptionsMax) => {
    if (engine.lackingIn(candidate) !== null) return null;
    const traced = replay(engine, candidate, wanted).at(-1);
    const own = traced === undefined ? null : failingInputOf(candidate, traced, wanted);
    const most = Math.min(preemptionsMax, SWEEP_PREEMPTIONS);
    if (own !== null && own.preemptions <= most) return own;
    return sweep(candidate, most) ?? (own && calm(engine, own, wanted));
  };
}

/** Exhaust all schedules of the workload with fewer preemptions. */
function prove(
  engine: Engine,
  { input, preemptions }: FailingInput,
  wanted: Wanted,
  statesMax: number,
): { proof: Proof; better: FailingInput | null } {
  const range = { from: 0, to: preemptions - 1, stepsMax: statesMax };
  const { traced, proven } = hunt(engine, input, wanted, range);
  const better = traced && failingInputOf(input, traced, wanted);
  const isExact = proven === preemptions - 1;
  const proof: Proof = isExact
    ? { kind: 'exactly', preemptions }
    : { kind: 'at-most', preemptions, proven };
  return { proof, better };
}

function traceOf(engine: Engine, input: Input, wanted: Wanted): Traced {
  engine.load(input);
  const traced = engine.trace(input.schedule);
  assert(stepOf(traced, wanted) > 0, 'a recorded schedule shows it again', wanted);
  return traced;
}
