/** Entries of PMD order: lock, downgrade, insert (locking 3.12). */
import {
  ENTRY_DIRTY,
  ENTRY_EMPTY,
  ENTRY_LOCKED,
  ENTRY_PMD,
  ENTRY_TAGS,
  ENTRY_ZERO,
  extentBlock,
  firstOfHuge,
  realEntry,
  SLOT_ENTRY,
  slotKind,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import { O_SLOT, R_ANSWER, R_EXTENT, R_PAGE, R_PAGEOBJ, R_SLOT, R_WRITE, SLOT } from '../layout.ts';
import { C_ENTRY } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesPageOf, visible } from '../step.ts';
import { holdEntry, waitForEntry, wakeAll, wakeOne } from './entries.ts';
import { indexOf, SLOT_ONLY, TREE } from './pages.ts';
import { clearEntry, hugeSlots, isHugeEntry, queueOf, setEntry, setSlot } from './slots.ts';

const touchSlot = touchesPageOf(O_SLOT, true);

/**
 * grab_mapping_entry of PMD order: an empty range gets a locked EMPTY entry, an entry of that order is locked. R_ANSWER 0
 * where a page, or an entry of one, is in the range: 4k wins.
 * @param waits where that one is locked, for the entry of PMD order that is not there (B29)
 */
function lockHuge(waits: boolean) {
  return (k: Kernel, t: number, r: number): Outcome => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    const isConflict = !isHugeEntry(slot) && !isRangeEmpty(k, index);
    if (isConflict && !(waits && isSmallLocked(k, index))) {
      k.put(r + R_ANSWER, 0);
      // put_unlocked_mapping_entry: who only waited passes a wake-one on.
      wakeOne(k, firstOfHuge(index));
      return NEXT;
    }
    k.requests(t, C_ENTRY);
    if (isConflict) return waitForEntry(k, t, firstOfHuge(index));
    if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, queueOf(slot, index));
    holdEntry(k, t, index, slot === 0 ? SLOT_ENTRY | ENTRY_EMPTY | ENTRY_PMD : slot);
    k.put(r + R_SLOT, k.get(SLOT + index));
    k.put(r + R_PAGEOBJ, 0);
    k.put(r + R_ANSWER, 1);
    return NEXT;
  };
}

function isRangeEmpty(k: Kernel, index: number): boolean {
  return hugeSlots(index).every((one) => k.get(SLOT + one) === 0);
}

function isSmallLocked(k: Kernel, index: number): boolean {
  return hugeSlots(index).some((one) => {
    const slot = k.get(SLOT + one);
    return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_LOCKED) !== 0;
  });
}

/** The held entry, which names no block, makes room for one of the page alone. */
function downgradeEntry(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  clearEntry(k, index);
  setEntry(k, index, SLOT_ENTRY | ENTRY_EMPTY | ENTRY_LOCKED, t + 1);
  k.put(r + R_SLOT, k.get(SLOT + index));
  wakeAll(k, firstOfHuge(index));
  return NEXT;
}

/** dax_insert_mapping_entry of PMD order: the held entry names the blocks; a write fault dirties it. */
function insertHuge(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const kept = k.get(SLOT + index) & ENTRY_TAGS;
  const dirty = k.get(r + R_WRITE) !== 0 ? ENTRY_DIRTY : 0;
  const block =
    extentBlock(k.get(r + R_EXTENT)) + k.get(r + R_PAGE) - firstOfHuge(k.get(r + R_PAGE));
  setSlot(k, index, realEntry(block) | ENTRY_PMD | ENTRY_LOCKED | kept | dirty);
  return NEXT;
}

/** dax_pmd_load_hole: a ZERO entry of PMD order. */
function insertHugeZero(k: Kernel, _t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const kept = k.get(SLOT + index) & ENTRY_TAGS;
  setSlot(k, index, SLOT_ENTRY | ENTRY_ZERO | ENTRY_PMD | ENTRY_LOCKED | kept);
  return NEXT;
}

export const HUGE_ENTRY_STEPS: readonly StepDef[] = [
  visible({
    name: 'lockHuge',
    flavour: 'fallback',
    says: 'lock the entry of the huge page',
    run: lockHuge(false),
    touch: touchSlot,
    may: SLOT_ONLY,
    lock: 'takes',
    answers: true,
    why: `grab_mapping_entry with RADIX_DAX_PMD: ${TREE}`,
  }),
  visible({
    name: 'lockHugeWaiting',
    role: 'lockHuge',
    family: 'lockHuge',
    flavour: 'wait',
    says: 'lock the entry of the huge page',
    run: lockHuge(true),
    touch: touchSlot,
    may: SLOT_ONLY,
    lock: 'takes',
    answers: true,
    why: 'get_unlocked_entry of 4.20 to 5.2: one xa_lock section; sleeps by the index that was asked for (23c84eb78375)',
  }),
  visible({
    name: 'downgradeEntry',
    says: 'replace the entry of the huge page by one of the page',
    run: downgradeEntry,
    touch: touchSlot,
    may: SLOT_ONLY,
    why: `grab_mapping_entry, pmd_downgrade: ${TREE}; all sleepers are woken`,
  }),
  visible({
    name: 'insertHuge',
    role: 'insertEntry',
    family: 'insertHuge',
    says: 'insert the entry of the huge page',
    run: insertHuge,
    touch: touchSlot,
    may: SLOT_ONLY,
    why: `dax_insert_mapping_entry with RADIX_DAX_PMD: ${TREE}`,
  }),
  visible({
    name: 'insertHugeZero',
    role: 'insertEntry',
    family: 'insertHuge',
    flavour: 'zero',
    says: 'insert the entry of the huge zero page',
    run: insertHugeZero,
    touch: touchSlot,
    may: SLOT_ONLY,
    why: `dax_pmd_load_hole: ${TREE}`,
  }),
];
