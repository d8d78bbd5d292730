/** XFS reflink: the copy on write, through the CoW fork. */
import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import {
  copyCpu,
  exposeCopy,
  flushLine,
  loseZeroes,
  noteCancelled,
  noteOutlived,
  setCopied,
  setCpu,
} from '../blame.ts';
import {
  extentBlock,
  extentKind,
  extentWord,
  isWritten,
  PREALLOCATED,
  pageIndex,
  SHARED,
  UNWRITTEN,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COW_EXTENT,
  CPU,
  EXTENT,
  O_ALLOC,
  O_EXTENT,
  O_LINE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_FROM,
  R_LAST,
  R_LINE,
  R_PAGE,
  R_SOURCE,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesPageOf, visible } from '../step.ts';
import {
  expose,
  indexOf,
  isFull,
  takeStaleBlock,
  touchBlockLines,
  touchTakeBlock,
  UNDER_X,
} from './allocation.ts';
import { readExtent } from './fault.ts';
import { leaves, releaseBlock } from './shifting.ts';

/** xfs_find_trim_cow_extent: whatever the CoW fork has for a page is taken, be the page shared or not. */
function goesToCopy(k: Kernel, index: number): boolean {
  return extentKind(k.get(EXTENT + index)) === SHARED || k.get(COW_EXTENT + index) !== 0;
}

/** xfs_direct_write_iomap_begin looks into both forks under one ILOCK. R_ANSWER: does a write take the block of a copy? */
function getBlockOfForks(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  k.requests(t, C_EXTENT);
  readExtent(k, r, k.get(EXTENT + index), 0);
  k.put(r + R_ANSWER, goesToCopy(k, index) ? 1 : 0);
  return NEXT;
}

/**
 * xfs_reflink_allocate_cow: R_EXTENT is the block of the CoW fork, which may be there already, and R_SOURCE what it is
 * copied from; of an extent that is not copied any more, R_EXTENT is that and R_SOURCE 0.
 * @param hint a new block comes with others around it
 */
function allocCow(k: Kernel, t: number, r: number, hint: boolean): Outcome {
  const index = indexOf(k, r);
  const extent = k.get(EXTENT + index);
  k.requests(t, C_EXTENT);
  if (!goesToCopy(k, index)) {
    k.put(r + R_SOURCE, 0);
    readExtent(k, r, extent, 0);
    return NEXT;
  }
  const before = k.get(COW_EXTENT + index);
  if (before === 0 && isFull(k, r)) return NEXT;
  if (!isWritten(before)) {
    const block = takeStaleBlock(k, k.get(r + R_FILE));
    expose(k, block);
    k.put(COW_EXTENT + index, extentWord(WRITTEN, block));
  }
  if (before === 0 && hint) {
    forOthers(k, r, (other, isFree) => {
      if (isFree) k.put(COW_EXTENT + other, PREALLOCATED);
    });
  }
  const copy = k.get(COW_EXTENT + index);
  // iomap_iter_srcmap: the copy of a hole is its own source.
  k.put(r + R_SOURCE, extent === 0 ? extentWord(UNWRITTEN, extentBlock(copy)) : extent);
  readExtent(k, r, copy, 0);
  return NEXT;
}

/**
 * Pages for which a copy preallocates: the extent size hint of copies is 32 blocks, more than a file of the simulator has,
 * and the allocation goes past EOF. It fills the hole of the CoW fork that the page lies in (xfs_bmap_extsize_align). A
 * block is chosen when it is used.
 * @param visit also with the page that has one already, at either end
 */
function forOthers(k: Kernel, r: number, visit: (index: number, isFree: boolean) => void): void {
  const [file, own] = [k.get(r + R_FILE), k.get(r + R_PAGE)];
  for (const by of [-1, 1]) {
    for (let page = own + by; page >= 0 && page < k.world.pageLimit; page += by) {
      const index = pageIndex(file, page);
      const isFree = k.get(COW_EXTENT + index) === 0;
      visit(index, isFree);
      if (!isFree) break;
    }
  }
}

