/**
 * What i_size may be, as an interval a file: the least that completed operations left, and the most that any
 * operation which has begun allows. Operations that overlap bind each other less: a truncate under way may have
 * cut what a write adds.
 */
import { threadOf } from './encoding.ts';
import {
  ENDED,
  ENDED_AT,
  READ_OWED,
  SIZE_CEILING,
  SIZE_FLOOR,
  STARTED,
  T_BEGUN,
} from './layout.ts';
import type { RunState } from './run-state.ts';
import { beginOrder, endOrder } from './size-orders.ts';
import type { OpRow } from './world.ts';

/** The largest size that the operation leaves, where it only ever lets a file grow; else 0. */
function extensionOf({ resizes, last }: OpRow): number {
  return resizes === 'extends' ? last : 0;
}

function changesSize({ resizes }: OpRow): boolean {
  return resizes !== null;
}

function mayLower({ resizes }: OpRow): boolean {
  return resizes === 'sets' || resizes === 'shrinks';
}

export function beginSizeChange(k: RunState, row: OpRow, writer: number): void {
  if (!changesSize(row)) return;
  beginOrder(k, threadOf(writer), row);
  const ceiling = SIZE_CEILING + row.file;
  // Which began first says nothing: a collapse or an insert under way may come after this one.
  const shrinks = (): number => shiftsBeside(k, row.file, writer, 'shrinks');
  const grows = (): number => shiftsBeside(k, row.file, writer, 'grows');
  if (extensionOf(row) > 0) raise(k, ceiling, extensionOf(row) + grows());
  else if (row.resizes === 'sets') {
    lower(k, row.file, row.first - shrinks());
    raise(k, ceiling, row.first + grows());
  } else if (row.resizes === 'shrinks')
    lower(k, row.file, k.peek(SIZE_FLOOR + row.file) - shiftOf(row));
  else if (row.resizes === 'grows') raise(k, ceiling, k.peek(ceiling) + shiftOf(row));
}

export function endSizeChange(k: RunState, row: OpRow, writer: number, isOk: boolean): void {
  if (!changesSize(row)) return;
  endOrder(k, threadOf(writer), row, isOk);
  const floor = SIZE_FLOOR + row.file;
  const ceiling = SIZE_CEILING + row.file;
  if (extensionOf(row) > 0) {
    if (isOk && !overlaps(k, row.file, writer, mayLower)) raise(k, floor, extensionOf(row));
    return;
  }
  if (overlaps(k, row.file, writer, changesSize)) return;
  const shift = shiftOf(row);
  if (row.resizes === 'sets') {
    // One that failed may have cut, or not.
    if (!isOk) return;
    k.put(floor, row.first);
    k.put(ceiling, row.first);
  } else if (row.resizes === 'shrinks') {
    if (isOk) k.put(ceiling, k.peek(ceiling) - shift);
    else k.put(floor, k.peek(floor) + shift);
  } else if (isOk) k.put(floor, k.peek(floor) + shift);
  else k.put(ceiling, k.peek(ceiling) - shift);
}

/** By how many lines such operations that are under way beside this one move the end of the file. */
function shiftsBeside(
  k: RunState,
  file: number,
  writer: number,
  resizes: OpRow['resizes'],
): number {
  let lines = 0;
  let others = k.peek(STARTED) & ~k.peek(ENDED) & ~(1 << writer);
  for (; others !== 0; others &= others - 1) {
    const other = k.world.rowOfWriter(31 - Math.clz32(others & -others));
    if (other.file === file && other.resizes === resizes) lines += shiftOf(other);
  }
  return lines;
}

function shiftOf({ first, last }: OpRow): number {
  return last - first;
}

/** No operation that changes the file's size has run beside this one. */
export function isSizeSettled(k: RunState, file: number, writer: number): boolean {
  return !overlaps(k, file, writer, changesSize);
}

/** Another operation of that sort on the file had not ended when this one, its thread's present one, began. */
function overlaps(
  k: RunState,
  file: number,
  writer: number,
  isSuch: (row: OpRow) => boolean,
): boolean {
  let others = k.peek(STARTED) & ~k.peek(ENDED_AT + threadOf(writer)) & ~(1 << writer);
  for (; others !== 0; others &= others - 1) {
    const other = k.world.rowOfWriter(31 - Math.clz32(others & -others));
    if (other.file === file && isSuch(other)) return true;
  }
  return false;
}

function raise(k: RunState, word: number, size: number): void {
  if (size > k.peek(word)) k.put(word, size);
}

/** The floor falls: no read(2) under way owes what lies beyond it. */
function lower(k: RunState, file: number, size: number): void {
  if (size >= k.peek(SIZE_FLOOR + file)) return;
  k.put(SIZE_FLOOR + file, size);
  for (let t = 0; t < k.world.threads; t++) {
    const owed = k.peek(READ_OWED + t);
    // One that brought less has ended, perhaps as the last of its thread, and has been judged.
    if (owed === 0 || k.peek(T_BEGUN + t) === 0) continue;
    if (k.world.rowOfWriter(k.writerOf(t)).file !== file) continue;
    k.put(READ_OWED + t, owed & linesBelow(size));
  }
}

/** read(2) begins: what is inside EOF for certain, it has to bring. */
export function beginRead(k: RunState, t: number, { file, first, last }: OpRow): void {
  const inside = Math.min(last, k.peek(SIZE_FLOOR + file));
  k.put(READ_OWED + t, linesBelow(inside) & ~linesBelow(first));
}

/** A set of lines of one file: 16 bits. */
function linesBelow(line: number): number {
  return (1 << Math.max(0, line)) - 1;
}
