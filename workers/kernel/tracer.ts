/** Keeps every step: for replays, columns and digests, where speed does not matter. */
import type { Kernel } from './kernel.ts';
import { T_WAIT } from './layout.ts';
import { classOfLockObject, isHandedOver } from './locks.ts';
import { defaultChoice } from './machine.ts';
import type { Tracker } from './watch.ts';

export interface TraceRow {
  readonly thread: number;
  readonly op: number;
  readonly pc: number;
  readonly label: string;
  /**
   * The how-manieth time, from 1, this thread runs this label in this operation. Whoever sleeps for a lock
   * counts twice: when it asks, and when it asks again or is given the lock.
   */
  readonly occurrence: number;
  /** The thread that had run last, -1 at the start. */
  readonly previous: number;
  /** The default policy would have run another thread. */
  readonly isForced: boolean;
  /** The switch away from `previous` was a preemption: it could have gone on. */
  readonly isPreemption: boolean;
  /** Where `previous` stood. */
  readonly stoodAt: RunAnchor;
}

/** A place in a run that survives changes of the model: never a step number. */
export interface RunAnchor {
  readonly op: number;
  readonly label: string;
  readonly occurrence: number;
}

const NOWHERE: RunAnchor = { op: 0, label: '', occurrence: 0 };

export class Tracer implements Tracker {
  readonly rows: TraceRow[] = [];
  private readonly counts = new Map<string, number>();

  reset(): void {
    this.rows.length = 0;
    this.counts.clear();
  }

  stepping(k: Kernel, thread: number, pc: number): void {
    const op = k.opOf(thread);
    const label = k.program.label[pc] ?? '';
    const previous = this.rows.at(-1)?.thread ?? -1;
    const switched = previous >= 0 && previous !== thread;
    // A thread that yielded and runs on all the same is forced, too: it stood where it now runs.
    const stoodAt = previous < 0 ? NOWHERE : this.anchorOf(k, previous);
    if (switched && isGivenLock(k, previous)) this.count(previous, stoodAt.op, stoodAt.label);
    const occurrence = this.count(thread, op, label);
    const enabled = k.enabled();
    const byDefault = previous < 0 ? thread : defaultChoice(k, enabled, previous);
    this.rows.push({
      thread,
      op,
      pc,
      label,
      occurrence,
      previous,
      isForced: thread !== byDefault,
      isPreemption: switched && (enabled & (1 << previous)) !== 0 && k.yielded !== previous,
      stoodAt,
    });
  }

  private count(thread: number, op: number, label: string): number {
    const key = `${thread} ${op} ${label}`;
    const occurrence = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, occurrence);
    return occurrence;
  }

  private anchorOf(k: Kernel, thread: number): RunAnchor {
    const op = k.opOf(thread);
    const label = k.labelOf(thread);
    return { op, label, occurrence: (this.counts.get(`${thread} ${op} ${label}`) ?? 0) + 1 };
  }

  /** Where a thread stands, as schedules name it: `thread op label occurrence`. */
  anchor(k: Kernel, thread: number): string {
    const { op, label, occurrence } = this.anchorOf(k, thread);
    return `${thread} ${op} ${label} ${occurrence}`;
  }
}

/**
 * A sleeper that is handed its lock never asks again. Its sleep is an occurrence of its own, or it would share its
 * name with the next request under this label.
 */
function isGivenLock(k: Kernel, thread: number): boolean {
  const object = k.peek(T_WAIT + thread) - 1;
  const cls = classOfLockObject(object);
  return cls >= 0 && isHandedOver(cls);
}
