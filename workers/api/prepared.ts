/** Between what a caller has and what the engine takes and answers. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import { EMPTY_SCHEDULE, type Input, type Workload } from '../../corpus/vocabulary/input.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import type { Model } from '../kernel/path.ts';
import { nameInWords } from '../reproduce/naming.ts';
import { Engine, type Traced } from '../run/engine.ts';
import type { Counterexample, Run } from './results.ts';

export function counterexampleOf(
  model: Model,
  workload: Workload,
  signature: string,
  traced: Traced,
): Counterexample {
  return { signature, name: nameInWords(signature, model), run: runOf(workload, traced) };
}

export function runOf(workload: Workload, traced: Traced): Run {
  const { setup, threads } = workload;
  const { schedule, verdict, preemptions, digest } = traced;
  const steps = traced.rows.map(({ thread, op, label, occurrence }) => {
    return { thread, op, label, occurrence };
  });
  return { input: { setup, threads, schedule }, verdict, preemptions, steps, digest };
}

/**
 * An engine of its own for each call, in the start of the workload: making one takes microseconds.
 * @throws Refusal INPUT_INVALID or OPERATION_LACKING
 */
export function engineFor(model: Model, workload: Workload & Partial<Input>): Engine {
  const { setup, threads, schedule = EMPTY_SCHEDULE } = workload;
  const problem = checkInput({ setup, threads, schedule });
  if (problem !== null) throw fail('INPUT_INVALID', { problem });
  const engine = new Engine(model);
  engine.load(workload);
  return engine;
}
