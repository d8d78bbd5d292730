/**
 * The slots of the page cache and the hole pages in them (to 4.14): find, insert, lock, delete. tree_lock makes
 * each of these one step.
 */
import { PAGE_OBJECTS } from '../../../corpus/vocabulary/limits.ts';
import { pageIndex, pageOfSlot, pageSlot, RETRY, SLOT_PAGE, slotKind } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  O_MMAP,
  O_PAGE,
  O_PTE,
  O_SLOT,
  PAGE_HOME,
  PAGE_LOCK,
  PTE,
  R_ANSWER,
  R_CURSOR,
  R_FILE,
  R_MM,
  R_MORE,
  R_PAGE,
  R_PAGEOBJ,
  R_RESULT,
  R_SLOT,
  R_TO,
  R_TRIES,
  SLOT,
} from '../layout.ts';
import { C_PAGE, MMAP, pageHolder, pageWaiters } from '../locks.ts';
import { NEXT, type Outcome, SLEEP } from '../program.ts';
import { type StepDef, touchesOne, touchesPageOf, visible } from '../step.ts';
import { releaseRead } from './locking.ts';
import { forEachMapping } from './walk.ts';

export function indexOf(k: Kernel, r: number): number {
  return pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
}

const touchSlotRead = touchesPageOf(O_SLOT, false);
/** Page objects are kept plus 1. */
const touchPageOnly = touchesOne(O_PAGE - 1, R_PAGEOBJ, true);

export function touchSlotWrite(k: Kernel, _t: number, r: number): void {
  k.writes(O_SLOT + indexOf(k, r));
}
export function touchPage(k: Kernel, _t: number, r: number): void {
  k.writes(O_PAGE + k.get(r + R_PAGEOBJ) - 1);
}
function touchSlotAndPage(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  touchPage(k, t, r);
}

/** find_get_page: R_PAGEOBJ is the page plus 1, or 0. */
function findPage(k: Kernel, _t: number, r: number): Outcome {
  const slot = k.get(SLOT + indexOf(k, r));
  k.put(r + R_PAGEOBJ, slotKind(slot) === SLOT_PAGE ? pageOfSlot(slot) + 1 : 0);
  return NEXT;
}

/** The next occupied slot of the range, from the cursor: R_PAGE, R_SLOT, R_PAGEOBJ; R_MORE 0 if none is left. */
function findSlot(k: Kernel, _t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const to = Math.min(k.get(r + R_TO), k.world.pageLimit);
  for (let page = k.get(r + R_CURSOR); page < to; page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    if (slot === 0) continue;
    k.put(r + R_PAGE, page);
    k.put(r + R_SLOT, slot);
    k.put(r + R_PAGEOBJ, slotKind(slot) === SLOT_PAGE ? pageOfSlot(slot) + 1 : 0);
    k.put(r + R_CURSOR, page + 1);
    return NEXT;
  }
  k.put(r + R_SLOT, 0);
  k.put(r + R_PAGEOBJ, 0);
  k.put(r + R_MORE, 0);
  return NEXT;
}

function touchFindSlot(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const to = Math.min(k.get(r + R_TO), k.world.pageLimit);
  for (let page = k.get(r + R_CURSOR); page < to; page++) {
    k.reads(O_SLOT + pageIndex(file, page));
    if (k.get(SLOT + pageIndex(file, page)) !== 0) return;
  }
}

/** A new zero page, locked, unless somebody was faster: then R_ANSWER is 0 and R_PAGEOBJ names theirs. */
function addZeroPage(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  if (slot !== 0) {
    k.put(r + R_ANSWER, 0);
    k.put(r + R_PAGEOBJ, slotKind(slot) === SLOT_PAGE ? pageOfSlot(slot) + 1 : 0);
    return NEXT;
  }
  const object = newPage(k, t, index);
  k.put(SLOT + index, pageSlot(object));
  k.put(r + R_PAGEOBJ, object + 1);
  k.put(r + R_ANSWER, 1);
  return NEXT;
}

/** The lowest page object that nobody uses or waits for; locked by t. */
export function newPage(k: Kernel, t: number, index: number): number {
  const object = freePage(k);
  if (object >= PAGE_OBJECTS) {
    k.overflow = true;
    k.halt();
    return 0;
  }
  // A new page is locked before anybody can see it: it never waits, so it makes no edge of the lock order.
  k.holds(t, C_PAGE);
  k.put(PAGE_HOME + object, index + 1);
  k.put(PAGE_LOCK + object, t + 1);
  return object;
}

