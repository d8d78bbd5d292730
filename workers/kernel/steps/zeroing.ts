/** What is zeroed and becomes written: whole blocks, the rest of a partial write, tails and edges. */

import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { setExtent } from '../blame.ts';
import {
  extentBlock,
  extentKind,
  extentWord,
  isWritten,
  pageIndex,
  UNWRITTEN,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COW_EXTENT,
  EXTENT,
  O_EXTENT,
  O_LINE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_LINE,
  R_PAGE,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { expose, indexOf, touchBlockLines, UNDER_X, zeroBlock, zeroLine } from './allocation.ts';
import { useBlock } from './fault.ts';

/** dax_clear_blocks / dax_new_buf of a whole block: non-temporal, so it is durable at once (locking 1.5). */
function clearBlock(k: Kernel, _t: number, r: number): Outcome {
  useBlock(k, r, 'zero');
  zeroBlock(k, extentBlock(k.get(r + R_EXTENT)));
  return NEXT;
}

function touchClear(k: Kernel, _t: number, r: number): void {
  touchBlockLines(k, extentBlock(k.get(r + R_EXTENT)));
}

/** The unwritten extent that this path initialised becomes written; a second conversion finds nothing to do. */
function convertExtent(k: Kernel, t: number, r: number): Outcome {
  k.requests(t, C_EXTENT);
  convert(k, indexOf(k, r));
  return NEXT;
}

export function convert(k: Kernel, index: number): void {
  const extent = k.get(EXTENT + index);
  if (extentKind(extent) !== UNWRITTEN) return;
  setExtent(k, index, extentWord(WRITTEN, extentBlock(extent)));
  expose(k, extentBlock(extent));
}

function touchConvert(k: Kernel, _t: number, r: number): void {
  touchConversion(k, indexOf(k, r));
}

export function touchConversion(k: Kernel, index: number): void {
  if (extentKind(k.get(EXTENT + index)) === UNWRITTEN) k.writes(O_EXTENT + index);
  else k.reads(O_EXTENT + index);
}

/** dax_new_buf of a partial write: the lines of the block that the write does not cover. */
function zeroRest(k: Kernel, _t: number, r: number): Outcome {
  useBlock(k, r, 'zero');
  forRest(k, r, (block, line) => {
    zeroLine(k, block, line);
  });
  return NEXT;
}

function forRest(k: Kernel, r: number, visit: (block: number, line: number) => void): void {
  const start = k.get(r + R_PAGE) * LINES_PER_PAGE;
  const block = extentBlock(k.get(r + R_EXTENT));
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    if (start + line < k.get(r + R_FIRST) || start + line >= k.get(r + R_LAST)) visit(block, line);
  }
}

function touchRest(k: Kernel, _t: number, r: number): void {
  forRest(k, r, (block, line) => {
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
  });
}

/** Zero R_LINE, the second half of a page that a size or a range cuts; R_ANSWER: is there something to zero? */
function zeroPartial(k: Kernel, _t: number, r: number): Outcome {
  const line = k.get(r + R_LINE);
  const block = blockToZero(k, pageIndex(k.get(r + R_FILE), line >> 1));
  k.put(r + R_ANSWER, block < 0 ? 0 : 1);
  if (block >= 0) zeroLine(k, block, line & 1);
  return NEXT;
}

/** -1 where there is none, or where a copy of it has been zeroed instead. */
function blockToZero(k: Kernel, index: number): number {
  const extent = k.get(EXTENT + index);
  if (extentKind(extent) !== WRITTEN || isWritten(k.get(COW_EXTENT + index))) return -1;
  return extentBlock(extent);
}

function touchPartial(k: Kernel, _t: number, r: number): void {
  const line = k.get(r + R_LINE);
  const index = pageIndex(k.get(r + R_FILE), line >> 1);
  k.reads(O_EXTENT + index);
  const block = blockToZero(k, index);
  if (block >= 0) k.writes(O_LINE + block * LINES_PER_PAGE + (line & 1));
}

/** Zero the lines of [first, last) that share a page with lines outside of it. */
function zeroEdges(k: Kernel, _t: number, r: number): Outcome {
  forEdges(k, r, (block, line) => {
    zeroLine(k, block, line);
  });
  return NEXT;
}

function forEdges(k: Kernel, r: number, visit: (block: number, line: number) => void): void {
  const file = k.get(r + R_FILE);
  const first = k.get(r + R_FIRST);
  const last = k.get(r + R_LAST);
  for (let line = first; line < last; line++) {
    const start = line & ~1;
    if (start >= first && start + LINES_PER_PAGE <= last) continue;
    const block = blockToZero(k, pageIndex(file, line >> 1));
    if (block >= 0) visit(block, line & 1);
  }
}

function touchEdges(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const first = k.get(r + R_FIRST);
  const last = k.get(r + R_LAST);
  if ((first & 1) === 1) k.reads(O_EXTENT + pageIndex(file, first >> 1));
  if ((last & 1) === 1 && (last >> 1 !== first >> 1 || (first & 1) === 0)) {
    k.reads(O_EXTENT + pageIndex(file, last >> 1));
  }
  forEdges(k, r, (block, line) => {
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
  });
}

export const ZEROING_STEPS: readonly StepDef[] = [
  visible({
    name: 'clearBlock',
    says: 'zero the block',
    run: clearBlock,
    touch: touchClear,
    may: ['line'],
    why: 'clear_pmem: one step a page',
  }),
  visible({
    name: 'convertExtent',
    says: 'convert the extent to written',
    run: convertExtent,
    touch: touchConvert,
    may: ['extent'],
    restless: true,
    why: UNDER_X,
  }),
  visible({
    name: 'zeroRest',
    says: 'zero the rest of the new block',
    run: zeroRest,
    touch: touchRest,
    may: ['line'],
    why: 'dax_new_buf clears head and tail of a new buffer',
  }),
  visible({
    name: 'zeroPartial',
    says: 'zero the tail of the block',
    run: zeroPartial,
    touch: touchPartial,
    may: ['extent', 'line'],
    restless: true,
    answers: true,
    why: 'dax_zero_page_range: one memset',
  }),
  visible({
    name: 'zeroEdges',
    says: 'zero the partial edges',
    run: zeroEdges,
    touch: touchEdges,
    may: ['extent', 'line'],
    restless: true,
    why: 'dax_zero_page_range at both ends of the range',
  }),
];
