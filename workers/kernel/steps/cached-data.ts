/** What pages of the cache hold goes to their blocks, or is zeroed in part (locking 3.1). */
import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { bufferOf, pageWord, setPageLine, writeLineBack } from '../cached.ts';
import { extentBlock, PAGE_DIRTY, PTE_PAGE, pageGen, pteKind, pteTarget } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  O_CACHED,
  O_LINE,
  O_PAGE,
  O_SIZE,
  PAGE_HOME,
  PAGE_STATE,
  PTE,
  R_EXTENT,
  R_FILE,
  R_GEN,
  R_LINE,
  R_PAGE,
  SIZE,
} from '../layout.ts';
import { type StepDef, visible } from '../step.ts';
import { leaveCache, onPage, pageOf, touchDiscard } from './cached-pages.ts';
import { useBlock } from './fault.ts';
import { indexOf, touchMapped } from './pages.ts';
import { forEachMapping } from './walk.ts';

/**
 * The page goes to the block that its buffer names. It is clean with the end of the write: until then another fsync finds
 * it dirty, and waits for its lock.
 */
const writePage = onPage((k, r, page) => {
  const state = k.get(PAGE_STATE + page);
  const extent = bufferOf(state);
  if (extent === 0) return;
  k.put(r + R_EXTENT, extent);
  k.put(r + R_GEN, pageGen(state));
  useBlock(k, r, 'writeback');
  for (let line = 0; line < LINES_PER_PAGE; line++)
    writeLineBack(k, page, line, extentBlock(extent));
  k.put(PAGE_STATE + page, state & ~PAGE_DIRTY);
});

function touchWrite(k: Kernel, _t: number, r: number): void {
  const page = pageOf(k, r);
  const extent = bufferOf(k.get(PAGE_STATE + page));
  k.writes(O_PAGE + page);
  if (extent === 0) return;
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    k.reads(O_CACHED + page * LINES_PER_PAGE + line);
    k.writes(O_LINE + extentBlock(extent) * LINES_PER_PAGE + line);
  }
}

/** Zero R_LINE, the part of its page that a size or a range cuts off. */
const zeroPageLine = onPage((k, r, page) => {
  setPageLine(k, pageWord(page, k.get(r + R_LINE) & 1), 0);
});

function touchZero(k: Kernel, _t: number, r: number): void {
  k.writes(O_CACHED + pageOf(k, r) * LINES_PER_PAGE + (k.get(r + R_LINE) & 1));
}

/**
 * invalidate_inode_page: a page that has left the cache, is dirty or mapped stays as it is. So does one behind i_size: a
 * write(2) of the kernel unlocks none before i_size covers it (locking 3.1).
 */
const dropCleanPage = onPage((k, r, page) => {
  if (canDrop(k, r, page)) leaveCache(k, r, page);
});

function canDrop(k: Kernel, r: number, page: number): boolean {
  if (k.get(PAGE_HOME + page) !== indexOf(k, r) + 1) return false;
  if ((k.get(PAGE_STATE + page) & PAGE_DIRTY) !== 0) return false;
  if (k.get(r + R_PAGE) * LINES_PER_PAGE >= k.get(SIZE + k.get(r + R_FILE))) return false;
  let isMapped = false;
  forEachMapping(k, k.get(r + R_FILE), k.get(r + R_PAGE), (pteIndex) => {
    const pte = k.get(PTE + pteIndex);
    if (pteKind(pte) === PTE_PAGE && pteTarget(pte) === page) isMapped = true;
  });
  return !isMapped;
}

function touchDrop(k: Kernel, t: number, r: number): void {
  touchMapped(k, t, r);
  k.reads(O_SIZE + k.get(r + R_FILE));
  if (canDrop(k, r, pageOf(k, r))) touchDiscard(k, t, r);
  else k.reads(O_PAGE + pageOf(k, r));
}

export const CACHED_DATA_STEPS: readonly StepDef[] = [
  visible({
    name: 'writePage',
    says: 'write the page to its block',
    run: writePage,
    touch: touchWrite,
    may: ['page', 'cachedLine', 'line'],
    restless: true,
    why: 'writepage and its end of IO: one write a page, under the page lock (locking 3.1)',
  }),
  visible({
    name: 'zeroPageLine',
    says: 'zero a part of the page',
    run: zeroPageLine,
    touch: touchZero,
    may: ['cachedLine'],
    why: 'zero_user: one memset, under the page lock',
  }),
  visible({
    name: 'dropCleanPage',
    says: 'drop the page, if it is clean and nobody maps it',
    run: dropCleanPage,
    touch: touchDrop,
    may: ['i_size', 'slot', 'page', 'cachedLine', 'pte', 'vma'],
    restless: true,
    why: 'remove_mapping, under the page lock: one tree_lock section, which a mapped page is kept from by its references',
  }),
];
