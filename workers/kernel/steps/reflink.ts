/** XFS reflink: blocks that a clone shares, and the copy on write through the CoW fork. */
import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { copyCpu, exposeCopy, flushLine, loseZeroes, setCpu, setExtent } from '../blame.ts';
import {
  ENOSPC,
  extentBlock,
  extentKind,
  extentWord,
  pageIndex,
  SHARED,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COW_EXTENT,
  CPU,
  EXTENT,
  INJECT,
  O_ALLOC,
  O_EXTENT,
  O_FAULT,
  O_LINE,
  R_ANSWER,
  R_CURSOR,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_LINE,
  R_MORE,
  R_PAGE,
  R_RESULT,
  R_SOURCE,
  REMAPPING,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesOne, touchesPageOf, visible } from '../step.ts';
import { indexOf, takeStaleBlock, touchBlockLines, touchTakeBlock, UNDER_X } from './allocation.ts';
import { readExtent } from './fault.ts';
import { leaves } from './shifting.ts';

// ---- the copy on write ------------------------------------------------------------------------------------

/**
 * xfs_reflink_allocate_cow: R_EXTENT is the block of the CoW fork, which may be there already, and R_SOURCE the shared
 * one; of an extent that is not shared any more, R_EXTENT is that and R_SOURCE 0.
 */
function allocCow(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const extent = k.get(EXTENT + index);
  k.requests(t, C_EXTENT);
  const isShared = extentKind(extent) === SHARED;
  if (isShared && k.get(COW_EXTENT + index) === 0) {
    if (k.get(INJECT) !== 0) {
      k.put(INJECT, 0);
      k.put(r + R_RESULT, ENOSPC);
      return NEXT;
    }
    const block = takeStaleBlock(k, k.get(r + R_FILE));
    k.put(COW_EXTENT + index, extentWord(WRITTEN, block));
  }
  k.put(r + R_SOURCE, isShared ? extent : 0);
  readExtent(k, r, isShared ? k.get(COW_EXTENT + index) : extent, 0);
  return NEXT;
}

function touchAllocCow(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  const isShared = extentKind(k.get(EXTENT + index)) === SHARED;
  if (!isShared || k.get(COW_EXTENT + index) !== 0) {
    k.reads(O_EXTENT + index);
    return;
  }
  k.writes(O_EXTENT + index);
  k.writes(O_ALLOC);
  touchTakeBlock(k);
}

/** Lines of the frame's page that a copy takes over from the shared block; the others are zeroed, or left alone. */
type Takes = (k: Kernel, r: number, line: number) => boolean;

const ALL: Takes = () => true;
const OUTSIDE: Takes = (k, r, line) => line < k.get(r + R_FIRST) || line >= k.get(r + R_LAST);
const BUT_LINE: Takes = (k, r, line) => line !== k.get(r + R_LINE);

/** Each line of the copy, the one that it is copied from, and whether it is. Both count from the first of the device. */
function forCopy(
  k: Kernel,
  r: number,
  takes: Takes,
  visit: (from: number, to: number, isTaken: boolean) => void,
): void {
  const from = extentBlock(k.get(r + R_SOURCE)) * LINES_PER_PAGE;
  const to = extentBlock(k.get(r + R_EXTENT)) * LINES_PER_PAGE;
  const first = k.get(r + R_PAGE) * LINES_PER_PAGE;
  for (let line = 0; line < LINES_PER_PAGE; line++)
    visit(from + line, to + line, takes(k, r, first + line));
}

/**
 * dax_iomap_cow_copy: copy_mc_to_kernel, which leaves the copy in the caches.
 * @param zeroes the other lines are zeroed, and then all of the block is flushed
 */
function copyCow(takes: Takes, zeroes: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, _t, r) => {
    forCopy(k, r, takes, (from, to, isTaken) => {
      if (isTaken) copyCpu(k, CPU + from, CPU + to);
      else if (zeroes) setCpu(k, CPU + to, 0);
      if (zeroes) flushLine(k, to);
    });
    return NEXT;
  };
}

function touchCopyCow(takes: Takes, zeroes: boolean): (k: Kernel, t: number, r: number) => void {
  return (k, _t, r) => {
    forCopy(k, r, takes, (from, to, isTaken) => {
      if (isTaken) k.reads(O_LINE + from);
      if (isTaken || zeroes) k.writes(O_LINE + to);
    });
  };
}

/** What 6.1 does not do: the copy is on the media before the extent names it. */
function flushCow(k: Kernel, _t: number, r: number): Outcome {
  const block = extentBlock(k.get(r + R_EXTENT));
  for (let line = 0; line < LINES_PER_PAGE; line++) flushLine(k, block * LINES_PER_PAGE + line);
  return NEXT;
}

function touchFlushCow(k: Kernel, _t: number, r: number): void {
  touchBlockLines(k, extentBlock(k.get(r + R_EXTENT)));
}

/** xfs_reflink_end_cow: what the CoW fork has for the page takes the place of its extent; the clone keeps the old block. */
function remapCow(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const cow = k.get(COW_EXTENT + index);
  k.requests(t, C_EXTENT);
  k.put(r + R_SOURCE, 0);
  if (cow === 0) return NEXT;
  const shared = extentBlock(k.get(EXTENT + index));
  leaves(k, k.get(r + R_FILE), k.get(r + R_PAGE), shared);
  k.watch.blockGivenUp(k, k.get(r + R_FILE), k.get(r + R_PAGE), shared);
  k.put(COW_EXTENT + index, 0);
  setExtent(k, index, cow);
  exposeCopy(k, extentBlock(cow), shared);
  return NEXT;
}

