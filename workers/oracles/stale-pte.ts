/**
 * O4 and the part of O9 that goes with it: no PTE may reach a block that is not, or no
 * longer, the block of its page. Judged where a block leaves its page, where a PTE is installed, and at each
 * access (locking 4.1 O4 a-d). A private mapping counts until it is copied:
 * its copy is anonymous.
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { isCancelled, isReplaced, operationOf } from '../kernel/blame.ts';
import {
  extentBlock,
  extentKind,
  isWritten,
  OWNER_FILE,
  PTE_BLOCK,
  pageIndex,
  pteGen,
  pteKind,
  pteTarget,
  SHARED,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  BLOCK_GEN,
  BLOCK_OWNER,
  COW_EXTENT,
  EXTENT,
  PTE,
  REMOVED_BY,
  REVOKED,
  SIZE,
  SIZED_BY,
  UNMAPS,
  VMA,
} from '../kernel/layout.ts';
import { forEachMapping } from '../kernel/steps/walk.ts';
import {
  blamedOperation,
  currentOperation,
  isBlockTainted,
  isTainted,
  pageName,
  taint,
  type Violations,
} from './oracle.ts';
import { unfenced } from './signature.ts';

function isStale(k: Kernel, pte: number, file: number, page: number): boolean {
  if (pteKind(pte) !== PTE_BLOCK) return false;
  return !isBlockOf(k, file, page, pteTarget(pte), pteGen(pte));
}

/** Whether the block, in that life, is the page's, or a copy that is to become it. */
export function isBlockOf(
  k: Kernel,
  file: number,
  page: number,
  block: number,
  gen: number,
): boolean {
  if (k.peek(BLOCK_GEN + block) !== gen) return false;
  const index = pageIndex(file, page);
  const extent = k.peek(EXTENT + index);
  if (extent !== 0 && extentBlock(extent) === block) return true;
  const cow = k.peek(COW_EXTENT + index);
  return isWritten(cow) && extentBlock(cow) === block;
}

export function isBeyondSize(k: Kernel, file: number, page: number): boolean {
  return page * LINES_PER_PAGE >= k.peek(SIZE + file);
}

/** O4a: a block is about to leave a page of a file; nobody may still map it there. */
export function blockLeaves(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  block: number,
): void {
  let mapped = -1;
  forEachMapping(k, file, page, (pteIndex) => {
    const pte = k.peek(PTE + pteIndex);
    if (pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block && !isStale(k, pte, file, page)) {
      mapped = pteIndex;
    }
  });
  const left = leftMapping(k, block);
  if (left >= 0) reportLeft(k, found, file, page, block);
  else if (mapped >= 0) {
    // Who never unmaps loses to no race: it leaves what it finds.
    const unmaps = ((k.peek(UNMAPS) >> k.currentThread) & 1) !== 0;
    report(k, found, file, page, block, currentOperation(k), !unmaps);
  }
}

/** A pte of an area that has left i_mmap, where no unmap finds it any more; -1 if there is none. */
function leftMapping(k: Kernel, block: number): number {
  for (const area of k.world.areas) {
    if (k.peek(VMA + area) !== 0) continue;
    for (let pteIndex = area * PAGES; pteIndex < (area + 1) * PAGES; pteIndex++) {
      const pte = k.peek(PTE + pteIndex);
      const isOfBlock = pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block;
      if (isOfBlock && pteGen(pte) === k.peek(BLOCK_GEN + block)) return pteIndex;
    }
  }
  return -1;
}

/** No fault is to blame, nor who takes the block: the area went before its ptes. */
function reportLeft(k: Kernel, found: Violations, file: number, page: number, block: number): void {
  found.reportPage(k, file, page, block, {
    class: 'stale-pte',
    object: 'unlinked',
    roles: [],
    fatal: false,
    detail: `${pageName(file, page)} is mapped to block ${block}, which ${currentOperation(k)} takes: its area has left i_mmap and the pte has stayed`,
  });
}

/** O4b and d: what a fault has just installed. */
export function pteInstalled(
  k: Kernel,
  found: Violations,
  pteIndex: number,
  file: number,
  page: number,
): void {
  const pte = k.peek(PTE + pteIndex);
  const block = pteKind(pte) === PTE_BLOCK ? pteTarget(pte) : -1;
  if (block < 0) return;
  if (k.peek(REVOKED) !== 0) {
    if (isTainted(k, file, page)) return;
    found.reportPage(k, file, page, block, {
      class: 'pte-after-revoke',
      object: '',
      roles: [],
      fatal: false,
      detail: `${pageName(file, page)} is mapped to block ${block} although the device is gone`,
    });
  } else if (isStale(k, pte, file, page)) {
    report(k, found, file, page, block, blamedOperation(k, REMOVED_BY + block));
  }
}

