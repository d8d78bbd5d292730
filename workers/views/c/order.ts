/** Which operations of a run come before its race. */
import type { ThreadOps } from '../../../corpus/vocabulary/input.ts';
import { OPS } from '../../../corpus/vocabulary/limits.ts';
import type { TraceRow } from '../../kernel/tracer.ts';
import type { Placed } from './operations.ts';

interface Span {
  readonly thread: number;
  readonly index: number;
  readonly first: number;
  last: number;
}

/**
 * Those that ran to their end, one after another, before any two were under way at once, in the order of the run. A
 * thread keeps its last operation, so that it is there; one thread alone keeps all.
 */
export function prefixOf(
  threads: readonly ThreadOps[],
  rows: readonly Pick<TraceRow, 'thread' | 'op'>[],
): readonly Placed[] {
  if (threads.length < 2) return [];
  const spans = spansOf(rows);
  const prefix: Placed[] = [];
  for (const [i, { thread, index, last }] of spans.entries()) {
    const next = spans[i + 1];
    const ops = threads[thread]?.ops ?? [];
    const op = ops[index];
    const isAlone = next !== undefined && last < next.first;
    if (!isAlone || op === undefined || index === ops.length - 1) break;
    prefix.push({ thread, index, op });
  }
  return prefix;
}

/** In the order in which the operations began. */
function spansOf(rows: readonly Pick<TraceRow, 'thread' | 'op'>[]): readonly Span[] {
  const spans = new Map<number, Span>();
  for (const [step, { thread, op }] of rows.entries()) {
    const span = spans.get(thread * OPS + op);
    if (span === undefined) {
      spans.set(thread * OPS + op, { thread, index: op, first: step, last: step });
    } else span.last = step;
  }
  return [...spans.values()];
}
