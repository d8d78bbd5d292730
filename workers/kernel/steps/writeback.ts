/** fsync's writeback of DAX entries (4.5+): tags, the check, the flush. 4.10 locks the entry and clears DIRTY. */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byRole, flushLine, roleIn } from '../blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_TAGS,
  ENTRY_TOWRITE,
  entryBlock,
  extentBlock,
  isWritten,
  LOST_ELSEWHERE,
  LOST_KEPT,
  LOST_SKIPPED,
  LOST_UNTAGGED,
  LOST_UPGRADED,
  lostCause,
  lostWord,
  pageIndex,
  SLOT_ENTRY,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  CPU,
  EXTENT,
  EXTENT_BY,
  LOST_BY,
  MEDIA,
  O_LINE,
  O_SLOT,
  R_ANSWER,
  R_CURSOR,
  R_FILE,
  R_FROM,
  R_MORE,
  R_PAGE,
  R_SLOT,
  R_TO,
  SLOT,
  WRITES_BACK,
} from '../layout.ts';
import { C_ENTRY } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesPageOf, visible } from '../step.ts';
import { holdEntry, isOfBlock, isWrittenBack, waitForEntry, wakeOne } from './entries.ts';
import { isWritableSomewhere } from './entry-drops.ts';
import { touchMapped } from './pages.ts';

function indexOf(k: Kernel, r: number): number {
  return pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
}

function endOf(k: Kernel, r: number): number {
  return Math.min(k.get(r + R_TO), k.world.pageLimit, PAGES);
}

/** tag_pages_for_writeback: every DIRTY entry of the range also gets TOWRITE. */
function tagTowrite(k: Kernel, t: number, r: number): Outcome {
  k.put(WRITES_BACK, k.peek(WRITES_BACK) | (1 << t));
  const file = k.get(r + R_FILE);
  for (let page = k.get(r + R_FROM); page < endOf(k, r); page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    if (slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_DIRTY) !== 0) {
      k.put(SLOT + pageIndex(file, page), slot | ENTRY_TOWRITE);
    }
  }
  return NEXT;
}

function touchTag(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  for (let page = k.get(r + R_FROM); page < endOf(k, r); page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    if (slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_TAGS) === ENTRY_DIRTY) {
      k.writes(O_SLOT + pageIndex(file, page));
    } else k.reads(O_SLOT + pageIndex(file, page));
  }
}

/** find_get_entries_tag: the next TOWRITE entry, with a snapshot of its slot; R_MORE 0 if none is left. */
function findTowrite(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  for (let page = k.get(r + R_CURSOR); page < endOf(k, r); page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    if (slotKind(slot) !== SLOT_ENTRY || (slot & ENTRY_TOWRITE) === 0) continue;
    k.put(r + R_PAGE, page);
    k.put(r + R_SLOT, slot);
    k.put(r + R_CURSOR, page + 1);
    return NEXT;
  }
  k.put(r + R_MORE, 0);
  k.put(WRITES_BACK, k.peek(WRITES_BACK) & ~(1 << t));
  return NEXT;
}

function touchFind(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  for (let page = k.get(r + R_CURSOR); page < endOf(k, r); page++)
    k.reads(O_SLOT + pageIndex(file, page));
}

/**
 * dax_writeback_one of 4.5-4.9: the slot must be what was collected, lock bit included, so an entry that a
 * fault holds locked is taken for another one and skipped (B21).
 */
function checkTowrite(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  const snapshot = k.get(r + R_SLOT);
  const same = ((slot ^ snapshot) & ~ENTRY_TAGS) === 0;
  const isTagged = (slot & ENTRY_TOWRITE) !== 0;
  k.put(r + R_ANSWER, same && isTagged ? 1 : 0);
  if (!same && isTagged && ((slot ^ snapshot) & ~ENTRY_TAGS & ~ENTRY_LOCKED) === 0)
    k.put(LOST_BY + index, lostWord(LOST_SKIPPED, byRole(k)));
  return NEXT;
}