function touchAllocCow(k: Kernel, r: number, hint: boolean): void {
  const index = indexOf(k, r);
  const before = k.get(COW_EXTENT + index);
  if (!goesToCopy(k, index) || isWritten(before)) {
    k.reads(O_EXTENT + index);
    return;
  }
  k.writes(O_EXTENT + index);
  k.writes(O_ALLOC);
  touchTakeBlock(k);
  if (before !== 0 || !hint) return;
  forOthers(k, r, (other, isFree) => {
    if (isFree) k.writes(O_EXTENT + other);
    else k.reads(O_EXTENT + other);
  });
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

/**
 * What 6.1 does not do, and 708dfad2eb41 does: a copy without a source, of a hole or of an unwritten extent, is zeroed and
 * flushed (dax_iomap_copy_around).
 */
function zeroCow(takes: Takes): (k: Kernel, t: number, r: number) => Outcome {
  return (k, _t, r) => {
    forCopy(k, r, takes, (_from, to, isTaken) => {
      if (isTaken) setCpu(k, CPU + to, 0);
      flushLine(k, to);
    });
    return NEXT;
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

/** xfs_reflink_end_cow: what the CoW fork has for the page takes the place of its extent; a clone keeps the old block. */
function remapCow(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const cow = k.get(COW_EXTENT + index);
  k.requests(t, C_EXTENT);
  k.put(r + R_SOURCE, 0);
  if (!isWritten(cow)) return NEXT;
  const old = k.get(EXTENT + index);
  const copy = extentBlock(cow);
  exposeCopy(k, copy, isWritten(old) ? extentBlock(old) : null);
  if (old !== 0) giveUp(k, r, old, copy);
  k.put(COW_EXTENT + index, 0);
  setCopied(k, index, cow);
  if (extentKind(old) === UNWRITTEN) noteOutlived(k, index);
  return NEXT;
}

function giveUp(k: Kernel, r: number, old: number, copy: number): void {
  const [file, page, block] = [k.get(r + R_FILE), k.get(r + R_PAGE), extentBlock(old)];
  const isUnshared = extentKind(old) !== SHARED;
  leaves(k, file, page, block, isUnshared ? copy : -1);
  k.watch.blockGivenUp(k, file, page, block);
  if (isUnshared) releaseBlock(k, block);
}

function touchRemap(k: Kernel, _t: number, r: number): void {
  k.writes(O_EXTENT + indexOf(k, r));
  const old = k.get(EXTENT + indexOf(k, r));
  if (old !== 0 && extentKind(old) !== SHARED) k.writes(O_ALLOC);
}

/** Which pages lose what the CoW fork has for them. */
type Loses = (k: Kernel, r: number, page: number) => boolean;
const FROM: Loses = (k, r, page) => page >= k.get(r + R_FROM);
const REST: Loses = (k, r, page) =>
  page >= k.get(r + R_PAGE) && page * LINES_PER_PAGE < k.get(r + R_LAST);
const UNLESS_SHARED: Loses = (k, r) => {
  for (let page = 0; page < k.world.pageLimit; page++) {
    if (extentKind(k.get(EXTENT + pageIndex(k.get(r + R_FILE), page))) === SHARED) return false;
  }
  return true;
};

/** xfs_reflink_cancel_cow_blocks */
function cancelCow(loses: Loses): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    k.requests(t, C_EXTENT);
    for (let page = 0; page < k.world.pageLimit; page++) {
      const word = COW_EXTENT + pageIndex(k.get(r + R_FILE), page);
      if (k.get(word) === 0 || !loses(k, r, page)) continue;
      if (isWritten(k.get(word))) {
        noteCancelled(k, extentBlock(k.get(word)));
        releaseBlock(k, extentBlock(k.get(word)));
      }
      k.put(word, 0);
    }
    return NEXT;
  };
}

function touchCancel(k: Kernel, _t: number, r: number): void {
  for (let page = 0; page < k.world.pageLimit; page++) {
    const index = pageIndex(k.get(r + R_FILE), page);
    const cow = k.get(COW_EXTENT + index);
    if (cow === 0) k.reads(O_EXTENT + index);
    else k.writes(O_EXTENT + index);
    if (isWritten(cow)) k.writes(O_ALLOC);
  }
}

const COPY_COW = { role: 'copyCow', family: 'copyCow', may: ['line'] } as const;

function copyStep(name: string, flavour: string, takes: Takes, zeroes: boolean, says: string) {
  const [run, touch] = [copyCow(takes, zeroes), touchCopyCow(takes, zeroes)];
  const why = `dax_iomap_cow_copy: one copy a page${zeroes ? ', and dax_flush' : ''} (locking 7.5)`;
  return visible({ ...COPY_COW, name, flavour, run, touch, says, why });
}

function allocStep(name: string, flavour: string, hint: boolean): StepDef {
  return visible({
    role: 'allocCow',
    family: 'allocCow',
    name,
    flavour,
    says: 'allocate a block to copy to',
    run: (k, t, r) => allocCow(k, t, r, hint),
    touch: (k, _t, r) => touchAllocCow(k, r, hint),
    may: ['extent', 'allocator', 'line'],
    restless: true,
    why: `xfs_reflink_allocate_cow; ${UNDER_X}`,
  });
}

function cancelStep(name: string, flavour: string, loses: Loses, why: string): StepDef {
  return visible({
    role: 'cancelCow',
    family: 'cancelCow',
    name,
    flavour,
    says: 'cancel the copies',
    run: cancelCow(loses),
    touch: touchCancel,
    may: ['extent', 'allocator'],
    restless: true,
    why: `${why}; ${UNDER_X}`,
  });
}

function zeroStep(name: string, flavour: string, takes: Takes, says: string): StepDef {
  return visible({
    role: 'zeroCow',
    family: 'zeroCow',
    name,
    flavour,
    says,
    run: zeroCow(takes),
    touch: (k, _t, r) => touchBlockLines(k, extentBlock(k.get(r + R_EXTENT))),
    may: ['line'],
    why: 'dax_iomap_copy_around: one copy a page, and dax_flush',
  });
}

export const COW_FORK_STEPS: readonly StepDef[] = [
  visible({
    name: 'getBlockOfForks',
    role: 'getBlock',
    family: 'getBlock',
    flavour: 'forks',
    says: 'get_block(create=0) of both forks: is it to be copied?',
    run: getBlockOfForks,
    touch: touchesPageOf(O_EXTENT, false),
    may: ['extent'],
    answers: true,
    why: 'ILOCK, a leaf, is taken and dropped inside (xfs_direct_write_iomap_begin)',
  }),
  allocStep('allocCow', 'page', false),
  allocStep('allocCowHint', 'hint', true),
  zeroStep('zeroCow', 'all', ALL, 'zero the block'),
  zeroStep('zeroCowAround', 'around', OUTSIDE, 'zero the rest of the block'),
  cancelStep('cancelCow', 'from', FROM, 'xfs_reflink_cancel_cow_range, to the end of the file'),
  cancelStep(
    'cancelCowRest',
    'rest',
    REST,
    'xfs_reflink_cancel_cow_range, of what was to be written',
  ),
  cancelStep(
    'cancelCowUnlessShared',
    'unless_shared',
    UNLESS_SHARED,
    'xfs_reflink_try_clear_inode_flag',
  ),
  copyStep('copyCow', 'all', ALL, false, 'copy the former block'),
  copyStep('copyCowAround', 'around', OUTSIDE, false, 'copy the rest of the former block'),
  copyStep('copyCowLine', 'line', BUT_LINE, true, 'copy the former block, zero a line'),
  copyStep('copyCowRange', 'range', OUTSIDE, true, 'copy the former block, zero the range'),
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
    says: 'map the copy in place of the former block',
    run: remapCow,
    touch: touchRemap,
    may: ['extent', 'allocator'],
    restless: true,
    why: `xfs_reflink_end_cow, one extent; ${UNDER_X}`,
  }),
  local('forgetCopy', 'the copy stays in the CoW fork', (k, _t, r) => {
    loseZeroes(k, extentBlock(k.get(r + R_SOURCE)));
    k.put(r + R_SOURCE, 0);
  }),
  local('pageOfLine', 'the page that the line lies in', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_LINE) >> 1);
  }),
];
