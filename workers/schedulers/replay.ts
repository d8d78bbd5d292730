/**
 * Replay of a schedule, and of a bare list of choices. The schedule's switches are anchored to (thread,
 * operation, label, occurrence); one whose place never comes is dropped.
 */
import type { Schedule } from '../../corpus/vocabulary/input.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { defaultChoice, type Scheduler } from '../kernel/machine.ts';
import type { Tracer } from '../kernel/tracer.ts';

export class Replay implements Scheduler {
  private readonly schedule: Schedule;
  private readonly tracer: Tracer;
  private readonly byAnchor: ReadonlyMap<string, number>;

  /** The tracer must be the kernel's: it counts the occurrences that anchors speak of. */
  constructor(schedule: Schedule, tracer: Tracer) {
    this.schedule = schedule;
    this.tracer = tracer;
    this.byAnchor = new Map(
      schedule.switches.map((s) => [anchorKey(s.thread, s.op, s.label, s.occurrence), s.to]),
    );
  }

  begin(): void {
    // The schedule is fixed.
  }

  choose(k: Kernel, enabled: number, current: number): number {
    if (current < 0) {
      const { first } = this.schedule;
      return (enabled & (1 << first)) !== 0 ? first : defaultChoice(k, enabled, -1);
    }
    const to = this.byAnchor.get(this.tracer.anchor(k, current));
    return to !== undefined && (enabled & (1 << to)) !== 0
      ? to
      : defaultChoice(k, enabled, current);
  }
}

/** The threads of a recorded run in order; behind its end the default policy goes on. */
export class ReplayChoices implements Scheduler {
  private readonly choices: ArrayLike<number>;

  constructor(choices: ArrayLike<number>) {
    this.choices = choices;
  }

  begin(): void {
    // The choices are fixed.
  }

  choose(k: Kernel, enabled: number, current: number): number {
    const choice = this.choices[k.steps];
    if (choice !== undefined && (enabled & (1 << choice)) !== 0) return choice;
    return defaultChoice(k, enabled, current);
  }
}

function anchorKey(thread: number, op: number, label: string, occurrence: number): string {
  return `${thread} ${op} ${label} ${occurrence}`;
}