function freePage(k: Kernel): number {
  let object = 0;
  while (
    object < PAGE_OBJECTS &&
    (k.get(PAGE_HOME + object) !== 0 || k.get(PAGE_LOCK + object) !== 0)
  )
    object++;
  return object;
}

/** The search passes the pages in use; the lowest free one is taken. */
export function touchNewPage(k: Kernel): void {
  const free = freePage(k);
  for (let object = 0; object < free; object++) k.reads(O_PAGE + object);
  if (free < PAGE_OBJECTS) k.writes(O_PAGE + free);
}

function touchAddZeroPage(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  if (k.get(SLOT + indexOf(k, r)) === 0) touchNewPage(k);
}

/** R_ANSWER after taking a page lock: is the page still where it was looked up? */
function recheck(k: Kernel, r: number, object: number): void {
  k.put(r + R_ANSWER, k.get(PAGE_HOME + object) === indexOf(k, r) + 1 ? 1 : 0);
}

function lockPage(k: Kernel, t: number, r: number): Outcome {
  const object = k.get(r + R_PAGEOBJ) - 1;
  // A model that locks a page it never looked up: nothing can be said of it.
  if (object < 0) return k.runOut();
  k.requests(t, C_PAGE);
  const lock = k.get(PAGE_LOCK + object);
  if (pageHolder(lock) >= 0) return waitForPage(k, t, object);
  k.put(PAGE_LOCK + object, (lock & ~7) | (t + 1));
  k.holds(t, C_PAGE);
  recheck(k, r, object);
  return NEXT;
}

/** R_ANSWER: whether the lock was free. It never waits, so it makes no edge of the lock order. */
function tryLockPage(k: Kernel, t: number, r: number): Outcome {
  const object = k.get(r + R_PAGEOBJ) - 1;
  if (object < 0) return k.runOut();
  const lock = k.get(PAGE_LOCK + object);
  const isFree = pageHolder(lock) < 0;
  k.put(r + R_ANSWER, isFree ? 1 : 0);
  if (!isFree) return NEXT;
  k.put(PAGE_LOCK + object, (lock & ~7) | (t + 1));
  k.holds(t, C_PAGE);
  return NEXT;
}

function waitForPage(k: Kernel, t: number, object: number): Outcome {
  k.put(PAGE_LOCK + object, k.get(PAGE_LOCK + object) | (1 << (3 + t)));
  k.sleep(t, O_PAGE + object);
  return SLEEP;
}

/**
 * lock_page_or_retry: at the first contention mmap_sem is dropped for the wait (the fault lock stays), and the
 * fault starts again; at the second the thread sleeps with mmap_sem held.
 */
function lockPageOrRetry(k: Kernel, t: number, r: number): Outcome {
  const object = k.get(r + R_PAGEOBJ) - 1;
  if (object < 0) return lockPage(k, t, r);
  if (k.get(r + R_RESULT) === RETRY) {
    // Woken behind the wait: the lock is not taken, the handler returns VM_FAULT_RETRY.
    if (pageHolder(k.get(PAGE_LOCK + object)) >= 0) return waitForPage(k, t, object);
    return NEXT;
  }
  if (pageHolder(k.get(PAGE_LOCK + object)) >= 0 && k.get(r + R_TRIES) === 0) {
    k.requests(t, C_PAGE);
    k.put(r + R_RESULT, RETRY);
    k.put(r + R_TRIES, 1);
    releaseRead(k, t, MMAP, k.get(r + R_MM));
    return waitForPage(k, t, object);
  }
  return lockPage(k, t, r);
}

function touchLockOrRetry(k: Kernel, t: number, r: number): void {
  touchPage(k, t, r);
  k.writes(O_MMAP + k.get(r + R_MM));
}

function unlockPage(k: Kernel, t: number, r: number): Outcome {
  const object = k.get(r + R_PAGEOBJ) - 1;
  if (object < 0 || pageHolder(k.get(PAGE_LOCK + object)) !== t) {
    k.watch.badRelease(k, t, C_PAGE, true);
    return NEXT;
  }
  releasePage(k, t, object);
  return NEXT;
}

