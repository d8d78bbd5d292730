/**
 * O5b, O6 and O7: what a reader saw. A value that nobody wrote there is exposure; a value that a completed
 * write had replaced means that the write is lost; through the zero page it means that the page should be gone.
 */

import { LINES, LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { VIOLATION_CLASSES } from '../../corpus/vocabulary/verdict.ts';
import { blamed, hasLostZeroes, hasReplaced, isCopiedOver } from '../kernel/blame.ts';
import { blockOfPageWord, homeOfPageWord, isPageWord, shownWord } from '../kernel/cached.ts';
import {
  extentBlock,
  extentKind,
  INITIAL,
  isWritten,
  PTE_ZERO,
  pageIndex,
  pteKind,
  SHARED,
  STALE,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  COW_EXTENT,
  CPU,
  DATA_BY,
  DONE,
  DONE_AT,
  EXTENT,
  EXTENT_BY,
  PTE,
  SIZE,
  SIZED_BY,
  SIZED_EARLY,
  ZERO_BY,
} from '../kernel/layout.ts';
import { exposerOf, exposureOf, isPastEof } from './exposure.ts';
import { lostRole, missedBy, nameOfWriter, publisherOf, saidOfLost } from './missed.ts';
import {
  blamedPath,
  type Complaint,
  currentRole,
  isBlockTainted,
  isExposing,
  isTainted,
  pageName,
  type Violations,
  wroteLast,
} from './oracle.ts';
import { staleBesideTaker } from './page-cache.ts';
import { type Filled, zeroPageCause, zeroPageMapped } from './quiescent.ts';
import { FOREIGN, judgeValue, LEGAL, UNWRITTEN_ZERO } from './register.ts';
import { type Signed, signatureOf, unfenced } from './signature.ts';
import { isLeftToClone } from './stale-pte.ts';

/** The block that a word belongs to, or that the page of the cache stands for; -1 for none. */
export function blockOf(k: Kernel, word: number): number {
  if (word < 0) return -1;
  return isPageWord(word) ? blockOfPageWord(k, word) : Math.floor((word - CPU) / LINES_PER_PAGE);
}

/** A load, or the reading side of a copy. A read through a mapping is a point, pread is an interval. */
export function lineRead(
  k: Kernel,
  found: Violations,
  reader: number,
  file: number,
  line: number,
  value: number,
  pteIndex: number,
  cpuWord: number,
): void {
  // Behind i_size nothing is promised, early or late (locking 4.3 items 1 and 7).
  // A read(2) of the page cache has looked at i_size before it copies.
  const isUnfenced = pteIndex >= 0 || isPageWord(cpuWord);
  if (isUnfenced && line >= k.peek(SIZE + file)) return;
  const done = pteIndex >= 0 ? k.peek(DONE) : k.peek(DONE_AT + reader);
  const verdict = judgeValue(k, file, line, value, done);
  if (verdict === LEGAL || hasLeftTheCache(k, pteIndex, cpuWord)) return;
  const page = line >> 1;
  const block = blockOf(k, cpuWord);
  if (isTainted(k, file, page) || (block >= 0 && isBlockTainted(k, block))) return;
  const throughZeroPage = pteIndex >= 0 && pteKind(k.peek(PTE + pteIndex)) === PTE_ZERO;
  if (throughZeroPage && verdict === UNWRITTEN_ZERO && mayComeBefore(k, file, line)) return;
  const extent = k.peek(EXTENT + pageIndex(file, page));
  // A block that is not written yet may already hold the data (locking 7.4).
  // Where i_size alone promises the data, it is the size that is early.
  const isEarlySize = verdict === UNWRITTEN_ZERO && !isWritten(extent);
  if (throughZeroPage && extent !== 0 && !isEarlySize && isFilled(k, file, page)) {
    const filled = filledAs(k, file, line, verdict);
    if (found.isOn('O5')) zeroPageMapped(k, found, pteIndex, file, page, filled);
    return;
  }
  complain(k, found, file, line, value, cpuWord, verdict);
}

/** Beside a write that has set i_size and not returned, a load comes before that write (locking 4.3 item 19). */
function mayComeBefore(k: Kernel, file: number, line: number): boolean {
  const data = k.peek(DATA_BY + file * LINES + line) & ~1;
  return data !== 0 && (data & k.peek(DONE)) === 0;
}

/**
 * read(2) still has a page that has left the cache beside it: it was the file's when it was found, and nobody writes to
 * it any more (locking 4.3 item 4).
 */
function hasLeftTheCache(k: Kernel, pteIndex: number, word: number): boolean {
  return pteIndex < 0 && isPageWord(word) && homeOfPageWord(k, word) < 0;
}

/**
 * An access or a write has brought the page its block, or has made it visible. An unwritten block that was there before
 * and that nobody has converted yet is B55, through the zero page as well.
 */
function isFilled(k: Kernel, file: number, page: number): boolean {
  const index = pageIndex(file, page);
  if (isWritten(k.peek(EXTENT + index))) return true;
  return FILLERS.includes(blamedPath(k, EXTENT_BY + index));
}

const FILLERS: readonly string[] = ['fault', 'pwrite'];

/**
 * A system call beside a fault is missed, by its return or by the size that it has set (F02); of faults alone the look for the page is late (B10).
 * @param verdict who is missed
 */
function filledAs(k: Kernel, file: number, line: number, verdict: number): Filled {
  const extent = k.peek(EXTENT + pageIndex(file, line >> 1));
  if (!isExposing(k, extentBlock(extent))) return 'done';
  const missed = missedBy(k, file, line, verdict);
  const isWrite = missed > 0 && k.world.rowOfWriter(missed).kind === 'pwrite';
  return isWrite ? 'beside-write' : 'under-way';
}

export function complain(
  k: Kernel,
  found: Violations,
  file: number,
  line: number,
  value: number,
  cpuWord: number,
  verdict: number,
): void {
  const page = line >> 1;
  if (isPageWord(cpuWord) && staleBesideTaker(k, found, file, page)) return;
  if (verdict === FOREIGN) {
    if (!found.isOn('O7')) return;
    found.reportPage(k, file, page, blockOf(k, cpuWord), {
      class: 'stale-data',
      ...exposureOf(k, file, line, blockOf(k, cpuWord), value),
      fatal: false,
      detail: `line ${line & 1} of ${pageName(file, page)} shows ${valueName(k, value)}, ${
        isPastEof(k, value) ? 'past the EOF of that time' : 'never written there'
      }`,
    });
  } else {
    if (!found.isOn('O6')) return;
    found.reportPage(k, file, page, blockOf(k, cpuWord), {
      class: 'lost-write',
      ...lossOf(k, cpuWord, verdict, file, line, () => madeWrong(k, cpuWord)),
      fatal: false,
      detail: `line ${line & 1} of ${pageName(file, page)} shows ${valueName(k, value)} although ${saidOfLost(k, verdict, file, line)}`,
    });
  }
}

/**
 * Data that nobody converted to be read are one defect, whoever takes them for zeros. Zeros that do not show are the
 * matter of who made the block visible, not of who wrote what is in it.
 */
function lossOf(
  k: Kernel,
  cpuWord: number,
  verdict: number,
  file: number,
  line: number,
  by: () => string,
): Pick<Complaint, 'object' | 'roles'> {
  if (isSizeEarly(k, verdict, file, line)) {
    return { object: 'early-size', roles: [blamedPath(k, SIZED_BY + file)] };
  }
  const lost = lostRole(k, verdict, file, line);
  const extent = k.peek(EXTENT + pageIndex(file, line >> 1));
  if (cpuWord >= 0 && isOfReplacing(k, blockOf(k, cpuWord))) {
    return { object: 'replaced', roles: [] };
  }
  if (isOfShared(k, file, line, extent, cpuWord, verdict))
    return { object: 'shared', roles: [lost] };
  if (cpuWord >= 0 && isCopiedOver(k, cpuWord)) return { object: 'copied', roles: [by()] };
  const isConverted = isWritten(extent) && cpuWord >= 0;
  if (verdict > 0 && extent !== 0 && !isConverted) {
    return { object: 'unconverted', roles: [] };
  }
  if (cpuWord >= 0 && verdict > 0 && isZeroing(k.world.rowOfWriter(verdict).kind)) {
    return { object: 'unzeroed', roles: [exposerOf(k, blockOf(k, cpuWord)), lost] };
  }
  return { object: cpuWord < 0 ? 'extent' : 'line', roles: [by(), lost] };
}

/** It went to the block that a copy has replaced and no clone has; zeroes that a copy has lost are lost with any of its. */
function isOfReplacing(k: Kernel, block: number): boolean {
  return hasReplaced(k, block) && !hasLostZeroes(k, block);
}

/** It went to a copy that the file does not name yet, or never has: a later copy brings back what the clone has. */
function isOfShared(
  k: Kernel,
  file: number,
  line: number,
  extent: number,
  cpuWord: number,
  verdict: number,
): boolean {
  if (extentKind(extent) === SHARED) return true;
  if (isWritten(k.peek(COW_EXTENT + pageIndex(file, line >> 1)))) return true;
  if (cpuWord >= 0 && isLeftToClone(k, file, blockOf(k, cpuWord))) return true;
  if (verdict <= 0 || cpuWord < 0) return false;
  // Which of the writes before the zeroes is missed depends on who wrote beside whom.
  const { kind, first } = k.world.rowOfWriter(verdict);
  const isZeroed = isZeroing(kind) || (kind === 'pwrite' && line < first);
  const isOfCopy = isCopiedOver(k, cpuWord) || isZeroed;
  return isOfCopy && hasLostZeroes(k, blockOf(k, cpuWord));
}

/** i_size covered a write before its data showed, and that is what is missed. */
function isSizeEarly(k: Kernel, verdict: number, file: number, line: number): boolean {
  if (verdict !== UNWRITTEN_ZERO) return false;
  return ((k.peek(SIZED_EARLY) >> publisherOf(k, file, line)) & 1) !== 0;
}

/** What it leaves is zeros, or another part of the file. */
export function isZeroing(kind: OpKind): boolean {
  return !['store', 'dma', 'pread', 'pwrite'].includes(kind);
}

/** Where a private copy comes from: the zero page, or a block, -1 for a hole, with who has taken it from its page. */
export interface Source {
  /** The pte that maps the zero page; -1 for none. */
  readonly zeroPte: number;
  readonly block: number;
  readonly remover: OpKind | 'setup' | null;
  /** The role that had written the line last when it was copied. */
  readonly by: string;
}

/** A private copy that shows what the file does not: the defect is that of what it was copied from. */
export function complainOfCopy(
  k: Kernel,
  found: Violations,
  file: number,
  line: number,
  value: number,
  verdict: number,
  source: Source,
): void {
  const page = line >> 1;
  if (staleBesideTaker(k, found, file, page)) return;
  const isForeign = verdict === FOREIGN;
  const cause = causeOfCopy(k, file, line, value, verdict, source);
  if (!found.isOn(VIOLATION_CLASSES[cause.class].oracle)) return;
  const what = `the private copy of line ${line & 1} of ${pageName(file, page)} shows ${valueName(k, value)}`;
  found.reportPage(k, file, page, -1, {
    ...cause,
    fatal: false,
    detail: isForeign
      ? `${what}, never written there`
      : `${what} although ${saidOfLost(k, verdict, file, line)}`,
  });
}

function causeOfCopy(
  k: Kernel,
  file: number,
  line: number,
  value: number,
  verdict: number,
  { zeroPte, block, remover, by }: Source,
): Signed {
  const index = pageIndex(file, line >> 1);
  const isZeroPage = zeroPte >= 0;
  const extent = k.peek(EXTENT + index);
  if (isZeroPage && extent !== 0 && isFilled(k, file, line >> 1)) {
    return zeroPageCause(k, zeroPte, index, filledAs(k, file, line, verdict));
  }
  if (remover !== null && !isZeroPage) {
    const stale = { class: 'stale-pte', object: '', roles: [remover] } as const;
    const key = unfenced(remover).key ?? signatureOf(stale);
    return { class: 'foreign-block', object: '', roles: [], key };
  }
  if (verdict === FOREIGN) {
    return { class: 'stale-data', ...exposureOf(k, file, line, block, value) };
  }
  const cpuWord = block < 0 || isZeroPage ? -1 : CPU + block * LINES_PER_PAGE + (line & 1);
  const loss = lossOf(k, cpuWord, verdict, file, line, () => (cpuWord < 0 ? currentRole(k) : by));
  return { class: 'lost-write', ...loss };
}

/** Who made the line wrong: its last writer or, where no block is shown at all, the reader's own look-up. */
function madeWrong(k: Kernel, cpuWord: number): string {
  return cpuWord < 0 ? currentRole(k) : wroteLast(k, cpuWord);
}

export function valueName(k: Kernel, value: number): string {
  if (value === 0) return 'zeros';
  if (value < INITIAL) return `what ${nameOfWriter(k, value)} wrote`;
  return value === STALE
    ? "a previous owner's data"
    : `the old data of file ${value === INITIAL ? 'A' : 'B'}`;
}

/** At the end every line is read once more, as a fresh pread would (a fresh mapping shows the same). */
export function readEverything(k: Kernel, found: Violations): void {
  const done = k.peek(DONE);
  for (let file = 0; file < k.world.files; file++) {
    const lines = Math.min(k.peek(SIZE + file), k.world.pageLimit * LINES_PER_PAGE);
    for (let line = 0; line < lines; line++) {
      readAtEnd(k, found, file, line, done);
    }
  }
}

/** The common case, cheaply: nobody wrote there, and it shows what it did before the run. */
function isUntouched(k: Kernel, file: number, line: number, value: number): boolean {
  const i = file * LINES + line;
  const hadData = k.peek(DATA_BY + i);
  return (hadData | k.peek(ZERO_BY + i)) === 1 && value === (hadData === 0 ? 0 : INITIAL + file);
}

function readAtEnd(k: Kernel, found: Violations, file: number, line: number, done: number): void {
  const page = line >> 1;
  const word = shownWord(k, file, line);
  const value = word < 0 ? 0 : k.peek(word);
  if (isUntouched(k, file, line, value)) return;
  const verdict = judgeValue(k, file, line, value, done);
  if (verdict === LEGAL || isTainted(k, file, page)) return;
  const block = blockOf(k, word);
  if (block >= 0 && isBlockTainted(k, block)) return;
  complainAtEnd(k, found, file, line, value, word, verdict);
}

/** A line that shows no block at the end was lost by whoever last changed its extent. */
function complainAtEnd(
  k: Kernel,
  found: Violations,
  file: number,
  line: number,
  value: number,
  cpuWord: number,
  verdict: number,
): void {
  if (cpuWord >= 0 || verdict === FOREIGN) {
    complain(k, found, file, line, value, cpuWord, verdict);
    return;
  }
  if (!found.isOn('O6')) return;
  const page = line >> 1;
  const changedBy = (): string => blamed(k, EXTENT_BY + pageIndex(file, page));
  found.reportPage(k, file, page, -1, {
    class: 'lost-write',
    ...lossOf(k, cpuWord, verdict, file, line, changedBy),
    fatal: false,
    detail: `${pageName(file, page)} has no written block although ${saidOfLost(k, verdict, file, line)}`,
  });
}
