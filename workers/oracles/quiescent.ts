/**
 * O5a and O9: what must hold while no operation is under way. A zero page may not be mapped where the extent
 * is written, and nothing may be mapped wholly behind i_size.
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import { hasOutlived, isCopied, isHugeFilled, isNeighbour, operationOf } from '../kernel/blame.ts';
import {
  extentBlock,
  isWritten,
  PTE_ANON,
  PTE_HUGE,
  PTE_PAGE,
  PTE_ZERO,
  pageIndex,
  pteKind,
  threadOf,
  vmaFile,
  vmaPage,
  vmaPages,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  DONE_AT,
  EXTENT,
  EXTENT_BY,
  INSTALLED_BY,
  PTE,
  SHRUNK_BY,
  SIZE,
  T_BEGUN,
  UNMAPS,
  VMA,
} from '../kernel/layout.ts';
import { checkNoPtes, checkPagePte } from './cache.ts';
import { blamedOperation, blamedPath, isTainted, pageName, type Violations } from './oracle.ts';
import { type Signed, unfenced } from './signature.ts';

/** No thread but `ending`, whose operation has just run its last step, has one under way. */
export function isQuiescent(k: Kernel, ending: number): boolean {
  for (let t = 0; t < k.world.threads; t++) {
    if (t !== ending && k.peek(T_BEGUN + t) !== 0) return false;
  }
  return true;
}

export function checkMappings(k: Kernel, found: Violations): void {
  for (const area of k.world.areas) {
    const vma = k.peek(VMA + area);
    if (vma === 0) {
      if (found.isOn('O14')) checkNoPtes(k, found, area);
      continue;
    }
    const file = vmaFile(vma);
    for (let i = 0; i < vmaPages(vma); i++) {
      const pte = k.peek(PTE + area * PAGES + i);
      const page = vmaPage(vma) + i;
      if (pte === 0 || isTainted(k, file, page)) continue;
      if (pteKind(pte) === PTE_ANON && !isCutByTruncate(k, file)) continue;
      const isPage = pteKind(pte) === PTE_ZERO || pteKind(pte) === PTE_PAGE;
      if (isPage && found.isOn('O14')) checkPagePte(k, found, area * PAGES + i, file, page);
      checkMapping(k, found, area * PAGES + i, file, page);
    }
  }
}

/** collapse leaves private copies where they are; only truncate takes them away (locking 4.3 item 15). */
function isCutByTruncate(k: Kernel, file: number): boolean {
  const operation = operationOf(k.peek(SHRUNK_BY + file));
  return operation !== 0 && k.world.rowOfWriter(operation).kind === 'truncate';
}

function checkMapping(
  k: Kernel,
  found: Violations,
  pteIndex: number,
  file: number,
  page: number,
): void {
  if (page * LINES_PER_PAGE >= k.peek(SIZE + file)) {
    if (!found.isOn('O9')) return;
    const object = objectBeyond(k, pteIndex, operationOf(k.peek(SHRUNK_BY + file)));
    const cutter = blamedOperation(k, SHRUNK_BY + file);
    found.reportPage(k, file, page, -1, {
      class: 'beyond-eof',
      object,
      roles: [cutter],
      ...(object === '' ? unfenced(cutter) : {}),
      fatal: false,
      detail: `${pageName(file, page)} is still mapped, wholly behind i_size`,
    });
    return;
  }
  const extent = k.peek(EXTENT + pageIndex(file, page));
  if (pteKind(k.peek(PTE + pteIndex)) !== PTE_ZERO || !isWritten(extent)) return;
  if (found.isOn('O5')) zeroPageMapped(k, found, pteIndex, file, page);
}

/** Who never unmaps loses to no race: it leaves what it finds; so does who leaves a copy that was there before. */
function objectBeyond(k: Kernel, pteIndex: number, cutter: number): string {
  if (pteKind(k.peek(PTE + pteIndex)) === PTE_ANON) {
    const maker = operationOf(k.peek(INSTALLED_BY + pteIndex));
    const isOwn = threadOf(maker) === threadOf(cutter) && maker < cutter;
    const wasThere = isOwn || ((k.peek(DONE_AT + cutter) >> maker) & 1) !== 0;
    return wasThere ? 'copy' : '';
  }
  const t = threadOf(cutter);
  const hasJustCut = cutter !== 0 && k.writerOf(t) === cutter;
  return hasJustCut && ((k.peek(UNMAPS) >> t) & 1) === 0 ? 'not-unmapped' : '';
}

export type Filled = 'done' | 'under-way' | 'beside-write';

/**
 * O5: who allocated the block behind the zero page.
 * @param filled when it is seen: that operation has ended, still runs, or still runs beside a write(2) that is missed
 */
export function zeroPageMapped(
  k: Kernel,
  found: Violations,
  pteIndex: number,
  file: number,
  page: number,
  filled: Filled = 'done',
): void {
  const extent = k.peek(EXTENT + pageIndex(file, page));
  found.reportPage(k, file, page, -1, {
    ...zeroPageCause(k, pteIndex, pageIndex(file, page), filled),
    fatal: false,
    detail: `${pageName(file, page)} still shows the zero page although block ${extentBlock(extent)} ${
      isWritten(extent) ? 'is written' : 'has its data'
    }`,
  });
}

/**
 * A huge fault that unmaps for one page unmaps for all: what it leaves is a defect of its own (B27).
 * @param index of the page, as `pageIndex`
 */
export function zeroPageCause(k: Kernel, pteIndex: number, index: number, filled: Filled): Signed {
  const filler = blamedPath(k, EXTENT_BY + index);
  if (isNeighbour(k, index)) return { class: 'zero-page', object: 'neighbour', roles: [filler] };
  if (isCopied(k, index)) return { class: 'zero-page', object: 'copied', roles: [filler] };
  const isHuge = (k.peek(PTE + pteIndex) & PTE_HUGE) !== 0;
  const left = hasOutlived(k, pteIndex) ? leftBy(filler, filled) : '';
  const isUnder = left === 'not-unmapped' && isHugeFilled(k, index);
  const object = isUnder ? 'under-huge' : isHuge && isNeverFound(k, left) ? 'huge' : left;
  return {
    class: 'zero-page',
    object,
    roles: [filler],
    ...(object === '' ? unfenced(filler) : {}),
  };
}

/**
 * Who has yet to unmap what it found is early: a fault beside a write(2) that returns (F02), a write(2) in any case (F03).
 * Who has ended and left it there loses to no race.
 */
function leftBy(filler: string, filled: Filled): '' | 'early' | 'not-unmapped' {
  if (filled === 'done') return 'not-unmapped';
  return filler === 'pwrite' || filled === 'beside-write' ? 'early' : '';
}

/** The huge zero page is no page of the cache: where there are no entries, who is early would never find it (B25). */
function isNeverFound(k: Kernel, left: string): boolean {
  return left === 'not-unmapped' || (left === 'early' && !k.program.hasEntries);
}
