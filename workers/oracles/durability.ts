/**
 * O8 and O17: what a power failure now would leave. Evaluated when metadata is committed and when an fsync
 * returns, for both adversaries: no cache line was evicted, and every one was.
 */
import { LINE_BYTES, LINES, LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import {
  blamed,
  hasLostZeroes,
  isCopiedOverOnMedia,
  isUnflushedCopy,
  roleName,
} from '../kernel/blame.ts';
import { cachedPage, pageWord, shownWord } from '../kernel/cached.ts';
import {
  ENTRY_TAGS,
  entryBlock,
  extentBlock,
  INITIAL,
  isWritten,
  LOST_ALIAS,
  LOST_KEPT,
  LOST_NAMES,
  LOST_NOT,
  LOST_SKIPPED,
  LOST_TOLD,
  LOST_UNTAGGED,
  lostCause,
  lostRole,
  PAGE_DIRTY,
  pageIndex,
  SLOT_ENTRY,
  slotKind,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  COW_EXTENT,
  CPU,
  DATA_EVER,
  DEVICE_DEAD,
  DURABLE,
  EXPOSED_BY,
  EXTENT,
  EXTENT_BY,
  LOST_BY,
  MEDIA,
  MEDIA_BY,
  PAGE_STATE,
  SHIFTING,
  SIZE,
  SIZED_BY,
  SLOT,
} from '../kernel/layout.ts';
import { isSizeSettled } from '../kernel/size-history.ts';
import { isOfBlock } from '../kernel/steps/entries.ts';
import { blockOf, complain as contentLost, isZeroing, valueName } from './content.ts';
import { nameOfWriter } from './missed.ts';
import {
  currentOperation,
  isBlockTainted,
  isTainted,
  pageName,
  taint,
  type Violations,
} from './oracle.ts';
import { judgeValue, LEGAL } from './register.ts';

/** The value at a line after recovery: through the committed size and extent, from media or from the caches. */
function recovered(k: Kernel, file: number, line: number, from: number): number {
  if (line >= k.peek(COMMITTED_SIZE + file)) return 0;
  const extent = k.peek(COMMITTED_EXTENT + pageIndex(file, line >> 1));
  if (!isWritten(extent)) return 0;
  return k.peek(from + extentBlock(extent) * LINES_PER_PAGE + (line & 1));
}

/** O8: every line that an fsync has made durable recovers to a value at least as new. */
export function checkOwed(k: Kernel, found: Violations): void {
  for (let file = 0; file < k.world.files; file++) {
    if (k.peek(SHIFTING + file) !== 0) continue;
    for (let line = 0; line < k.world.pageLimit * LINES_PER_PAGE; line++) {
      const owed = k.peek(DURABLE + file * LINES + line);
      if (owed === 0 || isTainted(k, file, line >> 1) || line >= k.peek(SIZE + file)) continue;
      if (isTaintedOnMedia(k, file, line >> 1)) continue;
      if (lostCause(k.peek(LOST_BY + pageIndex(file, line >> 1))) === LOST_TOLD) continue;
      if (isLostAlready(k, found, file, line, owed)) continue;
      const flushedOnly = recovered(k, file, line, MEDIA);
      const lost = judgeValue(k, file, line, flushedOnly, owed);
      if (lost > 0) complain(k, found, file, line, flushedOnly, lost);
      else if (lost === LEGAL) {
        const evicted = recovered(k, file, line, CPU);
        const lostEvicted = judgeValue(k, file, line, evicted, owed);
        if (lostEvicted > 0) complain(k, found, file, line, evicted, lostEvicted);
      }
    }
  }
}

/** O8 for i_size: an fsync has returned, and no operation beside it changes the size. */
export function checkSizeOwed(k: Kernel, found: Violations, file: number, writer: number): void {
  const size = k.peek(SIZE + file);
  const committed = k.peek(COMMITTED_SIZE + file);
  if (committed === size || k.peek(DEVICE_DEAD) !== 0 || !isSizeSettled(k, file, writer)) return;
  found.report(k, {
    class: 'durability',
    object: 'size',
    fatal: false,
    roles: [blamed(k, SIZED_BY + file)],
    detail: `after a power failure file ${file === 0 ? 'A' : 'B'} has ${committed * LINE_BYTES} bytes: ${size * LINE_BYTES} were synced`,
  });
  // What an older i_size hides is its consequence.
  for (let page = 0; page < k.world.pageLimit; page++) taint(k, file, page, -1);
}

/** What a read shows now has lost the write as well: that is no matter of durability. */
function isLostAlready(
  k: Kernel,
  found: Violations,
  file: number,
  line: number,
  owed: number,
): boolean {
  const word = shownWord(k, file, line);
  const value = word < 0 ? 0 : k.peek(word);
  const verdict = judgeValue(k, file, line, value, owed);
  if (verdict === LEGAL) return false;
  // What an earlier violation has done to the block shows in every page that it comes to.
  const block = blockOf(k, word);
  if (block >= 0 && isBlockTainted(k, block)) return true;
  contentLost(k, found, file, line, value, word, verdict);
  return true;
}

function complain(
  k: Kernel,
  found: Violations,
  file: number,
  line: number,
  value: number,
  lost: number,
): void {
  const page = line >> 1;
  const { object, role, said } = causeOf(k, file, line, lost);
  found.reportPage(k, file, page, -1, {
    class: 'durability',
    object,
    fatal: false,
    roles: [role],
    detail: `after a power failure line ${line & 1} of ${pageName(file, page)} shows ${valueName(k, value)}: ${nameOfWriter(k, lost)} was synced and is lost; ${said}`,
  });
}

interface Cause {
  readonly object: string;
  /** To blame. */
  readonly role: string;
  readonly said: string;
}

/**
 * What a store needs is its tag. A write(2) is on the device at once, so it is lost with metadata that was not
 * committed, or under what somebody wrote over it.
 */
function causeOf(k: Kernel, file: number, line: number, lost: number): Cause {
  const index = pageIndex(file, line >> 1);
  const blame = k.peek(LOST_BY + index);
  const cause = lostCause(blame);
  const isSafe = isFlushed(k, index, line);
  // What is on the device was not lost with its entry.
  if (cause !== LOST_NOT && !isSafe) {
    const role = roleOfBlame(k, blame);
    const said = LOST_NAMES[cause] ?? '';
    return { object: objectOfCause(cause), role, said: role === '' ? said : `${role}: ${said}` };
  }
  const page = cachedPage(k, index);
  if (!isSafe && page >= 0) return inPage(k, page);
  const extent = k.peek(COMMITTED_EXTENT + index);
  const at = extentBlock(extent) * LINES_PER_PAGE + (line & 1);
  if (!isSafe && isWritten(extent) && isUnflushedCopy(k, at)) {
    const role = blamed(k, EXPOSED_BY + extentBlock(extent));
    return { object: 'unflushed-copy', role, said: `${role} mapped a copy that was not flushed` };
  }
  // What came after the copy, and is not committed, has no part in it.
  if (isWritten(extent) && isCopiedOverOnMedia(k, at)) return overwritten(k, at);
  const isStored = ((k.world.mappingWriters >> lost) & 1) !== 0;
  if (isStored && !isSafe) return untracked(k, index);
  const isOld = extent !== k.peek(EXTENT + index);
  if (line >= k.peek(COMMITTED_SIZE + file) || !isWritten(extent) || isOld) {
    if (isStored && currentOperation(k) === 'clwb') return MAPPED_EARLY;
    const role = blamed(k, EXTENT_BY + index);
    return { object: 'uncommitted', role, said: 'its extent or i_size is not committed' };
  }
  if (isZeroing(k.world.rowOfWriter(lost).kind)) {
    const role = blamed(k, EXPOSED_BY + extentBlock(extent));
    if (hasLostZeroes(k, extentBlock(extent)))
      return {
        object: 'shared',
        role: '',
        said: 'a copy of the page was zeroed, and never mapped',
      };
    return { object: 'unzeroed', role, said: `${role} made the old data visible` };
  }
  return overwritten(k, at);
}

function overwritten(k: Kernel, line: number): Cause {
  const role = blamed(k, MEDIA_BY + line);
  return { object: 'overwritten', role, said: `${role} wrote over it` };
}

/** Without DAX what is written waits in its page, whoever wrote it. */
function inPage(k: Kernel, page: number): Cause {
  const isDirty = (k.peek(PAGE_STATE + page) & PAGE_DIRTY) !== 0;
  return isDirty
    ? { object: 'dirty-page', role: '', said: 'its page is still dirty' }
    : { object: 'clean-page', role: '', said: 'its page is clean, and its block does not hold it' };
}

/** The user has written the line back: what a MAP_SYNC area maps writable had to be committed before. */
const MAPPED_EARLY: Cause = {
  object: 'map-sync',
  role: '',
  said: 'a MAP_SYNC area maps its block, which is not committed',
};

/** Whether the line's block holds on media what loads see. */
function isFlushed(k: Kernel, index: number, line: number): boolean {
  const extent = k.peek(EXTENT + index);
  if (!isWritten(extent)) return false;
  const at = extentBlock(extent) * LINES_PER_PAGE + (line & 1);
  const page = cachedPage(k, index);
  return k.peek(MEDIA + at) === k.peek(page < 0 ? CPU + at : pageWord(page, line & 1));
}

/** A store that is not flushed, and no step that lost it is on record: what its entry is now says why. */
function untracked(k: Kernel, index: number): Cause {
  const slot = k.peek(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY) {
    return {
      object: 'no-entry',
      role: '',
      said: 'its page has no entry that writeback could find',
    };
  }
  const isOfOther = isOfBlock(slot) && entryBlock(slot) !== extentBlock(k.peek(EXTENT + index));
  const copy = k.peek(COW_EXTENT + index);
  if (isOfOther && isWritten(copy) && entryBlock(slot) === extentBlock(copy)) {
    return { object: 'replaced', role: '', said: 'its entry names a copy that the file has not' };
  }
  if (isOfOther) {
    const role = blamed(k, EXTENT_BY + index);
    return { object: 'entry-of-another-block', role, said: 'its entry names another block' };
  }
  if ((slot & ENTRY_TAGS) === 0) {
    return {
      object: 'untagged',
      role: '',
      said: 'its entry carries no tag that writeback looks for',
    };
  }
  const role = currentOperation(k);
  return { object: 'tagged', role, said: `its entry is still tagged: ${role} has passed it by` };
}

/** One word a defect: they share their labels (locking 3.10a). */
function objectOfCause(cause: number): string {
  return (
    [
      '',
      'dirty-entry',
      'writable-entry',
      'clean-entry',
      'locked-entry',
      'towrite-tag',
      'upgraded-pte',
      'writable-pte',
      '',
      'entry-of-another-block',
      'empty-entry',
      'alias-pte',
      'cut-entry',
    ][cause] ?? ''
  );
}

/** fsync, msync and the flush of a write share their writeback: who ran it does not matter. */
function roleOfBlame(k: Kernel, blame: number): string {
  if (blame === 0) return '';
  const role = roleName(k, lostRole(blame));
  const isShared = OF_WRITEBACK.includes(lostCause(blame));
  return isShared ? role.slice(role.indexOf('/') + 1) : role;
}

const OF_WRITEBACK: readonly number[] = [LOST_SKIPPED, LOST_UNTAGGED, LOST_KEPT, LOST_ALIAS];

/**
 * Whether a value was never content of the file. Of the file, not of the line: an uncommitted truncate, collapse
 * or insert is taken back, and every line shows what it showed before.
 */
function isForeign(k: Kernel, file: number, value: number): boolean {
  if (value === 0 || value === INITIAL + file) return false;
  return value >= INITIAL || ((k.peek(DATA_EVER + file) >> value) & 1) === 0;
}

function blockAt(k: Kernel, file: number, page: number): number {
  return extentBlock(k.peek(COMMITTED_EXTENT + pageIndex(file, page)));
}

/** The line of a block that the committed extents show. */
function lineAt(k: Kernel, file: number, line: number): number {
  return blockAt(k, file, line >> 1) * LINES_PER_PAGE + (line & 1);
}

/** What an earlier violation has done to a block shows wherever a power failure brings it back. */
function isTaintedOnMedia(k: Kernel, file: number, page: number): boolean {
  const extent = k.peek(COMMITTED_EXTENT + pageIndex(file, page));
  return extent !== 0 && isBlockTainted(k, extentBlock(extent));
}

/** O17: committed extents may not show what a previous owner left in the block. */
export function checkExposure(k: Kernel, found: Violations): void {
  for (let file = 0; file < k.world.files; file++) {
    if (k.peek(SHIFTING + file) !== 0) continue;
    const lines = Math.min(k.peek(COMMITTED_SIZE + file), k.world.pageLimit * LINES_PER_PAGE);
    for (let line = 0; line < lines; line++) {
      const page = line >> 1;
      if (isTainted(k, file, page) || isTaintedOnMedia(k, file, page)) continue;
      const value = recovered(k, file, line, MEDIA);
      if (!isForeign(k, file, value) || isBlockTainted(k, blockAt(k, file, page))) continue;
      found.reportPage(k, file, page, -1, {
        class: 'crash-exposure',
        object: isUnflushedCopy(k, lineAt(k, file, line)) ? 'unflushed-copy' : '',
        fatal: false,
        roles: [blamed(k, EXPOSED_BY + blockAt(k, file, page))],
        detail: `a power failure now shows ${valueName(k, value)} in ${pageName(file, page)}`,
      });
    }
  }
}
