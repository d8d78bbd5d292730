/**
 * Huge faults (locking 3.5, 3.12): one step maps or unmaps the HUGE_PAGES pages of an aligned range. What is mapped huge
 * is kept as that many ptes with PTE_HUGE, so that accesses, walks and oracles see each page. A slot without them may have
 * a table of ptes (TABLE), which stays until munmap and keeps the slot from being mapped huge.
 */
import { HUGE_PAGES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, byRole } from '../blame.ts';
import {
  COMMON_ZERO_PAGE,
  extentBlock,
  FAULT_HUGE,
  FAULT_NONE,
  FAULT_SPLIT,
  firstOfHuge,
  genAt,
  OK,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_HUGE,
  PTE_RW,
  PTE_ZERO,
  pteWord,
  SIGBUS,
  VMA_PRESENT,
  VMA_PRIVATE,
  vmaFile,
  vmaPage,
  vmaPages,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  INSTALLED_BY,
  O_PMD,
  O_PTE,
  O_SIZE,
  O_VMA,
  PTE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FRESH,
  R_GEN,
  R_KIND,
  R_OLD,
  R_PAGE,
  R_PTE,
  R_RESULT,
  R_UCURSOR,
  R_UFROM,
  R_UTO,
  R_WRITE,
  SIZE,
  TABLE,
  VMA,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesOne, visible } from '../step.ts';
import { permits } from './fault.ts';
import { touchHuge, touchZap, zap } from './mapping.ts';
import { PTL } from './ptes.ts';

/** Slots of huge pages are numbered as HUGE_PAGES ptes each. */
const SLOT_SHIFT = Math.log2(HUGE_PAGES);

function slotOf(k: Kernel, r: number): number {
  return k.get(r + R_PTE) >> SLOT_SHIFT;
}

function pteOf(k: Kernel, r: number): number {
  return k.get(PTE + k.get(r + R_PTE));
}

/** Area and file offset are aligned alike, and the area has the whole range. */
function fitsHuge(vma: number, pteIndex: number): boolean {
  const end = firstOfHuge(pteIndex % PAGES) + HUGE_PAGES;
  const isAligned = firstOfHuge(vmaPage(vma)) === vmaPage(vma);
  return (vma & VMA_PRESENT) !== 0 && isAligned && end <= vmaPages(vma);
}

/** __handle_mm_fault: a private write is the pte handler's, and so is a slot with a table. */
function walkPmd(k: Kernel, _t: number, r: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  const vma = k.get(VMA + (pteIndex >> 3));
  k.put(r + R_KIND, FAULT_NONE);
  if (!fitsHuge(vma, pteIndex) || k.get(TABLE + slotOf(k, r)) !== 0) return NEXT;
  k.put(r + R_FILE, vmaFile(vma));
  k.put(r + R_PAGE, vmaPage(vma) + (pteIndex % PAGES));
  const pte = pteOf(k, r);
  k.put(r + R_OLD, pte);
  const isWrite = k.get(r + R_WRITE) !== 0;
  const isCow = isWrite && (vma & VMA_PRIVATE) !== 0;
  if (isCow) giveUp(k, r);
  else if (!permits(pte, isWrite)) k.put(r + R_KIND, FAULT_HUGE);
  return NEXT;
}

function touchPmd(k: Kernel, _t: number, r: number): void {
  k.reads(O_VMA + (k.get(r + R_PTE) >> 3));
  k.reads(O_PMD + slotOf(k, r));
  k.reads(O_PTE + k.get(r + R_PTE));
}

/** VM_FAULT_FALLBACK: what the fault has found mapped huge is split first. */
function giveUp(k: Kernel, r: number): void {
  k.put(r + R_KIND, k.get(r + R_OLD) === 0 ? FAULT_NONE : FAULT_SPLIT);
  k.put(r + R_EXTENT, 0);
  k.put(r + R_GEN, 0);
  k.put(r + R_FRESH, 0);
}

/** split_huge_pmd of what maps a file: it goes. */
function splitHuge(k: Kernel, _t: number, r: number): Outcome {
  if ((pteOf(k, r) & PTE_HUGE) !== 0) zap(k, k.get(r + R_PTE));
  k.put(r + R_KIND, FAULT_NONE);
  return NEXT;
}

function touchSplit(k: Kernel, _t: number, r: number): void {
  if ((pteOf(k, r) & PTE_HUGE) === 0) k.reads(O_PTE + k.get(r + R_PTE));
  else touchZap(k, k.get(r + R_PTE));
}

