/** The fixed registry: every step and every test that a model may name. */

import {
  ENTRY_PMD,
  ENTRY_REAL,
  ENTRY_TYPE,
  ENTRY_ZERO,
  extentKind,
  FAULT_COW,
  FAULT_HANDLER,
  FAULT_HUGE,
  FAULT_PFN_MKWRITE,
  FAULT_SPLIT,
  FAULT_WP_COPY,
  OK,
  RETRY,
  SLOT_ENTRY,
  SLOT_PAGE,
  SYNC_WRITE,
  UNWRITTEN,
  WRITE_SYNC,
  WRITTEN,
} from './encoding.ts';
import type { Kernel } from './kernel.ts';
import {
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_FRESH,
  R_FROM,
  R_GEN,
  R_KIND,
  R_LAST,
  R_LINE,
  R_MORE,
  R_NOTE,
  R_OLD,
  R_PAGE,
  R_PAGEOBJ,
  R_RESULT,
  R_SIZE,
  R_SLOT,
  R_SOURCE,
  R_TO,
  R_UCURSOR,
  R_WRITE,
} from './layout.ts';
import type { LockId } from './locks.ts';
import type { StepDef, TestDef } from './step.ts';
import { ALLOCATION_STEPS } from './steps/allocation.ts';
import { CACHED_DATA_STEPS } from './steps/cached-data.ts';
import { CACHED_PAGE_STEPS } from './steps/cached-pages.ts';
import { COPY_STEPS } from './steps/copies.ts';
import { COW_STEPS } from './steps/cow.ts';
import { COW_FORK_STEPS } from './steps/cow-fork.ts';
import { ENTRY_STEPS } from './steps/entries.ts';
import { ENTRY_DROP_STEPS } from './steps/entry-drops.ts';
import { FAULT_STEPS } from './steps/fault.ts';
import { HUGE_STEPS } from './steps/huge.ts';
import { HUGE_BLOCK_STEPS } from './steps/huge-blocks.ts';
import { HUGE_ENTRY_STEPS } from './steps/huge-entries.ts';
import { IO_STEPS } from './steps/io.ts';
import { JOURNAL_STEPS } from './steps/journal.ts';
import { LAYOUT_STEPS } from './steps/layouts.ts';
import { RWSEM_STEPS } from './steps/locking.ts';
import { MAPPING_STEPS } from './steps/mapping.ts';
import { PAGE_STEPS } from './steps/pages.ts';
import { PIN_STEPS } from './steps/pins.ts';
import { PTE_STEPS } from './steps/ptes.ts';
import { RANGE_STEPS } from './steps/range-locks.ts';
import { REFLINK_STEPS } from './steps/reflink.ts';
import { SHIFTING_STEPS } from './steps/shifting.ts';
import { SWAP_STEPS } from './steps/swap.ts';
import { SYNC_STEPS } from './steps/sync.ts';
import { WRITEBACK_STEPS } from './steps/writeback.ts';
import { ZEROING_STEPS } from './steps/zeroing.ts';

export const STEPS: ReadonlyMap<string, StepDef> = new Map(
  [
    ...RWSEM_STEPS,
    ...JOURNAL_STEPS,
    ...PAGE_STEPS,
    ...ENTRY_STEPS,
    ...ENTRY_DROP_STEPS,
    ...FAULT_STEPS,
    ...PTE_STEPS,
    ...CACHED_PAGE_STEPS,
    ...CACHED_DATA_STEPS,
    ...HUGE_STEPS,
    ...HUGE_BLOCK_STEPS,
    ...HUGE_ENTRY_STEPS,
    ...COW_STEPS,
    ...ALLOCATION_STEPS,
    ...ZEROING_STEPS,
    ...COW_FORK_STEPS,
    ...REFLINK_STEPS,
    ...SHIFTING_STEPS,
    ...SWAP_STEPS,
    ...COPY_STEPS,
    ...IO_STEPS,
    ...MAPPING_STEPS,
    ...WRITEBACK_STEPS,
    ...RANGE_STEPS,
    ...PIN_STEPS,
    ...LAYOUT_STEPS,
    ...SYNC_STEPS,
  ].map((step) => [step.name, step]),
);

/** The lock that a step without a named rwsem takes or drops, for the checks a model passes before it runs. */
export const LOCK_OF_STEP: Readonly<Record<string, LockId>> = {
  addZeroPage: 'pageLock',
  addPage: 'pageLock',
  lockPage: 'pageLock',
  tryLockPage: 'pageLock',
  lockPageOrRetry: 'pageLock',
  unlockPage: 'pageLock',
  replaceEntryByPage: 'pageLock',
  replaceEntryByPageWakeOne: 'pageLock',
  lockEntry: 'entryLock',
  lockDirtyEntry: 'entryLock',
  lockSyncedEntry: 'entryLock',
  lockSyncedBlock: 'entryLock',
  lockHuge: 'entryLock',
  lockHugeWaiting: 'entryLock',
  lockTowrite: 'entryLock',
  lockTowriteSkipping: 'entryLock',
  unlockEntry: 'entryLock',
  unlockEntryKeeping: 'entryLock',
  journalStart: 'journal',
  journalStop: 'journal',
  lockRangePage: 'rangeLock',
  unlockRangePage: 'rangeLock',
  lockRangeUnmap: 'rangeLock',
  unlockRangeUnmap: 'rangeLock',
  lockRangeNoLength: 'rangeLock',
  unlockRangeNoLength: 'rangeLock',
};

const ALL = -1;

function bits(
  name: string,
  says: string,
  register: number,
  mask: number,
  value: number,
  negated = false,
): TestDef {
  return { name, says, register, mask, value, negated, run: null };
}

