/** DAX entries, which share the slots of the page cache (4.5+): lock, insert, tag, drop, and their wake-ups. */
import { byRole } from '../blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TAGS,
  ENTRY_TYPE,
  entryBlock,
  extentBlock,
  LOST_CLEAN,
  LOST_DIRTY,
  LOST_WRITABLE,
  lostWord,
  PTE_BLOCK,
  PTE_RW,
  pageOfSlot,
  pageSlot,
  pteKind,
  pteTarget,
  realEntry,
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
  O_SLOT,
  PAGE_HOME,
  PTE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_PAGE,
  R_PAGEOBJ,
  R_SLOT,
  R_WRITE,
  SLOT,
  SLOT_HOLDER,
  SLOT_WAIT,
  TAGGED,
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
  touchMapped,
  touchNewPage,
  touchPage,
  touchSlotWrite,
} from './pages.ts';
import { forEachMapping } from './walk.ts';

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
  if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, index);
  k.put(SLOT + index, slot === 0 ? SLOT_ENTRY | ENTRY_LOCKED : slot | ENTRY_LOCKED);
  k.put(SLOT_HOLDER + index, t + 1);
  k.holds(t, C_ENTRY);
  k.put(r + R_SLOT, k.get(SLOT + index));
  k.put(r + R_PAGEOBJ, 0);
  return NEXT;
}

export function waitForEntry(k: Kernel, t: number, index: number): Outcome {
  k.put(SLOT_WAIT + index, fifoPush(k.get(SLOT_WAIT + index), t));
  k.sleep(t, O_SLOT + index);
  return SLEEP;
}

export function wakeOne(k: Kernel, index: number): void {
  const queue = k.get(SLOT_WAIT + index);
  if (fifoLength(queue) === 0) return;
  k.put(SLOT_WAIT + index, fifoPop(queue));
  k.wake(fifoAt(queue, 0));
}

function wakeAll(k: Kernel, index: number): void {
  while (fifoLength(k.get(SLOT_WAIT + index)) > 0) wakeOne(k, index);
}

/** put_locked_mapping_entry; an EMPTY entry that found nothing to name leaves the slot empty again. */
function unlockEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if ((slot & ENTRY_LOCKED) === 0 || k.get(SLOT_HOLDER + index) !== t + 1) {
    k.watch.badRelease(k, t, C_ENTRY, true);
    return NEXT;
  }
  const empty = (slot & ENTRY_TYPE) === 0;
  k.put(SLOT + index, empty ? 0 : slot & ~ENTRY_LOCKED);
  k.put(SLOT_HOLDER + index, 0);
  k.drops(t, C_ENTRY);
  // Deleting an entry wakes everybody, unlocking one wakes one (dossier 1.3).
  if (empty) wakeAll(k, index);
  else wakeOne(k, index);
  return NEXT;
}

function replaceByPage(
  wake: (k: Kernel, index: number) => void,
): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
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
  const tags = slotKind(slot) === SLOT_ENTRY ? slot & ENTRY_TAGS : 0;
  const dirty = k.get(r + R_WRITE) !== 0 ? ENTRY_DIRTY : 0;
  if (slotKind(slot) === SLOT_PAGE) {
    k.put(PAGE_HOME + pageOfSlot(slot), 0);
    k.holds(t, C_ENTRY);
    k.put(SLOT_HOLDER + index, t + 1);
  }
  k.put(SLOT + index, realEntry(extentBlock(k.get(r + R_EXTENT))) | ENTRY_LOCKED | tags | dirty);
  return NEXT;
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
    if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, index);
    k.put(SLOT + index, slot | ENTRY_DIRTY);
  }
  k.put(TAGGED, k.peek(TAGGED) | (1 << t));
  // Who only waited must pass a wake-one on (design 3.1).
  wakeOne(k, index);
  return NEXT;
}

/**
 * Delete the entry that findSlot saw, once it is unlocked. R_ANSWER is 0 if, after the wait, the slot holds a
 * page: the entry routine cannot delete that.
 */
function deleteEntry(isInvalidation: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    if (slotKind(slot) === SLOT_PAGE) {
      k.put(r + R_PAGEOBJ, pageOfSlot(slot) + 1);
      k.put(r + R_ANSWER, 0);
      return NEXT;
    }
    k.put(r + R_ANSWER, 1);
    if (slot !== 0) {
      k.requests(t, C_ENTRY);
      if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, index);
      if (isInvalidation) nameTheLoss(k, r, index, slot);
      k.put(SLOT + index, 0);
    }
    wakeAll(k, index);
    return NEXT;
  };
}

/**
 * Three defects drop an entry (dossier 3.10a). Told apart at the drop: data that was never flushed is lost
 * (B18); a writable PTE lives on untracked (B20); else a read-only PTE will be upgraded without an entry (B53).
 */
function nameTheLoss(k: Kernel, r: number, index: number, slot: number): void {
  if ((slot & ENTRY_TYPE) !== ENTRY_REAL) return;
  const block = entryBlock(slot);
  const unflushed =
    k.get(CPU + 2 * block) !== k.get(MEDIA + 2 * block) ||
    k.get(CPU + 2 * block + 1) !== k.get(MEDIA + 2 * block + 1);
  let writable = false;
  forEachMapping(k, k.get(r + R_FILE), k.get(r + R_PAGE), (pteIndex) => {
    const pte = k.get(PTE + pteIndex);
    if (pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block && (pte & PTE_RW) !== 0)
      writable = true;
  });
  const cause = unflushed ? LOST_DIRTY : writable ? LOST_WRITABLE : LOST_CLEAN;
  k.put(LOST_BY + index, lostWord(cause, byRole(k)));
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

export const ENTRY_STEPS: readonly StepDef[] = [
  visible({
    name: 'lockEntry',
    says: 'lock the radix entry',
    run: lockEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'takes',
    why: `grab_mapping_entry: ${TREE} (dossier 3.10a step 3)`,
  }),
  visible({
    name: 'unlockEntry',
    says: 'unlock the radix entry',
    run: unlockEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    lock: 'drops',
    why: `put_locked_mapping_entry: ${TREE}, then a wake-up`,
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
    name: 'addEntry',
    says: 'add the radix entry',
    run: addEntry,
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: `dax_radix_entry: ${TREE}; a page in the slot is EIO (dossier 3.9)`,
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
    name: 'dropEntry',
    says: 'drop the radix entry',
    run: deleteEntry(true),
    touch: touchDropEntry,
    may: ['slot', 'line', 'pte', 'vma'],
    restless: true,
    why: `invalidate_inode_pages2_range: ${TREE}, dirty or not (dossier 2, INV2.drop)`,
  }),
  visible({
    name: 'deleteEntry',
    says: 'delete the radix entry',
    run: deleteEntry(false),
    touch: touchSlotOnly,
    may: SLOT_ONLY,
    why: `dax_delete_mapping_entry: ${TREE}, all sleepers are woken`,
  }),
];