/** __pte_alloc: R_ANSWER 0 where the slot is mapped huge. */
function allocTable(k: Kernel, _t: number, r: number): Outcome {
  const isHuge = (pteOf(k, r) & PTE_HUGE) !== 0;
  if (!isHuge) k.put(TABLE + slotOf(k, r), 1);
  k.put(r + R_ANSWER, isHuge ? 0 : 1);
  return NEXT;
}

/** pte_alloc_map_lock, which takes whatever is in the slot for a table. */
function useTable(k: Kernel, _t: number, r: number): Outcome {
  if ((pteOf(k, r) & PTE_HUGE) !== 0) {
    k.watch.tableBroken(k, r, 'pte-under-huge');
    zap(k, k.get(r + R_PTE));
  }
  k.put(TABLE + slotOf(k, r), 1);
  return NEXT;
}

function touchUseTable(k: Kernel, t: number, r: number): void {
  k.writes(O_PMD + slotOf(k, r));
  touchSplit(k, t, r);
}

/** R_ANSWER: the slot has a table, so that a huge page must not go in. */
function checkTable(k: Kernel, _t: number, r: number): Outcome {
  k.put(r + R_ANSWER, k.get(TABLE + slotOf(k, r)));
  return NEXT;
}

/** R_ANSWER: the slot is mapped huge, so that no pte must go in. */
function checkHuge(k: Kernel, _t: number, r: number): Outcome {
  k.put(r + R_ANSWER, (pteOf(k, r) & PTE_HUGE) !== 0 ? 1 : 0);
  return NEXT;
}

function touchTable(k: Kernel, _t: number, r: number): void {
  k.writes(O_PMD + slotOf(k, r));
  k.reads(O_PTE + k.get(r + R_PTE));
}

/** free_pgtables of an area that has gone. */
function freeTables(k: Kernel, _t: number, r: number): Outcome {
  for (let slot = firstSlot(k, r); slot < firstSlot(k, r) + PAGES / HUGE_PAGES; slot++) {
    k.put(TABLE + slot, 0);
  }
  return NEXT;
}

function touchTables(k: Kernel, _t: number, r: number): void {
  for (let slot = firstSlot(k, r); slot < firstSlot(k, r) + PAGES / HUGE_PAGES; slot++) {
    k.writes(O_PMD + slot);
  }
}

/** munmap's register names the first pte of its area. */
const firstSlot = slotOf;

/** R_ANSWER: i_size covers the whole range. A range that it cuts is the pte handler's, one behind it SIGBUS. */
function checkHugeSize(k: Kernel, _t: number, r: number): Outcome {
  const first = firstOfHuge(k.get(r + R_PAGE));
  const size = k.get(SIZE + k.get(r + R_FILE));
  const isCovered = (first + HUGE_PAGES - 1) * LINES_PER_PAGE < size;
  k.put(r + R_ANSWER, isCovered ? 1 : 0);
  if (first * LINES_PER_PAGE >= size) k.put(r + R_RESULT, SIGBUS);
  else if (!isCovered) giveUp(k, r);
  return NEXT;
}

/** The pte of each page, from those of the range. */
function mapHuge(k: Kernel, r: number, pteFor: (i: number) => number, by: number): void {
  const first = firstOfHuge(k.get(r + R_PTE));
  const firstPage = firstOfHuge(k.get(r + R_PAGE));
  for (let i = 0; i < HUGE_PAGES; i++) {
    k.put(PTE + first + i, pteFor(i) | PTE_HUGE);
    k.put(INSTALLED_BY + first + i, by);
  }
  for (let i = 0; i < HUGE_PAGES; i++) {
    k.watch.pteInstalled(k, first + i, k.get(r + R_FILE), firstPage + i);
  }
}

/**
 * vmf_insert_pfn_pmd: writable at once in a write fault. What is mapped huge is replaced, a table is left alone (locking
 * 3.5).
 */
function installHuge(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(TABLE + slotOf(k, r)) === 0) setHuge(k, r);
  return NEXT;
}

/** The same without a look at the slot, to 5.0. */
function installHugeBlindly(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(TABLE + slotOf(k, r)) !== 0) {
    k.watch.tableBroken(k, r, 'huge-over-table');
    k.put(TABLE + slotOf(k, r), 0);
  }
  setHuge(k, r);
  return NEXT;
}

function setHuge(k: Kernel, r: number): void {
  const flags = k.get(r + R_WRITE) !== 0 ? PTE_RW | PTE_DIRTY : 0;
  const block = extentBlock(k.get(r + R_EXTENT));
  const gens = k.get(r + R_GEN);
  mapHuge(k, r, (i) => pteWord(PTE_BLOCK, block + i, genAt(gens, i)) | flags, byRole(k));
}

