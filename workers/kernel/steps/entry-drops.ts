/** How DAX entries leave the page cache, and what each such drop loses. */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byRole } from '../blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TAGS,
  ENTRY_TYPE,
  ENTRY_ZERO,
  entryBlock,
  LOST_ALIAS,
  LOST_CLEAN,
  LOST_CUT,
  LOST_DIRTY,
  LOST_KEPT,
  LOST_NOT,
  LOST_UNTAGGED,
  LOST_UPGRADED,
  LOST_WRITABLE,
  lostCause,
  lostWord,
  PTE_BLOCK,
  PTE_RW,
  pageOfSlot,
  pteKind,
  pteTarget,
  SLOT_ENTRY,
  SLOT_PAGE,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  CPU,
  LOST_BY,
  MEDIA,
  O_LINE,
  O_PIN,
  O_PTE,
  O_SLOT,
  PTE,
  R_ANSWER,
  R_FROM,
  R_PAGEOBJ,
  R_TO,
  SLOT,
} from '../layout.ts';
import { C_ENTRY } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesPageOf, visible } from '../step.ts';
import { isOfBlock, waitForEntry, wakeAll, wakeOne } from './entries.ts';
import { isPinned } from './layouts.ts';
import { indexOf, SLOT_ONLY, TREE, touchMapped, touchSlotWrite } from './pages.ts';
import { clearEntry, dropSlot, queueOf, slotsOf } from './slots.ts';
import { forEachMapping } from './walk.ts';

const touchSlotOnly = touchesPageOf(O_SLOT, true);

/** R_ANSWER 0, and R_PAGEOBJ, where a page has taken the entry's place. */
function isPageNow(k: Kernel, r: number, slot: number): boolean {
  const isPage = slotKind(slot) === SLOT_PAGE;
  if (isPage) k.put(r + R_PAGEOBJ, pageOfSlot(slot) + 1);
  k.put(r + R_ANSWER, isPage ? 0 : 1);
  return isPage;
}

/**
 * Delete the entry that findSlot saw, once it is unlocked. R_ANSWER is 0 if, after the wait, the slot holds a
 * page: the entry routine cannot delete that.
 */
function deleteEntry(
  drop: (k: Kernel, r: number, index: number) => void,
): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    if (isPageNow(k, r, slot)) return NEXT;
    if (slot !== 0) {
      k.requests(t, C_ENTRY);
      if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
      drop(k, r, index);
    }
    wakeAll(k, queueOf(slot, index));
    return NEXT;
  };
}

function dropOfPage(k: Kernel, _r: number, index: number): void {
  dropSlot(k, index);
}

function dropNamed(k: Kernel, _r: number, index: number): void {
  nameTheLoss(k, index);
  dropSlot(k, index);
}

/** All that the entry fills, also pages that the file keeps (F12). */
function dropWhole(k: Kernel, r: number, index: number): void {
  for (const one of slotsOf(k.get(SLOT + index), index)) {
    const isKept = one % PAGES < k.get(r + R_FROM) || one % PAGES >= k.get(r + R_TO);
    if (isKept && isLoss(lossOf(k, one))) k.put(LOST_BY + one, lostWord(LOST_CUT, byRole(k)));
  }
  clearEntry(k, index);
}

/**
 * __dax_invalidate_mapping_entry: an entry that carries a tag stays; sleepers are woken either way. R_ANSWER as
 * `deleteEntry`.
 */
function dropCleanEntry(
  wake: (k: Kernel, index: number) => void,
  isKept: (k: Kernel, slot: number) => boolean = () => false,
): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    if (isPageNow(k, r, slot) || slot === 0) return NEXT;
    k.requests(t, C_ENTRY);
    if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
    if ((slot & ENTRY_TAGS) === 0 && !isKept(k, slot)) {
      nameTheLoss(k, index);
      dropSlot(k, index);
    }
    wake(k, queueOf(slot, index));
    return NEXT;
  };
}

/** Stores that dirty no entry: a pte is writable, or the tag went with the entry. */
const UNTRACKED: ReadonlySet<number> = new Set([LOST_UPGRADED, LOST_KEPT, LOST_ALIAS, LOST_CUT]);

/**
 * Three defects drop an entry (locking 3.10a). Told apart at the drop: data that was never flushed is lost
 * (B18); a writable PTE lives on untracked (B20); else a read-only PTE will be upgraded without an entry (B53).
 */
function nameTheLoss(k: Kernel, index: number): void {
  const cause = lossOf(k, index);
  if (cause !== LOST_NOT) k.put(LOST_BY + index, lostWord(cause, byRole(k)));
}

function isLoss(cause: number): boolean {
  return cause === LOST_DIRTY || cause === LOST_WRITABLE;
}

/** What the drop of a page's entry (pageIndex) loses. */
function lossOf(k: Kernel, index: number): number {
  const slot = k.get(SLOT + index);
  if (!isOfBlock(slot)) return LOST_NOT;
  // What stands in the way of a tag has lost the stores before the drop does.
  const lost = lostCause(k.peek(LOST_BY + index));
  if (UNTRACKED.has(lost) && (slot & ENTRY_DIRTY) === 0) return LOST_NOT;
  const block = entryBlock(slot);
  const unflushed =
    k.get(CPU + 2 * block) !== k.get(MEDIA + 2 * block) ||
    k.get(CPU + 2 * block + 1) !== k.get(MEDIA + 2 * block + 1);
  // Who drops it has looked for its tag in vain (B56).
  if (unflushed) return lost === LOST_UNTAGGED ? LOST_NOT : LOST_DIRTY;
  return writablePte(k, index, block) !== 0 ? LOST_WRITABLE : LOST_CLEAN;
}

