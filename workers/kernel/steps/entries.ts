/** DAX entries, which share the slots of the page cache (4.5+): lock, insert, tag, drop, and their wake-ups. */
import { byRole } from '../blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_EMPTY,
  ENTRY_LOCKED,
  ENTRY_PMD,
  ENTRY_REAL,
  ENTRY_TAGS,
  ENTRY_TYPE,
  ENTRY_ZERO,
  extentBlock,
  LOST_TOLD,
  lostWord,
  pageOfSlot,
  pageSlot,
  realEntry,
  SLOT_ENTRY,
  SLOT_PAGE,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  LOST_BY,
  O_SLOT,
  PAGE_HOME,
  R_ANSWER,
  R_EXTENT,
  R_PAGEOBJ,
  R_SLOT,
  R_WRITE,
  SLOT,
  SLOT_HOLDER,
  SLOT_WAIT,
  TAGGED,
  WRITES_BACK,
} from '../layout.ts';
import { C_ENTRY, fifoAt, fifoLength, fifoPop, fifoPush } from '../locks.ts';
import { NEXT, type Outcome, SLEEP } from '../program.ts';
import { type StepDef, touchesPageOf, visible } from '../step.ts';
import {
  indexOf,
  newPage,
  SLOT_AND_PAGE,
  SLOT_ONLY,
  TREE,
  touchNewPage,
  touchPage,
  touchSlotWrite,
} from './pages.ts';
import { clearEntry, queueOf, setEntry, setSlot } from './slots.ts';

const touchSlotOnly = touchesPageOf(O_SLOT, true);

/** grab_mapping_entry: an empty slot gets a locked EMPTY entry, a page is only looked up, an entry is locked. */
function lockEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) === SLOT_PAGE) {
    k.put(r + R_SLOT, slot);
    k.put(r + R_PAGEOBJ, pageOfSlot(slot) + 1);
    return NEXT;
  }
  k.requests(t, C_ENTRY);
  if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
  holdEntry(k, t, index, slot === 0 ? SLOT_ENTRY : slot);
  k.put(r + R_SLOT, k.get(SLOT + index));
  k.put(r + R_PAGEOBJ, 0);
  return NEXT;
}

/** @param queue as `queueOf` */
export function waitForEntry(k: Kernel, t: number, queue: number): Outcome {
  k.put(SLOT_WAIT + queue, fifoPush(k.get(SLOT_WAIT + queue), t));
  k.sleep(t, O_SLOT + queue);
  return SLEEP;
}

export function wakeOne(k: Kernel, queue: number): void {
  const sleepers = k.get(SLOT_WAIT + queue);
  if (fifoLength(sleepers) === 0) return;
  k.put(SLOT_WAIT + queue, fifoPop(sleepers));
  k.wake(fifoAt(sleepers, 0));
}

export function wakeAll(k: Kernel, queue: number): void {
  while (fifoLength(k.get(SLOT_WAIT + queue)) > 0) wakeOne(k, queue);
}

/** @param keepsEmpty an EMPTY entry that found nothing to name stays; else it leaves the slot empty again */
function unlockEntry(keepsEmpty: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    if ((slot & ENTRY_LOCKED) === 0 || k.get(SLOT_HOLDER + index) !== t + 1) {
      k.watch.badRelease(k, t, C_ENTRY, true);
      return NEXT;
    }
    const goes = !keepsEmpty && (slot & ENTRY_TYPE) === ENTRY_EMPTY;
    if (goes) clearEntry(k, index);
    else setEntry(k, index, slot & ~ENTRY_LOCKED, 0);
    k.drops(t, C_ENTRY);
    // Deleting an entry wakes everybody, unlocking one wakes one (locking 1.3).
    if (goes) wakeAll(k, queueOf(slot, index));
    else wakeOne(k, queueOf(slot, index));
    return NEXT;
  };
}

function replaceByPage(
  wake: (k: Kernel, index: number) => void,
): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    // A load that looked its hole up before it had the entry takes the place of what a store has made since. The tag
    // stays in the tree, and fsync fails with EIO at a page that carries one: it promises nothing.
    if (isOfBlock(slot) && (slot & ENTRY_TAGS) !== 0)
      k.put(LOST_BY + index, lostWord(LOST_TOLD, byRole(k)));
    const object = newPage(k, t, index);
    k.put(SLOT + index, pageSlot(object));
    k.put(SLOT_HOLDER + index, 0);
    k.drops(t, C_ENTRY);
    k.put(r + R_PAGEOBJ, object + 1);
    k.put(r + R_SLOT, k.get(SLOT + index));
    wake(k, index);
    return NEXT;
  };
}

