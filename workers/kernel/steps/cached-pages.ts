/**
 * Pages of the cache that hold data, as file systems have them without DAX (locking 3.1): they come locked and are read
 * in, their buffer names a block, a store makes them dirty, and they go with what they hold.
 */
import { LINES_PER_PAGE, PAGE_OBJECTS } from '../../../corpus/vocabulary/limits.ts';
import { byRole } from '../blame.ts';
import { bufferOf, isReferenced, pageWord, setPageLine } from '../cached.ts';
import {
  extentBlock,
  extentKind,
  PAGE_DIRTY,
  PAGE_UNREAD,
  PTE_DIRTY,
  PTE_PAGE,
  PTE_RW,
  pageGen,
  pageIndex,
  pageOfSlot,
  pageSlot,
  pageState,
  pteTarget,
  pteWord,
  SLOT_PAGE,
  slotKind,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  CPU,
  INSTALLED_BY,
  LINE_BY,
  O_CACHED,
  O_LINE,
  O_PAGE,
  O_PTE,
  O_SLOT,
  PAGE_DATA_BY,
  PAGE_HOME,
  PAGE_LOCK,
  PAGE_STATE,
  PTE,
  R_ANSWER,
  R_CURSOR,
  R_EXTENT,
  R_FILE,
  R_FRESH,
  R_GEN,
  R_MORE,
  R_OLD,
  R_PAGE,
  R_PAGEOBJ,
  R_PTE,
  R_TO,
  SLOT,
} from '../layout.ts';
import { C_PAGE } from '../locks.ts';
import { NEXT, type Outcome, type StepRun } from '../program.ts';
import { local, type StepDef, touchesOne, visible } from '../step.ts';
import { indexOf, SLOT_AND_PAGE, TREE, touchPage, touchSlotWrite } from './pages.ts';
import { PTL } from './ptes.ts';

/** Of the page in R_PAGEOBJ, which is kept plus 1. */
const touchState = touchesOne(O_PAGE - 1, R_PAGEOBJ, true);
const touchStateRead = touchesOne(O_PAGE - 1, R_PAGEOBJ, false);

export function pageOf(k: Kernel, r: number): number {
  return k.get(r + R_PAGEOBJ) - 1;
}

/** A step that works on the page in R_PAGEOBJ. Of a model that never looked one up nothing can be said. */
export function onPage(run: (k: Kernel, r: number, page: number) => void): StepRun {
  return (k, _t, r) => {
    const page = pageOf(k, r);
    if (page < 0) return k.runOut();
    run(k, r, page);
    return NEXT;
  };
}

// ---- coming and going -------------------------------------------------------------------------------------

/** The page of that number, so that states do not depend on who came first; else one that nobody has. */
function unusedPage(k: Kernel, index: number): number {
  const isUnused = (page: number): boolean =>
    k.get(PAGE_HOME + page) === 0 && k.get(PAGE_LOCK + page) === 0 && !isReferenced(k, page, -1);
  if (isUnused(index)) return index;
  let page = PAGE_OBJECTS - 1;
  while (page >= 0 && !isUnused(page)) page--;
  return page;
}

/** A new page, locked and not uptodate, unless somebody was faster: then R_ANSWER is 0 and R_PAGEOBJ names theirs. */
function addPage(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const slot = k.get(SLOT + index);
  k.put(r + R_ANSWER, slot === 0 ? 1 : 0);
  if (slot !== 0) {
    k.put(r + R_PAGEOBJ, slotKind(slot) === SLOT_PAGE ? pageOfSlot(slot) + 1 : 0);
    return NEXT;
  }
  const page = unusedPage(k, index);
  if (page < 0) return k.runOut();
  clear(k, page);
  k.put(PAGE_HOME + page, index + 1);
  // As every new page, it is locked before anybody can see it.
  k.put(PAGE_LOCK + page, t + 1);
  k.holds(t, C_PAGE);
  k.put(PAGE_STATE + page, PAGE_UNREAD);
  k.put(SLOT + index, pageSlot(page));
  k.put(r + R_PAGEOBJ, page + 1);
  // What was looked up for another page says nothing of this one: it is read as a hole until its block is known.
  k.put(r + R_EXTENT, 0);
  k.put(r + R_GEN, 0);
  return NEXT;
}

function touchAddPage(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  const index = indexOf(k, r);
  if (k.get(SLOT + index) !== 0) return;
  const page = unusedPage(k, index);
  if (page !== index) k.reads(O_PAGE + index);
  for (let other = PAGE_OBJECTS - 1; page !== index && other > page; other--)
    k.reads(O_PAGE + other);
  if (page < 0) return;
  k.writes(O_PAGE + page);
  touchLines(k, page, true);
}

