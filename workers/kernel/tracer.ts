/** A history that also keeps every step: for replays, columns and digests, where speed does not matter. */
import { History } from './history.ts';
import type { Kernel } from './kernel.ts';
import { defaultChoice } from './machine.ts';

export interface TraceRow {
  readonly thread: number;
  readonly op: number;
  readonly pc: number;
  readonly label: string;
  /** The how-manieth time, from 1, this thread runs this label in this operation. */
  readonly occurrence: number;
  /** The thread that had run last, -1 at the start. */
  readonly previous: number;
  /** The default policy would have run another thread. */
  readonly isForced: boolean;
  /** The switch away from `previous` was a preemption: it could have gone on. */
  readonly isPreemption: boolean;
  /** Where `previous` stood. */
  readonly stood: Standing;
}

/** A place in a run that survives changes of the model: never a step number. */
export interface Standing {
  readonly op: number;
  readonly label: string;
  readonly occurrence: number;
}

const NOWHERE: Standing = { op: 0, label: '', occurrence: 0 };

export class Tracer extends History {
  readonly rows: TraceRow[] = [];
  private readonly counts = new Map<string, number>();

  override reset(): void {
    super.reset();
    this.rows.length = 0;
    this.counts.clear();
  }

  override stepping(k: Kernel, thread: number, pc: number): void {
    super.stepping(k, thread, pc);
    const op = k.opOf(thread);
    const label = k.program.label[pc] ?? '';
    const key = `${thread} ${op} ${label}`;
    const occurrence = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, occurrence);
    const previous = this.rows.at(-1)?.thread ?? -1;
    const switched = previous >= 0 && previous !== thread;
    const enabled = k.enabled();
    const byDefault = previous < 0 ? thread : defaultChoice(k, enabled, previous);
    // A thread that yielded and runs on all the same is forced, too: it stood where it now runs.
    const stood = switched ? this.standing(k, previous) : { op, label, occurrence };
    this.rows.push({
      thread,
      op,
      pc,
      label,
      occurrence,
      previous,
      isForced: thread !== byDefault,
      isPreemption: switched && (enabled & (1 << previous)) !== 0 && k.yielded !== previous,
      stood: previous < 0 ? NOWHERE : stood,
    });
  }

  private standing(k: Kernel, thread: number): Standing {
    const op = k.opOf(thread);
    const label = k.labelOf(thread);
    return { op, label, occurrence: (this.counts.get(`${thread} ${op} ${label}`) ?? 0) + 1 };
  }

  /** Where a thread stands, as schedules name it: `thread op label occurrence`. */
  anchor(k: Kernel, thread: number): string {
    const { op, label, occurrence } = this.standing(k, thread);
    return `${thread} ${op} ${label} ${occurrence}`;
  }
}