/** O4c: an access is about to go through a PTE. */
export function pteUsed(
  k: Kernel,
  found: Violations,
  pteIndex: number,
  file: number,
  page: number,
  isWrite: boolean,
): void {
  const pte = k.peek(PTE + pteIndex);
  if (pteKind(pte) !== PTE_BLOCK) return;
  const block = pteTarget(pte);
  if (isWrite && isCloned(k, file, page, block)) reportCloned(k, found, file, page, block);
  if (!isStale(k, pte, file, page)) return;
  report(k, found, file, page, block, blamedOperation(k, REMOVED_BY + block));
}

/** The page's block is also that of a clone, which shows what is written to it. */
export function isCloned(k: Kernel, file: number, page: number, block: number): boolean {
  const extent = k.peek(EXTENT + pageIndex(file, page));
  return extentKind(extent) === SHARED && extentBlock(extent) === block;
}

/** A copy on write has taken its place in the file, and the clone keeps it: it shows what the file held. */
export function isLeftToClone(k: Kernel, file: number, block: number): boolean {
  if (k.peek(BLOCK_OWNER + block) !== OWNER_FILE + file) return false;
  for (let page = 0; page < k.world.pageLimit; page++) {
    if (isBlockOf(k, file, page, block, k.peek(BLOCK_GEN + block))) return false;
  }
  return true;
}

export function reportCloned(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  block: number,
): void {
  if (isTainted(k, file, page)) return;
  found.reportPage(k, file, page, block, {
    class: 'foreign-block',
    object: 'shared',
    roles: [currentOperation(k)],
    fatal: false,
    detail: `${currentOperation(k)} writes to block ${block} of ${pageName(file, page)}, which a clone shares`,
  });
}

/** O4d: a revoke has returned: nothing may map the device any more. */
export function revoked(k: Kernel, found: Violations): void {
  for (const area of k.world.areas) {
    for (let pteIndex = area * PAGES; pteIndex < (area + 1) * PAGES; pteIndex++) {
      if (pteKind(k.peek(PTE + pteIndex)) !== PTE_BLOCK) continue;
      found.report(k, {
        class: 'pte-after-revoke',
        object: '',
        roles: [],
        fatal: false,
        detail: 'a pte into the device outlives its shutdown',
      });
      return;
    }
  }
}

/** Beyond EOF the same pair is the simple truncate race (B13), inside EOF its ABA form (B14). */
function report(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  block: number,
  remover: OpKind | 'setup',
  isLeft = false,
): void {
  // What an earlier violation has touched is its doing; but the page is now touched too.
  const isOld = isTainted(k, file, page) || isBlockTainted(k, block);
  taint(k, file, page, block);
  if (isOld) return;
  // Nobody took the block: the area was mapped anew, and the pte has stayed.
  const isForeign = remover === 'setup';
  const beyond = isBeyondSize(k, file, page) && isOfLastTruncate(k, file, block);
  found.report(k, {
    class: beyond ? 'beyond-eof' : 'stale-pte',
    object: objectOf(k, block, isLeft, isForeign),
    roles: isForeign ? [] : [remover],
    ...(isLeft ? {} : unfenced(remover)),
    fatal: false,
    detail: `${pageName(file, page)} is mapped to block ${block}, which ${
      beyond
        ? 'truncate has cut off'
        : isForeign
          ? 'is not its block: the area was mapped anew and the pte has stayed'
          : `is not its block any more: ${remover} took it`
    }`,
  });
}

function objectOf(k: Kernel, block: number, isLeft: boolean, isForeign: boolean): string {
  if (isLeft) return 'not-unmapped';
  return fateOf(k, block) ?? (isForeign ? 'remapped' : '');
}

/** What the CoW fork has done with a block that is no page's any more; null where it has nothing to do with it. */
export function fateOf(k: Kernel, block: number): 'cancelled' | 'replaced' | null {
  if (isCancelled(k, block)) return 'cancelled';
  return isReplaced(k, block) ? 'replaced' : null;
}

/** The truncate that took the block is the one that set the present size (locking 7.4). */
export function isOfLastTruncate(k: Kernel, file: number, block: number): boolean {
  const operation = operationOf(k.peek(REMOVED_BY + block));
  if (operation === 0 || operation !== operationOf(k.peek(SIZED_BY + file))) return false;
  return k.world.rowOfWriter(operation).kind === 'truncate';
}
