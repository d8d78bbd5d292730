/**
 * The peer: fast-check's `scheduler`, as its guide has race conditions tested. Each simulated thread is an async function
 * that awaits the scheduler before each visible step; `fc.check` draws schedules until the property fails.
 */
import fc from 'fast-check';
import { STEPS_MAX } from '../../../corpus/vocabulary/limits.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { Engine } from '../../run/engine.ts';
import { ReplayChoices } from '../../schedulers/replay.ts';
import { type Detector, lookoutOf } from './scenarios.ts';

export const fastCheck: Detector = (scenario) => {
  const engine = new Engine(scenario.model);
  const shows = lookoutOf(scenario, engine);
  engine.load(scenario.workload);
  const isSound = async (scheduler: fc.Scheduler): Promise<boolean> => {
    engine.judge.reset();
    const choices = await interleave(engine.kernel, scheduler);
    // The engine judges what its own loop has run: the same steps again.
    engine.run(new ReplayChoices(choices));
    return !shows();
  };
  return async (rngSeed, schedulesMax) => {
    const property = fc.asyncProperty(fc.scheduler(), isSound);
    const parameters = { seed: rngSeed | 0, numRuns: schedulesMax, endOnFailure: true };
    const { failed, numRuns } = await fc.check(property, parameters);
    return failed ? numRuns : null;
  };
};

/** One run of the loaded workload: the threads that took a step, in order. */
export async function interleave(k: Kernel, scheduler: fc.Scheduler): Promise<readonly number[]> {
  k.reset();
  const choices: number[] = [];
  const sleepers = new Map<number, () => void>();
  const isEnabled = (t: number): boolean => (k.enabled() & (1 << t)) !== 0;
  const wakeAll = (): void => {
    for (const [t, wake] of sleepers) if (isEnabled(t) && sleepers.delete(t)) wake();
  };
  const thread = async (t: number): Promise<void> => {
    while (choices.length < STEPS_MAX) {
      // One that has ended, or sleeps for good, stays here.
      if (!isEnabled(t)) await new Promise<void>((resolve) => sleepers.set(t, resolve));
      await scheduler.schedule(Promise.resolve(), `T${t}`);
      if (!isEnabled(t)) continue;
      k.step(t);
      choices.push(t);
      wakeAll();
    }
  };
  for (let t = 0; t < k.world.threads; t++) void thread(t);
  await scheduler.waitIdle();
  return choices;
}