function touchReplace(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  touchNewPage(k);
}

/** dax_insert_mapping_entry: the slot, page or entry, becomes a locked REAL entry; a write fault dirties it. */
function insertEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  const kept = slotKind(slot) === SLOT_ENTRY ? slot & (ENTRY_TAGS | ENTRY_PMD) : 0;
  const dirty = k.get(r + R_WRITE) !== 0 ? ENTRY_DIRTY : 0;
  if (slotKind(slot) === SLOT_PAGE) {
    k.put(PAGE_HOME + pageOfSlot(slot), 0);
    k.holds(t, C_ENTRY);
    k.put(SLOT_HOLDER + index, t + 1);
  }
  setSlot(k, index, realEntry(extentBlock(k.get(r + R_EXTENT))) | ENTRY_LOCKED | kept | dirty);
  return NEXT;
}

/**
 * dax_insert_entry of 6.1: what names no block is replaced, another entry keeps its block; loads tag it DIRTY as well
 * (locking 7.5), a fault that still has to sync does not.
 */
function insertTagged(tag: number, entryOf: (k: Kernel, r: number) => number = entryOfBlock) {
  return (k: Kernel, _t: number, r: number): Outcome => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    const kept = isOfBlock(slot) ? slot : entryOf(k, r) | ENTRY_LOCKED | (slot & ENTRY_TAGS);
    k.put(SLOT + index, kept | tag);
    return NEXT;
  };
}

/** The same of a copy on write: the entry names the copy, and an fsync under way finds it as well. */
function insertCow(k: Kernel, _t: number, r: number): Outcome {
  const entry = realEntry(extentBlock(k.get(r + R_EXTENT)));
  k.put(SLOT + indexOf(k, r), entry | ENTRY_LOCKED | ENTRY_TAGS);
  return NEXT;
}

function entryOfBlock(k: Kernel, r: number): number {
  return realEntry(extentBlock(k.get(r + R_EXTENT)));
}

/** dax_radix_entry of 4.5, before there are entry locks: R_ANSWER 0 where the slot holds a page, which is EIO. */
function addEntry(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  const isPage = slotKind(slot) === SLOT_PAGE;
  k.put(r + R_ANSWER, isPage ? 0 : 1);
  if (isPage) return NEXT;
  const entry = slot === 0 ? realEntry(extentBlock(k.get(r + R_EXTENT))) : slot;
  k.put(SLOT + index, entry | (k.get(r + R_WRITE) !== 0 ? ENTRY_DIRTY : 0));
  return NEXT;
}

function touchInsertEntry(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  if (k.get(r + R_PAGEOBJ) !== 0) touchPage(k, t, r);
}

/** dax_pfn_mkwrite of 4.5-4.9: wait for the entry's lock, do not take it; dirty the entry if there is one. */
function dirtyEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slotKind(slot) === SLOT_ENTRY) {
    k.requests(t, C_ENTRY);
    if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
    setSlot(k, index, slot | ENTRY_DIRTY);
  }
  k.put(TAGGED, k.peek(TAGGED) | (1 << t));
  // Who only waited must pass a wake-one on.
  wakeOne(k, queueOf(slot, index));
  return NEXT;
}

/**
 * dax_pfn_mkwrite of 4.10: once the entry is unlocked, dirty it and lock it. R_ANSWER 0 where the slot is empty or
 * holds a page: then the fault is over.
 */
function lockDirtyEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  const isEntry = slotKind(slot) === SLOT_ENTRY;
  k.put(r + R_ANSWER, isEntry ? 1 : 0);
  if (!isEntry) return NEXT;
  k.requests(t, C_ENTRY);
  if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
  holdEntry(k, t, index, slot | ENTRY_DIRTY);
  k.put(TAGGED, k.peek(TAGGED) | (1 << t));
  return NEXT;
}

/** lock_slot: t holds the entry from here on. */
export function holdEntry(k: Kernel, t: number, index: number, slot: number): void {
  setEntry(k, index, slot | ENTRY_LOCKED, t + 1);
  k.holds(t, C_ENTRY);
}

