/**
 * Is a value legal at a line? A regular register per line, over the history ghosts (kernel/ghosts.ts): a value
 * is legal unless a write that was complete when the reader began had the value's own write complete before
 * it began (dossier O6, design 3.1).
 */
import { LINES } from '../../corpus/vocabulary/limits.ts';
import { INITIAL } from '../kernel/encoding.ts';
import { shiftSource } from '../kernel/ghosts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DATA_BY, DONE_AT, WEAK_BY, ZERO_BY } from '../kernel/layout.ts';

/** Legal. */
export const LEGAL = 0;
/** Nobody ever wrote it there: exposure of somebody else's data. */
export const FOREIGN = -1;
// Any other answer is the writer id of an operation whose write the value denies.

/**
 * @param done the operations that count as complete before the reader began
 * @returns LEGAL, FOREIGN, or the writer whose write has been lost
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
  // While a collapse or insert runs, the source's history counts as well (dossier 4.3 item 8).
  const shift = shiftSource(k, file, line);
  if (shift === 0) return verdict;
  const source = line + shift;
  if (source < 0 || source >= LINES) return value === 0 ? LEGAL : verdict;
  if (value === 0) return LEGAL;
  return judgeLine(k, file, source, value, done) === LEGAL ? LEGAL : verdict;
}

function judgeLine(k: Kernel, file: number, line: number, value: number, done: number): number {
  const i = file * LINES + line;
  const data = k.peek(DATA_BY + i);
  const zero = k.peek(ZERO_BY + i);
  const candidates = candidatesOf(value, file, data, zero);
  if (candidates === 0 && value !== 0) return FOREIGN;
  const superseders = (data | zero) & done & ~k.peek(WEAK_BY + i) & ~1;
  if (superseders === 0) return candidates === 0 ? LEGAL : LEGAL;
  let lost = 0;
  for (let rest = candidates; rest !== 0; rest &= rest - 1) {
    const writer = 31 - Math.clz32(rest & -rest);
    const by = supersederOf(k, superseders & ~(1 << writer), writer);
    if (by === 0) return LEGAL;
    lost = by;
  }
  return lost !== 0 ? lost : 31 - Math.clz32(superseders);
}

function candidatesOf(value: number, file: number, data: number, zero: number): number {
  if (value === 0) return zero;
  if (value < INITIAL) return data & (1 << value);
  return value === INITIAL + file ? data & 1 : 0;
}

/** The last writer that began after `writer` was complete, or 0. */
function supersederOf(k: Kernel, superseders: number, writer: number): number {
  for (let rest = superseders; rest !== 0; ) {
    const by = 31 - Math.clz32(rest);
    if (((k.peek(DONE_AT + by) | 1) & (1 << writer)) !== 0) return by;
    rest &= ~(1 << by);
  }
  return 0;
}
