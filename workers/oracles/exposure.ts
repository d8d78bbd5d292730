/** O7: data that was never content of the file, and who let it show. */

import { LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { blamed, hasLostZeroes, isCopiedOver, operationOf } from '../kernel/blame.ts';
import { INITIAL, isWritten, pageIndex } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  CPU,
  DONE,
  ENDED,
  EXPOSED_BY,
  EXTENT,
  LINE_BY,
  SHIFT_SAW,
  SIZED_BY,
  TAIL_WRITTEN,
} from '../kernel/layout.ts';
import { blamedOperation, type Complaint, isExposing, isUnderWay } from './oracle.ts';
import { unfenced } from './signature.ts';
/** What a zeroing has left alone because the block was not converted yet is B55, as what a read takes for zeros. */
export function exposureOf(
  k: Kernel,
  file: number,
  line: number,
  block: number,
  value: number,
): Pick<Complaint, 'object' | 'roles' | 'key'> {
  const extent = k.peek(EXTENT + pageIndex(file, line >> 1));
  if (value < INITIAL && extent !== 0 && !isWritten(extent)) {
    return { object: 'unconverted', roles: [] };
  }
  if (block >= 0 && hasLostZeroes(k, block)) return { object: 'shared', roles: [] };
  const cpuWord = CPU + block * LINES_PER_PAGE + (line % LINES_PER_PAGE);
  if (block >= 0 && isCopiedOver(k, cpuWord))
    return { object: 'copied', roles: [blamed(k, LINE_BY + cpuWord - CPU)] };
  // Of the page that EOF lay in; a page wholly beyond EOF has no block to be zeroed.
  const isTail = line % LINES_PER_PAGE !== 0;
  if (isTail && isPastEof(k, value) && wasWritten(k, file, line >> 1))
    return pastEof(k, file, value);
  return { object: isExposing(k, block) ? 'early' : 'leftover', roles: [exposerOf(k, block)] };
}

/**
 * What grows a file has to zero the tail. A shift moves it: it shows before that, to a fault that the shift does not
 * keep out, and after, if such a fault has brought it.
 */
function pastEof(
  k: Kernel,
  file: number,
  value: number,
): Pick<Complaint, 'object' | 'roles' | 'key'> {
  const sizer = blamedOperation(k, SIZED_BY + file);
  const isYetToMove = isUnderWay(k, operationOf(k.peek(SIZED_BY + file)));
  const wasSeen = ((k.peek(SHIFT_SAW + file) >> value) & 1) !== 0;
  const isBeside = isShift(sizer) && (isYetToMove || !wasSeen);
  return { object: 'past-eof', roles: [sizer], ...(isBeside ? unfenced(sizer) : {}) };
}

/** Whether the tail was there to be zeroed; where pages have moved since, of any page that EOF has cut. */
function wasWritten(k: Kernel, file: number, page: number): boolean {
  const pages = k.peek(TAIL_WRITTEN + file);
  return ((pages >> page) & 1) !== 0 || (k.peek(SHIFT_SAW + file) !== 0 && pages !== 0);
}

function isShift(kind: OpKind | 'setup'): boolean {
  return kind === 'collapse' || kind === 'insert';
}

/** The value of a store that has ended and fell at or beyond i_size: it never was content (B58). */
export function isPastEof(k: Kernel, value: number): boolean {
  if (value === 0 || value >= INITIAL || !k.world.rowOfWriter(value).isStore) return false;
  const bit = 1 << value;
  return (k.peek(ENDED) & bit) !== 0 && (k.peek(DONE) & bit) === 0;
}

/** Who made a block visible as written; a private page has none. */
export function exposerOf(k: Kernel, block: number): string {
  return block < 0 ? 'setup' : blamed(k, EXPOSED_BY + block);
}
