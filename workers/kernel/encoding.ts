/**
 * How the words of the state are packed. Pure functions over single words; who may change a word, and when,
 * is the business of the steps.
 */
import { FILES, HUGE_PAGES, OPS, PAGES, WRITERS } from '../../corpus/vocabulary/limits.ts';
import type { Sharing } from '../../corpus/vocabulary/ops.ts';

// Values that a line can hold: 0 is "never written", 1..24 name the operation that wrote it.
/** Content that file f had before the run: INITIAL + f. */
export const INITIAL = WRITERS + 1;
/** What a block holds before its first use here: a previous owner's data. Reading it is exposure. */
export const STALE = INITIAL + FILES;

export function writerOf(thread: number, op: number): number {
  return 1 + thread * OPS + op;
}

export function threadOf(writer: number): number {
  return Math.floor((writer - 1) / OPS);
}

// Extent: 0 is a hole; else kind | block << 2.
export const UNWRITTEN = 1;
export const WRITTEN = 2;
/** Written, and a clone has the block too: who writes takes another one. */
export const SHARED = 3;

export function extentWord(kind: number, block: number): number {
  return kind | (block << 2);
}
export function extentKind(extent: number): number {
  return extent & 3;
}
/** Its block is what a read shows. */
export function isWritten(extent: number): boolean {
  return (extent & WRITTEN) !== 0;
}
export function extentBlock(extent: number): number {
  return extent >> 2;
}
/** In the CoW fork: a copy beside the page has preallocated a block for it, which is chosen when it is used. */
export const PREALLOCATED = UNWRITTEN;

// Cache slot: 0 is empty; PAGE | object << 2; ENTRY | type << 2 | flags | block << 8.
export const SLOT_PAGE = 1;
export const SLOT_ENTRY = 2;
export const ENTRY_EMPTY = 0 << 2;
export const ENTRY_ZERO = 1 << 2;
export const ENTRY_REAL = 2 << 2;
export const ENTRY_TYPE = 3 << 2;
export const ENTRY_PMD = 1 << 4;
export const ENTRY_LOCKED = 1 << 5;
export const ENTRY_DIRTY = 1 << 6;
export const ENTRY_TOWRITE = 1 << 7;
export const ENTRY_TAGS = ENTRY_DIRTY | ENTRY_TOWRITE;

export function slotKind(slot: number): number {
  return slot & 3;
}
export function pageSlot(object: number): number {
  return SLOT_PAGE | (object << 2);
}
export function pageOfSlot(slot: number): number {
  return slot >> 2;
}
export function entryBlock(slot: number): number {
  return slot >> 8;
}
/** The entry, of a block that is so many further. */
export function withBlock(slot: number, distance: number): number {
  return slot + (distance << 8);
}
export function realEntry(block: number): number {
  return SLOT_ENTRY | ENTRY_REAL | (block << 8);
}

// Page of the cache that holds data (locking 3.1): flags | block << 3 | generation << 8. A hole page of DAX has none.
/** Not uptodate: its block has yet to be read. */
export const PAGE_UNREAD = 1 << 0;
export const PAGE_DIRTY = 1 << 1;
/** Its buffer names a block. */
export const PAGE_MAPPED = 1 << 2;

export function pageState(block: number, gen: number): number {
  return PAGE_MAPPED | (block << 3) | (gen << 8);
}
export function pageBlock(state: number): number {
  return (state >> 3) & 31;
}
export function pageGen(state: number): number {
  return state >> 8;
}

// Page-table entry: 0 is none; target kind | rw | dirty | number << 5 | huge | generation << 11.
export const PTE_BLOCK = 1;
/** A page that only ever shows zeros. */
export const PTE_ZERO = 2;
export const PTE_ANON = 3;
/** A page of the cache that holds data. */
export const PTE_PAGE = 4;
export const PTE_RW = 1 << 3;
export const PTE_DIRTY = 1 << 4;
/** One of the HUGE_PAGES ptes that stand for a PMD: they come, change and go in one step. */
export const PTE_HUGE = 1 << 10;

/** In place of a page object: the one zero page that no cache holds. */
export const COMMON_ZERO_PAGE = 31;

export function pteKind(pte: number): number {
  return pte & 7;
}
export function pteTarget(pte: number): number {
  return (pte >> 5) & 31;
}
export function pteGen(pte: number): number {
  return pte >> 11;
}
export function pteWord(kind: number, target: number, gen: number): number {
  return kind | (target << 5) | (gen << 11);
}

