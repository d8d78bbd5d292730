/** Page tables from the file's side (unmap_mapping_range) and from the process's (mmap, munmap, revoke). */

import { HUGE_PAGES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import {
  EINVAL,
  entryBlock,
  firstOfHuge,
  PTE_ANON,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_HUGE,
  PTE_PAGE,
  PTE_RW,
  pteKind,
  pteTarget,
  VMA_PRESENT,
  VMA_PRIVATE,
  vmaFile,
  vmaPage,
  vmaPages,
  vmaWord,
} from '../encoding.ts';
import { excuseAll, excuseArea } from '../excuses.ts';
import type { Kernel } from '../kernel.ts';
import {
  ANON,
  DEVICE_DEAD,
  INSTALLED_BY,
  O_ANON,
  O_DEVICE,
  O_PTE,
  O_VMA,
  PTE,
  R_ANSWER,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_PAGE,
  R_PAGEOBJ,
  R_PTE,
  R_RESULT,
  R_SLOT,
  R_UCURSOR,
  R_UFROM,
  R_UTO,
  SYNCED_VMA,
  UNMAPS,
  VMA,
} from '../layout.ts';
import { FUSE_DEVICE, NEXT, type Outcome, type StepRun, type StepTouch } from '../program.ts';
import { local, type StepDef, visible } from '../step.ts';
import { isOfBlock } from './entries.ts';
import { nextMapped, touchWalk } from './walk.ts';

/** Clear the next present PTE of the walk; the cursor is -1 once none is left. */
function clearPte(evenCows: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const file = k.get(r + R_FILE);
    const from = k.get(r + R_UFROM);
    const to = k.get(r + R_UTO);
    k.put(UNMAPS, k.peek(UNMAPS) | (1 << t));
    const pteIndex = nextMapped(k, file, from, to, k.get(r + R_UCURSOR), evenCows);
    if (pteIndex < 0) {
      k.put(r + R_UCURSOR, -1);
      return NEXT;
    }
    if (pteKind(k.get(PTE + pteIndex)) === PTE_ANON) k.watch.copyZapped(k, pteIndex);
    zap(k, pteIndex);
    const more = nextMapped(k, file, from, to, pteIndex + 1, evenCows);
    k.put(r + R_UCURSOR, more < 0 ? -1 : pteIndex + 1);
    return NEXT;
  };
}

/** Which ptes a write-protection is about. */
type IsMeant = (k: Kernel, r: number, pteIndex: number) => boolean;

/** Make the next present PTE of the walk read-only and clean, if it is meant and of a shared area. */
function protectPte(isMeant: IsMeant): StepRun {
  return (k, _t, r) => {
    const pteIndex = nextPresent(k, r, k.get(r + R_UCURSOR));
    if (pteIndex < 0) {
      k.put(r + R_UCURSOR, -1);
      return NEXT;
    }
    if (isShared(k, pteIndex) && isMeant(k, r, pteIndex)) protect(k, pteIndex);
    k.put(r + R_UCURSOR, nextPresent(k, r, pteIndex + 1) < 0 ? -1 : pteIndex + 1);
    return NEXT;
  };
}

function protect(k: Kernel, pteIndex: number): void {
  const isHuge = (k.get(PTE + pteIndex) & PTE_HUGE) !== 0;
  const first = isHuge ? firstOfHuge(pteIndex) : pteIndex;
  for (let i = first; i < first + (isHuge ? HUGE_PAGES : 1); i++) {
    k.put(PTE + i, k.get(PTE + i) & ~(PTE_RW | PTE_DIRTY));
  }
}

function nextPresent(k: Kernel, r: number, cursor: number): number {
  return nextMapped(k, k.get(r + R_FILE), k.get(r + R_UFROM), k.get(r + R_UTO), cursor, false);
}

function isShared(k: Kernel, pteIndex: number): boolean {
  return (k.get(VMA + Math.floor(pteIndex / PAGES)) & VMA_PRIVATE) === 0;
}

