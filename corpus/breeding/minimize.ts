/**
 * Shrinks an input while it still shows what it was found for: threads, operations, setup, arguments, forced
 * switches, round after round until nothing more can go. It never knows who executes: a test says whether a
 * candidate still fails, and with which schedule.
 *
 * Deterministic: candidates come in an order that is a function of the input, the first success is taken, and
 * nothing is taken that is not simpler (`measure.ts`). So the result is no larger than the input, minimizing
 * it again changes nothing, and no single thread, operation or switch can be taken away from it.
 */
import { canonicalInput } from '../vocabulary/canonical.ts';
import type { Input } from '../vocabulary/input.ts';
import { printInput } from '../vocabulary/text.ts';
import { checkInput } from '../vocabulary/validate.ts';
import { isSmaller, type Measure, measureOf } from './measure.ts';
import { REDUCTIONS, type Reduction } from './reductions.ts';

/** An input that fails, its schedule as it was recorded, and how many preemptions that has. */
export interface Witness {
  readonly input: Input;
  readonly preemptions: number;
}

/** A function of the candidate alone; its workload stays, its schedule may be another. */
export type Test = (candidate: Input) => Witness | null;

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
    if (!this.isWorthTesting(candidate)) return false;
    if (this.tests >= this.testsMax) {
      this.budgetRanOut = true;
      return false;
    }
    this.tests++;
    const witness = this.test(candidate);
    if (witness === null) return false;
    const measure = measureOf(witness.input, witness.preemptions);
    if (!isSmaller(measure, this.measure)) return false;
    this.best = witness;
    this.measure = measure;
    return true;
  }

  private isWorthTesting(candidate: Input): boolean {
    if (!isSmaller(measureOf(candidate, this.best.preemptions), this.measure)) return false;
    if (checkInput(candidate) !== null) return false;
    const text = printInput(candidate);
    if (this.known.has(text)) return false;
    this.known.add(text);
    return true;
  }
}