/** The same, but waits for a locked entry and then compares without the lock bit (L13). */
function checkTowriteUnlocked(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  if (isLocked(k, index)) return waitForTowrite(k, t, index);
  // Who only waited must pass a wake-one on (design 3.1).
  wakeOne(k, index);
  k.put(r + R_ANSWER, isCollected(k, r, index) ? 1 : 0);
  return NEXT;
}

function isLocked(k: Kernel, index: number): boolean {
  const slot = k.get(SLOT + index);
  return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_LOCKED) !== 0;
}

function waitForTowrite(k: Kernel, t: number, index: number): Outcome {
  k.requests(t, C_ENTRY);
  return waitForEntry(k, t, index);
}

/** The slot is what was collected, but for its lock bit, and carries TOWRITE. */
function isCollected(k: Kernel, r: number, index: number): boolean {
  const slot = k.get(SLOT + index);
  const differs = (slot ^ k.get(r + R_SLOT)) & ~(ENTRY_TAGS | ENTRY_LOCKED);
  return differs === 0 && (slot & ENTRY_TOWRITE) !== 0;
}

/**
 * dax_writeback_one of 4.10: it waits for a locked entry, which must be the collected one and carry TOWRITE; then it is
 * locked, and R_ANSWER 1.
 */
function lockTowrite(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  if (isLocked(k, index)) return waitForTowrite(k, t, index);
  const isIt = isCollected(k, r, index);
  k.put(r + R_ANSWER, isIt ? 1 : 0);
  if (isIt) {
    k.requests(t, C_ENTRY);
    holdEntry(k, t, index, k.get(SLOT + index));
  } else wakeOne(k, index);
  return NEXT;
}

/** The same where a locked entry is taken for one that has gone, as in 6.1: it is passed by. */
function lockTowriteSkipping(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  if (!isLocked(k, index)) return lockTowrite(k, t, r);
  k.put(r + R_ANSWER, 0);
  if (isCollected(k, r, index)) k.put(LOST_BY + index, lostWord(LOST_SKIPPED, byRole(k)));
  return NEXT;
}

const touchSlot = touchesPageOf(O_SLOT, true);

/** wb_cache_pmem of the entry's block: what was passed over, or stored without a tag, is durable after all. */
function flushBlock(k: Kernel, _t: number, r: number): Outcome {
  // Of a ZERO entry it is the zero page.
  if (!isOfBlock(k.get(r + R_SLOT))) return NEXT;
  const block = entryBlock(k.get(r + R_SLOT));
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const i = block * LINES_PER_PAGE + line;
    flushLine(k, i);
  }
  const index = indexOf(k, r);
  const extent = k.peek(EXTENT + index);
  if (extent !== 0 && extentBlock(extent) !== block && isWritten(extent)) {
    k.put(LOST_BY + index, lostWord(LOST_ELSEWHERE, roleIn(k, EXTENT_BY + index)));
    return NEXT;
  }
  // Without an entry, what comes next is untracked all the same.
  const slot = k.peek(SLOT + index);
  if (slotKind(slot) === SLOT_ENTRY && !isUpgradedMeanwhile(k, index)) k.put(LOST_BY + index, 0);
  return NEXT;
}

function touchFlush(k: Kernel, _t: number, r: number): void {
  if (!isOfBlock(k.get(r + R_SLOT))) return;
  const block = entryBlock(k.get(r + R_SLOT));
  for (let line = 0; line < LINES_PER_PAGE; line++)
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
  // For the blame, which a step that passes the entry over sets.
  k.writes(O_SLOT + indexOf(k, r));
}

/** Clear TOWRITE. What was stored since the flush is now untagged for a second fsync under way (B56). */
function clearTowrite(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY || (slot & ENTRY_TOWRITE) === 0) return NEXT;
  k.put(SLOT + index, slot & ~ENTRY_TOWRITE);
  if ((k.peek(WRITES_BACK) & ~(1 << t)) === 0 || !isOfBlock(slot)) return NEXT;
  const i = entryBlock(slot) * LINES_PER_PAGE;
  if (k.peek(CPU + i) !== k.peek(MEDIA + i) || k.peek(CPU + i + 1) !== k.peek(MEDIA + i + 1)) {
    k.put(LOST_BY + index, lostWord(LOST_UNTAGGED, byRole(k)));
  }
  return NEXT;
}