/** It maps the block that the entry, which may be of a huge page, names for its page. */
function isOfEntry(k: Kernel, r: number, pteIndex: number): boolean {
  const pte = k.get(PTE + pteIndex);
  const vma = k.get(VMA + Math.floor(pteIndex / PAGES));
  const slot = k.get(r + R_SLOT);
  const block = entryBlock(slot) + vmaPage(vma) + (pteIndex % PAGES) - k.get(r + R_PAGE);
  return isOfBlock(slot) && pteKind(pte) === PTE_BLOCK && pteTarget(pte) === block;
}

function isSmallOfEntry(k: Kernel, r: number, pteIndex: number): boolean {
  return (k.get(PTE + pteIndex) & PTE_HUGE) === 0 && isOfEntry(k, r, pteIndex);
}

function isOfPage(k: Kernel, r: number, pteIndex: number): boolean {
  const pte = k.get(PTE + pteIndex);
  return pteKind(pte) === PTE_PAGE && pteTarget(pte) === k.get(r + R_PAGEOBJ) - 1;
}

function touchProtect(isMeant: IsMeant): StepTouch {
  return (k, _t, r) => {
    const [from, to] = [k.get(r + R_UFROM), k.get(r + R_UTO)];
    touchWalk(k, k.get(r + R_FILE), from, to, k.get(r + R_UCURSOR));
    const pteIndex = nextPresent(k, r, k.get(r + R_UCURSOR));
    if (pteIndex < 0 || !isShared(k, pteIndex) || !isMeant(k, r, pteIndex)) return;
    if ((k.get(PTE + pteIndex) & PTE_HUGE) === 0) k.writes(O_PTE + pteIndex);
    else touchHuge(k, pteIndex);
  };
}

export function zap(k: Kernel, pteIndex: number): void {
  const pte = k.get(PTE + pteIndex);
  if ((pte & PTE_HUGE) !== 0) {
    zapHuge(k, pteIndex);
    return;
  }
  if (pteKind(pte) === PTE_ANON) {
    for (let line = 0; line < LINES_PER_PAGE; line++)
      k.put(ANON + pteIndex * LINES_PER_PAGE + line, 0);
  }
  k.put(PTE + pteIndex, 0);
  k.put(INSTALLED_BY + pteIndex, 0);
}

/** zap_huge_pmd: a range that cuts what is mapped huge takes all of it. */
function zapHuge(k: Kernel, pteIndex: number): void {
  const first = firstOfHuge(pteIndex);
  for (let i = first; i < first + HUGE_PAGES; i++) {
    k.put(PTE + i, 0);
    k.put(INSTALLED_BY + i, 0);
  }
}

function touchClear(evenCows: boolean): (k: Kernel, t: number, r: number) => void {
  return (k, _t, r) => {
    const file = k.get(r + R_FILE);
    const from = k.get(r + R_UFROM);
    const to = k.get(r + R_UTO);
    touchWalk(k, file, from, to, k.get(r + R_UCURSOR));
    touchZap(k, nextMapped(k, file, from, to, k.get(r + R_UCURSOR), evenCows));
  };
}

export function touchZap(k: Kernel, pteIndex: number): void {
  if (pteIndex < 0) return;
  const pte = k.get(PTE + pteIndex);
  if ((pte & PTE_HUGE) === 0) k.writes(O_PTE + pteIndex);
  else touchHuge(k, pteIndex);
  if (pteKind(pte) === PTE_ANON) k.writes(O_ANON + pteIndex);
}

/** The ptes of what is mapped huge. */
export function touchHuge(k: Kernel, pteIndex: number): void {
  const first = firstOfHuge(pteIndex);
  for (let i = first; i < first + HUGE_PAGES; i++) k.writes(O_PTE + i);
}

function areaOf(k: Kernel, r: number): number {
  return k.get(r + R_PTE) >> 3;
}

