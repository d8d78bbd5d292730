/**
 * What the kernel copies on its own account. A private page must show what a read of the file might have shown
 * while it was made (O6, O7); and nobody zeroes, fills or reads a block that is not, or no longer, the page's (O4).
 */
import { LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import { blamed } from '../kernel/blame.ts';
import { extentBlock, PTE_ZERO, pageIndex, pteKind } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  BLOCK_GEN,
  DONE_AT,
  EXTENT,
  R_EXTENT,
  R_FILE,
  R_GEN,
  R_LINE,
  R_OLD,
  R_PAGE,
  R_SLOT,
  REMOVED_BY,
  SIZE,
} from '../kernel/layout.ts';
import { complainOfCopy } from './content.ts';
import {
  currentLabel,
  type Findings,
  isBlockTainted,
  isTainted,
  pageName,
  taint,
} from './oracle.ts';
import { judgeValue, LEGAL } from './register.ts';
import { isBeyondSize, isOfLastTruncate } from './stale-pte.ts';

/** The copy was read at some time since the operation began, so what was complete before that must show. */
export function copyInstalled(k: Kernel, found: Findings, r: number): void {
  const file = k.peek(r + R_FILE);
  const page = k.peek(r + R_PAGE);
  const done = k.peek(DONE_AT + k.writerOf(k.currentThread));
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const fileLine = page * LINES_PER_PAGE + line;
    if (fileLine >= k.peek(SIZE + file) || isTainted(k, file, page)) continue;
    const value = k.peek(r + (line === 0 ? R_SLOT : R_LINE));
    const verdict = judgeValue(k, file, fileLine, value, done);
    if (verdict === LEGAL) continue;
    const isZeroPage = pteKind(k.peek(r + R_OLD)) === PTE_ZERO;
    complainOfCopy(k, found, file, fileLine, value, verdict, isZeroPage);
  }
}

const USED = { zero: 'zeroed', copy: 'written', read: 'read' } as const;

/** The block that the frame has looked up is about to be zeroed, filled by a write or read by read(2). */
export function blockUsed(
  k: Kernel,
  found: Findings,
  r: number,
  use: 'zero' | 'copy' | 'read',
): void {
  const file = k.peek(r + R_FILE);
  const page = k.peek(r + R_PAGE);
  const extent = k.peek(EXTENT + pageIndex(file, page));
  const block = extentBlock(k.peek(r + R_EXTENT));
  const isOwn =
    extent !== 0 &&
    extentBlock(extent) === block &&
    k.peek(BLOCK_GEN + block) === k.peek(r + R_GEN);
  if (isOwn) return;
  const isOld = isTainted(k, file, page) || isBlockTainted(k, block);
  taint(k, file, page, block);
  if (isOld) return;
  const isCutOff = isBeyondSize(k, file, page) && isOfLastTruncate(k, file, block);
  found.report(k, {
    class: 'foreign-block',
    object: `${use}${isCutOff ? '-beyond-eof' : ''}`,
    fatal: false,
    labels: [currentLabel(k), blamed(k, REMOVED_BY + block)],
    detail: `block ${block} is ${USED[use]} for ${pageName(file, page)}, whose block it is not any more`,
  });
}
