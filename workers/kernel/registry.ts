/** The fixed registry: every step and every test that a model may name. */
import {
  ENTRY_REAL, ENTRY_TYPE, extentKind, FAULT_COW, FAULT_HANDLER, FAULT_PFN_MKWRITE, FAULT_WP_COPY, OK, RETRY, SLOT_ENTRY, SLOT_PAGE,
  slotKind, UNWRITTEN, WRITTEN,
} from './encoding.ts';
import type { Kernel } from './kernel.ts';
import {
  R_ANSWER, R_EXTENT, R_FILE, R_FIRST, R_FRESH, R_FROM, R_KIND, R_LAST, R_LINE, R_MORE, R_NOTE, R_PAGE,
  R_PAGEOBJ, R_RESULT, R_SIZE, R_SLOT, R_TO, R_UCURSOR, R_WRITE,
} from './layout.ts';
import type { LockId } from './locks.ts';
import type { StepDef, TestDef } from './step.ts';
import { CACHE_STEPS } from './steps/cache.ts';
import { EXTENT_STEPS } from './steps/extents.ts';
import { FAULT_STEPS } from './steps/fault.ts';
import { IO_STEPS } from './steps/io.ts';
import { JOURNAL_STEPS } from './steps/journal.ts';
import { RWSEM_STEPS } from './steps/locking.ts';
import { MAPPING_STEPS } from './steps/mapping.ts';
import { WRITEBACK_STEPS } from './steps/writeback.ts';

export const STEPS: ReadonlyMap<string, StepDef> = new Map(
  [
    ...RWSEM_STEPS, ...JOURNAL_STEPS, ...CACHE_STEPS, ...FAULT_STEPS, ...EXTENT_STEPS, ...IO_STEPS,
    ...MAPPING_STEPS, ...WRITEBACK_STEPS,
  ].map((step) => [step.name, step]),
);

/** The lock that a step without a named rwsem takes or drops, for the checks a model passes before it runs. */
export const LOCK_OF_STEP: Readonly<Record<string, LockId>> = {
  addZeroPage: 'pageLock', lockPage: 'pageLock', lockPageOrRetry: 'pageLock', unlockPage: 'pageLock',
  replaceEntryByPage: 'pageLock', replaceEntryByPageWakeOne: 'pageLock', lockEntry: 'entryLock',
  unlockEntry: 'entryLock', journalStart: 'journal', journalStop: 'journal',
};

function test(name: string, says: string, run: (k: Kernel, r: number) => boolean): TestDef {
  return { name, says, run };
}

/** Tests read registers only: what a visible step has put there (design 3.1). */
export const TESTS: ReadonlyMap<string, TestDef> = new Map(
  [
    test('answerIsNo', 'no', (k, r) => k.get(r + R_ANSWER) === 0),
    test('answerIsYes', 'yes', (k, r) => k.get(r + R_ANSWER) !== 0),
    test('isHandlerFault', 'fault handler', (k, r) => k.get(r + R_KIND) === FAULT_HANDLER),
    test('isPfnMkwrite', 'pfn_mkwrite', (k, r) => k.get(r + R_KIND) === FAULT_PFN_MKWRITE),
    test('isCowFault', 'private write', (k, r) => k.get(r + R_KIND) === FAULT_COW),
    test('isWpCopy', 'private write to a mapped page', (k, r) => k.get(r + R_KIND) === FAULT_WP_COPY),
    test('isWrite', 'write', (k, r) => k.get(r + R_WRITE) !== 0),
    test('isHole', 'hole', (k, r) => k.get(r + R_EXTENT) === 0),
    test('isUnwritten', 'unwritten', (k, r) => extentKind(k.get(r + R_EXTENT)) === UNWRITTEN),
    test('isHoleOrUnwritten', 'hole or unwritten', (k, r) => extentKind(k.get(r + R_EXTENT)) !== WRITTEN),
    test('isFresh', 'newly allocated', (k, r) => k.get(r + R_FRESH) !== 0),
    test('needsClear', 'new or unwritten', (k, r) =>
      k.get(r + R_FRESH) !== 0 || extentKind(k.get(r + R_EXTENT)) === UNWRITTEN),
    test('isPartialPage', 'the range cuts the page', (k, r) =>
      k.get(r + R_FIRST) > k.get(r + R_PAGE) * 2 || k.get(r + R_LAST) < (k.get(r + R_PAGE) + 1) * 2),
    test('hasPage', 'a page was found', (k, r) => k.get(r + R_PAGEOBJ) !== 0),
    test('slotIsPage', 'the slot holds a page', (k, r) => slotKind(k.get(r + R_SLOT)) === SLOT_PAGE),
    test('slotIsEntry', 'the slot holds an entry', (k, r) => slotKind(k.get(r + R_SLOT)) === SLOT_ENTRY),
    test('entryIsReal', 'the entry names a block', (k, r) =>
      slotKind(k.get(r + R_SLOT)) === SLOT_ENTRY && (k.get(r + R_SLOT) & ENTRY_TYPE) === ENTRY_REAL),
    test('more', 'more to do', (k, r) => k.get(r + R_MORE) !== 0),
    test('moreMapped', 'more to unmap', (k, r) => k.get(r + R_UCURSOR) >= 0),
    test('hasRange', 'the range has whole pages', (k, r) => k.get(r + R_FROM) < k.get(r + R_TO)),
    test('pagesLeft', 'pages left', (k, r) => k.get(r + R_PAGE) * 2 < k.get(r + R_LAST)),
    test('wholePagesLeft', 'whole pages left', (k, r) => k.get(r + R_PAGE) < k.get(r + R_TO)),
    test('filesLeft', 'inodes left', (k, r) => k.get(r + R_FILE) < k.world.files),
    test('hasFailed', 'failed', (k, r) => k.get(r + R_RESULT) !== OK),
    test('mustRetry', 'VM_FAULT_RETRY', (k, r) => k.get(r + R_RESULT) === RETRY),
    test('shrinks', 'the size falls', (k, r) => k.get(r + R_SIZE) < k.get(r + R_LINE)),
    test('grows', 'the size grows', (k, r) => k.get(r + R_SIZE) > k.get(r + R_LINE)),
    test('startsBeyondSize', 'starts past EOF', (k, r) => k.get(r + R_FIRST) > k.get(r + R_LINE)),
    test('lineCutsPage', 'the size cuts a page', (k, r) => (k.get(r + R_LINE) & 1) === 1),
    test('hasEdges', 'the range cuts pages', (k, r) =>
      ((k.get(r + R_FIRST) | k.get(r + R_LAST)) & 1) === 1),
    test('isUnaligned', 'not a multiple of the block', (k, r) =>
      ((k.get(r + R_FIRST) | k.get(r + R_LAST)) & 1) === 1),
    test('noted', 'as noted', (k, r) => k.get(r + R_NOTE) !== 0),
  ].map((row) => [row.name, row]),
);