function nextInArea(k: Kernel, area: number, cursor: number): number {
  for (let i = Math.max(cursor, area * PAGES); i < (area + 1) * PAGES; i++)
    if (k.get(PTE + i) !== 0) return i;
  return -1;
}

function clearAreaPte(k: Kernel, t: number, r: number): Outcome {
  k.put(UNMAPS, k.peek(UNMAPS) | (1 << t));
  const pteIndex = nextInArea(k, areaOf(k, r), k.get(r + R_UCURSOR));
  if (pteIndex < 0) {
    k.put(r + R_UCURSOR, -1);
    return NEXT;
  }
  zap(k, pteIndex);
  k.put(r + R_UCURSOR, nextInArea(k, areaOf(k, r), pteIndex + 1) < 0 ? -1 : pteIndex + 1);
  return NEXT;
}

function touchArea(k: Kernel, _t: number, r: number): void {
  const area = areaOf(k, r);
  for (let i = area * PAGES; i < (area + 1) * PAGES; i++) k.reads(O_PTE + i);
  touchZap(k, nextInArea(k, area, k.get(r + R_UCURSOR)));
}

/** The file of an area, and its pages from the first that it maps. */
function rangeOfArea(k: Kernel, r: number, vma: number, pages: number): void {
  k.put(r + R_FILE, vmaFile(vma));
  k.put(r + R_FIRST, vmaPage(vma) * LINES_PER_PAGE);
  k.put(r + R_LAST, (vmaPage(vma) + pages) * LINES_PER_PAGE);
}

function linkVma(k: Kernel, t: number, r: number): Outcome {
  const area = areaOf(k, r);
  const row = k.world.rowOfWriter(k.writerOf(t));
  if (k.get(VMA + area) !== 0) {
    k.put(r + R_RESULT, EINVAL);
    return NEXT;
  }
  const first = k.get(r + R_FIRST) / LINES_PER_PAGE;
  const pages = (k.get(r + R_LAST) - k.get(r + R_FIRST)) / LINES_PER_PAGE;
  k.put(VMA + area, vmaWord(row.file, first, pages, row.sharing));
  excuseArea(k, area);
  return NEXT;
}

/** munmap since 4.20: no fault finds the area any more; an unmap of the file still finds its ptes. */
function detachVma(k: Kernel, _t: number, r: number): Outcome {
  const area = areaOf(k, r);
  k.put(VMA + area, k.get(VMA + area) & ~VMA_PRESENT);
  excuseArea(k, area);
  return NEXT;
}

function unlinkVma(k: Kernel, _t: number, r: number): Outcome {
  k.put(VMA + areaOf(k, r), 0);
  excuseArea(k, areaOf(k, r));
  return NEXT;
}

function touchVma(k: Kernel, _t: number, r: number): void {
  k.writes(O_VMA + areaOf(k, r));
}

function killDevice(k: Kernel): Outcome {
  k.put(DEVICE_DEAD, 1);
  excuseAll(k);
  return NEXT;
}

