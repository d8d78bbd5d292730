/**
 * Words of cache slots. An entry of PMD order fills the slots of an aligned range, each with its own page's block: they
 * change in one step, have one lock, and one queue, that of the first (locking 3.12).
 */
import { FILES, PAGES } from '../../../corpus/vocabulary/limits.ts';
import {
  ENTRY_PMD,
  ENTRY_REAL,
  ENTRY_TYPE,
  firstOfHuge,
  SLOT_ENTRY,
  slotKind,
  withBlock,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import { SLOT, SLOT_HOLDER } from '../layout.ts';

export function isHugeEntry(slot: number): boolean {
  return slotKind(slot) === SLOT_ENTRY && (slot & ENTRY_PMD) !== 0;
}

/** Where the sleepers of a slot queue. */
export function queueOf(slot: number, index: number): number {
  return isHugeEntry(slot) ? firstOfHuge(index) : index;
}

/** The slots that an entry fills. */
export function slotsOf(slot: number, index: number): readonly number[] {
  return isHugeEntry(slot) ? hugeSlots(index) : (ALONE[index] as readonly number[]);
}

/** The slots that an entry of PMD order for a page would fill. */
export function hugeSlots(index: number): readonly number[] {
  return TOGETHER[index] as readonly number[];
}

const INDICES: readonly number[] = Array.from({ length: FILES * PAGES }, (_, i) => i);
const ALONE: readonly (readonly number[])[] = INDICES.map((index) => [index]);
const TOGETHER: readonly (readonly number[])[] = INDICES.map((index) =>
  INDICES.filter((other) => firstOfHuge(other) === firstOfHuge(index)),
);

/** Change an entry, and whom it belongs to: t + 1, or 0. */
export function setEntry(k: Kernel, index: number, slot: number, holder: number): void {
  setSlot(k, index, slot);
  if (!isHugeEntry(slot)) k.put(SLOT_HOLDER + index, holder);
  else for (const one of hugeSlots(index)) k.put(SLOT_HOLDER + one, holder);
}

/** Change an entry. */
export function setSlot(k: Kernel, index: number, slot: number): void {
  if (isHugeEntry(slot))
    for (const one of hugeSlots(index)) k.put(SLOT + one, slotAt(slot, one - index));
  else k.put(SLOT + index, slot);
}

/** The word of an entry of PMD order `distance` pages from where it is `slot`. */
function slotAt(slot: number, distance: number): number {
  return (slot & ENTRY_TYPE) === ENTRY_REAL ? withBlock(slot, distance) : slot;
}

/** Empty what an entry fills. */
export function clearEntry(k: Kernel, index: number): void {
  for (const one of slotsOf(k.get(SLOT + index), index)) {
    k.put(SLOT + one, 0);
    k.put(SLOT_HOLDER + one, 0);
  }
}

/**
 * Take one page out of what an entry fills. The rest of one that names blocks becomes entries of one page each, in no
 * kernel to 6.1 (F12).
 */
export function dropSlot(k: Kernel, index: number): void {
  const slot = k.get(SLOT + index);
  const isReal = (slot & ENTRY_TYPE) === ENTRY_REAL;
  if (!isHugeEntry(slot) || !isReal) clearEntry(k, index);
  else {
    for (const one of hugeSlots(index)) k.put(SLOT + one, k.get(SLOT + one) & ~ENTRY_PMD);
    clearEntry(k, index);
  }
}
