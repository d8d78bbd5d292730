/** fsync's writeback of DAX entries (4.5+): tags, the check, the flush. 4.10 locks the entry and clears DIRTY. */
import { HUGE_PAGES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byRole, flushLine } from '../blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_PMD,
  ENTRY_TAGS,
  ENTRY_TOWRITE,
  entryBlock,
  firstOfHuge,
  LOST_SKIPPED,
  lostWord,
  pageIndex,
  SLOT_ENTRY,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  LOST_BY,
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
import { holdEntry, isOfBlock, waitForEntry, wakeOne } from './entries.ts';
import { isHugeEntry, queueOf, setSlot, slotsOf } from './slots.ts';
import { nameTheFlushed, nameTheKept, nameTheUntagged, touchKept } from './writeback-losses.ts';

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
      setSlot(k, pageIndex(file, page), slot | ENTRY_TOWRITE);
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
  // Who only waited must pass a wake-one on.
  wakeOne(k, queueOf(k.get(SLOT + index), index));
  k.put(r + R_ANSWER, isCollected(k, r, index) ? 1 : 0);
  return NEXT;
}

function isLocked(k: Kernel, index: number): boolean {
  const slot = k.get(SLOT + index);
  return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_LOCKED) !== 0;
}

function waitForTowrite(k: Kernel, t: number, index: number): Outcome {
  k.requests(t, C_ENTRY);
  return waitForEntry(k, t, queueOf(k.get(SLOT + index), index));
}

/** The slot is what was collected, but for its lock bit and what a range has cut off (dropSlot), and carries TOWRITE. */
function isCollected(k: Kernel, r: number, index: number): boolean {
  const slot = k.get(SLOT + index);
  const differs = (slot ^ k.get(r + R_SLOT)) & ~(ENTRY_TAGS | ENTRY_LOCKED | ENTRY_PMD);
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
    if (!isHugeEntry(k.get(SLOT + index))) k.put(r + R_SLOT, k.get(r + R_SLOT) & ~ENTRY_PMD);
  } else wakeOne(k, queueOf(k.get(SLOT + index), index));
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
  forLines(k, r, (line) => {
    flushLine(k, line);
  });
  const first = firstBlock(k.get(r + R_SLOT));
  slotsOf(k.get(r + R_SLOT), indexOf(k, r)).forEach((index, i) => {
    nameTheFlushed(k, index, first + i);
  });
  return NEXT;
}

/** The block of the first page that an entry fills. */
function firstBlock(slot: number): number {
  return isHugeEntry(slot) ? firstOfHuge(entryBlock(slot)) : entryBlock(slot);
}

/** The lines of the blocks that the collected entry names. */
function forLines(k: Kernel, r: number, visit: (line: number) => void): void {
  const slot = k.get(r + R_SLOT);
  const pages = isHugeEntry(slot) ? HUGE_PAGES : 1;
  const first = firstBlock(slot) * LINES_PER_PAGE;
  for (let i = 0; i < pages * LINES_PER_PAGE; i++) visit(first + i);
}

function touchFlush(k: Kernel, _t: number, r: number): void {
  if (!isOfBlock(k.get(r + R_SLOT))) return;
  forLines(k, r, (line) => {
    k.writes(O_LINE + line);
  });
  // For the blame, which a step that passes the entry over sets.
  k.writes(O_SLOT + indexOf(k, r));
}

/** Clear TOWRITE. What was stored since the flush is now untagged for a second fsync under way (B56). */
function clearTowrite(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY || (slot & ENTRY_TOWRITE) === 0) return NEXT;
  setSlot(k, index, slot & ~ENTRY_TOWRITE);
  if ((k.peek(WRITES_BACK) & ~(1 << t)) === 0 || !isOfBlock(slot)) return NEXT;
  for (const one of slotsOf(slot, index)) nameTheUntagged(k, one);
  return NEXT;
}

function touchClearTowrite(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  k.writes(O_SLOT + index);
  if (isHugeEntry(k.get(SLOT + index))) touchKept(k, index);
}

/** Clear DIRTY. A pte that is writable still lets stores pass that no fsync will find. */
function clearDirty(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY) return NEXT;
  setSlot(k, index, slot & ~ENTRY_DIRTY);
  if (!isOfBlock(slot)) return NEXT;
  for (const one of slotsOf(slot, index)) nameTheKept(k, one);
  return NEXT;
}

function touchClearDirty(k: Kernel, _t: number, r: number): void {
  k.writes(O_SLOT + indexOf(k, r));
  touchKept(k, indexOf(k, r));
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
    why: 'wb_cache_pmem: one flush a page',
  }),
  visible({
    name: 'clearTowrite',
    says: 'clear the TOWRITE tag',
    run: clearTowrite,
    touch: touchClearTowrite,
    may: ['slot', 'pte', 'vma', 'line'],
    restless: true,
    why: `radix_tree_tag_clear: ${TREE}`,
  }),
  visible({
    name: 'clearDirty',
    says: 'clear the DIRTY tag',
    run: clearDirty,
    touch: touchClearDirty,
    may: ['slot', 'pte', 'vma', 'line'],
    restless: true,
    why: `radix_tree_tag_clear: ${TREE} (4b4bb46d00b3)`,
  }),
];