export const MAPPING_STEPS: readonly StepDef[] = [
  visible({
    name: 'clearPte',
    says: 'unmap: clear the pte',
    run: clearPte(false),
    touch: touchClear(false),
    may: ['vma', 'pte', 'anon'],
    restless: true,
    why: 'zap_pte_range: one slot under the page-table lock',
  }),
  visible({
    name: 'clearPteCows',
    says: 'unmap: clear the pte',
    run: clearPte(true),
    touch: touchClear(true),
    may: ['vma', 'pte', 'anon'],
    restless: true,
    why: 'zap_pte_range with even_cows: truncate only',
  }),
  visible({
    name: 'clearAreaPte',
    says: 'munmap: clear the pte',
    run: clearAreaPte,
    touch: touchArea,
    may: ['pte', 'anon'],
    restless: true,
    why: 'zap_pte_range: one slot under the page-table lock',
  }),
  visible({
    name: 'protectPte',
    says: 'write-protect the pte',
    run: protectPte(isOfEntry),
    touch: touchProtect(isOfEntry),
    may: ['vma', 'pte'],
    restless: true,
    why: 'dax_mapping_entry_mkclean: one slot under the page-table lock (4b4bb46d00b3)',
  }),
  visible({
    name: 'protectPagePte',
    role: 'protectPte',
    family: 'protectPte',
    flavour: 'page',
    says: 'write-protect the pte',
    run: protectPte(isOfPage),
    touch: touchProtect(isOfPage),
    may: ['vma', 'pte'],
    restless: true,
    why: 'page_mkclean_one: one slot under the page-table lock',
  }),
  visible({
    name: 'protectPteUnlessHuge',
    role: 'protectPte',
    family: 'protectPte',
    flavour: 'unless_huge',
    says: 'write-protect the pte, if it is no huge one',
    run: protectPte(isSmallOfEntry),
    touch: touchProtect(isSmallOfEntry),
    may: ['vma', 'pte'],
    restless: true,
    why: 'dax_mapping_entry_mkclean without f729c8c9b24f: one slot under the page-table lock',
  }),
  visible({
    name: 'linkVma',
    says: 'link the vma into i_mmap',
    run: linkVma,
    touch: touchVma,
    may: ['vma'],
    why: 'vma_link under mmap_sem and i_mmap_rwsem',
  }),
  visible({
    name: 'unlinkVma',
    says: 'remove the vma from i_mmap',
    run: unlinkVma,
    touch: touchVma,
    may: ['vma'],
    why: 'unlink_file_vma under mmap_sem and i_mmap_rwsem',
  }),
  visible({
    name: 'detachVma',
    says: 'take the vma out of the address space',
    run: detachVma,
    touch: touchVma,
    may: ['vma'],
    why: 'detach_vmas_to_be_unmapped under mmap_lock (dd2283f2605e)',
  }),
  visible({
    name: 'unlinkDetachedVma',
    role: 'unlinkVma',
    family: 'unlinkVma',
    flavour: 'detached',
    says: 'remove the vma from i_mmap',
    run: unlinkVma,
    touch: touchVma,
    may: ['vma'],
    why: 'unlink_file_vma under i_mmap_rwsem, in free_pgtables',
  }),
  visible({
    name: 'killDevice',
    says: 'the device is gone',
    run: killDevice,
    touch: (k) => {
      k.writes(O_DEVICE);
    },
    may: ['device'],
    conflicts: FUSE_DEVICE,
    why: 'percpu_ref_kill of the device: one flag',
  }),
  local(
    'findSharedArea',
    'find_vma, for what private areas are refused (EACCES): mmap_sem is held',
    (k, _t, r) => {
      const vma = k.peek(VMA + areaOf(k, r));
      const isShared = (vma & (VMA_PRESENT | VMA_PRIVATE)) === VMA_PRESENT;
      k.put(r + R_ANSWER, isShared ? 1 : 0);
      if (isShared) rangeOfArea(k, r, vma, vmaPages(vma));
      else k.put(r + R_RESULT, EINVAL);
    },
    true,
    true,
  ),
  local(
    'findArea',
    'find_vma: the vma cannot change, mmap_sem is held',
    (k, t, r) => {
      const vma = k.peek(VMA + areaOf(k, r));
      k.put(r + R_ANSWER, vma & VMA_PRESENT);
      if ((vma & VMA_PRESENT) === 0) k.put(r + R_RESULT, EINVAL);
      else {
        // msync has nothing to write back for a private area (locking 7.3.5).
        rangeOfArea(k, r, vma, (vma & VMA_PRIVATE) === 0 ? vmaPages(vma) : 0);
        k.put(SYNCED_VMA + t, vma);
      }
      k.put(r + R_UCURSOR, 0);
    },
    true,
    true,
  ),
];