const touchRemap = touchesPageOf(O_EXTENT, true);

// ---- the clone --------------------------------------------------------------------------------------------

function nextToShare(k: Kernel, file: number, from: number): number {
  for (let page = from; page < k.world.pageLimit; page++) {
    if (extentKind(k.get(EXTENT + pageIndex(file, page))) === WRITTEN) return page;
  }
  return -1;
}

/** xfs_reflink_remap_extent: the clone gets the next written extent as well; R_MORE says whether another is left. */
function shareExtent(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  k.requests(t, C_EXTENT);
  const page = nextToShare(k, file, k.get(r + R_CURSOR));
  if (page >= 0) {
    const index = pageIndex(file, page);
    // A device that has it pinned writes to what the clone shows.
    k.watch.blockGivenUp(k, file, page, extentBlock(k.get(EXTENT + index)));
    // Its block is what it was: nobody is to blame for what it holds.
    k.put(EXTENT + index, extentWord(SHARED, extentBlock(k.get(EXTENT + index))));
    k.put(r + R_CURSOR, page + 1);
  }
  k.put(r + R_MORE, page >= 0 && nextToShare(k, file, page + 1) >= 0 ? 1 : 0);
  return NEXT;
}

function touchShare(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const shared = nextToShare(k, file, k.get(r + R_CURSOR));
  for (let page = k.get(r + R_CURSOR); page < k.world.pageLimit; page++) {
    if (page === shared) k.writes(O_EXTENT + pageIndex(file, page));
    else k.reads(O_EXTENT + pageIndex(file, page));
  }
}

function setRemapping(value: number): (k: Kernel, t: number, r: number) => Outcome {
  return (k, _t, r) => {
    k.put(REMAPPING + k.get(r + R_FILE), value);
    return NEXT;
  };
}

function checkRemapping(k: Kernel, _t: number, r: number): Outcome {
  k.put(r + R_ANSWER, k.get(REMAPPING + k.get(r + R_FILE)));
  return NEXT;
}

const COPY_COW = { role: 'copyCow', family: 'copyCow', may: ['line'] } as const;

function copyStep(name: string, flavour: string, takes: Takes, zeroes: boolean, says: string) {
  const [run, touch] = [copyCow(takes, zeroes), touchCopyCow(takes, zeroes)];
  const why = `dax_iomap_cow_copy: one copy a page${zeroes ? ', and dax_flush' : ''} (locking 7.5)`;
  return visible({ ...COPY_COW, name, flavour, run, touch, says, why });
}

export const REFLINK_STEPS: readonly StepDef[] = [
  visible({
    name: 'allocCow',
    says: 'allocate a block to copy to',
    run: allocCow,
    touch: touchAllocCow,
    may: ['extent', 'allocator', 'line'],
    restless: true,
    why: `xfs_reflink_allocate_cow; ${UNDER_X}`,
  }),
  copyStep('copyCow', 'all', ALL, false, 'copy the shared block'),
  copyStep('copyCowAround', 'around', OUTSIDE, false, 'copy the rest of the shared block'),
  copyStep('copyCowLine', 'line', BUT_LINE, true, 'copy the shared block, zero a line'),
  copyStep('copyCowRange', 'range', OUTSIDE, true, 'copy the shared block, zero the range'),
  visible({
    name: 'flushCow',
    says: 'flush the copy',
    run: flushCow,
    touch: touchFlushCow,
    may: ['line'],
    why: 'dax_flush: one flush a page',
  }),
  visible({
    name: 'remapCow',
    says: 'map the copy in place of the shared block',
    run: remapCow,
    touch: touchRemap,
    may: ['extent'],
    why: `xfs_reflink_end_cow, one extent; ${UNDER_X}`,
  }),
  visible({
    name: 'shareExtent',
    says: 'share the next extent with the clone',
    run: shareExtent,
    touch: touchShare,
    may: ['extent'],
    restless: true,
    why: `xfs_reflink_remap_extent; ${UNDER_X}`,
  }),
  visible({
    name: 'startRemapping',
    says: 'the blocks are being shared',
    run: setRemapping(1),
    touch: touchesOne(O_FAULT, R_FILE, true),
    may: ['faultLock'],
    why: 'xfs_iflags_set(XFS_IREMAPPING): one flag',
  }),
  visible({
    name: 'endRemapping',
    says: 'the blocks are shared',
    run: setRemapping(0),
    touch: touchesOne(O_FAULT, R_FILE, true),
    may: ['faultLock'],
    why: 'xfs_iflags_clear(XFS_IREMAPPING): one flag',
  }),
  visible({
    name: 'checkRemapping',
    says: 'are the blocks being shared?',
    run: checkRemapping,
    touch: touchesOne(O_FAULT, R_FILE, false),
    may: ['faultLock'],
    answers: true,
    why: 'xfs_ilock_for_write_fault: xfs_iflags_test(XFS_IREMAPPING), one flag',
  }),
  local('forgetCopy', 'the copy stays in the CoW fork', (k, _t, r) => {
    loseZeroes(k, extentBlock(k.get(r + R_SOURCE)));
    k.put(r + R_SOURCE, 0);
  }),
  local('pageOfLine', 'the page that the line lies in', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_LINE) >> 1);
  }),
];
