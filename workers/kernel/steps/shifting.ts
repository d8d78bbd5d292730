/** Extents that go or move: removal, zero range, collapse, insert; under the leaf X, as in allocation.ts. */
import { BLOCKS, HUGE_PAGES, PAGE_OBJECTS, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, noteReplaced, setExtent } from '../blame.ts';
import {
  extentBlock,
  extentKind,
  extentWord,
  GENS,
  genAt,
  OWNER_BUSY,
  PAGE_MAPPED,
  PTE_BLOCK,
  pageBlock,
  pageGen,
  pageIndex,
  pteGen,
  pteKind,
  pteTarget,
  SHARED,
  UNWRITTEN,
  WRITTEN,
} from '../encoding.ts';
import { unwriteTail } from '../ghosts.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_GEN,
  BLOCK_OWNER,
  EXTENT,
  FRAME,
  FRAME_SPAN,
  FRAME0,
  O_ALLOC,
  O_EXTENT,
  PAGE_STATE,
  PTE,
  R_CURSOR,
  R_EXTENT,
  R_FILE,
  R_FROM,
  R_GEN,
  R_MORE,
  R_OLD,
  R_PAGE,
  R_TO,
  REMOVED_BY,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { indexOf, lowestFree, preallocate, touchBlockLines, UNDER_X } from './allocation.ts';

function nextExtent(k: Kernel, file: number, from: number, to: number): number {
  const end = Math.min(to, k.world.pageLimit);
  for (let page = from; page < end; page++)
    if (k.get(EXTENT + pageIndex(file, page)) !== 0) return page;
  return -1;
}

function touchNextExtent(k: Kernel, file: number, from: number, to: number): void {
  const end = Math.min(to, k.world.pageLimit);
  for (let page = from; page < end; page++) k.reads(O_EXTENT + pageIndex(file, page));
}

/**
 * A block is about to leave a page of a file: freed, or moved by collapse and insert.
 * @param copy that takes its place, where no clone has it; -1 for none
 */
export function leaves(k: Kernel, file: number, page: number, block: number, copy = -1): void {
  k.put(REMOVED_BY + block, byOperation(k));
  if (copy >= 0) noteReplaced(k, block, copy);
  k.watch.extentLeaves(k, file, page, block);
}

/**
 * The lowest generation that no pte and no fault under way still means, other than the present one: a number that
 * only grew would keep a loop that allocates and frees from ever coming back to a state.
 */
function nextGeneration(k: Kernel, block: number): number {
  let used = 1 << k.peek(BLOCK_GEN + block);
  for (const area of k.world.areas) {
    for (let i = area * PAGES; i < (area + 1) * PAGES; i++) {
      const pte = k.peek(PTE + i);
      if (pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block) used |= 1 << pteGen(pte);
    }
  }
  if (k.program.hasPageData) used |= generationsOfPages(k, block);
  for (let t = 0; t < k.world.threads; t++) {
    const top = k.frameOf(t);
    for (let r = FRAME0 + t * FRAME_SPAN; r <= top; r += FRAME) {
      used |= generationMeant(k, r, block);
      const old = k.peek(r + R_OLD);
      if (pteKind(old) === PTE_BLOCK && pteTarget(old) === block) used |= 1 << pteGen(old);
    }
  }
  return 31 - Math.clz32(~used & -~used);
}

/** Those that buffers of the cache's pages mean. */
function generationsOfPages(k: Kernel, block: number): number {
  let used = 0;
  for (let page = 0; page < PAGE_OBJECTS; page++) {
    const state = k.peek(PAGE_STATE + page);
    if ((state & PAGE_MAPPED) !== 0 && pageBlock(state) === block) used |= 1 << pageGen(state);
  }
  return used;
}

/** The generation of the block that a frame has looked up, as a set of one or none. */
function generationMeant(k: Kernel, r: number, block: number): number {
  const extent = k.peek(r + R_EXTENT);
  const gen = k.peek(r + R_GEN);
  const i = block - extentBlock(extent);
  if (extent === 0 || i < 0) return 0;
  if ((gen & GENS) === 0) return i === 0 ? 1 << gen : 0;
  return i < HUGE_PAGES ? 1 << genAt(gen, i) : 0;
}