function clear(k: Kernel, page: number): void {
  k.put(PAGE_STATE + page, 0);
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    k.put(pageWord(page, line), 0);
    k.put(PAGE_DATA_BY + page * LINES_PER_PAGE + line, 0);
  }
}

function touchLines(k: Kernel, page: number, isWrite: boolean): void {
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const object = O_CACHED + page * LINES_PER_PAGE + line;
    if (isWrite) k.writes(object);
    else k.reads(object);
  }
}

/** truncate_inode_page: what was not written back is gone. */
const discardPage = onPage((k, r, page) => {
  k.watch.pageDiscarded(k, page);
  leaveCache(k, r, page);
});

/** Who still has the page goes on seeing it. */
export function leaveCache(k: Kernel, r: number, page: number): void {
  const home = k.get(PAGE_HOME + page);
  if (home !== 0) k.put(SLOT + home - 1, 0);
  k.put(PAGE_HOME + page, 0);
  if (!isReferenced(k, page, r)) clear(k, page);
}

export function touchDiscard(k: Kernel, t: number, r: number): void {
  touchSlotWrite(k, t, r);
  touchPage(k, t, r);
  touchLines(k, pageOf(k, r), true);
}

// ---- content and state ------------------------------------------------------------------------------------

/** readpage: the block that was looked up, or zeros; the page is uptodate. */
const readPage = onPage((k, r, page) => {
  const extent = k.get(r + R_EXTENT);
  const isWritten = extentKind(extent) === WRITTEN;
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const at = extentBlock(extent) * LINES_PER_PAGE + line;
    setPageLine(k, pageWord(page, line), isWritten ? k.get(CPU + at) : 0);
    if (isWritten) k.put(PAGE_DATA_BY + page * LINES_PER_PAGE + line, k.peek(LINE_BY + at));
  }
  k.put(PAGE_STATE + page, isWritten ? pageState(extentBlock(extent), k.get(r + R_GEN)) : 0);
  k.watch.bufferSet(k, page);
  // From here on it is the buffer that says which block it is.
  k.put(r + R_EXTENT, 0);
});

function touchRead(k: Kernel, t: number, r: number): void {
  touchPage(k, t, r);
  touchLines(k, pageOf(k, r), true);
  const extent = k.get(r + R_EXTENT);
  if (extentKind(extent) !== WRITTEN) return;
  for (let line = 0; line < LINES_PER_PAGE; line++)
    k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE + line);
}

/** PageUptodate: R_ANSWER. */
const checkUptodate = onPage((k, r, page) => {
  k.put(r + R_ANSWER, (k.get(PAGE_STATE + page) & PAGE_UNREAD) === 0 ? 1 : 0);
});

/** PageDirty: R_ANSWER. */
const checkDirty = onPage((k, r, page) => {
  k.put(r + R_ANSWER, (k.get(PAGE_STATE + page) & PAGE_DIRTY) === 0 ? 0 : 1);
});

/** buffer_mapped: R_ANSWER, and its block as if it had been looked up: nobody asks the extent map again. */
const findBuffer = onPage((k, r, page) => {
  const state = k.get(PAGE_STATE + page);
  const extent = bufferOf(state);
  k.put(r + R_ANSWER, extent === 0 ? 0 : 1);
  if (extent === 0) return;
  k.put(r + R_EXTENT, extent);
  k.put(r + R_GEN, pageGen(state));
  k.put(r + R_FRESH, 0);
});

/** map_bh: the block that was looked up or allocated. */
const mapBuffer = onPage((k, r, page) => {
  const flags = k.get(PAGE_STATE + page) & (PAGE_DIRTY | PAGE_UNREAD);
  const buffer = pageState(extentBlock(k.get(r + R_EXTENT)), k.get(r + R_GEN));
  k.put(PAGE_STATE + page, buffer | flags);
  k.watch.bufferSet(k, page);
});

const dirtyPage = onPage((k, _r, page) => {
  k.put(PAGE_STATE + page, k.get(PAGE_STATE + page) | PAGE_DIRTY);
});

/** The next dirty page of the range, from the cursor: R_PAGE and R_PAGEOBJ; R_MORE 0 if none is left. */
function findDirtyPage(k: Kernel, _t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const to = Math.min(k.get(r + R_TO), k.world.pageLimit);
  for (let page = k.get(r + R_CURSOR); page < to; page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    if (!isDirty(k, slot)) continue;
    k.put(r + R_PAGE, page);
    k.put(r + R_PAGEOBJ, pageOfSlot(slot) + 1);
    k.put(r + R_CURSOR, page + 1);
    return NEXT;
  }
  k.put(r + R_PAGEOBJ, 0);
  k.put(r + R_MORE, 0);
  return NEXT;
}

