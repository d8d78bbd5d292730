/** Pages of the cache that hold data (locking 3.1): which page a slot has, and where its lines are. */
import { LINES_PER_PAGE, PAGE_OBJECTS, PAGES } from '../../corpus/vocabulary/limits.ts';
import { byRole } from './blame.ts';
import {
  extentBlock,
  extentWord,
  isWritten,
  PAGE_MAPPED,
  PAGE_UNREAD,
  PTE_PAGE,
  pageBlock,
  pageGen,
  pageIndex,
  pageOfSlot,
  pteKind,
  pteTarget,
  SLOT_PAGE,
  slotKind,
  WRITTEN,
} from './encoding.ts';
import type { Kernel } from './kernel.ts';
import {
  BLOCK_GEN,
  CPU,
  EXTENT,
  FRAME,
  FRAME_SPAN,
  FRAME0,
  LINE_BY,
  MEDIA,
  MEDIA_BY,
  PAGE_DATA,
  PAGE_DATA_BY,
  PAGE_HOME,
  PAGE_STATE,
  PTE,
  R_OLD,
  R_PAGEOBJ,
  SIZE,
  SLOT,
} from './layout.ts';

/** The page that caches a page of a file; -1 where none does, and in models whose pages hold no data. */
export function cachedPage(k: Kernel, index: number): number {
  if (!k.program.hasPageData) return -1;
  const slot = k.peek(SLOT + index);
  return slotKind(slot) === SLOT_PAGE ? pageOfSlot(slot) : -1;
}

export function pageWord(page: number, line: number): number {
  return PAGE_DATA + page * LINES_PER_PAGE + line;
}

export function isPageWord(word: number): boolean {
  return word >= PAGE_DATA && word < PAGE_DATA + PAGE_OBJECTS * LINES_PER_PAGE;
}

/** The block that the buffer of the word's page names; -1 for none. */
export function blockOfPageWord(k: Kernel, word: number): number {
  const state = k.peek(PAGE_STATE + Math.floor((word - PAGE_DATA) / LINES_PER_PAGE));
  return (state & PAGE_MAPPED) === 0 ? -1 : pageBlock(state);
}

/** The page of a file that the word's page caches; -1 once it has left the cache. */
export function homeOfPageWord(k: Kernel, word: number): number {
  return k.peek(PAGE_HOME + Math.floor((word - PAGE_DATA) / LINES_PER_PAGE)) - 1;
}

/** The ghost that says who wrote a line last, of a block or of a page of the cache. */
export function blameOfWord(word: number): number {
  return isPageWord(word) ? PAGE_DATA_BY + word - PAGE_DATA : LINE_BY + word - CPU;
}

/** What loads see at a line of a page. */
export function setPageLine(k: Kernel, word: number, value: number): void {
  k.put(word, value);
  k.put(PAGE_DATA_BY + word - PAGE_DATA, byRole(k));
}

/** A line of the page goes to the block, for loads and on the media: who wrote it is to blame, not who writes it back. */
export function writeLineBack(k: Kernel, page: number, line: number, block: number): void {
  const at = block * LINES_PER_PAGE + line;
  const value = k.get(pageWord(page, line));
  const by = k.peek(PAGE_DATA_BY + page * LINES_PER_PAGE + line);
  k.put(CPU + at, value);
  k.put(LINE_BY + at, by);
  k.put(MEDIA + at, value);
  k.put(MEDIA_BY + at, by);
}

/** The extent that the page's buffer names; 0 where it names none. */
export function bufferOf(state: number): number {
  return (state & PAGE_MAPPED) === 0 ? 0 : extentWord(WRITTEN, pageBlock(state));
}

/**
 * The page's buffer names the block of its page of the file. Where it names none there is none that is written, or it
 * holds what the page shows: behind i_size a page is read as a hole, whatever there is.
 */
export function isOfItsBlock(k: Kernel, page: number, index: number): boolean {
  const state = k.peek(PAGE_STATE + page);
  const extent = k.peek(EXTENT + index);
  if ((state & PAGE_MAPPED) !== 0)
    return extent === bufferOf(state) && k.peek(BLOCK_GEN + pageBlock(state)) === pageGen(state);
  return !isWritten(extent) || lineNotIn(k, page, index, extentBlock(extent)) < 0;
}

/** A line inside EOF that the page holds and the block does not; -1 if there is none. */
export function lineNotIn(k: Kernel, page: number, index: number, block: number): number {
  const size = k.peek(SIZE + Math.floor(index / PAGES));
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    if ((index % PAGES) * LINES_PER_PAGE + line >= size) return -1;
    const held = k.peek(CPU + block * LINES_PER_PAGE + line);
    if (k.peek(pageWord(page, line)) !== held) return line;
  }
  return -1;
}

/** The word that a read of the file looks at: of the page that is cached, else of the block; -1 for a hole. */
export function shownWord(k: Kernel, file: number, line: number): number {
  const index = pageIndex(file, line >> 1);
  const page = cachedPage(k, index);
  if (page >= 0 && (k.peek(PAGE_STATE + page) & PAGE_UNREAD) === 0) return pageWord(page, line & 1);
  const extent = k.peek(EXTENT + index);
  return isWritten(extent) ? CPU + extentBlock(extent) * LINES_PER_PAGE + (line & 1) : -1;
}

/**
 * A pte or a fault or system call under way still refers to the page, so that it is nobody else's yet.
 * @param except a frame that does not count, or -1
 */
export function isReferenced(k: Kernel, page: number, except: number): boolean {
  const isIt = (pte: number): boolean => pteKind(pte) === PTE_PAGE && pteTarget(pte) === page;
  for (const area of k.world.areas) {
    for (let i = area * PAGES; i < (area + 1) * PAGES; i++) if (isIt(k.peek(PTE + i))) return true;
  }
  for (let t = 0; t < k.world.threads; t++) {
    const top = k.frameOf(t);
    for (let r = FRAME0 + t * FRAME_SPAN; r <= top; r += FRAME) {
      if (r === except) continue;
      if (k.peek(r + R_PAGEOBJ) === page + 1 || isIt(k.peek(r + R_OLD))) return true;
    }
  }
  return false;
}