function freeExtent(k: Kernel, file: number, page: number): void {
  const index = pageIndex(file, page);
  const block = extentBlock(k.get(EXTENT + index));
  const isShared = extentKind(k.get(EXTENT + index)) === SHARED;
  leaves(k, file, page, block);
  k.watch.blockGivenUp(k, file, page, block);
  setExtent(k, index, 0);
  // The clone keeps it.
  if (!isShared) releaseBlock(k, block);
}

/** Free once its transaction commits. */
export function releaseBlock(k: Kernel, block: number): void {
  k.put(BLOCK_OWNER + block, OWNER_BUSY);
  k.put(BLOCK_GEN + block, nextGeneration(k, block));
}

/** Remove the next extent of pages [from, to) and free its block; R_MORE says whether another is left. */
function removeExtent(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const to = k.get(r + R_TO);
  k.requests(t, C_EXTENT);
  const page = nextExtent(k, file, k.get(r + R_CURSOR), to);
  if (page < 0) {
    k.put(r + R_MORE, 0);
    return NEXT;
  }
  freeExtent(k, file, page);
  k.put(r + R_CURSOR, page + 1);
  k.put(r + R_MORE, nextExtent(k, file, page + 1, to) < 0 ? 0 : 1);
  return NEXT;
}

function touchRemove(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const page = nextExtent(k, file, k.get(r + R_CURSOR), k.get(r + R_TO));
  touchNextExtent(k, file, k.get(r + R_CURSOR), k.get(r + R_TO));
  if (page < 0) return;
  k.writes(O_EXTENT + pageIndex(file, page));
  k.writes(O_ALLOC);
}

/** ext4 zero range: a written extent becomes unwritten in place; its content starts a new life. */
function unwriteExtent(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const extent = k.get(EXTENT + index);
  k.requests(t, C_EXTENT);
  if (extent === 0) return preallocate(k, t, r);
  if (extentKind(extent) === WRITTEN) {
    const block = extentBlock(extent);
    leaves(k, k.get(r + R_FILE), k.get(r + R_PAGE), block);
    k.watch.blockGivenUp(k, k.get(r + R_FILE), k.get(r + R_PAGE), block);
    setExtent(k, index, extentWord(UNWRITTEN, block));
    unwriteTail(k, k.get(r + R_FILE), k.get(r + R_PAGE));
    k.put(BLOCK_GEN + block, nextGeneration(k, block));
  }
  return NEXT;
}

function touchUnwrite(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  if (extentKind(k.get(EXTENT + index)) === UNWRITTEN) k.reads(O_EXTENT + index);
  else {
    k.writes(O_EXTENT + index);
    k.writes(O_ALLOC);
    if (extentKind(k.get(EXTENT + index)) === 0)
      touchBlockLines(k, Math.min(lowestFree(k), BLOCKS - 1));
  }
}

function moveExtent(k: Kernel, file: number, page: number, by: number): void {
  const extent = k.get(EXTENT + pageIndex(file, page));
  if (extent === 0) return;
  leaves(k, file, page, extentBlock(extent));
  const there = k.peek(EXTENT + pageIndex(file, page + by));
  // Nobody has removed it: it is lost.
  if (there !== 0) k.put(REMOVED_BY + extentBlock(there), byOperation(k));
  setExtent(k, pageIndex(file, page), 0);
  setExtent(k, pageIndex(file, page + by), extent);
  k.watch.extentArrives(k, file, page + by);
}

/** ext4 collapse: removal and shift under one X.W, so no get_block sees the middle. */
function collapseExtents(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const from = k.get(r + R_FROM);
  const to = k.get(r + R_TO);
  k.requests(t, C_EXTENT);
  for (let page = from; page < to; page++) {
    if (k.get(EXTENT + pageIndex(file, page)) !== 0) freeExtent(k, file, page);
  }
  for (let page = to; page < k.world.pageLimit; page++) moveExtent(k, file, page, from - to);
  return NEXT;
}

