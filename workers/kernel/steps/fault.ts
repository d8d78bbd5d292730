/**
 * User accesses and what a page fault does to a page table. A load or store through a PTE that permits it is
 * one step; else the fault path runs and the access is tried again (locking 1.2).
 */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { setCpu } from '../blame.ts';
import { pageWord, setPageLine } from '../cached.ts';
import {
  extentBlock,
  FAULT_COW,
  FAULT_HANDLER,
  FAULT_NONE,
  FAULT_PFN_MKWRITE,
  FAULT_WP_COPY,
  isWritten,
  OK,
  PTE_ANON,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_HUGE,
  PTE_PAGE,
  PTE_RW,
  pageIndex,
  pteKind,
  pteTarget,
  SIGBUS,
  SIGSEGV,
  VMA_PRESENT,
  VMA_PRIVATE,
  VMA_SYNC,
  vmaFile,
  vmaPage,
  vmaPages,
  WRITE,
  WRITE_SYNC,
} from '../encoding.ts';
import { addData, storePoint, weaken } from '../ghosts.ts';
import type { Kernel } from '../kernel.ts';
import {
  ANON,
  BLOCK_GEN,
  COW_EXTENT,
  CPU,
  DEVICE_DEAD,
  EXTENT,
  O_ANON,
  O_CACHED,
  O_DEVICE,
  O_EXTENT,
  O_LINE,
  O_PTE,
  O_SIZE,
  O_VMA,
  PTE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FRESH,
  R_GEN,
  R_KIND,
  R_LINE,
  R_MM,
  R_NOTE,
  R_OLD,
  R_PAGE,
  R_PAGEOBJ,
  R_PTE,
  R_RESULT,
  R_WRITE,
  SIZE,
  SYNC_STORES,
  VMA,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { FINISHED, FUSE_DEVICE, NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesOne, touchesPageOf, visible } from '../step.ts';
import type { BlockUse } from '../watch.ts';

/** The content word a PTE shows for a line of its page, or -1 for the zero page. */
export function contentWord(pte: number, pteIndex: number, line: number): number {
  if (pteKind(pte) === PTE_BLOCK) return CPU + pteTarget(pte) * LINES_PER_PAGE + line;
  if (pteKind(pte) === PTE_ANON) return ANON + pteIndex * LINES_PER_PAGE + line;
  if (pteKind(pte) === PTE_PAGE) return pageWord(pteTarget(pte), line);
  return -1;
}

export function permits(pte: number, isWrite: boolean): boolean {
  return pte !== 0 && (!isWrite || (pte & PTE_RW) !== 0);
}

/** Load one line through a PTE that permits it; returns the value. */
export function loadLine(k: Kernel, t: number, pteIndex: number, line: number): number {
  const pte = k.get(PTE + pteIndex);
  const word = contentWord(pte, pteIndex, line);
  const value = word < 0 ? 0 : k.get(word);
  if (pteKind(pte) === PTE_ANON) return value;
  const home = pageBehind(k, pteIndex, pte);
  if (home < 0) return value;
  const file = Math.floor(home / PAGES);
  const page = home % PAGES;
  k.watch.pteUsed(k, pteIndex, file, page, false);
  k.watch.lineRead(k, k.writerOf(t), file, page * LINES_PER_PAGE + line, value, pteIndex, word);
  return value;
}

/**
 * The page of a file (pageIndex) that a PTE shows. A model may unlink a vma before it clears its PTEs: then it is the
 * page that has the block; -1 where none has it.
 */
export function pageBehind(k: Kernel, pteIndex: number, pte: number): number {
  const vma = k.peek(VMA + Math.floor(pteIndex / PAGES));
  if (vma !== 0) return pageIndex(vmaFile(vma), vmaPage(vma) + (pteIndex % PAGES));
  return pteKind(pte) === PTE_BLOCK ? pageWithBlock(k, pteTarget(pte)) : -1;
}

/** The page of a file (pageIndex) that has the block, or will have it once a copy on write is done; or -1. */
export function pageWithBlock(k: Kernel, block: number): number {
  for (let index = 0; index < k.world.files * PAGES; index++) {
    const [extent, cow] = [k.peek(EXTENT + index), k.peek(COW_EXTENT + index)];
    if (extent !== 0 && extentBlock(extent) === block) return index;
    if (isWritten(cow) && extentBlock(cow) === block) return index;
  }
  return -1;
}

/** Store a writer's name; whether it fell at or beyond i_size, or into a block that no page has, where it may not survive. */
export function storeLine(
  k: Kernel,
  writer: number,
  pteIndex: number,
  line: number,
  isPoint: boolean,
): boolean {
  const pte = k.get(PTE + pteIndex);
  const word = contentWord(pte, pteIndex, line);
  if (pteKind(pte) === PTE_ANON) {
    k.put(word, writer);
    return true;
  }
  const home = pageBehind(k, pteIndex, pte);
  if (home < 0) {
    setLine(k, pte, word, writer);
    return true;
  }
  const file = Math.floor(home / PAGES);
  const page = home % PAGES;
  const fileLine = page * LINES_PER_PAGE + line;
  k.watch.pteUsed(k, pteIndex, file, page, true);
  noteSyncStore(k, pteIndex, writer);
  if (isPoint) storePoint(k, file, fileLine, writer);
  else addData(k, file, fileLine, writer);
  const isBeyond = fileLine >= k.peek(SIZE + file);
  if (isBeyond && !isPoint) weaken(k, file, fileLine, writer);
  setLine(k, pte, word, writer);
  if ((pte & PTE_DIRTY) === 0) k.put(PTE + pteIndex, pte | PTE_DIRTY);
  return isBeyond;
}

function setLine(k: Kernel, pte: number, word: number, value: number): void {
  if (pteKind(pte) === PTE_PAGE) setPageLine(k, word, value);
  else setCpu(k, word, value);
}

function noteSyncStore(k: Kernel, pteIndex: number, writer: number): void {
  if ((k.peek(VMA + Math.floor(pteIndex / PAGES)) & VMA_SYNC) === 0) return;
  k.put(SYNC_STORES, k.peek(SYNC_STORES) | (1 << writer));
}

function access(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return FINISHED;
  const pteIndex = k.get(r + R_PTE);
  const isWrite = k.get(r + R_WRITE);
  const pte = k.get(PTE + pteIndex);
  if (!permits(pte, isWrite !== 0)) return k.callFault(t, k.get(r + R_MM), pteIndex, isWrite);
  const line = k.get(r + R_LINE);
  if (isWrite === 0) loadLine(k, t, pteIndex, line);
  else if (storeLine(k, k.writerOf(t), pteIndex, line, true)) k.put(r + R_NOTE, 1);
  return NEXT;
}

function touchAccess(k: Kernel, _t: number, r: number): void {
  if (k.get(r + R_RESULT) !== OK) return;
  touchLine(k, k.get(r + R_PTE), k.get(r + R_LINE), k.get(r + R_WRITE) !== 0);
}

/** What an access through a PTE touches, as the page table stands. */
export function touchLine(k: Kernel, pteIndex: number, line: number, isWrite: boolean): void {
  const pte = k.get(PTE + pteIndex);
  if (isWrite && (pte & PTE_DIRTY) === 0) k.writes(O_PTE + pteIndex);
  else k.reads(O_PTE + pteIndex);
  if (!permits(pte, isWrite)) return;
  let object = -1;
  if (pteKind(pte) === PTE_BLOCK) object = O_LINE + pteTarget(pte) * LINES_PER_PAGE + line;
  else if (pteKind(pte) === PTE_ANON) object = O_ANON + pteIndex;
  else if (pteKind(pte) === PTE_PAGE) object = O_CACHED + pteTarget(pte) * LINES_PER_PAGE + line;
  if (object < 0) return;
  if (isWrite) k.writes(object);
  else k.reads(object);
}

/** handle_mm_fault under mmap_sem: find the vma, look at the PTE, say what kind of fault it is. */
function walkPageTable(k: Kernel, _t: number, r: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  const vma = k.get(VMA + (pteIndex >> 3));
  k.put(r + R_KIND, FAULT_NONE);
  if ((vma & VMA_PRESENT) === 0 || pteIndex % PAGES >= vmaPages(vma)) {
    k.put(r + R_RESULT, SIGSEGV);
    return NEXT;
  }
  k.put(r + R_FILE, vmaFile(vma));
  k.put(r + R_PAGE, vmaPage(vma) + (pteIndex % PAGES));
  const pte = k.get(PTE + pteIndex);
  k.put(r + R_OLD, pte);
  const isWrite = k.get(r + R_WRITE) !== 0;
  if (isWrite) k.put(r + R_WRITE, (vma & VMA_SYNC) === 0 ? WRITE : WRITE_SYNC);
  const isPrivate = (vma & VMA_PRIVATE) !== 0;
  // What has become huge meanwhile faults again.
  if (!permits(pte, isWrite) && (pte & PTE_HUGE) === 0) {
    k.put(r + R_KIND, kindOfFault(pte, isWrite && isPrivate));
  }
  return NEXT;
}

function kindOfFault(pte: number, cow: boolean): number {
  if (pte === 0) return cow ? FAULT_COW : FAULT_HANDLER;
  if (cow) return FAULT_WP_COPY;
  // page_mkwrite of a page is the write-fault handler; a raw pfn has a handler of its own.
  return pteKind(pte) === PTE_BLOCK ? FAULT_PFN_MKWRITE : FAULT_HANDLER;
}

function touchPageTable(k: Kernel, _t: number, r: number): void {
  k.reads(O_VMA + (k.get(r + R_PTE) >> 3));
  k.reads(O_PTE + k.get(r + R_PTE));
}

/** R_ANSWER: is the page below i_size? */
function checkSize(k: Kernel, _t: number, r: number): Outcome {
  const inside = k.get(r + R_PAGE) * LINES_PER_PAGE < k.get(SIZE + k.get(r + R_FILE));
  k.put(r + R_ANSWER, inside ? 1 : 0);
  return NEXT;
}

const touchSize = touchesOne(O_SIZE, R_FILE, false);

/** get_block(create = 0): extent and generation of its block. The extent lock is a leaf inside the step. */
function getBlock(k: Kernel, t: number, r: number): Outcome {
  const index = pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
  k.requests(t, C_EXTENT);
  readExtent(k, r, k.get(EXTENT + index), 0);
  return NEXT;
}

export function readExtent(k: Kernel, r: number, extent: number, fresh: number): void {
  k.put(r + R_EXTENT, extent);
  // A generation changes only together with the extent that names the block.
  k.put(r + R_GEN, extent === 0 ? 0 : k.peek(BLOCK_GEN + extentBlock(extent)));
  k.put(r + R_FRESH, fresh);
}

/** The frame's block is about to be used for its page. */
export function useBlock(k: Kernel, r: number, use: BlockUse): void {
  const index = pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
  const block = extentBlock(k.get(r + R_EXTENT));
  k.watch.blockUsed(k, index, block, k.get(r + R_GEN), use);
}

const touchExtent = touchesPageOf(O_EXTENT, false);

/** bdev_direct_access: the address of the block, unless the device is gone. */
function directAccess(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(DEVICE_DEAD) !== 0) k.put(r + R_RESULT, SIGBUS);
  return NEXT;
}

