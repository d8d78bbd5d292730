/**
 * Who may fail: an access whose page was at or beyond EOF, whose area was not there, or whose device was gone at
 * any time while it ran (locking 4.1 O12, 4.3 item 1). One bit a thread, set for the operation under way.
 */
import { LINES, LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import { VMA_PRESENT, vmaFile, vmaPage, vmaPages } from './encoding.ts';
import { DEVICE_DEAD, EXCUSED, SIZE, T_BEGUN, VMA } from './layout.ts';
import type { RunState } from './run-state.ts';
import type { OpRow } from './world.ts';

/** The operation of thread t begins. */
export function beginExcuses(k: RunState, t: number, row: OpRow): void {
  if (row.userLines === 0) return;
  const mayFail = mayLackSpace(k, row) || k.peek(DEVICE_DEAD) !== 0 || !isInside(k, row);
  const before = k.peek(EXCUSED);
  k.put(EXCUSED, mayFail ? before | (1 << t) : before & ~(1 << t));
}

/** ENOSPC is for who allocates: what faults as a load never does. */
function mayLackSpace(k: RunState, { kind }: OpRow): boolean {
  return k.world.injectsErrors && kind !== 'load' && kind !== 'clwb';
}

/** Every line that it touches lies in an area, and in a page below i_size. */
function isInside(k: RunState, row: OpRow): boolean {
  const vma = k.peek(VMA + row.userArea);
  if ((vma & VMA_PRESENT) === 0 || row.userFirst + row.userLines > LINES) return false;
  const last = lastPage(row);
  if (last >= vmaPages(vma)) return false;
  return (vmaPage(vma) + last) * LINES_PER_PAGE < k.peek(SIZE + vmaFile(vma));
}

/** The last page of its area that an operation touches. */
function lastPage({ userFirst, userLines }: OpRow): number {
  return (userFirst + userLines - 1) >> 1;
}

/** i_size falls: whoever touches a page wholly beyond it may see SIGBUS, early or late. */
export function excuseBeyond(k: RunState, file: number, size: number): void {
  excuse(k, (row) => {
    const vma = k.peek(VMA + row.userArea);
    if (vma === 0 || vmaFile(vma) !== file) return false;
    return (vmaPage(vma) + lastPage(row)) * LINES_PER_PAGE >= size;
  });
}

export function excuseArea(k: RunState, area: number): void {
  excuse(k, (row) => row.userArea === area);
}

export function excuseAll(k: RunState): void {
  excuse(k, () => true);
}

function excuse(k: RunState, applies: (row: OpRow) => boolean): void {
  let excused = k.peek(EXCUSED);
  for (let t = 0; t < k.world.threads; t++) {
    if (k.peek(T_BEGUN + t) === 0) continue;
    const row = k.world.rowOfWriter(k.writerOf(t));
    if (row.userLines > 0 && applies(row)) excused |= 1 << t;
  }
  k.put(EXCUSED, excused);
}