/** Blocks behind EOF move as well; the simulated file ends before they have room. */
function hasNoRoom(k: Kernel, file: number, by: number): boolean {
  const end = k.world.pageLimit;
  return nextExtent(k, file, end - by, end) >= 0;
}

/** ext4 insert: every extent behind the offset moves right, under one X.W. */
function insertExtents(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const by = k.get(r + R_TO) - k.get(r + R_FROM);
  k.requests(t, C_EXTENT);
  if (hasNoRoom(k, file, by)) return k.runOut();
  for (let page = k.world.pageLimit - 1 - by; page >= k.get(r + R_FROM); page--)
    moveExtent(k, file, page, by);
  return NEXT;
}

function touchShiftAll(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  for (let page = k.get(r + R_FROM); page < k.world.pageLimit; page++)
    k.writes(O_EXTENT + pageIndex(file, page));
  k.writes(O_ALLOC);
}

/** XFS collapse: X is dropped between extents, one step each; R_MORE says whether another is left. */
function shiftExtentLeft(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  k.requests(t, C_EXTENT);
  const page = nextExtent(
    k,
    file,
    Math.max(k.get(r + R_CURSOR), k.get(r + R_TO)),
    k.world.pageLimit,
  );
  if (page < 0) {
    k.put(r + R_MORE, 0);
    return NEXT;
  }
  moveExtent(k, file, page, k.get(r + R_FROM) - k.get(r + R_TO));
  k.put(r + R_CURSOR, page + 1);
  k.put(r + R_MORE, nextExtent(k, file, page + 1, k.world.pageLimit) < 0 ? 0 : 1);
  return NEXT;
}

/** XFS insert: from the end, one extent a step; the cursor counts down from the end of the file. */
function shiftExtentRight(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const from = k.get(r + R_FROM);
  const by = k.get(r + R_TO) - from;
  k.requests(t, C_EXTENT);
  if (k.get(r + R_CURSOR) === 0 && hasNoRoom(k, file, by)) return k.runOut();
  let page = k.world.pageLimit - 1 - by - k.get(r + R_CURSOR);
  while (page >= from && k.get(EXTENT + pageIndex(file, page)) === 0) page--;
  if (page < from) {
    k.put(r + R_MORE, 0);
    return NEXT;
  }
  moveExtent(k, file, page, by);
  k.put(r + R_CURSOR, k.world.pageLimit - by - page);
  k.put(r + R_MORE, page > from ? 1 : 0);
  return NEXT;
}

const EXTENT_ALLOC = ['extent', 'allocator'];

export const SHIFTING_STEPS: readonly StepDef[] = [
  visible({
    name: 'removeExtent',
    says: 'remove the extent, free the block',
    run: removeExtent,
    touch: touchRemove,
    may: EXTENT_ALLOC,
    restless: true,
    why: `one extent a step; ${UNDER_X}`,
  }),
  visible({
    name: 'unwriteExtent',
    says: 'make the extent unwritten',
    run: unwriteExtent,
    touch: touchUnwrite,
    may: ['extent', 'allocator', 'line'],
    restless: true,
    why: `ext4_zero_range; ${UNDER_X}`,
  }),
  visible({
    name: 'collapseExtents',
    says: 'remove and shift the extents left',
    run: collapseExtents,
    touch: touchShiftAll,
    may: EXTENT_ALLOC,
    why: `ext4_collapse_range: ${UNDER_X}`,
  }),
  visible({
    name: 'insertExtents',
    says: 'shift the extents right',
    run: insertExtents,
    touch: touchShiftAll,
    may: EXTENT_ALLOC,
    why: `ext4_insert_range: ${UNDER_X}`,
  }),
  visible({
    name: 'shiftExtentLeft',
    says: 'shift one extent left',
    run: shiftExtentLeft,
    touch: touchShiftAll,
    may: EXTENT_ALLOC,
    why: 'xfs_bmap_shift_extents: ILOCK is dropped between extents',
  }),
  visible({
    name: 'shiftExtentRight',
    says: 'shift one extent right',
    run: shiftExtentRight,
    touch: touchShiftAll,
    may: EXTENT_ALLOC,
    why: 'xfs_bmap_shift_extents: ILOCK is dropped between extents',
  }),
];