function isZero(name: string, says: string, register: number): TestDef {
  return bits(name, says, register, ALL, 0);
}

function isSet(name: string, says: string, register: number): TestDef {
  return bits(name, says, register, ALL, 0, true);
}

function both(name: string, says: string, run: (k: Kernel, r: number) => boolean): TestDef {
  return { name, says, register: 0, mask: 0, value: 0, negated: false, run };
}

/** Tests read registers only: what a visible step has put there. */
export const TESTS: ReadonlyMap<string, TestDef> = new Map(
  [
    isZero('answerIsNo', 'no', R_ANSWER),
    isSet('answerIsYes', 'yes', R_ANSWER),
    bits('isHandlerFault', 'fault handler', R_KIND, ALL, FAULT_HANDLER),
    bits('isPfnMkwrite', 'pfn_mkwrite', R_KIND, ALL, FAULT_PFN_MKWRITE),
    bits('isCowFault', 'private write', R_KIND, ALL, FAULT_COW),
    bits('isWpCopy', 'private write to a mapped page', R_KIND, ALL, FAULT_WP_COPY),
    bits('isHugeFault', 'huge fault handler', R_KIND, ALL, FAULT_HUGE),
    bits('isHugeSplit', 'what is huge must go', R_KIND, ALL, FAULT_SPLIT),
    bits('isDsync', 'O_DSYNC', R_KIND, ALL, SYNC_WRITE),
    isSet('isWhole', 'get_block returned a huge page', R_GEN),
    isSet('isWrite', 'write', R_WRITE),
    bits('isSync', 'write to a MAP_SYNC area', R_WRITE, ALL, WRITE_SYNC),
    isSet('isPageMkwrite', 'page_mkwrite', R_OLD),
    isZero('isHole', 'hole', R_EXTENT),
    bits('isUnwritten', 'unwritten', R_EXTENT, 3, UNWRITTEN),
    bits('isHoleOrUnwritten', 'hole or unwritten', R_EXTENT, WRITTEN, 0),
    bits('isCopyOfData', 'there is something to copy', R_SOURCE, WRITTEN, WRITTEN),
    isSet('isCow', 'copy on write', R_SOURCE),
    isSet('isFresh', 'newly allocated', R_FRESH),
    both(
      'needsClear',
      'new or unwritten',
      (k, r) => k.get(r + R_FRESH) !== 0 || extentKind(k.get(r + R_EXTENT)) === UNWRITTEN,
    ),
    both(
      'isPartialPage',
      'the range cuts the page',
      (k, r) =>
        k.get(r + R_FIRST) > k.get(r + R_PAGE) * 2 ||
        k.get(r + R_LAST) < (k.get(r + R_PAGE) + 1) * 2,
    ),
    isSet('hasPage', 'a page was found', R_PAGEOBJ),
    bits('slotIsPage', 'the slot holds a page', R_SLOT, 3, SLOT_PAGE),
    bits('slotIsEntry', 'the slot holds an entry', R_SLOT, 3, SLOT_ENTRY),
    bits('entryIsReal', 'the entry names a block', R_SLOT, 3 | ENTRY_TYPE, SLOT_ENTRY | ENTRY_REAL),
    bits(
      'entryIsZero',
      'the entry is a zero entry',
      R_SLOT,
      3 | ENTRY_TYPE,
      SLOT_ENTRY | ENTRY_ZERO,
    ),
    bits(
      'entryIsHugeHole',
      'the entry is of a huge page and names no block',
      R_SLOT,
      3 | ENTRY_PMD | ENTRY_REAL,
      SLOT_ENTRY | ENTRY_PMD,
    ),
    bits(
      'entryIsHuge',
      'the entry is of a huge page',
      R_SLOT,
      3 | ENTRY_PMD,
      SLOT_ENTRY | ENTRY_PMD,
    ),
    isSet('more', 'more to do', R_MORE),
    bits('moreMapped', 'more to unmap', R_UCURSOR, 1 << 31, 0),
    both('beforeEof', 'before EOF', (k, r) => k.get(r + R_PAGE) * 2 < k.get(r + R_LINE)),
    both('hasRange', 'the range has whole pages', (k, r) => k.get(r + R_FROM) < k.get(r + R_TO)),
    both('pagesLeft', 'pages left', (k, r) => k.get(r + R_PAGE) * 2 < k.get(r + R_LAST)),
    both('wholePagesLeft', 'whole pages left', (k, r) => k.get(r + R_PAGE) < k.get(r + R_TO)),
    both('filesLeft', 'inodes left', (k, r) => k.get(r + R_FILE) < k.world.files),
    bits('hasFailed', 'failed', R_RESULT, ALL, OK, true),
    bits('mustRetry', 'VM_FAULT_RETRY', R_RESULT, ALL, RETRY),
    both('shrinks', 'the size falls', (k, r) => k.get(r + R_SIZE) < k.get(r + R_LINE)),
    both('grows', 'the size grows', (k, r) => k.get(r + R_SIZE) > k.get(r + R_LINE)),
    both('startsBeyondSize', 'starts past EOF', (k, r) => k.get(r + R_FIRST) > k.get(r + R_LINE)),
    both('startsAtEof', 'starts at or past EOF', (k, r) => k.get(r + R_FIRST) >= k.get(r + R_LINE)),
    bits('lineCutsPage', 'the size cuts a page', R_LINE, 1, 1),
    both(
      'cutsPages',
      'the range cuts pages',
      (k, r) => ((k.get(r + R_FIRST) | k.get(r + R_LAST)) & 1) === 1,
    ),
    isSet('noted', 'as noted', R_NOTE),
  ].map((row) => [row.name, row]),
);
