/** Walks over the page tables that map a file: what unmap_mapping_range and page_mapped see. */
import { PAGES } from '../../../corpus/vocabulary/limits.ts';
import {
  PTE_ANON,
  pteKind,
  VMA_LINKED,
  VMA_PRIVATE,
  vmaFile,
  vmaPage,
  vmaPages,
} from '../encoding.ts';
import { O_PTE, O_VMA, PTE, VMA } from '../layout.ts';
import type { RunState } from '../run-state.ts';

/** Every page-table slot, in any address space, that would map `page` of `file`. */
export function forEachMapping(
  k: RunState,
  file: number,
  page: number,
  visit: (pteIndex: number, isPrivate: boolean) => void,
): void {
  for (const area of k.world.areas) {
    const vma = k.peek(VMA + area);
    if (vma === 0 || vmaFile(vma) !== file) continue;
    const slot = page - vmaPage(vma);
    if (slot >= 0 && slot < vmaPages(vma)) visit(area * PAGES + slot, (vma & VMA_PRIVATE) !== 0);
  }
}

/**
 * The first present PTE of pages [from, to) of a file at or behind `cursor`, in the order of the i_mmap tree
 * (here: of the areas); -1 if there is none. Private copies only count with `evenCows`.
 */
export function nextMapped(
  k: RunState,
  file: number,
  from: number,
  to: number,
  cursor: number,
  evenCows: boolean,
): number {
  for (const area of k.world.areas) {
    if ((area + 1) * PAGES <= cursor) continue;
    const vma = k.get(VMA + area);
    if ((vma & VMA_LINKED) === 0 || vmaFile(vma) !== file) continue;
    const shift = area * PAGES - vmaPage(vma);
    const end = Math.min(shift + to, area * PAGES + vmaPages(vma));
    for (let i = Math.max(shift + from, area * PAGES, cursor); i < end; i++) {
      const pte = k.get(PTE + i);
      if (pte !== 0 && (evenCows || pteKind(pte) !== PTE_ANON)) return i;
    }
  }
  return -1;
}

/** Declare what a walk from `cursor` reads. */
export function touchWalk(
  k: RunState,
  file: number,
  from: number,
  to: number,
  cursor: number,
): void {
  for (const area of k.world.areas) {
    if ((area + 1) * PAGES <= cursor) continue;
    k.reads(O_VMA + area);
    const vma = k.get(VMA + area);
    if ((vma & VMA_LINKED) === 0 || vmaFile(vma) !== file) continue;
    const shift = area * PAGES - vmaPage(vma);
    const end = Math.min(shift + to, area * PAGES + vmaPages(vma));
    for (let i = Math.max(shift + from, area * PAGES, cursor); i < end; i++) k.reads(O_PTE + i);
  }
}