/** The huge zero page, which is in no cache. R_ANSWER 0 where the slot is not empty. */
function mapHugeZero(k: Kernel, _t: number, r: number): Outcome {
  const isEmpty = k.get(TABLE + slotOf(k, r)) === 0 && pteOf(k, r) === 0;
  k.put(r + R_ANSWER, isEmpty ? 1 : 0);
  if (isEmpty) mapHuge(k, r, () => pteWord(PTE_ZERO, COMMON_ZERO_PAGE, 0), byOperation(k));
  return NEXT;
}

function touchInstallBlindly(k: Kernel, _t: number, r: number): void {
  k.writes(O_PMD + slotOf(k, r));
  touchHuge(k, k.get(r + R_PTE));
}

function touchInstall(k: Kernel, _t: number, r: number): void {
  k.reads(O_PMD + slotOf(k, r));
  touchHuge(k, k.get(r + R_PTE));
}

export const HUGE_STEPS: readonly StepDef[] = [
  visible({
    name: 'walkPmd',
    says: 'find the vma, look at the pmd',
    run: walkPmd,
    touch: touchPmd,
    may: ['vma', 'pmd', 'pte'],
    why: '__handle_mm_fault reads the PMD once',
  }),
  visible({
    name: 'splitHuge',
    says: 'split the huge page',
    run: splitHuge,
    touch: touchSplit,
    may: ['pte'],
    restless: true,
    why: '__split_huge_pmd under the lock of the PMD: what maps a file is zapped',
  }),
  visible({
    name: 'allocTable',
    says: 'give the slot a table of ptes',
    run: allocTable,
    touch: touchTable,
    may: ['pmd', 'pte'],
    answers: true,
    why: '__pte_alloc under the lock of the PMD, and the test for a huge one behind it',
  }),
  visible({
    name: 'useTable',
    says: 'take the slot for a table of ptes',
    run: useTable,
    touch: touchUseTable,
    may: ['pmd', 'pte'],
    restless: true,
    why: '__get_locked_pte: a table where the slot is empty, under the lock of the PMD; nothing tests for a huge one',
  }),
  visible({
    name: 'checkTable',
    says: 'has the slot a table?',
    run: checkTable,
    touch: (k, _t, r) => {
      k.reads(O_PMD + slotOf(k, r));
    },
    may: ['pmd'],
    answers: true,
    why: 'dax_iomap_pmd_fault reads the PMD once, with the entry locked (e2093926a098)',
  }),
  visible({
    name: 'checkHuge',
    says: 'is the slot mapped huge?',
    run: checkHuge,
    touch: touchesOne(O_PTE, R_PTE, false),
    may: ['pte'],
    answers: true,
    why: 'dax_iomap_pte_fault reads the PMD once, with the entry locked (e2093926a098)',
  }),
  visible({
    name: 'freeTables',
    says: 'munmap: free the tables',
    run: freeTables,
    touch: touchTables,
    may: ['pmd'],
    why: 'free_pgtables: mmap_sem is held for write, and no unmap of the file finds the area',
  }),
  visible({
    name: 'checkHugeSize',
    role: 'checkSize',
    family: 'checkSize',
    flavour: 'huge',
    says: 'check i_size against the huge page',
    run: checkHugeSize,
    touch: touchesOne(O_SIZE, R_FILE, false),
    may: ['i_size'],
    answers: true,
    why: 'i_size_read: one read',
  }),
  visible({
    name: 'installHuge',
    says: 'map the blocks huge',
    run: installHuge,
    touch: touchInstall,
    may: ['pmd', 'pte'],
    why: `insert_pfn_pmd ${PTL} of the PMD`,
  }),
  visible({
    name: 'installHugeBlindly',
    role: 'installHuge',
    family: 'installHuge',
    flavour: 'blind',
    says: 'map the blocks huge',
    run: installHugeBlindly,
    touch: touchInstallBlindly,
    may: ['pmd', 'pte'],
    why: `insert_pfn_pmd of 4.12 ${PTL} of the PMD`,
  }),
  visible({
    name: 'mapHugeZero',
    says: 'map the huge zero page',
    run: mapHugeZero,
    touch: touchInstall,
    may: ['pmd', 'pte'],
    answers: true,
    why: `set_pmd_at ${PTL} of the PMD, after pmd_none`,
  }),
  local('fallBack', 'VM_FAULT_FALLBACK, also for an error: the pte handler follows', (k, _t, r) => {
    giveUp(k, r);
    k.put(r + R_RESULT, OK);
  }),
  local('unmapHuge', 'unmap_mapping_range of the huge page', (k, _t, r) => {
    const first = firstOfHuge(k.get(r + R_PAGE));
    k.put(r + R_UFROM, first);
    k.put(r + R_UTO, first + HUGE_PAGES);
    k.put(r + R_UCURSOR, 0);
  }),
];
