/**
 * What the kernel copies on its own account. A private page must show what a read of the file might have shown
 * while it was made (O6, O7); and nobody zeroes, fills or reads a block that is not, or no longer, the page's (O4).
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { roleIn, roleName } from '../kernel/blame.ts';
import {
  extentBlock,
  isWritten,
  PTE_BLOCK,
  PTE_ZERO,
  pageIndex,
  pteGen,
  pteKind,
  pteTarget,
  vmaFile,
  vmaPage,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  BLOCK_GEN,
  COPY_SHOWS,
  CPU,
  DONE,
  DONE_AT,
  EXTENT,
  EXTENT_BY,
  LINE_BY,
  R_EXTENT,
  R_FILE,
  R_GEN,
  R_LINE,
  R_OLD,
  R_PAGE,
  R_PTE,
  R_SLOT,
  REMOVED_BY,
  SIZE,
  VMA,
} from '../kernel/layout.ts';
import { isSizeSettled } from '../kernel/size-history.ts';
import type { BlockUse } from '../kernel/watch.ts';
import { complainOfCopy, type Source, valueName } from './content.ts';
import { lostRole, saidOfLost } from './missed.ts';
import {
  blamedOperation,
  blamedPath,
  currentOperation,
  currentPath,
  isBlockTainted,
  isTainted,
  pageName,
  taint,
  type Violations,
} from './oracle.ts';
import { FOREIGN, judgeValue, LEGAL, UNWRITTEN_ZERO } from './register.ts';
import { signatureOf, unfenced } from './signature.ts';
import {
  fateOf,
  isBeyondSize,
  isBlockOf,
  isCloned,
  isLeftToClone,
  isOfLastTruncate,
  reportCloned,
} from './stale-pte.ts';

/**
 * What COPY_SHOWS says of a line: 0 where no copy was made, else the verdict and this, and above it the role that had
 * written the line last.
 */
const JUDGED = 3;
const ROLE_SHIFT = 8;
const VERDICT_MASK = (1 << ROLE_SHIFT) - 1;

/**
 * The copy is judged when it is made, by the history and the i_size of that moment: what was complete before its
 * operation began must show. Whether anybody will see it is open until it is installed.
 */
export function copyMade(k: Kernel, r: number): void {
  const file = k.peek(r + R_FILE);
  const page = k.peek(r + R_PAGE);
  const t = k.currentThread;
  const done = k.peek(DONE_AT + k.writerOf(t));
  const { block } = sourceOf(k, r);
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const fileLine = page * LINES_PER_PAGE + line;
    const isPromised = fileLine < k.peek(SIZE + file);
    const shown = isPromised ? judgeValue(k, file, fileLine, copied(k, r, line), done) : LEGAL;
    // Its block may have been looked up while the line lay behind i_size, or was a hole that truncate made.
    const isOld = shown === UNWRITTEN_ZERO && !isSizeSettled(k, file, k.writerOf(t));
    const verdict = isOld ? LEGAL : shown;
    const by = block < 0 ? 0 : roleIn(k, LINE_BY + block * LINES_PER_PAGE + line);
    k.put(COPY_SHOWS + t * LINES_PER_PAGE + line, (verdict + JUDGED) | (by << ROLE_SHIFT));
  }
}

function copied(k: Kernel, r: number, line: number): number {
  return k.peek(r + (line === 0 ? R_SLOT : R_LINE));
}

export function copyInstalled(k: Kernel, found: Violations, r: number): void {
  const file = k.peek(r + R_FILE);
  const page = k.peek(r + R_PAGE);
  // A page that nobody has filled shows what it held.
  if (k.peek(COPY_SHOWS + k.currentThread * LINES_PER_PAGE) === 0) copyMade(k, r);
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    const fileLine = page * LINES_PER_PAGE + line;
    const word = COPY_SHOWS + k.currentThread * LINES_PER_PAGE + line;
    const shown = k.peek(word);
    const verdict = (shown & VERDICT_MASK) - JUDGED;
    k.put(word, 0);
    if (verdict === LEGAL || isTainted(k, file, page)) continue;
    const source = { ...sourceOf(k, r), by: roleName(k, shown >> ROLE_SHIFT) };
    if (source.block >= 0 && isBlockTainted(k, source.block)) continue;
    const value = copied(k, r, line);
    complainOfCopy(k, found, file, fileLine, value, verdict, source);
  }
}

function sourceOf(k: Kernel, r: number): Omit<Source, 'by'> {
  const old = k.peek(r + R_OLD);
  const extent = k.peek(r + R_EXTENT);
  const index = pageIndex(k.peek(r + R_FILE), k.peek(r + R_PAGE));
  const isMapped = pteKind(old) === PTE_BLOCK;
  const block = isMapped ? pteTarget(old) : extent === 0 ? -1 : extentBlock(extent);
  const own = k.peek(EXTENT + index);
  const gen = isMapped ? pteGen(old) : k.peek(r + R_GEN);
  const isOwn = own !== 0 && extentBlock(own) === block && k.peek(BLOCK_GEN + block) === gen;
  const remover = block < 0 || isOwn ? null : blamedOperation(k, REMOVED_BY + block);
  return { zeroPte: pteKind(old) === PTE_ZERO ? k.peek(r + R_PTE) : -1, block, remover };
}

