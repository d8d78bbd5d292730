/** O14, while no operation is under way: page tables, page cache and extents name the same things. */
import { PAGES } from '../../corpus/vocabulary/limits.ts';
import { blamed } from '../kernel/blame.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TYPE,
  entryBlock,
  extentBlock,
  PTE_ZERO,
  pageIndex,
  pageSlot,
  pteKind,
  pteTarget,
  SLOT_ENTRY,
  slotKind,
  vmaFile,
  vmaPage,
  vmaPages,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { EXTENT, EXTENT_BY, INSTALLED_BY, PTE, SLOT, VMA } from '../kernel/layout.ts';
import { type Findings, isTainted, pageName, taint } from './oracle.ts';

export function checkCache(k: Kernel, found: Findings): void {
  for (const area of k.world.areas) checkArea(k, found, area);
  for (let file = 0; file < k.world.files; file++) {
    for (let page = 0; page < k.world.pageLimit; page++) checkEntry(k, found, file, page);
  }
}

/** A mapped hole page is in the cache: else nothing will ever unmap it. */
function checkArea(k: Kernel, found: Findings, area: number): void {
  const vma = k.peek(VMA + area);
  if (vma === 0) return;
  for (let i = 0; i < vmaPages(vma); i++) {
    const pte = k.peek(PTE + area * PAGES + i);
    if (pteKind(pte) !== PTE_ZERO) continue;
    const file = vmaFile(vma);
    const page = vmaPage(vma) + i;
    if (k.peek(SLOT + pageIndex(file, page)) === pageSlot(pteTarget(pte))) continue;
    const by = blamed(k, INSTALLED_BY + area * PAGES + i);
    complain(k, found, file, page, 'page', by, 'is mapped to a page that has left the page cache');
  }
}

function checkEntry(k: Kernel, found: Findings, file: number, page: number): void {
  const slot = k.peek(SLOT + pageIndex(file, page));
  if (slotKind(slot) !== SLOT_ENTRY) return;
  const by = blamed(k, EXTENT_BY + pageIndex(file, page));
  const type = slot & ENTRY_TYPE;
  if ((slot & ENTRY_LOCKED) !== 0) {
    complain(k, found, file, page, 'locked-entry', '', 'has an entry that is left locked');
  } else if (type !== ENTRY_REAL && (slot & ENTRY_DIRTY) !== 0) {
    complain(k, found, file, page, 'dirty-entry', '', 'has a dirty entry that names no block');
  } else if (type === ENTRY_REAL && !namesBlock(k, slot, file, page)) {
    complain(
      k,
      found,
      file,
      page,
      'entry',
      by,
      'has an entry that names another block than its extent',
    );
  }
}

function namesBlock(k: Kernel, slot: number, file: number, page: number): boolean {
  const extent = k.peek(EXTENT + pageIndex(file, page));
  return extent !== 0 && extentBlock(extent) === entryBlock(slot);
}

function complain(
  k: Kernel,
  found: Findings,
  file: number,
  page: number,
  object: string,
  label: string,
  what: string,
): void {
  if (isTainted(k, file, page)) return;
  found.report(k, {
    class: 'cache-structure',
    object,
    fatal: false,
    labels: label === '' ? [] : [label],
    detail: `${pageName(file, page)} ${what}`,
  });
  taint(k, file, page, -1);
}
