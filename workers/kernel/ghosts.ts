/**
 * The history that oracles judge by, kept in ghost words of the state. A line remembers which operations ever
 * wrote data or zeros to it; an operation remembers which were complete when it began. No clock is needed:
 * "W2 lies wholly after W" is "W was complete when W2 began".
 *
 * Bit 0 of a set of writers is the content before the run.
 */
import { LINES, LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import { noteMet } from './blame.ts';
import { owe, oweArea } from './debts.ts';
import { isWritten, OK, pageIndex, threadOf } from './encoding.ts';
import { beginExcuses } from './excuses.ts';
import {
  CLAIMED,
  COPIED_TO,
  DATA_BY,
  DATA_EVER,
  DONE,
  DONE_AT,
  DURABLE,
  ENDED,
  ENDED_AT,
  EXTENT,
  FRAME_SPAN,
  FRAME0,
  LOST_BY,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_LINE,
  R_NOTE,
  R_SIZE,
  REVOKED,
  SHIFT_SAW,
  SHIFTING,
  SIZE,
  SIZED_EARLY,
  STARTED,
  SYNCED_VMA,
  T_BEGUN,
  TAGGED,
  TAIL_WRITTEN,
  TAINT_PAGES,
  UNMAPS,
  WEAK_BY,
  WRITES_BACK,
  ZERO_BY,
} from './layout.ts';
import type { RunState } from './run-state.ts';
import { beginRead, beginSizeChange, endSizeChange } from './size-history.ts';

/** An operation begins: a pwrite may from now on be seen at each of its lines. */
export function beginWriter(k: RunState, writer: number): void {
  const row = k.world.rowOfWriter(writer);
  const thread = threadOf(writer);
  k.put(UNMAPS, k.peek(UNMAPS) & ~(1 << thread));
  k.put(CLAIMED, k.peek(CLAIMED) & ~(1 << thread));
  k.put(TAGGED, k.peek(TAGGED) & ~(1 << thread));
  k.put(WRITES_BACK, k.peek(WRITES_BACK) & ~(1 << thread));
  k.put(SYNCED_VMA + thread, 0);
  k.put(COPIED_TO + thread, 0);
  k.put(ENDED_AT + thread, k.peek(ENDED));
  beginExcuses(k, thread, row);
  beginSizeChange(k, row, writer);
  if (row.kind === 'pread') beginRead(k, thread, row);
  if (row.kind !== 'pwrite') return;
  noteMet(k, thread, row);
  for (let line = row.first; line < row.last; line++) addData(k, row.file, line, writer);
}

/**
 * An operation ends. One that failed never supersedes what was there before it: its bit stays out of DONE.
 * The same holds for a store at or beyond i_size, a write that never ends (locking 4.3 item 18).
 */
export function endWriter(k: RunState, t: number, writer: number, result: number): void {
  const row = k.world.rowOfWriter(writer);
  k.put(ENDED, k.peek(ENDED) | (1 << writer));
  endSizeChange(k, row, writer, result === OK);
  endClaim(k, t, writer, result === OK);
  if (result !== OK) return;
  switch (row.kind) {
    case 'store':
    case 'dma':
      if (k.peek(FRAME0 + t * FRAME_SPAN + R_NOTE) !== 0) return;
      break;
    case 'fsync':
      owe(k, row.file, 0, LINES, writer);
      break;
    case 'pwrite':
      if (row.isSync) owe(k, row.file, row.first, row.last, writer);
      break;
    case 'msync':
      oweArea(k, t, row.area, writer);
      break;
    case 'revoke':
      k.put(REVOKED, 1);
      break;
    default:
  }
  k.put(DONE, k.peek(DONE) | (1 << writer));
}

/** A store is a point: what was complete when it happened, not when its first fault began. */
export function storePoint(k: RunState, file: number, line: number, writer: number): void {
  k.put(DONE_AT + writer, k.peek(DONE));
  addData(k, file, line, writer);
}

export function addData(k: RunState, file: number, line: number, writer: number): void {
  const word = DATA_BY + file * LINES + line;
  k.put(word, k.peek(word) | (1 << writer));
  k.put(DATA_EVER + file, k.peek(DATA_EVER + file) | (1 << writer));
}

/** A writer that proves nothing at a line: it may be seen there or not, whatever came after it. */
export function weaken(k: RunState, file: number, line: number, writer: number): void {
  const word = WEAK_BY + file * LINES + line;
  k.put(word, k.peek(word) | (1 << writer));
}

function addZero(k: RunState, file: number, from: number, to: number, writer: number): void {
  for (let line = from; line < to; line++) {
    const word = ZERO_BY + file * LINES + line;
    k.put(word, k.peek(word) | (1 << writer));
  }
}

/**
 * Under the inode lock an operation knows the size, and so what it will do to which lines. Returns whether
 * its range makes sense (else EINVAL), sets R_LINE to the size as it is and R_SIZE to the size it will leave
 * behind, and enters it as a writer of zeros where it is one.
 */
export function claim(k: RunState, t: number, r: number): boolean {
  const writer = k.writerOf(t);
  const file = k.peek(r + R_FILE);
  const size = k.peek(SIZE + file);
  const next = enterZeros(k, writer, file, k.peek(r + R_FIRST), k.peek(r + R_LAST));
  if (next < 0) return false;
  k.put(CLAIMED, k.peek(CLAIMED) | (1 << t));
  k.put(r + R_LINE, size);
  k.put(r + R_SIZE, next);
  if (next > size && size % LINES_PER_PAGE !== 0) {
    const page = Math.floor(size / LINES_PER_PAGE);
    const isTail = isWritten(k.peek(EXTENT + pageIndex(file, page)));
    const others = k.peek(TAIL_WRITTEN + file) & ~(1 << page);
    k.put(TAIL_WRITTEN + file, isTail ? others | (1 << page) : others);
  }
  return true;
}

/** The page is not written any more: what shows its tail later is who makes it written (F01), not who has raised i_size. */
export function unwriteTail(k: RunState, file: number, page: number): void {
  k.put(TAIL_WRITTEN + file, k.peek(TAIL_WRITTEN + file) & ~(1 << page));
}

/** The size that the operation leaves, or -1 where its range makes no sense. */
function enterZeros(
  k: RunState,
  writer: number,
  file: number,
  first: number,
  last: number,
): number {
  const size = k.peek(SIZE + file);
  let next = size;
  const { kind } = k.world.rowOfWriter(writer);
  switch (kind) {
    case 'truncate':
      next = first;
      addZero(k, file, Math.min(first, size), first < size ? LINES : first, writer);
      break;
    case 'pwrite':
      next = Math.max(size, last);
      addZero(k, file, size, first, writer);
      break;
    case 'fallocate':
    case 'unshare':
      next = Math.max(size, last);
      addZero(k, file, size, next, writer);
      break;
    case 'zero':
      next = Math.max(size, last);
      addZero(k, file, Math.min(first, size), last, writer);
      if (first > size) addZero(k, file, size, first, writer);
      break;
    case 'punch':
      addZero(k, file, first, last, writer);
      break;
    case 'collapse':
      if (last >= size) return -1;
      next = size - (last - first);
      beginShift(k, file, first, writer);
      break;
    case 'insert':
      if (first >= size || size + (last - first) > LINES) return -1;
      next = size + (last - first);
      beginShift(k, file, first, writer);
      break;
    case 'load':
    case 'store':
    case 'mmap':
    case 'munmap':
    case 'msync':
    case 'pread':
    case 'fsync':
    case 'revoke':
    case 'commit':
    case 'crash':
    case 'enospc':
    case 'reflink':
    case 'dma':
    case 'clwb':
    case 'madvise_remove':
    case 'drop_caches':
    case 'swap':
      break;
    default:
      kind satisfies never;
  }
  dropTail(k, file, size, next);
  return next;
}

/**
 * The file grows over [from, to): what a store that has ended left beyond EOF was never content, and is zeroed
 * before i_size covers it. Such a store is not among those that are complete.
 */
function dropTail(k: RunState, file: number, from: number, to: number): void {
  if (to <= from) return;
  let stores = 0;
  for (let rest = k.peek(STARTED) & ~k.peek(DONE); rest !== 0; rest &= rest - 1) {
    const writer = 31 - Math.clz32(rest & -rest);
    const t = threadOf(writer);
    const isUnderWay = k.peek(T_BEGUN + t) !== 0 && k.writerOf(t) === writer;
    if (!isUnderWay && k.world.rowOfWriter(writer).isStore) stores |= 1 << writer;
  }
  for (let line = from; stores !== 0 && line < to; line++) {
    const word = DATA_BY + file * LINES + line;
    k.put(word, k.peek(word) & ~stores);
  }
}

/**
 * One that succeeds without ever having said what it does to which lines is taken at its word as a system call:
 * it has done it. Nobody shifts after its end.
 */
function endClaim(k: RunState, t: number, writer: number, isOk: boolean): void {
  const row = k.world.rowOfWriter(writer);
  if (isOk && ((k.peek(CLAIMED) >> t) & 1) === 0) {
    enterZeros(k, writer, row.file, row.first, row.last);
  }
  if (k.peek(SHIFTING + row.file) !== writer) return;
  if (isOk) finishShift(k, writer);
  else k.put(SHIFTING + row.file, 0);
}

/**
 * A pwrite raises i_size over lines that it writes: from now on a reader may see them, and what lay beyond EOF
 * before was never content. Whoever was not complete when it began may still be seen there.
 */
export function publish(k: RunState, t: number, file: number, from: number, to: number): void {
  const writer = k.writerOf(t);
  const row = k.world.rowOfWriter(writer);
  if (row.kind !== 'pwrite' || row.file !== file) return;
  const ended = k.peek(DONE_AT + writer) | 1;
  // One that syncs holds no inode lock: what it wrote may have been cut off since.
  const synced = k.world.syncWriters & ~(1 << writer);
  for (let line = Math.max(from, row.first); line < Math.min(to, row.last); line++) {
    const i = file * LINES + line;
    k.put(ZERO_BY + i, k.peek(ZERO_BY + i) & ~ended);
    k.put(DATA_BY + i, k.peek(DATA_BY + i) & ~ended);
    const cut = k.peek(DATA_BY + i) & synced;
    if (cut !== 0) k.put(WEAK_BY + i, k.peek(WEAK_BY + i) | cut);
    if (!isCopied(k, t, file, line)) k.put(SIZED_EARLY, k.peek(SIZED_EARLY) | (1 << writer));
  }
}

/** Whether the data is where a read looks for it, as far as the write itself is concerned. */
function isCopied(k: RunState, t: number, file: number, line: number): boolean {
  const extent = k.peek(EXTENT + pageIndex(file, line >> 1));
  return isWritten(extent) && line < k.peek(COPIED_TO + t);
}

/**
 * A pwrite raises the size that a truncate beside it has set: it comes after that truncate, as a whole, or i_size would
 * not be what it is (locking 4.3 item 18 excuses neither to lose the other's effect).
 * @param sizer the operation that had set the size before
 */
export function followTruncate(k: RunState, t: number, sizer: number): void {
  const writer = k.writerOf(t);
  if (sizer === 0 || sizer === writer) return;
  const isTruncate = k.world.rowOfWriter(sizer).kind === 'truncate';
  if (!isTruncate || k.world.rowOfWriter(writer).kind !== 'pwrite') return;
  k.put(DONE_AT + writer, k.peek(DONE_AT + writer) | (1 << sizer));
}

/** While a shift runs, oracles accept a line's own history and its source's; durability owes nothing. */
function beginShift(k: RunState, file: number, first: number, writer: number): void {
  k.put(SHIFT_SAW + file, k.peek(ENDED) | 1);
  k.put(SHIFTING + file, writer);
  for (let line = first; line < LINES; line++) k.put(DURABLE + file * LINES + line, 0);
}

/** The operations that had ended before the shift under way began: who raced it proves nothing. */
export function beforeShift(k: RunState, file: number): number {
  return k.peek(DONE_AT + k.peek(SHIFTING + file));
}

/** Lines to add to get from a line to the one its content comes from; 0 if it does not move. */
export function shiftSource(k: RunState, file: number, line: number): number {
  const writer = k.peek(SHIFTING + file);
  if (writer === 0) return 0;
  const row = k.world.rowOfWriter(writer);
  if (line < row.first) return 0;
  return row.kind === 'collapse' ? row.last - row.first : row.first - row.last;
}

/**
 * The extents have moved and the inode lock is still held: from here on lines have their new history. Not at
 * the operation's end: its release of the inode lock hands over to the next one, which claims its own range.
 */
export function endShift(k: RunState, t: number): void {
  finishShift(k, k.writerOf(t));
}

function finishShift(k: RunState, writer: number): void {
  const row = k.world.rowOfWriter(writer);
  const { file } = row;
  const by = row.last - row.first;
  if (row.kind === 'collapse') {
    for (let line = row.first; line < LINES; line++) {
      moveHistory(k, file, line, line + by < LINES ? line + by : -1, writer);
    }
  } else {
    for (let line = LINES - 1; line >= row.first; line--) {
      moveHistory(k, file, line, line >= row.last ? line - by : -1, writer);
    }
  }
  moveBlame(k, file, row.first >> 1, (row.kind === 'collapse' ? by : -by) >> 1);
  moveTaint(k, file, row.first >> 1, (row.kind === 'collapse' ? by : -by) >> 1);
  k.put(SHIFTING + file, 0);
}

/** What is known of a page's lost tags goes with its data. */
function moveBlame(k: RunState, file: number, from: number, by: number): void {
  const last = PAGES - 1;
  for (let i = from; i <= last; i++) {
    const page = by > 0 ? i : last - (i - from);
    const source = page + by;
    const blame = source >= from && source <= last ? k.peek(LOST_BY + file * PAGES + source) : 0;
    if (k.peek(LOST_BY + file * PAGES + page) !== blame)
      k.put(LOST_BY + file * PAGES + page, blame);
  }
}

/** A page that an earlier violation touched stays tainted where it came from and where it went. */
function moveTaint(k: RunState, file: number, from: number, by: number): void {
  const all = k.peek(TAINT_PAGES);
  const mine = (all >> (file * PAGES)) & 0xff;
  const behind = mine & (0xff << from);
  const moved = (by > 0 ? behind >> by : behind << -by) & 0xff & (0xff << from);
  if (moved !== 0) k.put(TAINT_PAGES, all | (moved << (file * PAGES)));
}

/**
 * A line takes the history of its source. Who raced the shift may be seen at either place and supersedes
 * nothing (locking 4.3 item 8): such writers become weak.
 */
function moveHistory(
  k: RunState,
  file: number,
  line: number,
  source: number,
  writer: number,
): void {
  const own = file * LINES + line;
  const late = ~k.peek(DONE_AT + writer) & ~1;
  const raced = (k.peek(DATA_BY + own) | k.peek(ZERO_BY + own)) & late;
  const racedData = k.peek(DATA_BY + own) & late;
  const racedZero = k.peek(ZERO_BY + own) & late;
  if (source < 0) {
    k.put(DATA_BY + own, racedData);
    k.put(ZERO_BY + own, racedZero | (1 << writer));
    k.put(WEAK_BY + own, raced);
    return;
  }
  const from = file * LINES + source;
  const sourceRaced = (k.peek(DATA_BY + from) | k.peek(ZERO_BY + from)) & late;
  k.put(WEAK_BY + own, k.peek(WEAK_BY + from) | raced | sourceRaced);
  k.put(DATA_BY + own, k.peek(DATA_BY + from) | racedData);
  k.put(ZERO_BY + own, k.peek(ZERO_BY + from) | racedZero);
}
