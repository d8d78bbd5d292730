/**
 * A finding in three sentences, before anybody reads a drawing: who does the step at which it shows, or who holds what
 * and waits for what; what is wrong; which step had to come before which. Pure.
 */
import { THREAD_NAMES } from '../../corpus/vocabulary/names.ts';
import { VIOLATION_CLASSES, type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import type { TracedRun } from './observe.ts';

/** Which of a run's violations a drawing is about. */
export interface Subject {
  readonly signature: string;
  /** `B12 fault maps a block that a hole punch frees`, `new: …`. */
  readonly name: string;
  /** The two steps whose order decides, as schedules name places: `T0 op 0 at fault/getBlock 1`. */
  readonly pair: readonly [string, string] | null;
}

/** Steps of a run, counted from 1. */
export interface Marked {
  readonly guilty: number;
  readonly pair: readonly [number, number] | null;
}

export function markedOf(run: TracedRun, subject: Subject): Marked {
  const guilty = violationOf(run, subject)?.step ?? 0;
  const [before = 0, after = 0] = (subject.pair ?? []).map((place) => stepAt(run.rows, place));
  return { guilty, pair: before > 0 && after > 0 ? [before, after] : null };
}

/** @param says what each step does, as the drawing has it */
export function explain(
  run: TracedRun,
  subject: Subject,
  says: readonly string[],
): readonly string[] {
  const violation = violationOf(run, subject);
  if (violation === undefined) return [];
  const marked = markedOf(run, subject);
  return [
    where(run.rows, violation, says),
    `${upper(violation.detail)}.`,
    order(run.rows, violation, marked, says),
  ];
}

function where(
  rows: readonly TraceRow[],
  { step, class: symptom, isAtRest }: Violation,
  says: readonly string[],
): string {
  const title = upper(VIOLATION_CLASSES[symptom].title);
  if (isAtRest) return `${title}, seen after step ${step}, when no operation is under way.`;
  return `${title}, at step ${step}: ${doing(rows, step, says)}.`;
}

function order(
  rows: readonly TraceRow[],
  { class: symptom }: Violation,
  { pair }: Marked,
  says: readonly string[],
): string {
  if (symptom === 'lock-order') return 'Threads that take them in both orders at once deadlock.';
  if (pair !== null) {
    const [before, after] = pair;
    return `Had step ${after} (${doing(rows, after, says)}) come before step ${before} (${doing(rows, before, says)}), this run would not show it.`;
  }
  const threads = new Set(rows.map(({ thread }) => thread));
  return threads.size === 1
    ? 'One thread does it alone: no lock between threads would help.'
    : 'No single pair of steps was found whose order decides it.';
}

function doing(rows: readonly TraceRow[], step: number, says: readonly string[]): string {
  const row = rows[step - 1];
  return row === undefined ? '' : `${THREAD_NAMES[row.thread]} ${says[step - 1] ?? row.label}`;
}

function violationOf({ verdict }: TracedRun, { signature }: Subject): Violation | undefined {
  return verdict.kind === 'violation' ? worstOf(verdict.violations, signature) : undefined;
}

function stepAt(rows: readonly TraceRow[], place: string): number {
  return (
    1 +
    rows.findIndex(
      ({ thread, op, label, occurrence }) =>
        place === `${THREAD_NAMES[thread]} op ${op} at ${label} ${occurrence}`,
    )
  );
}

/** A name of the kernel's, such as i_size, stays as it is. */
function upper(text: string): string {
  return /^\w+_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
