/**
 * The two steps whose order decides. A run that shows a signature changes threads at a few places; there a
 * step is moved past what the others do, further and further, until the signature is lost: the step it went
 * past last and the step itself are the pair (Hermit's analysis). Pure.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { THREAD_NAMES } from '../../corpus/vocabulary/names.ts';
import type { Wanted } from '../../corpus/vocabulary/verdict.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import type { Engine } from '../run/engine.ts';
import { stepOf } from './hunt.ts';

/** Steps of different threads that do not commute: the other way round the signature is lost. */
export interface CriticalPair {
  /** As a schedule names places: `T0 op 0 at fault/getBlock 1`. */
  readonly before: string;
  readonly after: string;
  /** Where in the run they are, counted from 1. */
  readonly beforeStep: number;
  readonly afterStep: number;
}

type Fate = 'shown' | 'lost' | 'impossible';

/**
 * The last pair up to the violation, or else one with what came too late to prevent it; null where no single
 * step decides.
 */
export function criticalPair(engine: Engine, input: Input, wanted: Wanted): CriticalPair | null {
  engine.load(input);
  const traced = engine.trace(input.schedule);
  const { rows } = traced;
  const violating = stepOf(traced, wanted) - 1;
  const fateOf = (from: number, to: number): Fate => fateOfMove(engine, rows, wanted, from, to);
  for (const second of turns(rows, violating)) {
    const passed = flip(rows, second, -1, fateOf);
    if (passed !== null) return pairOf(rows, passed, second);
    const passing = flip(rows, second - 1, 1, fateOf);
    if (passing !== null) return pairOf(rows, second - 1, passing);
  }
  return null;
}

/** Where another thread takes over: backwards from the violation, and at last the next one behind it. */
function turns(rows: readonly TraceRow[], violating: number): readonly number[] {
  const all = rows.flatMap(({ thread, previous }, i) => (i > 0 && thread !== previous ? [i] : []));
  const behind = all.filter((turn) => turn > violating).slice(0, 1);
  return [...all.filter((turn) => turn <= violating).reverse(), ...behind];
}

/** The step that the one at `from` may not go past, on its way back (-1) or on (1). */
function flip(
  rows: readonly TraceRow[],
  from: number,
  way: number,
  fateOf: (from: number, to: number) => Fate,
): number | null {
  let good = from;
  let bad = lastOther(rows, from, way);
  let fate = fateOf(from, bad);
  if (fate === 'shown') return null;
  while (Math.abs(bad - good) > 1) {
    const middle = good + Math.trunc((bad - good) / 2);
    const here = fateOf(from, middle);
    if (here === 'shown') good = middle;
    else {
      bad = middle;
      fate = here;
    }
  }
  return fate === 'lost' ? bad : null;
}

/** The furthest step before the thread's own next one, or last one. */
function lastOther(rows: readonly TraceRow[], from: number, way: number): number {
  let at = from;
  while (rows[at + way] !== undefined && rows[at + way]?.thread !== rows[from]?.thread) at += way;
  return at;
}

function fateOfMove(
  engine: Engine,
  rows: readonly TraceRow[],
  wanted: Wanted,
  from: number,
  to: number,
): Fate {
  const order = rows.map((row) => row.thread);
  const choices = order.toSpliced(from, 1).toSpliced(to, 0, ...order.slice(from, from + 1));
  const traced = engine.traceChoices(choices);
  if (stepOf(traced, wanted) > 0) return 'shown';
  // Up to the moved step all must run as asked; who has to wait because of it shows that it decides.
  const isAsked = choices
    .slice(0, to + 1)
    .every((thread, step) => traced.rows[step]?.thread === thread);
  return isAsked && traced.rows[to]?.label === rows[from]?.label ? 'lost' : 'impossible';
}

function pairOf(rows: readonly TraceRow[], before: number, after: number): CriticalPair {
  return {
    before: placeOf(rows[before]),
    after: placeOf(rows[after]),
    beforeStep: before + 1,
    afterStep: after + 1,
  };
}

function placeOf(row: TraceRow | undefined): string {
  if (row === undefined) return '';
  return `${THREAD_NAMES[row.thread]} op ${row.op} at ${row.label} ${row.occurrence}`;
}
