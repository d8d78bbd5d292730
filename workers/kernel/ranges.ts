/**
 * The range lock of a file (locking 3.7): the ranges that threads hold or wait for, one word each. A range is granted once
 * no earlier one overlaps it, so its place says whether it is held; lib/range_lock.c counts the same in `blocking_ranges`.
 * It keeps its place while its thread sleeps: no later request overtakes it. Pure.
 */
import { RANGES } from '../../corpus/vocabulary/limits.ts';

// A range: 1 | thread << 1 | first page << 3 | the page behind its last << 7.
const PRESENT = 1;
const THREAD_SHIFT = 1;
const FROM_SHIFT = 3;
const TO_SHIFT = 7;

export function rangeWord(thread: number, from: number, to: number): number {
  return PRESENT | (thread << THREAD_SHIFT) | (from << FROM_SHIFT) | (to << TO_SHIFT);
}
function threadOf(range: number): number {
  return (range >> THREAD_SHIFT) & 3;
}
function fromOf(range: number): number {
  return (range >> FROM_SHIFT) & 15;
}
function toOf(range: number): number {
  return range >> TO_SHIFT;
}

/**
 * As interval_tree_iter_first compares ends. [n, n - 1], which truncate passes, so overlaps what reaches across the
 * border before page n, and no single page.
 */
function overlap(one: number, other: number): boolean {
  return fromOf(one) < toOf(other) && fromOf(other) < toOf(one);
}

/** @param first word of a file's ranges */
export function rangesAt(first: number, read: (word: number) => number): readonly number[] {
  const ranges: number[] = [];
  for (let i = 0; i < RANGES; i++) {
    const range = read(first + i);
    if (range === 0) break;
    ranges.push(range);
  }
  return ranges;
}

/** With one more, behind every range that it overlaps; others are sorted, for their order decides nothing. */
export function withRange(ranges: readonly number[], range: number): readonly number[] {
  const before = ranges.findLastIndex((one) => overlap(one, range) || one <= range);
  return ranges.toSpliced(before + 1, 0, range);
}

/** Without the range at a place; those behind it that it kept apart are sorted again. */
export function withoutRange(ranges: readonly number[], place: number): readonly number[] {
  return ranges.toSpliced(place, 1).reduce<readonly number[]>(withRange, []);
}

/** Mask of the threads whose ranges keep the one at a place waiting. */
export function rangeBlockers(ranges: readonly number[], place: number): number {
  const range = ranges[place] as number;
  return ranges
    .slice(0, place)
    .reduce((mask, one) => (overlap(one, range) ? mask | (1 << threadOf(one)) : mask), 0);
}

/** The place of a range that is held; -1 where it is not. */
export function placeHeld(ranges: readonly number[], range: number): number {
  return ranges.findIndex((one, place) => one === range && rangeBlockers(ranges, place) === 0);
}

/** The place of the range that a thread waits for, or -1. */
export function placeWanted(ranges: readonly number[], thread: number): number {
  return ranges.findIndex(
    (one, place) => threadOf(one) === thread && rangeBlockers(ranges, place) !== 0,
  );
}

/** A thread holds a range, and one that overlaps the range at `place` if that is given. */
export function holdsRange(ranges: readonly number[], thread: number, place = -1): boolean {
  const wanted = ranges[place];
  return ranges.some(
    (one, i) =>
      threadOf(one) === thread &&
      rangeBlockers(ranges, i) === 0 &&
      (wanted === undefined || overlap(one, wanted)),
  );
}
