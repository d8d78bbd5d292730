/**
 * What must survive a power failure from here on, kept in ghost words: what an fsync, an msync or, through MAP_SYNC, the
 * user has made durable (locking 1.5, 3.16).
 */
import { LINES, LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import { INITIAL, VMA_PRIVATE, vmaFile, vmaPage, vmaPages } from './encoding.ts';
import {
  COMMITTED_SIZE,
  DATA_BY,
  DEVICE_DEAD,
  DONE,
  DONE_AT,
  DURABLE,
  SHIFTING,
  STARTED,
  SYNC_STORES,
  SYNCED_VMA,
  VMA,
  WEAK_BY,
  ZERO_BY,
} from './layout.ts';
import type { RunState } from './run-state.ts';

/**
 * msync owes what its area was when it looked it up: it sleeps without mmap_sem (locking 7.5). One that never
 * looked owes what is there.
 */
export function oweArea(k: RunState, t: number, area: number, writer: number): void {
  const vma = k.peek(SYNCED_VMA + t) || k.peek(VMA + area);
  if (vma === 0 || (vma & VMA_PRIVATE) !== 0) return;
  const first = vmaPage(vma) * LINES_PER_PAGE;
  owe(k, vmaFile(vma), first, first + vmaPages(vma) * LINES_PER_PAGE, writer);
}

/**
 * An fsync has returned: whatever was complete when it began must survive. It owes nothing for lines that a
 * zeroing or shifting operation covers which had not ended when it began (locking 4.3 item 18). A synchronous write owes
 * that for the lines that it wrote, and what it wrote where nobody else wrote beside it.
 */
export function owe(k: RunState, file: number, from: number, to: number, writer: number): void {
  // A device that is gone keeps nothing: its fsync is EIO.
  if (k.peek(DEVICE_DEAD) !== 0) return;
  if (k.peek(SHIFTING + file) !== 0) return;
  // Before 4.5 nothing tracks what was stored through a mapping (locking 1.5).
  const untracked = k.program.durability ? 0 : k.world.mappingWriters;
  const before = k.peek(DONE_AT + writer);
  const racing = k.peek(STARTED) & ~before & ~(1 << writer);
  for (let line = from; line < to; line++) {
    const i = file * LINES + line;
    if ((k.peek(ZERO_BY + i) & racing) !== 0) continue;
    const own = (k.peek(DATA_BY + i) & racing) === 0 ? 1 << writer : 0;
    const writers = (k.peek(DATA_BY + i) | k.peek(ZERO_BY + i)) & ~k.peek(WEAK_BY + i);
    const owed = writers & (before | own) & ~untracked & ~1;
    if (owed !== 0) k.put(DURABLE + i, k.peek(DURABLE + i) | owed);
  }
}

/**
 * The user has written a line back that a MAP_SYNC area maps writable: if a complete operation has stored there through
 * such an area what it holds, that must survive, with no fsync. A line that only an uncommitted size covers is not owed,
 * nor one that is zeroed or shifted meanwhile.
 */
export function oweWrittenBack(
  k: RunState,
  t: number,
  file: number,
  line: number,
  value: number,
): void {
  const writer = k.writerOf(t);
  const before = k.peek(DONE);
  // What was complete when the line went, not when the operation's fault began.
  k.put(DONE_AT + writer, before);
  if (value >= INITIAL || k.peek(DEVICE_DEAD) !== 0 || k.peek(SHIFTING + file) !== 0) return;
  if (line >= k.peek(COMMITTED_SIZE + file)) return;
  const i = file * LINES + line;
  if ((k.peek(ZERO_BY + i) & k.peek(STARTED) & ~before) !== 0) return;
  const stored = (1 << value) & ~1 & k.peek(DATA_BY + i) & k.peek(SYNC_STORES);
  const owed = stored & before & ~k.peek(WEAK_BY + i);
  if (owed !== 0) k.put(DURABLE + i, k.peek(DURABLE + i) | owed);
}