function releasePage(k: Kernel, t: number, object: number): void {
  const waiters = pageWaiters(k.get(PAGE_LOCK + object));
  k.put(PAGE_LOCK + object, 0);
  k.drops(t, C_PAGE);
  for (let w = 0; waiters >> w !== 0; w++) if ((waiters & (1 << w)) !== 0) k.wake(w);
}

function deletePage(k: Kernel, _t: number, r: number): Outcome {
  const object = k.get(r + R_PAGEOBJ) - 1;
  if (object < 0) return k.runOut();
  const home = k.get(PAGE_HOME + object);
  if (home !== 0) k.put(SLOT + home - 1, 0);
  k.put(PAGE_HOME + object, 0);
  return NEXT;
}

/** page_mapped: R_ANSWER. */
function checkMapped(k: Kernel, _t: number, r: number): Outcome {
  let mapped = 0;
  forEachMapping(k, k.get(r + R_FILE), k.get(r + R_PAGE), (pteIndex) => {
    if (k.get(PTE + pteIndex) !== 0) mapped = 1;
  });
  k.put(r + R_ANSWER, mapped);
  return NEXT;
}

export function touchMapped(k: Kernel, _t: number, r: number): void {
  forEachMapping(k, k.get(r + R_FILE), k.get(r + R_PAGE), (pteIndex) => {
    k.reads(O_PTE + pteIndex);
  });
}

export const SLOT_ONLY = ['slot'];
export const SLOT_AND_PAGE = ['slot', 'page'];
export const TREE = 'one tree_lock section';

export const PAGE_STEPS: readonly StepDef[] = [
  visible({
    name: 'findPage',
    says: 'look for a page in the cache',
    run: findPage,
    touch: touchSlotRead,
    may: SLOT_ONLY,
    why: 'find_get_page: an RCU look-up of one slot',
  }),
  visible({
    name: 'findSlot',
    says: 'look for the next cached page or entry',
    run: findSlot,
    touch: touchFindSlot,
    may: SLOT_ONLY,
    restless: true,
    why: 'pagevec_lookup_entries, one entry at a time (locking 2, DROP)',
  }),
  visible({
    name: 'addZeroPage',
    says: 'insert a locked zero page',
    run: addZeroPage,
    touch: touchAddZeroPage,
    may: SLOT_AND_PAGE,
    restless: true,
    lock: 'takes',
    answers: true,
    why: 'find_or_create_page in dax_load_hole: the page is locked before it is seen',
  }),
  visible({
    name: 'lockPage',
    says: 'lock the page',
    run: lockPage,
    touch: touchPageOnly,
    may: ['page'],
    lock: 'takes',
    answers: true,
    why: 'lock_page: test-and-set of PG_locked; whether the page is still in the mapping is read under it',
  }),
  visible({
    name: 'tryLockPage',
    says: 'lock the page, if it is not locked',
    run: tryLockPage,
    touch: touchPageOnly,
    may: ['page'],
    lock: 'takes',
    answers: true,
    why: 'trylock_page: test-and-set of PG_locked',
  }),
  visible({
    name: 'lockPageOrRetry',
    says: 'lock the page or retry',
    run: lockPageOrRetry,
    touch: touchLockOrRetry,
    may: ['page', 'mmapSem'],
    lock: 'takes',
    answers: true,
    why: 'lock_page_or_retry: drops mmap_sem before it sleeps',
  }),
  visible({
    name: 'unlockPage',
    says: 'unlock the page',
    run: unlockPage,
    touch: touchPageOnly,
    may: ['page'],
    lock: 'drops',
    why: 'unlock_page: clears PG_locked and wakes',
  }),
  visible({
    name: 'deletePage',
    says: 'delete the page from the cache',
    run: deletePage,
    touch: touchSlotAndPage,
    may: SLOT_AND_PAGE,
    why: `delete_from_page_cache: ${TREE}`,
  }),
  visible({
    name: 'checkMapped',
    says: 'is the page mapped?',
    run: checkMapped,
    touch: touchMapped,
    may: ['pte', 'vma'],
    restless: true,
    answers: true,
    why: 'page_mapped: one read of the map count, under the page lock',
  }),
];
