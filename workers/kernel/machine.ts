/** The run loop: ask the scheduler, take the step, until nobody can go on. */
import type { Kernel } from './kernel.ts';

/** Who runs next: the one interface that owns every choice. */
export interface Scheduler {
  /** A run begins. */
  begin(k: Kernel): void;
  /** One thread of the mask `enabled`, which is never empty. */
  choose(k: Kernel, enabled: number, current: number): number;
}

/**
 * Run a loaded workload to its end.
 * @returns visible steps taken; more than `stepsMax` means that the budget ran out.
 */
export function run(k: Kernel, scheduler: Scheduler, stepsMax: number): number {
  let current = -1;
  k.reset();
  scheduler.begin(k);
  for (let enabled = k.enabled(); enabled !== 0; enabled = k.enabled()) {
    if (k.steps === stepsMax) return stepsMax + 1;
    // A lone runnable thread is no choice: schedulers are not asked.
    current =
      (enabled & (enabled - 1)) === 0
        ? 31 - Math.clz32(enabled)
        : scheduler.choose(k, enabled, current);
    k.step(current);
  }
  return k.steps;
}

/**
 * Run a loaded workload along the threads that a run with fused steps chose. What was one step there is taken step
 * by step here: a thread also takes the steps that were fused with its own, and where another one was given a
 * lock, that one's fused steps come before its next. Behind the last choice the default policy goes on.
 * @param isAtOnce the fused steps of one who was given a lock come as soon as it has the lock, as they did there: only
 * the order of locks can tell
 */
export function runChoices(
  k: Kernel,
  choices: readonly number[],
  stepsMax: number,
  isAtOnce = false,
): number {
  let current = -1;
  let next = 0;
  k.reset();
  for (let enabled = k.enabled(); enabled !== 0; enabled = k.enabled()) {
    if (k.steps === stepsMax) return stepsMax + 1;
    const goesOn = isEnabled(enabled, current) && k.standsAtFusable(current);
    const given = isAtOnce && !goesOn ? standingAtFusable(k, enabled) : -1;
    if (given >= 0) current = given;
    else if (!goesOn) {
      const choice = choices[next];
      const wanted = choice !== undefined && isEnabled(enabled, choice) ? choice : -1;
      current = wanted < 0 ? defaultChoice(k, enabled, current) : wanted;
      // Steps that were fused with a lock that was handed over are not a choice of their own.
      if (!k.standsAtFusable(current)) next++;
    }
    k.step(current);
  }
  return k.steps;
}

function standingAtFusable(k: Kernel, enabled: number): number {
  for (let t = 0; enabled >> t !== 0; t++) {
    if (isEnabled(enabled, t) && k.standsAtFusable(t)) return t;
  }
  return -1;
}

function isEnabled(enabled: number, thread: number): boolean {
  return thread >= 0 && (enabled & (1 << thread)) !== 0;
}

/** The default policy: run until blocked or yielding, then the lowest enabled thread. */
export function defaultChoice(k: Kernel, enabled: number, current: number): number {
  const others = enabled & ~(1 << current);
  if (current >= 0 && (enabled & (1 << current)) !== 0) {
    if (k.yielded !== current || others === 0) return current;
    return lowest(others);
  }
  return lowest(enabled);
}

export function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}