/** A pte of the page (pageIndex) that maps the block writable; 0 for none. */
export function writablePte(k: Kernel, index: number, block: number): number {
  let found = 0;
  forEachMapping(k, Math.floor(index / PAGES), index % PAGES, (pteIndex) => {
    const pte = k.get(PTE + pteIndex);
    if (pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block && (pte & PTE_RW) !== 0) found = pte;
  });
  return found;
}

/** What the drop loses, and so its name, is decided by the block's lines and by who maps it. */
function touchDropEntry(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  const slot = k.get(SLOT + indexOf(k, r));
  if (slotKind(slot) !== SLOT_ENTRY || (slot & ENTRY_TYPE) !== ENTRY_REAL) return;
  if ((slot & ENTRY_LOCKED) !== 0) return;
  k.reads(O_LINE + 2 * entryBlock(slot));
  k.reads(O_LINE + 2 * entryBlock(slot) + 1);
  touchMapped(k, t, r);
}

function isZero(_k: Kernel, slot: number): boolean {
  return (slot & ENTRY_TYPE) === ENTRY_ZERO;
}

function touchDropOrPin(k: Kernel, t: number, r: number): void {
  touchDropEntry(k, t, r);
  const slot = k.get(SLOT + indexOf(k, r));
  if (isOfBlock(slot)) k.reads(O_PIN + entryBlock(slot));
}

function touchDeleteWhole(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  k.writes(O_SLOT + index);
  if (!isOfBlock(slot) || (slot & ENTRY_LOCKED) !== 0) return;
  for (const one of slotsOf(slot, index)) {
    const block = entryBlock(k.get(SLOT + one));
    for (let line = 0; line < LINES_PER_PAGE; line++)
      k.reads(O_LINE + block * LINES_PER_PAGE + line);
    forEachMapping(k, Math.floor(one / PAGES), one % PAGES, (pteIndex) => {
      k.reads(O_PTE + pteIndex);
    });
  }
}

/** What is no part of 6.1: entries that an invalidation has to leave. */
const KEEPING = {
  role: 'dropCleanEntry',
  family: 'dropCleanEntry',
  restless: true,
  answers: true,
  may: ['slot', 'line', 'pte', 'vma', 'pin'],
} as const;

export const ENTRY_DROP_STEPS: readonly StepDef[] = [
  visible({
    name: 'dropEntry',
    says: 'drop the radix entry',
    run: deleteEntry(dropNamed),
    touch: touchDropEntry,
    may: ['slot', 'line', 'pte', 'vma'],
    restless: true,
    answers: true,
    why: `invalidate_inode_pages2_range: ${TREE}, dirty or not (locking 2, INV2.drop)`,
  }),
  visible({
    name: 'dropCleanEntry',
    says: 'drop the radix entry, if no tag is on it',
    run: dropCleanEntry(wakeOne),
    touch: touchDropEntry,
    may: ['slot', 'line', 'pte', 'vma'],
    restless: true,
    answers: true,
    why: `__dax_invalidate_mapping_entry: ${TREE}; wakes one sleeper (c6dcf52c23d2)`,
  }),
  visible({
    name: 'dropCleanEntryWakeAll',
    role: 'dropCleanEntry',
    family: 'dropCleanEntry',
    flavour: 'all',
    says: 'drop the entry, if no tag is on it',
    run: dropCleanEntry(wakeAll),
    touch: touchDropEntry,
    may: ['slot', 'line', 'pte', 'vma'],
    restless: true,
    answers: true,
    why: '__dax_invalidate_entry: one xa_lock section; wakes all sleepers, since 5.13 (237388320def)',
  }),
  visible({
    ...KEEPING,
    name: 'dropCleanEntryUnlessZero',
    flavour: 'unless_zero',
    says: 'drop the entry, if no tag is on it and it names a block',
    run: dropCleanEntry(wakeAll, isZero),
    touch: touchDropEntry,
    why: 'no kernel: the repair of F03, in the same xa_lock section',
  }),
  visible({
    ...KEEPING,
    name: 'dropCleanEntryUnlessPinned',
    flavour: 'unless_pinned',
    says: 'drop the entry, if no tag is on it and its page is idle',
    run: dropCleanEntry(wakeAll, isPinned),
    touch: touchDropOrPin,
    why: 'no kernel: of the repair of B39, in the same xa_lock section; a new pin needs a fault, which tags it',
  }),
  visible({
    ...KEEPING,
    name: 'dropCleanEntryUnlessEither',
    flavour: 'unless_either',
    says: 'drop the entry, if no tag is on it, it names a block, and its page is idle',
    run: dropCleanEntry(wakeAll, (k, slot) => isZero(k, slot) || isPinned(k, slot)),
    touch: touchDropOrPin,
    why: 'no kernel: both repairs',
  }),
  visible({
    name: 'deleteEntry',
    says: 'delete the radix entry',
    run: deleteEntry(dropOfPage),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    answers: true,
    why: `dax_delete_mapping_entry: ${TREE}, all sleepers are woken`,
  }),
  visible({
    name: 'deleteWholeEntry',
    role: 'deleteEntry',
    family: 'deleteEntry',
    flavour: 'whole',
    says: 'delete the radix entry, also of a huge page that the range cuts',
    run: deleteEntry(dropWhole),
    touch: touchDeleteWhole,
    may: ['slot', 'line', 'pte', 'vma'],
    restless: true,
    answers: true,
    why: `dax_delete_mapping_entry to 6.1: ${TREE}, all sleepers are woken`,
  }),
];
