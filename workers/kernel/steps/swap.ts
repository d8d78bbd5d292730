/**
 * XFS_IOC_SWAPEXT as a defragmenter uses it. It notes the file's times, copies the file to a temporary one that nobody
 * else has open, and syncs that; the call swaps the blocks of both, unless the times have changed.
 */
import { BLOCKS, FILES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { copySynced, setExtent } from '../blame.ts';
import {
  extentBlock,
  extentKind,
  extentWord,
  OWNER_FILE,
  OWNER_FREE,
  pageIndex,
  SHARED,
  UNWRITTEN,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_OWNER,
  COPY_EXTENT,
  COPY_FRESH,
  COW_EXTENT,
  EXTENT,
  O_ALLOC,
  O_EXTENT,
  O_LINE,
  O_TIMES,
  R_ANSWER,
  R_FILE,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesOne, visible } from '../step.ts';
import { takeStaleBlock, touchBlockLines, UNDER_X } from './allocation.ts';
import { leaves, releaseBlock } from './shifting.ts';

/** Owns the blocks of a copy. */
const TEMPORARY = FILES;

function copyIndex(t: number, page: number): number {
  return COPY_EXTENT + t * PAGES + page;
}

// ---- the copy ---------------------------------------------------------------------------------------------

function noteTimes(k: Kernel, t: number, r: number): Outcome {
  const word = COPY_FRESH + k.get(r + R_FILE);
  k.put(word, k.get(word) | (1 << t));
  return NEXT;
}

function copyFile(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  for (let page = 0; page < k.world.pageLimit; page++) {
    const extent = k.get(EXTENT + pageIndex(file, page));
    if (extent === 0) continue;
    const block = takeStaleBlock(k, TEMPORARY);
    if (k.isHalted()) return NEXT;
    const isUnwritten = extentKind(extent) === UNWRITTEN;
    if (!isUnwritten) copyLines(k, extentBlock(extent), block);
    k.put(copyIndex(t, page), extentWord(isUnwritten ? UNWRITTEN : WRITTEN, block));
  }
  return NEXT;
}

function copyLines(k: Kernel, from: number, to: number): void {
  for (let line = 0; line < LINES_PER_PAGE; line++)
    copySynced(k, from * LINES_PER_PAGE + line, to * LINES_PER_PAGE + line);
}

function touchCopyFile(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  let block = -1;
  for (let page = 0; page < k.world.pageLimit; page++) {
    const extent = k.get(EXTENT + pageIndex(file, page));
    k.reads(O_EXTENT + pageIndex(file, page));
    if (extent === 0) continue;
    for (let line = 0; line < LINES_PER_PAGE; line++)
      k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE + line);
    block = nextFree(k, block);
    touchBlockLines(k, block);
  }
  if (block >= 0) k.writes(O_ALLOC);
}

/** The last block stands for one that is not there. */
function nextFree(k: Kernel, block: number): number {
  let next = block + 1;
  while (next < BLOCKS && k.get(BLOCK_OWNER + next) !== OWNER_FREE) next++;
  return Math.min(next, BLOCKS - 1);
}

// ---- the call ---------------------------------------------------------------------------------------------

function checkTimes(k: Kernel, t: number, r: number): Outcome {
  k.put(r + R_ANSWER, (k.get(COPY_FRESH + k.get(r + R_FILE)) >> t) & 1);
  return NEXT;
}

function swapExtents(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  k.requests(t, C_EXTENT);
  for (let page = 0; page < k.world.pageLimit; page++) swapExtent(k, t, file, page);
  return NEXT;
}

function swapExtent(k: Kernel, t: number, file: number, page: number): void {
  const index = pageIndex(file, page);
  const [old, copy] = [k.get(EXTENT + index), k.get(copyIndex(t, page))];
  k.watch.extentSwapped(k, file, page, copy);
  if (old !== 0) {
    leaves(k, file, page, extentBlock(old));
    k.watch.blockGivenUp(k, file, page, extentBlock(old));
    // A clone keeps it.
    if (extentKind(old) !== SHARED) releaseBlock(k, extentBlock(old));
  }
  if (copy !== 0) k.put(BLOCK_OWNER + extentBlock(copy), OWNER_FILE + file);
  setExtent(k, index, copy);
  k.put(COW_EXTENT + index, 0);
  k.put(copyIndex(t, page), 0);
}

function touchSwap(k: Kernel, t: number, r: number): void {
  const file = k.get(r + R_FILE);
  for (let page = 0; page < k.world.pageLimit; page++) {
    const index = pageIndex(file, page);
    const isThere = k.get(EXTENT + index) !== 0 || k.get(copyIndex(t, page)) !== 0;
    if (isThere) k.writes(O_EXTENT + index);
    else k.reads(O_EXTENT + index);
  }
  k.writes(O_ALLOC);
}

function deleteCopy(k: Kernel, t: number): Outcome {
  for (let page = 0; page < k.world.pageLimit; page++) {
    const copy = k.get(copyIndex(t, page));
    if (copy === 0) continue;
    releaseBlock(k, extentBlock(copy));
    k.put(copyIndex(t, page), 0);
  }
  return NEXT;
}

// ---- the file's times -------------------------------------------------------------------------------------

function updateTime(k: Kernel, _t: number, r: number): Outcome {
  k.put(COPY_FRESH + k.get(r + R_FILE), 0);
  return NEXT;
}

export const SWAP_STEPS: readonly StepDef[] = [
  visible({
    name: 'noteTimes',
    says: 'note the times',
    run: noteTimes,
    touch: touchesOne(O_TIMES, R_FILE, true),
    may: ['times'],
    why: 'stat(2): the times of one inode',
  }),
  visible({
    name: 'copyFile',
    says: 'copy the file',
    run: copyFile,
    touch: touchCopyFile,
    may: ['extent', 'line', 'allocator'],
    restless: true,
    why: 'read(2), write(2), fsync(2): one copy, for what changes the file changes its times',
  }),
  visible({
    name: 'checkTimes',
    says: 'are the times still the same?',
    run: checkTimes,
    touch: touchesOne(O_TIMES, R_FILE, false),
    may: ['times'],
    answers: true,
    why: 'xfs_swap_extents: bs_ctime and bs_mtime, under ILOCK',
  }),
  visible({
    name: 'swapExtents',
    says: "swap the extents with the copy's",
    run: swapExtents,
    touch: touchSwap,
    may: ['extent', 'allocator'],
    restless: true,
    why: `xfs_swap_extent_forks, all extents; ${UNDER_X}`,
  }),
  visible({
    name: 'deleteCopy',
    says: 'delete the copy',
    run: deleteCopy,
    touch: (k) => k.writes(O_ALLOC),
    may: ['allocator'],
    why: 'unlink of the temporary file',
  }),
  visible({
    name: 'updateTime',
    says: 'update the times',
    run: updateTime,
    touch: touchesOne(O_TIMES, R_FILE, true),
    may: ['times'],
    why: 'file_update_time, file_modified: the times of one inode',
  }),
];
