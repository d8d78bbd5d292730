/**
 * O4 and the part of O9 that goes with it: no PTE may reach a block that is not, or no
 * longer, the block of its page. Judged where a block leaves its page, where a PTE is installed, and at each
 * access (dossier O4 a-d). A private mapping counts until it is copied:
 * its copy is anonymous.
 */
import { LINES_PER_PAGE } from '../../corpus/vocabulary/limits.ts';
import {
  extentBlock,
  PTE_BLOCK,
  pageIndex,
  pteGen,
  pteKind,
  pteTarget,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BLOCK_GEN, DEVICE_DEAD, EXTENT, PTE, REVOKED, SIZE } from '../kernel/layout.ts';
import { forEachMapping } from '../kernel/steps/walk.ts';
import {
  currentLabel,
  type Findings,
  isBlockTainted,
  isTainted,
  pageName,
  pathOfLabel,
  taint,
} from './oracle.ts';

function isStale(k: Kernel, pte: number, file: number, page: number): boolean {
  if (pteKind(pte) !== PTE_BLOCK) return false;
  const extent = k.peek(EXTENT + pageIndex(file, page));
  const block = pteTarget(pte);
  return extent === 0 || extentBlock(extent) !== block || k.peek(BLOCK_GEN + block) !== pteGen(pte);
}

export function isBeyondSize(k: Kernel, file: number, page: number): boolean {
  return page * LINES_PER_PAGE >= k.peek(SIZE + file);
}

/** O4a: a block is about to leave a page of a file; nobody may still map it there. */
export function blockLeaves(
  k: Kernel,
  found: Findings,
  file: number,
  page: number,
  block: number,
): void {
  found.removers[block] = currentLabel(k);
  let mapped = -1;
  forEachMapping(k, file, page, (pteIndex) => {
    const pte = k.peek(PTE + pteIndex);
    if (pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block && !isStale(k, pte, file, page)) {
      mapped = pteIndex;
    }
  });
  if (mapped >= 0) {
    report(k, found, file, page, block, [currentLabel(k), found.installerLabel(mapped)]);
  }
}

/** O4b and d: what a fault has just installed. */
export function pteInstalled(
  k: Kernel,
  found: Findings,
  pteIndex: number,
  file: number,
  page: number,
): void {
  const pte = k.peek(PTE + pteIndex);
  const block = pteKind(pte) === PTE_BLOCK ? pteTarget(pte) : -1;
  found.installers[pteIndex] = currentLabel(k);
  if (block < 0) return;
  if (k.peek(DEVICE_DEAD) !== 0 && k.peek(REVOKED) !== 0) {
    if (isTainted(k, file, page)) return;
    found.report(k, {
      class: 'pte-after-revoke',
      object: 'pte',
      labels: [currentLabel(k)],
      fatal: false,
      detail: `${pageName(file, page)} is mapped to block ${block} although the device is gone`,
    });
    taint(k, file, page, block);
  } else if (isStale(k, pte, file, page)) {
    report(k, found, file, page, block, [currentLabel(k), found.removerLabel(block)]);
  }
}

/** O4c: an access is about to go through a PTE. */
export function pteUsed(
  k: Kernel,
  found: Findings,
  pteIndex: number,
  file: number,
  page: number,
): void {
  const pte = k.peek(PTE + pteIndex);
  if (pteKind(pte) !== PTE_BLOCK || !isStale(k, pte, file, page)) return;
  const block = pteTarget(pte);
  const labels = [found.installerLabel(pteIndex), found.removerLabel(block)];
  report(k, found, file, page, block, labels);
}

/** O4d: a revoke has returned: nothing may map the device any more. */
export function revoked(k: Kernel, found: Findings): void {
  for (const area of k.world.areas) {
    for (let pteIndex = area * 8; pteIndex < area * 8 + 8; pteIndex++) {
      if (pteKind(k.peek(PTE + pteIndex)) !== PTE_BLOCK) continue;
      found.report(k, {
        class: 'pte-after-revoke',
        object: 'pte',
        labels: [found.installerLabel(pteIndex)],
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
  found: Findings,
  file: number,
  page: number,
  block: number,
  labels: readonly string[],
): void {
  // What an earlier violation has touched is its doing; but the page is now touched too.
  const isOld = isTainted(k, file, page) || isBlockTainted(k, block);
  taint(k, file, page, block);
  if (isOld) return;
  const beyond = isBeyondSize(k, file, page) && labels.some(isTruncate);
  found.report(k, {
    class: beyond ? 'beyond-eof' : 'stale-pte',
    object: 'pte',
    labels,
    fatal: false,
    detail: `${pageName(file, page)} is mapped to block ${block}, which ${
      beyond ? 'truncate has cut off' : 'is not its block any more'
    }`,
  });
}

/** Truncate's own labels, or the unknown past of a search. */
function isTruncate(label: string): boolean {
  return label === '?' || pathOfLabel(label) === 'truncate';
}
