/** What writeback loses for a page, and to whose blame: ghosts that oracles/durability.ts reads. */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byRole, roleIn } from '../blame.ts';
import {
  entryBlock,
  extentBlock,
  isWritten,
  LOST_ALIAS,
  LOST_ELSEWHERE,
  LOST_KEPT,
  LOST_UNTAGGED,
  LOST_UPGRADED,
  lostCause,
  lostWord,
  PTE_HUGE,
  SLOT_ENTRY,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import { CPU, EXTENT, EXTENT_BY, LOST_BY, MEDIA, O_LINE, O_PTE, SLOT } from '../layout.ts';
import { isOfBlock, isWrittenBack } from './entries.ts';
import { writablePte } from './entry-drops.ts';
import { isHugeEntry, slotsOf } from './slots.ts';
import { forEachMapping } from './walk.ts';

/** @param block that was flushed for the page (pageIndex) */
export function nameTheFlushed(k: Kernel, index: number, block: number): void {
  const extent = k.peek(EXTENT + index);
  if (extent !== 0 && extentBlock(extent) !== block && isWritten(extent)) {
    k.put(LOST_BY + index, lostWord(LOST_ELSEWHERE, roleIn(k, EXTENT_BY + index)));
    return;
  }
  // Without an entry, what comes next is untracked all the same.
  const slot = k.peek(SLOT + index);
  if (slotKind(slot) === SLOT_ENTRY && !isUpgradedMeanwhile(k, index)) k.put(LOST_BY + index, 0);
}

export function nameTheUntagged(k: Kernel, index: number): void {
  const slot = k.peek(SLOT + index);
  if (!isUnflushed(k, entryBlock(slot))) return;
  // What a store has passed through is a pte that this writeback has left writable.
  const pte = isHugeEntry(slot) ? writablePte(k, index, entryBlock(slot)) : 0;
  k.put(LOST_BY + index, lostWord(pte === 0 ? LOST_UNTAGGED : keptAs(slot, pte), byRole(k)));
}

function isUnflushed(k: Kernel, block: number): boolean {
  const i = block * LINES_PER_PAGE;
  return k.peek(CPU + i) !== k.peek(MEDIA + i) || k.peek(CPU + i + 1) !== k.peek(MEDIA + i + 1);
}

/** Of a huge page, a pte of its own is another mapping's (B24). */
function keptAs(slot: number, pte: number): number {
  return isHugeEntry(slot) && (pte & PTE_HUGE) === 0 ? LOST_ALIAS : LOST_KEPT;
}

/** What decides the name of what a cleared tag loses. */
export function touchKept(k: Kernel, index: number): void {
  const slot = k.get(SLOT + index);
  for (const one of slotsOf(slot, index)) {
    forEachMapping(k, Math.floor(one / PAGES), one % PAGES, (pteIndex) => {
      k.reads(O_PTE + pteIndex);
    });
    if (!isHugeEntry(slot) || !isOfBlock(slot)) continue;
    const block = entryBlock(k.get(SLOT + one));
    for (let line = 0; line < LINES_PER_PAGE; line++) {
      k.reads(O_LINE + block * LINES_PER_PAGE + line);
    }
  }
}

/** What is mapped huge and was stored to may be gone from the page tables again. */
export function nameTheKept(k: Kernel, index: number): void {
  if (lostCause(k.peek(LOST_BY + index)) === LOST_ELSEWHERE) return;
  const slot = k.peek(SLOT + index);
  const block = entryBlock(slot);
  const pte = writablePte(k, index, block);
  const isGone = isHugeEntry(slot) && pte === 0 && isUnflushed(k, block);
  if (pte === 0 && !isGone) k.put(LOST_BY + index, 0);
  else if (!isUpgradedMeanwhile(k, index)) {
    k.put(LOST_BY + index, lostWord(isGone ? LOST_KEPT : keptAs(slot, pte), byRole(k)));
  }
}

/** Whether a fault has made a pte writable while the entry was locked: no flush makes up for that. */
function isUpgradedMeanwhile(k: Kernel, index: number): boolean {
  return isWrittenBack(k, index) && lostCause(k.peek(LOST_BY + index)) === LOST_UPGRADED;
}
