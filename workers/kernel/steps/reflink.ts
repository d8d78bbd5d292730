/** XFS reflink: a file that becomes a clone, and shares its blocks. */
import { extentBlock, extentKind, extentWord, pageIndex, SHARED, WRITTEN } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  EXTENT,
  O_EXTENT,
  O_FAULT,
  R_ANSWER,
  R_CURSOR,
  R_FILE,
  R_MORE,
  REMAPPING,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesOne, visible } from '../step.ts';
import { UNDER_X } from './allocation.ts';

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

export const REFLINK_STEPS: readonly StepDef[] = [
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
];
