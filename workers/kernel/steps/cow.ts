/** Private mappings: the copy that a write fault makes, and the pte that shows it. */

import { LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { byOperation } from '../blame.ts';
import { pageWord } from '../cached.ts';
import {
  extentBlock,
  isWritten,
  PTE_ANON,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_PAGE,
  PTE_RW,
  pteKind,
  pteTarget,
  pteWord,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  ANON,
  CPU,
  INSTALLED_BY,
  O_ANON,
  O_CACHED,
  O_LINE,
  O_PTE,
  PTE,
  R_EXTENT,
  R_LINE,
  R_OLD,
  R_PAGEOBJ,
  R_PTE,
  R_SLOT,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { contentWord } from './fault.ts';
import { PTL } from './ptes.ts';

// The copy waits in two registers until it is installed.

function keepCopy(k: Kernel, r: number, first: number, second: number): void {
  k.put(r + R_SLOT, first);
  k.put(r + R_LINE, second);
  k.watch.copyMade(k, r);
}

function copyBlock(k: Kernel, _t: number, r: number): Outcome {
  const extent = k.get(r + R_EXTENT);
  if (!isWritten(extent)) keepCopy(k, r, 0, 0);
  else {
    const word = CPU + extentBlock(extent) * LINES_PER_PAGE;
    keepCopy(k, r, k.get(word), k.get(word + 1));
  }
  return NEXT;
}

function touchCopyBlock(k: Kernel, _t: number, r: number): void {
  const extent = k.get(r + R_EXTENT);
  if (!isWritten(extent)) return;
  k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE);
  k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE + 1);
}

/** wp_page_copy: the page that the PTE shows. */
function copyMappedPage(k: Kernel, _t: number, r: number): Outcome {
  const word = contentWord(k.get(r + R_OLD), k.get(r + R_PTE), 0);
  if (word < 0) keepCopy(k, r, 0, 0);
  else keepCopy(k, r, k.get(word), k.get(word + 1));
  return NEXT;
}

function touchCopyMapped(k: Kernel, _t: number, r: number): void {
  const old = k.get(r + R_OLD);
  const object = pteKind(old) === PTE_BLOCK ? O_LINE : pteKind(old) === PTE_PAGE ? O_CACHED : -1;
  if (object < 0) return;
  k.reads(object + pteTarget(old) * LINES_PER_PAGE);
  k.reads(object + pteTarget(old) * LINES_PER_PAGE + 1);
}

/** do_cow_fault: the page of the cache that the fault has locked. */
function copyPage(k: Kernel, _t: number, r: number): Outcome {
  const word = pageWord(k.get(r + R_PAGEOBJ) - 1, 0);
  keepCopy(k, r, k.get(word), k.get(word + 1));
  return NEXT;
}

function touchCopyPage(k: Kernel, _t: number, r: number): void {
  const first = (k.get(r + R_PAGEOBJ) - 1) * LINES_PER_PAGE;
  k.reads(O_CACHED + first);
  k.reads(O_CACHED + first + 1);
}

/** The private copy goes in if the PTE is still what the fault saw. */
function installAnon(k: Kernel, _t: number, r: number): Outcome {
  const pteIndex = k.get(r + R_PTE);
  if (k.get(PTE + pteIndex) !== k.get(r + R_OLD)) return NEXT;
  k.watch.copyInstalled(k, r);
  k.put(ANON + pteIndex * LINES_PER_PAGE, k.get(r + R_SLOT));
  k.put(ANON + pteIndex * LINES_PER_PAGE + 1, k.get(r + R_LINE));
  k.put(PTE + pteIndex, pteWord(PTE_ANON, 0, 0) | PTE_RW | PTE_DIRTY);
  k.put(INSTALLED_BY + pteIndex, byOperation(k));
  return NEXT;
}

function touchInstallAnon(k: Kernel, _t: number, r: number): void {
  k.writes(O_PTE + k.get(r + R_PTE));
  k.writes(O_ANON + k.get(r + R_PTE));
}

export const COW_STEPS: readonly StepDef[] = [
  visible({
    name: 'copyBlock',
    says: 'copy the block to a private page',
    run: copyBlock,
    touch: touchCopyBlock,
    may: ['line'],
    why: 'copy_user_bh: one copy a page',
  }),
  visible({
    name: 'copyMappedPage',
    says: 'copy the mapped page',
    run: copyMappedPage,
    touch: touchCopyMapped,
    may: ['line', 'cachedLine'],
    why: 'wp_page_copy: one copy a page',
  }),
  visible({
    name: 'copyPage',
    says: 'copy the cached page to a private one',
    run: copyPage,
    touch: touchCopyPage,
    may: ['cachedLine'],
    why: 'copy_user_highpage: one copy a page, under the page lock',
  }),
  visible({
    name: 'installAnon',
    says: 'install the private page',
    run: installAnon,
    touch: touchInstallAnon,
    may: ['pte', 'anon'],
    why: `${PTL}, after pte_same`,
  }),
];
