/**
 * Operations taken out, moved or put together, with a schedule that follows: switches are anchored to
 * operations, so they move with theirs and go with theirs.
 */
import { at } from '../vocabulary/assert.ts';
import type { Input, Switch, ThreadOps } from '../vocabulary/input.ts';
import type { Op } from '../vocabulary/ops.ts';

/** An operation and where it stood before. */
export interface Placed {
  readonly op: Op;
  readonly thread: number;
  readonly index: number;
}

export interface Row {
  readonly process: number;
  readonly ops: readonly Placed[];
}

export function rowsOf(input: Input): readonly Row[] {
  return input.threads.map(({ process, ops }, thread) => ({
    process,
    ops: ops.map((op, index) => ({ op, thread, index })),
  }));
}

/** Without the operations for which `isGone` holds; a thread without operations goes, too. */
export function without(input: Input, isGone: (placed: Placed) => boolean): Input {
  const rows = rowsOf(input).map(({ process, ops }) => ({
    process,
    ops: ops.filter((placed) => !isGone(placed)),
  }));
  const home = rows.map((_, thread) => thread);
  return rearranged(input, rows, home);
}

/**
 * The rows as they are to be.
 * @param home which row each thread of before has become
 */
export function rearranged(input: Input, rows: readonly Row[], home: readonly number[]): Input {
  const busy = rows.filter(({ ops }) => ops.length > 0);
  const kept = busy.length > 0 ? busy : rows.slice(0, 1);
  const index = new Map(kept.map((row, thread) => [row, thread]));
  const homeOf = (thread: number): number => index.get(at(rows, at(home, thread))) ?? -1;
  const { first, switches } = input.schedule;
  return {
    setup: input.setup,
    threads: kept.map(threadOf),
    schedule: {
      first: Math.max(0, homeOf(first)),
      switches: switches.flatMap((one) => moved(one, input, kept, homeOf) ?? []),
    },
  };
}

function threadOf({ process, ops }: Row): ThreadOps {
  return { process, ops: ops.map(({ op }) => op) };
}

/** The switch where its operation is now; null if that is gone, or if there is nobody to go to. */
function moved(
  one: Switch,
  before: Input,
  kept: readonly Row[],
  homeOf: (thread: number) => number,
): Switch | null {
  const to = homeOf(one.to);
  if (to < 0) return null;
  const isEnd = one.op === at(before.threads, one.thread).ops.length;
  for (const [thread, { ops }] of kept.entries()) {
    const op = ops.findIndex((p) => p.thread === one.thread && p.index === one.op);
    if (op >= 0) return { ...one, thread, op, to };
    if (isEnd && ops.at(-1)?.thread === one.thread) return { ...one, thread, op: ops.length, to };
  }
  return null;
}
