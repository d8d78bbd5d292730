/**
 * What `import … from 'faultline'` gives: the parts of Faultline that a test of a locking model needs. All of it is pure:
 * the same answer for the same arguments, no clock, no files, no threads.
 *
 * 1. A model: `modelOf` names a built-in one, `modelFromText` reads a text of one's own.
 * 2. Workloads: `arbWorkload` makes a fast-check arbitrary that draws, and shrinks, what the fuzzer draws; `vocabularyOf`
 *    keeps it to what a model has. `fc` is the fast-check that it belongs to: TypeScript does not take the arbitraries of
 *    one copy of fast-check for those of another. `parseInput` and `printInput` read and write the text of an input, which
 *    `faultline replay` and `faultline check` take.
 * 3. One run: `replay` follows a schedule, `runUnder` a function that picks threads, `runRandom` the fuzzer's schedulers.
 * 4. Every run: `check` searches all interleavings of a workload.
 * 5. `draw` shows a run, one column a thread.
 *
 * What is wrong with a model, a text or an input is thrown as a `Refusal`. A violation is data.
 */
import fc from 'fast-check';

export { arbWorkload, type WorkloadOptions } from '../../corpus/breeding/generate.ts';
export type { Vocabulary } from '../../corpus/breeding/weights.ts';
export { type FileProblem, Refusal } from '../../corpus/vocabulary/errors.ts';
export {
  type AreaSetup,
  EMPTY_SCHEDULE,
  type FileSetup,
  type Input,
  type ProcessSetup,
  type Schedule,
  type Setup,
  type Switch,
  type ThreadOps,
  type Workload,
} from '../../corpus/vocabulary/input.ts';
export type { Op, OpKind, PageState, Sharing } from '../../corpus/vocabulary/ops.ts';
export { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
export type { Verdict, Violation, ViolationClass } from '../../corpus/vocabulary/verdict.ts';
export type { Model } from '../kernel/path.ts';
export { type Checked, type CheckOptions, check } from './checks.ts';
export { MODEL_NAMES, modelFromText, modelOf, vocabularyOf } from './given-models.ts';
export type { Counterexample, Run, Step } from './results.ts';
export {
  type Choose,
  draw,
  type RandomOptions,
  type RandomRuns,
  replay,
  runRandom,
  runUnder,
} from './runs.ts';
export { fc };
