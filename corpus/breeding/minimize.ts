/**
 * Shrinks an input while it still shows what it was found for: threads, operations, setup, arguments, forced
 * switches, round after round until nothing more can go. It never knows who executes: a test says whether a
 * candidate still fails, and with which schedule.
 *
 * Deterministic: candidates come in an order that is a function of the input, the first success is taken, and
 * nothing is taken that is not simpler (`measure.ts`). So the result is no larger than the input, minimizing
 * it again changes nothing, and no single thread, operation or switch can be taken away from it.
 */
import type { Input } from '../vocabulary/input.ts';
import { canonicalInput, printInput } from '../vocabulary/text.ts';
import { checkInput, unmappedAreas } from '../vocabulary/validate.ts';
import { isSmaller, type Measure, measureOf } from './measure.ts';
import { REDUCTIONS, type Reduction } from './reductions.ts';

/** An input that fails, its schedule as it was recorded, and how many preemptions that has. */
export interface Witness {
  readonly input: Input;
  readonly preemptions: number;
}

/**
 * A function of its arguments alone; the candidate's workload stays, its schedule may be another.
 * @param preemptionsMax of a schedule that is worth finding
 */
export type Test = (candidate: Input, preemptionsMax: number) => Witness | null;

export interface Minimized {
  readonly witness: Witness;
  /** Candidates that were executed. */
  readonly tests: number;
  /** Then the result fails, but may be larger than it has to be. */
  readonly budgetRanOut: boolean;
}

/** @param testsMax candidates that may be executed; duplicates and invalid ones are free */
export function minimize(start: Witness, test: Test, testsMax: number): Minimized {
  const shrinking = new Shrinking(start, test, testsMax);
  let hasShrunk = true;
  while (hasShrunk) hasShrunk = REDUCTIONS.filter((one) => shrinking.pass(one)).length > 0;
  const { best, tests, budgetRanOut } = shrinking;
  return { witness: best, tests, budgetRanOut };
}

class Shrinking {
  best: Witness;
  tests = 0;
  budgetRanOut = false;
  private measure: Measure;
  private readonly test: Test;
  private readonly testsMax: number;
  /** Canonical texts of what was executed: no candidate is worth that twice. */
  private readonly known = new Set<string>();

  constructor(start: Witness, test: Test, testsMax: number) {
    this.best = { ...start, input: canonicalInput(start.input) };
    this.measure = measureOf(this.best.input, start.preemptions);
    this.test = test;
    this.testsMax = testsMax;
  }

  /** Whether anything has become simpler. After a success the pass goes on where it was. */
  pass(reduction: Reduction): boolean {
    let hasShrunk = false;
    let candidates = reduction.candidates(this.best.input);
    for (let next = 0; next < candidates.length; ) {
      const candidate = candidates[next];
      if (candidate !== undefined && this.accept(canonicalInput(candidate))) {
        candidates = reduction.candidates(this.best.input);
        hasShrunk = true;
      } else next++;
    }
    return hasShrunk;
  }

  private accept(candidate: Input): boolean {
    const preemptionsMax = this.worthOf(candidate);
    if (preemptionsMax < 0) return false;
    if (this.tests >= this.testsMax) {
      this.budgetRanOut = true;
      return false;
    }
    this.tests++;
    const witness = this.test(candidate, preemptionsMax);
    if (witness === null) return false;
    const measure = measureOf(witness.input, witness.preemptions);
    if (!isSmaller(measure, this.measure)) return false;
    this.best = witness;
    this.measure = measure;
    return true;
  }

  /** With how many preemptions it would be simpler; negative where it is not worth a test. */
  private worthOf(candidate: Input): number {
    const worth = this.preemptionsMax(candidate);
    if (worth < 0 || checkInput(candidate) !== null) return -1;
    // A person who wrote such an access would be told of a slip.
    if (unmappedAreas(candidate).length > unmappedAreas(this.best.input).length) return -1;
    const text = printInput(candidate);
    if (this.known.has(text)) return -1;
    this.known.add(text);
    return worth;
  }

  private preemptionsMax(candidate: Input): number {
    const { preemptions } = this.best;
    if (isSmaller(measureOf(candidate, Number.MAX_SAFE_INTEGER), this.measure)) {
      return Number.MAX_SAFE_INTEGER;
    }
    if (isSmaller(measureOf(candidate, preemptions), this.measure)) return preemptions;
    return isSmaller(measureOf(candidate, preemptions - 1), this.measure) ? preemptions - 1 : -1;
  }
}
