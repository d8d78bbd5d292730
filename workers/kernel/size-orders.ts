/**
 * Every i_size that some order of the operations allows: a monitor of linearizability for one register a file. For each
 * set of threads whose operation has taken effect already it keeps the sizes that this can have led to, as a set of
 * lines. An operation takes effect once, at some moment between its begin and its end.
 */
import { LINES, THREADS } from '../../corpus/vocabulary/limits.ts';
import { SIZE_PENDING, SIZE_SETS } from './layout.ts';
import type { RunState } from './run-state.ts';
import type { OpRow } from './world.ts';

/** Sets of threads. */
const SUBSETS = 1 << THREADS;

/** The operation of a thread may from now on have taken effect, before or after those that are pending. */
export function beginOrder(k: RunState, t: number, row: OpRow): void {
  const pending = k.peek(SIZE_PENDING + row.file) | (1 << t);
  k.put(SIZE_PENDING + row.file, pending);
  const base = SIZE_SETS + row.file * SUBSETS;
  // Smaller sets come first, so that what one more operation makes of them is complete when it is looked at.
  for (let done = 1; done <= pending; done++) {
    if ((done & ~pending) !== 0) continue;
    let sizes = k.peek(base + done);
    for (let rest = done; rest !== 0; rest &= rest - 1) {
      const last = 31 - Math.clz32(rest & -rest);
      const by = last === t ? row : k.world.rowOfWriter(k.writerOf(last));
      sizes |= after(by, k.peek(base + (done & ~(1 << last))));
    }
    if (sizes !== k.peek(base + done)) k.put(base + done, sizes);
  }
}

/** It has taken effect by now; one that failed may have, or not, or in part. */
export function endOrder(k: RunState, t: number, row: OpRow, isOk: boolean): void {
  const bit = 1 << t;
  const pending = k.peek(SIZE_PENDING + row.file);
  if ((pending & bit) === 0) return;
  const base = SIZE_SETS + row.file * SUBSETS;
  for (let done = 0; done <= pending; done++) {
    if ((done & ~pending) !== 0 || (done & bit) !== 0) continue;
    const without = k.peek(base + done);
    const sizes = k.peek(base + done + bit) | (isOk ? 0 : without | partly(row, without));
    if (sizes !== without) k.put(base + done, sizes);
    if (k.peek(base + done + bit) !== 0) k.put(base + done + bit, 0);
  }
  k.put(SIZE_PENDING + row.file, pending & ~bit);
}

/** The sizes that a file may have, as a set of lines; 0 while an operation that changes it is under way. */
export function settledSizes(k: RunState, file: number): number {
  return k.peek(SIZE_PENDING + file) === 0 ? k.peek(SIZE_SETS + file * SUBSETS) : 0;
}

/** Whatever the order was, the size is what it is: from here on it is legal. */
export function settleSize(k: RunState, file: number, size: number): void {
  const pending = k.peek(SIZE_PENDING + file);
  const base = SIZE_SETS + file * SUBSETS;
  for (let done = 0; done <= pending; done++) {
    if ((done & ~pending) !== 0) continue;
    k.put(base + done, (pending === 0 ? 0 : k.peek(base + done)) | (1 << size));
  }
}

/** What an operation makes of a set of sizes; of some it can make nothing: then it fails. */
function after({ resizes, first, last }: OpRow, sizes: number): number {
  if (sizes === 0) return 0;
  const shift = last - first;
  let made = 0;
  for (let rest = sizes; rest !== 0; rest &= rest - 1) {
    const size = 31 - Math.clz32(rest & -rest);
    if (resizes === 'sets') made |= 1 << first;
    else if (resizes === 'shrinks') made |= size > last ? 1 << (size - shift) : 0;
    else if (resizes === 'grows')
      made |= size > first && size + shift <= LINES ? 1 << (size + shift) : 0;
    else made |= 1 << Math.max(size, last);
  }
  return made;
}

/** Where a write has stopped on its way. */
function partly({ resizes, last }: OpRow, sizes: number): number {
  if (resizes === 'sets' || resizes === 'shrinks' || resizes === 'grows') return 0;
  let made = 0;
  for (let rest = sizes; rest !== 0; rest &= rest - 1) {
    for (let size = 31 - Math.clz32(rest & -rest); size <= last; size++) made |= 1 << size;
  }
  return made;
}