function isDirty(k: Kernel, slot: number): boolean {
  if (slotKind(slot) !== SLOT_PAGE) return false;
  return (k.get(PAGE_STATE + pageOfSlot(slot)) & PAGE_DIRTY) !== 0;
}

function touchFindDirty(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const to = Math.min(k.get(r + R_TO), k.world.pageLimit);
  for (let page = k.get(r + R_CURSOR); page < to; page++) {
    const slot = k.get(SLOT + pageIndex(file, page));
    k.reads(O_SLOT + pageIndex(file, page));
    if (slotKind(slot) === SLOT_PAGE) k.reads(O_PAGE + pageOfSlot(slot));
    if (isDirty(k, slot)) return;
  }
}

// ---- ptes -------------------------------------------------------------------------------------------------

/** do_set_pte and wp_page_reuse: only where the pte still is what the fault saw. */
function mapPage(flags: number): StepRun {
  return onPage((k, r, page) => {
    const pteIndex = k.get(r + R_PTE);
    if (k.get(PTE + pteIndex) !== k.get(r + R_OLD)) return;
    k.put(PTE + pteIndex, pteWord(PTE_PAGE, page, 0) | flags);
    k.put(INSTALLED_BY + pteIndex, byRole(k));
    k.watch.pteInstalled(k, pteIndex, k.get(r + R_FILE), k.get(r + R_PAGE));
  });
}

const touchPte = touchesOne(O_PTE, R_PTE, true);
const PAGE_AND_LINES = ['page', 'cachedLine'];

export const CACHED_PAGE_STEPS: readonly StepDef[] = [
  visible({
    name: 'addPage',
    says: 'insert a locked page',
    run: addPage,
    touch: touchAddPage,
    may: [...SLOT_AND_PAGE, 'cachedLine'],
    restless: true,
    lock: 'takes',
    answers: true,
    why: `add_to_page_cache_lru: the page is locked before it is seen; ${TREE}`,
  }),
  visible({
    name: 'discardPage',
    role: 'deletePage',
    family: 'deletePage',
    flavour: 'data',
    says: 'delete the page and what it holds',
    run: discardPage,
    touch: touchDiscard,
    may: [...SLOT_AND_PAGE, 'cachedLine'],
    why: `truncate_inode_page, under the page lock: cancel_dirty_page, then ${TREE}`,
  }),
  visible({
    name: 'readPage',
    says: 'read the page in',
    run: readPage,
    touch: touchRead,
    may: [...PAGE_AND_LINES, 'line'],
    why: 'mpage_readpage: one read a page, under the page lock',
  }),
  visible({
    name: 'checkUptodate',
    says: 'is the page uptodate?',
    run: checkUptodate,
    touch: touchStateRead,
    may: ['page'],
    answers: true,
    why: 'PageUptodate: one read of a flag',
  }),
  visible({
    name: 'checkDirty',
    says: 'is the page dirty?',
    run: checkDirty,
    touch: touchStateRead,
    may: ['page'],
    answers: true,
    why: 'PageDirty: one read of a flag',
  }),
  visible({
    name: 'findBuffer',
    says: 'does the buffer name a block?',
    run: findBuffer,
    touch: touchStateRead,
    may: ['page'],
    answers: true,
    why: 'buffer_mapped: one read of a flag, under the page lock',
  }),
  visible({
    name: 'mapBuffer',
    says: 'the buffer names the block',
    run: mapBuffer,
    touch: touchState,
    may: ['page'],
    why: 'map_bh, under the page lock',
  }),
  visible({
    name: 'dirtyPage',
    says: 'set the page dirty',
    run: dirtyPage,
    touch: touchState,
    may: ['page'],
    why: 'set_page_dirty: one flag and one tag, under the page lock',
  }),
  visible({
    name: 'findDirtyPage',
    says: 'look for the next dirty page',
    run: findDirtyPage,
    touch: touchFindDirty,
    may: SLOT_AND_PAGE,
    restless: true,
    why: 'pagevec_lookup_tag, one page at a time',
  }),
  visible({
    name: 'mapPage',
    says: 'map the page (read-only)',
    run: mapPage(0),
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte ${PTL}`,
  }),
  visible({
    name: 'mapWritablePage',
    role: 'mapPage',
    family: 'mapPage',
    flavour: 'write',
    says: 'map the page writable',
    run: mapPage(PTE_RW | PTE_DIRTY),
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte and wp_page_reuse ${PTL}, after pte_same`,
  }),
  local('mappedPage', 'page_mkwrite: the page that the pte maps', (k, _t, r) => {
    k.put(r + R_PAGEOBJ, pteTarget(k.get(r + R_OLD)) + 1);
  }),
];