export const FAULT_STEPS: readonly StepDef[] = [
  visible({
    name: 'access',
    says: 'touch the page',
    run: access,
    touch: touchAccess,
    restless: true,
    may: ['pte', 'line', 'anon', 'cachedLine'],
    why: 'one load or store instruction',
  }),
  visible({
    name: 'walkPageTable',
    says: 'find the vma, look at the pte',
    run: walkPageTable,
    touch: touchPageTable,
    may: ['vma', 'pte'],
    why: 'handle_pte_fault reads the PTE once',
  }),
  visible({
    name: 'checkSize',
    says: 'check i_size',
    run: checkSize,
    touch: touchSize,
    may: ['i_size'],
    answers: true,
    why: 'i_size_read: one read',
  }),
  visible({
    name: 'getBlock',
    says: 'get_block(create=0)',
    run: getBlock,
    touch: touchExtent,
    may: ['extent'],
    why: 'the extent lock, a leaf, is taken and dropped inside (locking 1.4)',
  }),
  visible({
    name: 'directAccess',
    says: 'resolve the pfn',
    run: directAccess,
    touch: (k) => {
      k.reads(O_DEVICE);
    },
    may: ['device'],
    fuse: FUSE_DEVICE,
    why: 'bdev_direct_access / dax_direct_access tests the device once',
  }),
  local('failSigbus', 'VM_FAULT_SIGBUS', (k, _t, r) => {
    k.put(r + R_RESULT, SIGBUS);
  }),
  local('clearResult', 'a fault that retries starts as new', (k, _t, r) => {
    k.put(r + R_RESULT, OK);
    k.put(r + R_PAGEOBJ, 0);
    k.put(r + R_NOTE, 0);
  }),
  local('note', 'the path remembers which way it went', (k, _t, r) => {
    k.put(r + R_NOTE, 1);
  }),
  local('forget', 'what was noted holds no longer', (k, _t, r) => {
    k.put(r + R_NOTE, 0);
  }),
];
