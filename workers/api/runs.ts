/** One workload run on one model: under a schedule, a function that picks threads, or the fuzzer's schedulers. Pure. */
import type { Input, Workload } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import type { Scheduler } from '../kernel/machine.ts';
import type { Model } from '../kernel/path.ts';
import { subjectOn } from '../reproduce/naming.ts';
import { violationsOf } from '../run/engine.ts';
import { schedulersOf, turnOf } from '../schedulers/portfolio.ts';
import { Profile } from '../schedulers/profile.ts';
import { renderColumns } from '../views/columns.ts';
import { counterexampleOf, engineFor, runOf } from './prepared.ts';
import type { Counterexample, Run } from './results.ts';

/**
 * Picks the thread that runs next.
 * @param enabled the threads that can run, in order; there are at least two
 * @param current the thread that ran last, -1 at the start
 */
export type Choose = (enabled: readonly number[], current: number) => number;

/**
 * The run that the schedule of an input leads to; without switches, threads run until they block, the lowest first.
 * @throws Refusal for an input that makes no sense, or with an operation that the model lacks
 */
export function replay(model: Model, input: Input): Run {
  return runOf(input, engineFor(model, input).trace(input.schedule));
}

/**
 * The run in which `choose` picks a thread before each step for which there is a choice.
 * @throws RangeError if it picks one that cannot run
 */
export function runUnder(model: Model, workload: Workload, choose: Choose): Run {
  const engine = engineFor(model, workload);
  const scheduler: Scheduler = {
    begin() {
      // A function is ready.
    },
    choose: (_k, enabled, current) => chosen(choose, threadsOf(enabled), current),
  };
  // Each visible step is a choice.
  engine.kernel.fused = 0;
  const choices = engine.choicesOf(scheduler);
  return runOf(workload, engine.traceChoices(choices));
}

function chosen(choose: Choose, enabled: readonly number[], current: number): number {
  const thread = choose(enabled, current);
  if (enabled.includes(thread)) return thread;
  throw new RangeError(`thread ${thread} was picked, and only ${enabled.join(', ')} can run`);
}

function threadsOf(mask: number): readonly number[] {
  return [...mask.toString(2)].reverse().flatMap((bit, thread) => (bit === '1' ? [thread] : []));
}

export interface RandomOptions {
  readonly runs: number;
  /** Unsigned 32 bit: the same number, the same runs. */
  readonly rngSeed: number;
  /** One of the fuzzer's schedulers; left out, they take turns as in a campaign. */
  readonly scheduler?: 'surw' | 'pct2' | 'pct3' | 'pct4' | 'random';
}

export interface RandomRuns {
  readonly runs: number;
  /** Visible steps of all runs. */
  readonly steps: number;
  /** Runs without a verdict: the simulator's room or the budget of steps ran out. */
  readonly inconclusive: number;
  /** One a signature, in the order in which they were met. */
  readonly counterexamples: readonly Counterexample[];
}

/**
 * Many interleavings of one workload, drawn at random. In the first run each thread runs alone, which tells the schedulers
 * which objects threads share.
 */
export function runRandom(
  model: Model,
  workload: Workload,
  { runs, rngSeed, scheduler }: RandomOptions,
): RandomRuns {
  const engine = engineFor(model, workload);
  const random = new Random(0);
  const profile = new Profile();
  const schedulers = schedulersOf(random, profile);
  const found = new Map<string, Counterexample>();
  let [steps, inconclusive] = [0, 0];
  for (let n = 0; n < runs; n++) {
    const drawing = schedulers[n === 0 ? 'alone' : (scheduler ?? turnOf(n))];
    random.reseed(rngSeed, n);
    const taken = engine.run(drawing, n === 0 ? profile : null);
    if (n === 0) profile.close(engine.kernel);
    steps += taken;
    if (engine.isInconclusive(taken)) inconclusive++;
    for (const { signature } of [...engine.judge.violations]) {
      if (found.has(signature)) continue;
      // The same draws again, written down.
      random.reseed(rngSeed, n);
      const traced = engine.traceFused(engine.choicesOf(drawing), signature);
      found.set(signature, counterexampleOf(model, workload, signature, traced));
    }
  }
  return { runs, steps, inconclusive, counterexamples: [...found.values()] };
}

/**
 * A run as a drawing for a mail: what is wrong in three sentences, then one column a thread, time downwards.
 * @param signature which of its violations it is about; the first if left out
 */
export function draw(model: Model, input: Input, signature?: string): string {
  const traced = engineFor(model, input).trace(input.schedule);
  const about = signature ?? violationsOf(traced)[0]?.signature;
  const subject = about === undefined ? null : subjectOn(model, input, about);
  return renderColumns(model, input, traced, subject);
}
