/**
 * Is a value legal at a line? A regular register per line, over the history ghosts (kernel/ghosts.ts): a value
 * is legal unless a write that was complete when the reader began had the value's own write complete before
 * it began (locking 4.1 O6).
 */
import { LINES } from '../../corpus/vocabulary/limits.ts';
import { INITIAL } from '../kernel/encoding.ts';
import { beforeShift, shiftSource } from '../kernel/ghosts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DATA_BY, DONE_AT, WEAK_BY, ZERO_BY } from '../kernel/layout.ts';

/** Legal. */
export const LEGAL = 0;
/** Nobody ever wrote it there: exposure of somebody else's data. */
export const FOREIGN = -1;
/** Zeros, and nobody ever wrote zeros there: what the file had is lost, or i_size came before the data. */
export const UNWRITTEN_ZERO = -2;
// Any other answer is the writer id of an operation whose write the value denies.

/**
 * @param done the operations that count as complete before the reader began
 * @returns LEGAL, FOREIGN, UNWRITTEN_ZERO, or the writer whose write has been lost
 */
export function judgeValue(
  k: Kernel,
  file: number,
  line: number,
  value: number,
  done: number,
): number {
  const verdict = judgeLine(k, file, line, value, done);
  if (verdict === LEGAL) return LEGAL;
  // While a collapse or insert runs, the source's history counts as well, and who raced it proves nothing
  // (locking 4.3 item 8).
  const shift = shiftSource(k, file, line);
  if (shift === 0) return verdict;
  const source = line + shift;
  if (value === 0 && (source < 0 || source >= LINES || shift < 0)) return LEGAL;
  const before = done & beforeShift(k, file);
  if (judgeLine(k, file, line, value, before) === LEGAL) return LEGAL;
  if (source < 0 || source >= LINES) return verdict;
  return judgeLine(k, file, source, value, before) === LEGAL ? LEGAL : verdict;
}

function judgeLine(k: Kernel, file: number, line: number, value: number, done: number): number {
  const i = file * LINES + line;
  const data = k.peek(DATA_BY + i);
  const zero = k.peek(ZERO_BY + i);
  const weak = k.peek(WEAK_BY + i);
  const candidates = candidatesOf(value, file, data, zero);
  if (candidates === 0 && value !== 0) return FOREIGN;
  const superseders = (data | zero) & done & ~weak & ~1;
  if (superseders === 0) return candidates !== 0 || weak !== 0 ? LEGAL : UNWRITTEN_ZERO;
  if ((candidates & weak) !== 0) return LEGAL;
  for (let rest = candidates; rest !== 0; rest &= rest - 1) {
    const writer = 31 - Math.clz32(rest & -rest);
    if (!isSuperseded(k, superseders & ~(1 << writer), writer)) return LEGAL;
  }
  return lastOf(k, superseders);
}

function candidatesOf(value: number, file: number, data: number, zero: number): number {
  if (value === 0) return zero;
  if (value < INITIAL) return data & (1 << value);
  return value === INITIAL + file ? data & 1 : 0;
}

/** Whether one of the writers began after `writer` was complete. */
function isSuperseded(k: Kernel, superseders: number, writer: number): boolean {
  for (let rest = superseders; rest !== 0; rest &= rest - 1) {
    const by = 31 - Math.clz32(rest & -rest);
    if (((k.peek(DONE_AT + by) | 1) & (1 << writer)) !== 0) return true;
  }
  return false;
}

/** The write that is lost: one that no other replaced, the one with the highest number if there are several. */
function lastOf(k: Kernel, superseders: number): number {
  let last = 0;
  for (let rest = superseders; rest !== 0; rest &= rest - 1) {
    const writer = 31 - Math.clz32(rest & -rest);
    if (!isSuperseded(k, superseders & ~(1 << writer), writer)) last = writer;
  }
  return last;
}
