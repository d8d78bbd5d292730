/**
 * What a fault puts into a page table: a block, read-only or writable, and zero pages: one of the cache, which is found
 * there, and the common one, which is not.
 */
import { byOperation, byRole } from '../blame.ts';
import {
  COMMON_ZERO_PAGE,
  ENTRY_DIRTY,
  extentBlock,
  LOST_SKIPPED,
  LOST_UNTAGGED,
  LOST_UPGRADED,
  lostCause,
  lostWord,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_RW,
  PTE_ZERO,
  pageIndex,
  pteKind,
  pteTarget,
  pteWord,
  SLOT_ENTRY,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  INSTALLED_BY,
  LOST_BY,
  O_PTE,
  O_SLOT,
  PTE,
  R_EXTENT,
  R_FILE,
  R_GEN,
  R_OLD,
  R_PAGE,
  R_PAGEOBJ,
  R_PTE,
  SLOT,
  TAGGED,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesOne, visible } from '../step.ts';
import { isWrittenBack } from './entries.ts';

const touchPte = touchesOne(O_PTE, R_PTE, true);
export const PTL = 'under the page-table lock';

// ---- blocks -----------------------------------------------------------------------------------------------

/** vm_insert_mixed: read-only, also for a write fault (locking 1.2); an occupied slot is EBUSY, a success. */
function installPte(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(PTE + k.get(r + R_PTE)) === 0) mapBlock(k, r, 0);
  return NEXT;
}

/** @param flags of the pte */
function mapBlock(k: Kernel, r: number, flags: number): void {
  const pteIndex = k.get(r + R_PTE);
  const pte = pteWord(PTE_BLOCK, extentBlock(k.get(r + R_EXTENT)), k.get(r + R_GEN));
  k.put(PTE + pteIndex, pte | flags);
  k.put(INSTALLED_BY + pteIndex, byRole(k));
  k.watch.pteInstalled(k, pteIndex, k.get(r + R_FILE), k.get(r + R_PAGE));
}

/**
 * insert_pfn with `mkwrite`: an empty slot gets a writable pte, a slot that maps the block becomes writable, and one that
 * maps anything else stays: the access faults again.
 */
function installWritablePte(k: Kernel, _t: number, r: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  const pte = k.get(PTE + pteIndex);
  const isOurs = pteKind(pte) === PTE_BLOCK && pteTarget(pte) === extentBlock(k.get(r + R_EXTENT));
  if (pte === 0) mapBlock(k, r, PTE_RW | PTE_DIRTY);
  else if (isOurs) k.put(PTE + pteIndex, pte | PTE_RW | PTE_DIRTY);
  return NEXT;
}

/** wp_pfn_shared / do_wp_page: only if the PTE is still what the fault saw. */
function upgradePte(k: Kernel, t: number, r: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  const pte = k.get(PTE + pteIndex);
  if (pte === k.get(r + R_OLD)) {
    k.put(PTE + pteIndex, pte | PTE_RW | PTE_DIRTY);
    if (((k.peek(TAGGED) >> t) & 1) !== 0) nameTheUpgrade(k, r);
  }
  k.put(TAGGED, k.peek(TAGGED) & ~(1 << t));
  return NEXT;
}

/** An fsync that has passed the entry over, which is what loses a store. */
const PASSES_OVER: ReadonlySet<number> = new Set([LOST_SKIPPED, LOST_UNTAGGED]);

/**
 * The entry is not the one that the fault has tagged or looked for, or an fsync that holds it has passed this pte:
 * stores from here on are untracked (B22).
 */
function nameTheUpgrade(k: Kernel, r: number): void {
  const index = pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
  const slot = k.peek(SLOT + index);
  if (slotKind(slot) !== SLOT_ENTRY) return;
  if ((slot & ENTRY_DIRTY) !== 0 && !isWrittenBack(k, index)) return;
  // There is an entry again, so an earlier drop is not to blame for what comes.
  if (!PASSES_OVER.has(lostCause(k.peek(LOST_BY + index)))) {
    k.put(LOST_BY + index, lostWord(LOST_UPGRADED, byRole(k)));
  }
}

function touchUpgrade(k: Kernel, _t: number, r: number): void {
  k.writes(O_PTE + k.get(r + R_PTE));
  // For the blame, which the entry's tag decides.
  if (k.program.hasEntries) k.writes(O_SLOT + pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE)));
}

// ---- zero pages -------------------------------------------------------------------------------------------

function mapZeroPage(k: Kernel, _t: number, r: number): Outcome {
  if (k.get(r + R_PAGEOBJ) === 0) return k.runOut();
  return mapZero(k, r, k.get(r + R_PAGEOBJ) - 1);
}

/** The zero page of the whole system, or of the mapping, which is in no cache: nobody finds it there. */
function mapCommonZeroPage(k: Kernel, _t: number, r: number): Outcome {
  return mapZero(k, r, COMMON_ZERO_PAGE);
}

/** An occupied slot stays as it is. */
function mapZero(k: Kernel, r: number, page: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  if (k.get(PTE + pteIndex) !== 0) return NEXT;
  k.put(PTE + pteIndex, pteWord(PTE_ZERO, page, 0));
  k.put(INSTALLED_BY + pteIndex, byOperation(k));
  k.watch.pteInstalled(k, pteIndex, k.get(r + R_FILE), k.get(r + R_PAGE));
  return NEXT;
}

export const PTE_STEPS: readonly StepDef[] = [
  visible({
    name: 'installPte',
    says: 'install the pte (read-only)',
    run: installPte,
    touch: touchPte,
    may: ['pte'],
    why: `insert_pfn ${PTL}`,
  }),
  visible({
    name: 'upgradePte',
    says: 'make the pte writable',
    run: upgradePte,
    touch: touchUpgrade,
    may: ['pte', 'slot'],
    why: `wp_page_reuse ${PTL}, after pte_same`,
  }),
  visible({
    name: 'installWritablePte',
    role: 'installPte',
    family: 'installPte',
    flavour: 'write',
    says: 'map the block writable',
    run: installWritablePte,
    touch: touchPte,
    may: ['pte'],
    why: `vmf_insert_mixed_mkwrite: insert_pfn ${PTL} (b2770da64254)`,
  }),
  visible({
    name: 'mapZeroPage',
    says: 'map the zero page',
    run: mapZeroPage,
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte ${PTL}`,
  }),
  visible({
    name: 'mapCommonZeroPage',
    says: 'map the common zero page',
    run: mapCommonZeroPage,
    touch: touchPte,
    may: ['pte'],
    why: `do_set_pte ${PTL}`,
  }),
];
