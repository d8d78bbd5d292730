/** O14, while no operation is under way: page tables, page cache and extents name the same things. */
import { AREAS, PAGES } from '../../corpus/vocabulary/limits.ts';
import { blamed } from '../kernel/blame.ts';
import {
  COMMON_ZERO_PAGE,
  ENTRY_DIRTY,
  ENTRY_EMPTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TYPE,
  entryBlock,
  extentBlock,
  pageIndex,
  pageSlot,
  pteTarget,
  SLOT_ENTRY,
  slotKind,
  writerOf,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  EXTENT,
  EXTENT_BY,
  INSTALLED_BY,
  PTE,
  SLOT,
  SLOT_HOLDER,
  T_BEGUN,
  UNMAPS,
} from '../kernel/layout.ts';
import { blamedPath, isTainted, pageName, type Violations } from './oracle.ts';

/** Every DAX entry of the files. */
export function checkEntries(k: Kernel, found: Violations): void {
  for (let file = 0; file < k.world.files; file++) {
    for (let page = 0; page < k.world.pageLimit; page++) {
      const slot = k.peek(SLOT + pageIndex(file, page));
      if (slotKind(slot) === SLOT_ENTRY) checkEntry(k, found, slot, file, page);
    }
  }
}

/** A page that is mapped is in the cache: else nothing will ever unmap it. */
export function checkPagePte(
  k: Kernel,
  found: Violations,
  pteIndex: number,
  file: number,
  page: number,
): void {
  const target = pteTarget(k.peek(PTE + pteIndex));
  if (target === COMMON_ZERO_PAGE) return;
  if (k.peek(SLOT + pageIndex(file, page)) === pageSlot(target)) return;
  const by = blamed(k, INSTALLED_BY + pteIndex);
  complain(k, found, file, page, 'page', by, 'is mapped to a page that has left the page cache');
}

/** Where no vma is, munmap has left nothing: no unmap will ever find it. */
export function checkNoPtes(k: Kernel, found: Violations, area: number): void {
  for (let pteIndex = area * PAGES; pteIndex < (area + 1) * PAGES; pteIndex++) {
    if (k.peek(PTE + pteIndex) === 0) continue;
    found.report(k, {
      class: 'cache-structure',
      object: 'no-vma',
      fatal: true,
      // A fault that comes while the area goes is another defect than ptes that are never cleared.
      roles: [isNeverCleared(k, area) ? 'munmap' : blamedPath(k, INSTALLED_BY + pteIndex)],
      detail: `a pte of area a${area % AREAS} is present and no vma is`,
    });
    return;
  }
}

/** A munmap of the area that was the last operation of its thread has cleared no pte, nor looked for one. */
function isNeverCleared(k: Kernel, area: number): boolean {
  for (let t = 0; t < k.world.threads; t++) {
    const op = k.opOf(t) - (k.peek(T_BEGUN + t) === 0 ? 1 : 0);
    if (op < 0) continue;
    const row = k.world.rowOfWriter(writerOf(t, op));
    const isIts = row.kind === 'munmap' && row.area === area;
    if (isIts && ((k.peek(UNMAPS) >> t) & 1) === 0) return true;
  }
  return false;
}

function checkEntry(k: Kernel, found: Violations, slot: number, file: number, page: number): void {
  const type = slot & ENTRY_TYPE;
  const by = blamed(k, EXTENT_BY + pageIndex(file, page));
  if ((slot & ENTRY_LOCKED) !== 0) {
    // One that is held is a lock that outlives its operation (O10).
    if (k.peek(SLOT_HOLDER + pageIndex(file, page)) !== 0) return;
    complain(k, found, file, page, 'locked-entry', by, 'has an entry that is left locked');
  } else if (type === ENTRY_EMPTY && (slot & ENTRY_DIRTY) !== 0) {
    // A ZERO entry is dirty where loads tag what they insert (locking 7.5).
    complain(k, found, file, page, 'dirty-entry', by, 'has a dirty entry that names no block');
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
  found: Violations,
  file: number,
  page: number,
  object: string,
  role: string,
  what: string,
): void {
  if (isTainted(k, file, page)) return;
  found.reportPage(k, file, page, -1, {
    class: 'cache-structure',
    object,
    fatal: false,
    roles: [role],
    detail: `${pageName(file, page)} ${what}`,
  });
}