/** Whether a slot names a block. */
export function isOfBlock(slot: number): boolean {
  return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_TYPE) === ENTRY_REAL;
}

/** Whether an fsync holds the entry. */
export function isWrittenBack(k: Kernel, index: number): boolean {
  const holder = k.peek(SLOT_HOLDER + index) - 1;
  return holder >= 0 && ((k.peek(WRITES_BACK) >> holder) & 1) !== 0;
}

export const ENTRY_STEPS: readonly StepDef[] = [
  visible({
    name: 'lockEntry',
    says: 'lock the radix entry',
    run: lockEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'takes',
    why: `grab_mapping_entry: ${TREE} (locking 3.10a step 3)`,
  }),
  visible({
    name: 'unlockEntry',
    says: 'unlock the radix entry',
    run: unlockEntry(false),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'drops',
    why: `put_locked_mapping_entry: ${TREE}, then a wake-up`,
  }),
  visible({
    name: 'unlockEntryKeeping',
    role: 'unlockEntry',
    family: 'unlockEntry',
    flavour: 'keep',
    says: 'unlock the entry',
    run: unlockEntry(true),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'drops',
    why: `dax_unlock_entry: one xa_lock section, then a wake-up; an EMPTY entry stays (locking 7.5)`,
  }),
  visible({
    name: 'replaceEntryByPage',
    flavour: 'all',
    says: 'replace the entry by a zero page',
    run: replaceByPage(wakeAll),
    touch: touchReplace,
    may: SLOT_AND_PAGE,
    restless: true,
    why: `dax_load_hole of 4.7: ${TREE}; all sleepers of the entry are woken`,
  }),
  visible({
    name: 'replaceEntryByPageWakeOne',
    family: 'replaceEntryByPage',
    flavour: 'one',
    says: 'replace the entry by a zero page',
    run: replaceByPage(wakeOne),
    touch: touchReplace,
    may: SLOT_AND_PAGE,
    restless: true,
    why: `dax_load_hole of 4.7: ${TREE}; wakes one sleeper only (B28)`,
  }),
  visible({
    name: 'insertEntry',
    says: 'insert the radix entry',
    run: insertEntry,
    touch: touchInsertEntry,
    may: SLOT_AND_PAGE,
    why: `dax_insert_mapping_entry: ${TREE}`,
  }),
  visible({
    name: 'insertDirtyEntry',
    role: 'insertEntry',
    family: 'insertEntry',
    flavour: 'dirty',
    says: 'insert the entry, tag it dirty',
    run: insertTagged(ENTRY_DIRTY),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: 'dax_insert_entry: one xa_lock section',
  }),
  visible({
    name: 'insertCleanEntry',
    role: 'insertEntry',
    family: 'insertEntry',
    flavour: 'clean',
    says: 'insert the entry without a tag',
    run: insertTagged(0),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: 'dax_insert_entry of a fault that is synchronous: one xa_lock section',
  }),
  visible({
    name: 'insertZeroEntry',
    role: 'insertEntry',
    family: 'insertEntry',
    flavour: 'zero',
    says: 'insert a zero entry, tag it dirty',
    run: insertTagged(ENTRY_DIRTY, () => SLOT_ENTRY | ENTRY_ZERO),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: 'dax_load_hole, dax_insert_entry: one xa_lock section',
  }),
  visible({
    name: 'insertCowEntry',
    role: 'insertEntry',
    family: 'insertEntry',
    flavour: 'cow',
    says: 'insert the entry of the copy, tag it dirty',
    run: insertCow,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: 'dax_insert_entry with IOMAP_F_SHARED: one xa_lock section',
  }),
  visible({
    name: 'addEntry',
    says: 'add the radix entry',
    run: addEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    answers: true,
    why: `dax_radix_entry: ${TREE}; a page in the slot is EIO (locking 3.9)`,
  }),
  visible({
    name: 'dirtyEntry',
    says: 'tag the radix entry dirty',
    run: dirtyEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: `dax_pfn_mkwrite: ${TREE}; waits for the entry lock without taking it`,
  }),
  visible({
    name: 'lockDirtyEntry',
    says: 'tag the radix entry dirty and lock it',
    run: lockDirtyEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'takes',
    answers: true,
    why: `dax_pfn_mkwrite of 4.10: ${TREE} (2f89dc12a25d)`,
  }),
];