// Generations of the blocks of a huge page, five bits each: shifting.ts keeps them below 32.
/** Set where R_GEN holds them. */
export const GENS = 1 << 20;

export function genAt(gens: number, i: number): number {
  return (gens >> (5 * i)) & 31;
}
export function withGen(gens: number, i: number, gen: number): number {
  return gens | (gen << (5 * i));
}

// vma: present | linked in i_mmap | file | first page | pages | private or MAP_SYNC.
export const VMA_PRESENT = 1;
export const VMA_LINKED = 2;
export const VMA_PRIVATE = 1 << 10;
export const VMA_SYNC = 1 << 11;
const SHARING_BITS: Readonly<Record<Sharing, number>> = {
  shared: 0,
  private: VMA_PRIVATE,
  sync: VMA_SYNC,
};

export function vmaWord(file: number, page: number, pages: number, sharing: Sharing): number {
  const bits = SHARING_BITS[sharing];
  return VMA_PRESENT | VMA_LINKED | (file << 2) | (page << 3) | (pages << 6) | bits;
}
export function vmaFile(vma: number): number {
  return (vma >> 2) & 1;
}
export function vmaPage(vma: number): number {
  return (vma >> 3) & 7;
}
export function vmaPages(vma: number): number {
  return (vma >> 6) & 15;
}

// Block owner: free, freed but not committed, or owned by a file.
export const OWNER_FREE = 0;
export const OWNER_BUSY = 1;
export const OWNER_FILE = 2;

/** The first of the HUGE_PAGES pages, or ptes, that a huge page would cover. */
export function firstOfHuge(page: number): number {
  return page & -HUGE_PAGES;
}

/** Index of a page of a file in `extent` and `slot`. */
export function pageIndex(file: number, page: number): number {
  return file * PAGES + page;
}

// R_WRITE of a fault: 0, or these.
export const WRITE = 1;
/** Through a MAP_SYNC area. */
export const WRITE_SYNC = 3;

// What a fault turned out to be, once mmap_sem is held and the page table was looked at.
export const FAULT_NONE = 0;
export const FAULT_HANDLER = 1;
export const FAULT_PFN_MKWRITE = 2;
export const FAULT_COW = 3;
export const FAULT_WP_COPY = 4;
/** The huge handler's; and one that it has given up, where what is mapped huge has to go first. */
export const FAULT_HUGE = 5;
export const FAULT_SPLIT = 6;
/** No fault: a write(2) that is synchronous. */
export const SYNC_WRITE = 7;

// How an operation, or a fault on behalf of one, ended.
export const OK = 0;
export const SIGBUS = 1;
export const SIGSEGV = 2;
export const EINVAL = 3;
export const ENOSPC = 4;
/** Not an end: the fault dropped mmap_sem to wait for a page and starts again. */
export const RETRY = 5;

export const RESULT_NAMES: readonly string[] = [
  'ok',
  'SIGBUS',
  'SIGSEGV',
  'EINVAL',
  'ENOSPC',
  'retry',
];

/** Names of the defects that a durability violation can be traced to (locking 3.10a). */
export const LOST_NOT = 0;
export const LOST_DIRTY = 1;
export const LOST_WRITABLE = 2;
export const LOST_CLEAN = 3;
export const LOST_SKIPPED = 4;
export const LOST_UNTAGGED = 5;
export const LOST_UPGRADED = 6;
export const LOST_KEPT = 7;
/** An fsync of the page fails: what it loses it has not promised. */
export const LOST_TOLD = 8;
/** fsync has flushed the block that the entry names, which is not the page's. */
export const LOST_ELSEWHERE = 9;
export const LOST_EMPTY = 10;
export const LOST_ALIAS = 11;
export const LOST_CUT = 12;
export const LOST_NAMES: readonly string[] = [
  '',
  'dirty entry dropped',
  'entry of a writable pte dropped',
  'clean entry dropped',
  'locked entry skipped',
  'tag cleared by another fsync',
  'pte upgraded after its tag was dealt with',
  'pte left writable when the DIRTY tag was cleared',
  '',
  'fsync has flushed another block, which the entry names',
  'tag put on an entry that names no block',
  'pte of another mapping left writable when the DIRTY tag of the huge page was cleared',
  'entry of a huge page dropped with the pages that stay',
];

/** Cause and the role that is to blame. */
export function lostWord(cause: number, role: number): number {
  return cause | (role << 4);
}
export function lostCause(lost: number): number {
  return lost & 15;
}
export function lostRole(lost: number): number {
  return lost >> 4;
}