/** Operations that leave private copies alone, and truncate inside EOF (locking 4.3 item 15). */
const KEEPS_COPIES: readonly OpKind[] = [
  'punch',
  'zero',
  'fallocate',
  'unshare',
  'pwrite',
  'pread',
];

/** What a process stored in its own copy is nobody else's to throw away. */
export function copyZapped(k: Kernel, found: Violations, pteIndex: number): void {
  const vma = k.peek(VMA + (pteIndex >> 3));
  const file = vmaFile(vma);
  const page = vmaPage(vma) + (pteIndex % PAGES);
  const row = k.world.rowOfWriter(k.writerOf(k.currentThread));
  const isInside = row.kind === 'truncate' && page * LINES_PER_PAGE < row.first;
  if (!(isInside || KEEPS_COPIES.includes(row.kind)) || isTainted(k, file, page)) return;
  found.reportPage(k, file, page, -1, {
    class: 'lost-write',
    object: 'private',
    fatal: false,
    roles: [row.kind],
    detail: `${row.kind} takes the private copy of ${pageName(file, page)} away`,
  });
}

/** A copy of the file takes its place: what the file shows is what the copy must hold. */
export function extentSwapped(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  copy: number,
): void {
  const extent = k.peek(EXTENT + pageIndex(file, page));
  for (let i = 0; i < LINES_PER_PAGE; i++) {
    const line = page * LINES_PER_PAGE + i;
    if (line >= k.peek(SIZE + file) || isTainted(k, file, page)) continue;
    const verdict = judgeValue(k, file, line, shownBy(k, copy, i), k.peek(DONE));
    // What the file does not show either was lost before.
    const before = judgeValue(k, file, line, shownBy(k, extent, i), k.peek(DONE));
    if (verdict === LEGAL || before !== LEGAL) continue;
    // Data of another line, or of another owner: what is lost is how the page came by its extent.
    const isForeign = verdict === FOREIGN;
    const role = isForeign
      ? blamedPath(k, EXTENT_BY + pageIndex(file, page))
      : lostRole(k, verdict, file, line);
    const why = isForeign
      ? ', never written there'
      : ` although ${saidOfLost(k, verdict, file, line)}`;
    found.reportPage(k, file, page, -1, {
      class: 'lost-write',
      object: 'swapped',
      roles: [role],
      fatal: false,
      detail: `the copy that takes the place of ${pageName(file, page)} shows ${valueName(k, shownBy(k, copy, i))} in line ${i}${why}`,
    });
  }
}

function shownBy(k: Kernel, extent: number, line: number): number {
  return isWritten(extent) ? k.peek(CPU + extentBlock(extent) * LINES_PER_PAGE + line) : 0;
}

/** The same as that of the pte which it is about to install. */
function keyOfFault(remover: OpKind | 'setup', isCutOff: boolean): { readonly key?: string } {
  const symptom = isCutOff ? 'beyond-eof' : 'stale-pte';
  const signature = signatureOf({ class: symptom, object: '', roles: [remover] });
  return { key: signature, ...unfenced(remover) };
}

const USED = { zero: 'zeroed', copy: 'written', read: 'read', writeback: 'written back' } as const;

/** A block that was looked up is about to be zeroed, filled by a write or read by read(2). */
export function blockUsed(
  k: Kernel,
  found: Violations,
  index: number,
  block: number,
  gen: number,
  use: BlockUse,
): void {
  const file = Math.floor(index / PAGES);
  const page = index % PAGES;
  if (use !== 'read' && isCloned(k, file, page, block)) reportCloned(k, found, file, page, block);
  if (isBlockOf(k, file, page, block, gen)) return;
  const isOfThen = k.peek(BLOCK_GEN + block) === gen;
  if (use === 'read' && isOfThen && isLeftToClone(k, file, block)) return;
  const isOld = isTainted(k, file, page) || isBlockTainted(k, block);
  taint(k, file, page, block);
  if (isOld) return;
  const remover = blamedOperation(k, REMOVED_BY + block);
  // A fault that was not kept out: what it does to the block before it maps it is the same race (B12-B15).
  const isFault = currentPath(k) === 'fault';
  const isCutOff = isBeyondSize(k, file, page) && isOfLastTruncate(k, file, block);
  found.report(k, {
    class: 'foreign-block',
    object: fateOf(k, block) ?? use,
    roles: [currentOperation(k), remover],
    ...(isFault ? keyOfFault(remover, isCutOff) : {}),
    fatal: false,
    detail: `block ${block} is ${USED[use]} for ${pageName(file, page)}, whose block it is not any more: ${remover} took it`,
  });
}