/** Clear DIRTY. A pte that is writable still lets stores pass that no fsync will find. */
function clearDirty(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY) return NEXT;
  k.put(SLOT + index, slot & ~ENTRY_DIRTY);
  if (!isOfBlock(slot) || lostCause(k.peek(LOST_BY + index)) === LOST_ELSEWHERE) return NEXT;
  const isWritable = isWritableSomewhere(k, r, entryBlock(slot));
  if (!isWritable) k.put(LOST_BY + index, 0);
  else if (!isUpgradedMeanwhile(k, index)) k.put(LOST_BY + index, lostWord(LOST_KEPT, byRole(k)));
  return NEXT;
}

/** Whether a fault has made a pte writable while the entry was locked: no flush makes up for that. */
function isUpgradedMeanwhile(k: Kernel, index: number): boolean {
  return isWrittenBack(k, index) && lostCause(k.peek(LOST_BY + index)) === LOST_UPGRADED;
}

function touchClearDirty(k: Kernel, t: number, r: number): void {
  k.writes(O_SLOT + indexOf(k, r));
  touchMapped(k, t, r);
}

const TREE = 'one tree_lock section';

export const WRITEBACK_STEPS: readonly StepDef[] = [
  visible({
    name: 'tagTowrite',
    says: 'tag dirty entries TOWRITE',
    run: tagTowrite,
    touch: touchTag,
    may: ['slot'],
    restless: true,
    why: `tag_pages_for_writeback: ${TREE}`,
  }),
  visible({
    name: 'findTowrite',
    says: 'look for the next TOWRITE tag',
    run: findTowrite,
    touch: touchFind,
    may: ['slot'],
    why: 'find_get_entries_tag, one entry at a time',
  }),
  visible({
    name: 'checkTowrite',
    flavour: 'skip',
    says: 'is the entry the same, and tagged?',
    run: checkTowrite,
    touch: touchSlot,
    may: ['slot'],
    answers: true,
    why: `dax_writeback_one: ${TREE}`,
  }),
  visible({
    name: 'checkTowriteUnlocked',
    family: 'checkTowrite',
    flavour: 'wait',
    says: 'is the entry the same, and tagged?',
    run: checkTowriteUnlocked,
    touch: touchSlot,
    may: ['slot'],
    answers: true,
    why: `dax_writeback_one of 4.10 waits for the lock: ${TREE}`,
  }),
  visible({
    name: 'lockTowrite',
    flavour: 'wait',
    says: 'is the entry the same, and tagged? then lock it',
    run: lockTowrite,
    touch: touchSlot,
    may: ['slot'],
    lock: 'takes',
    answers: true,
    why: `dax_writeback_one of 4.10: ${TREE} (a6abc2c0e77b)`,
  }),
  visible({
    name: 'lockTowriteSkipping',
    family: 'lockTowrite',
    flavour: 'skip',
    says: 'is the entry the same, and tagged? then lock it',
    run: lockTowriteSkipping,
    touch: touchSlot,
    may: ['slot'],
    lock: 'takes',
    answers: true,
    why: `dax_writeback_one of 6.1 passes a locked entry by: ${TREE} (locking 7.5)`,
  }),
  visible({
    name: 'flushBlock',
    says: 'flush the cache lines',
    run: flushBlock,
    touch: touchFlush,
    may: ['line', 'slot'],
    why: 'wb_cache_pmem: one flush a page (design 3)',
  }),
  visible({
    name: 'clearTowrite',
    says: 'clear the TOWRITE tag',
    run: clearTowrite,
    touch: touchSlot,
    may: ['slot'],
    why: `radix_tree_tag_clear: ${TREE}`,
  }),
  visible({
    name: 'clearDirty',
    says: 'clear the DIRTY tag',
    run: clearDirty,
    touch: touchClearDirty,
    may: ['slot', 'pte', 'vma'],
    restless: true,
    why: `radix_tree_tag_clear: ${TREE} (4b4bb46d00b3)`,
  }),
];
