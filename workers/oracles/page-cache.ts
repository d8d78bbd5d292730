/**
 * Pages of the cache that hold data (locking 3.1). O4: none outlives the block that it was read from, or stays where
 * another comes: what it shows, and where it is written back to, is no longer the file's. O6: none goes with data that
 * the file still owes. O14: with the last operation, its buffer names the block of its page.
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { blamed, operationOf } from '../kernel/blame.ts';
import { bufferOf, cachedPage, isOfItsBlock, lineNotIn, pageWord } from '../kernel/cached.ts';
import {
  extentBlock,
  extentKind,
  PAGE_DIRTY,
  PAGE_MAPPED,
  PTE_PAGE,
  pageBlock,
  pageGen,
  pageIndex,
  pteKind,
  WRITTEN,
} from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  BLOCK_GEN,
  ENDED,
  EXTENT_BY,
  PAGE_HOME,
  PAGE_LOCK,
  PAGE_STATE,
  PTE,
  R_EXTENT,
  R_GEN,
  R_PAGEOBJ,
  REMOVED_BY,
  SHRUNK_BY,
  SIZE,
  T_BEGUN,
} from '../kernel/layout.ts';
import { pageHolder } from '../kernel/locks.ts';
import { forEachMapping } from '../kernel/steps/walk.ts';
import type { OpRow } from '../kernel/world.ts';
import {
  blamedOperation,
  blamedPath,
  currentOperation,
  isTainted,
  pageName,
  type Violations,
  wroteLast,
} from './oracle.ts';
import { isMover, unfenced } from './signature.ts';
import { isBeyondSize } from './stale-pte.ts';

/** O4: a block is about to leave a page of a file that is cached. */
export function blockLeavesPage(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  block: number,
): void {
  const cached = cachedPage(k, pageIndex(file, page));
  if (cached < 0) return;
  const state = k.peek(PAGE_STATE + cached);
  const isMapped = (state & PAGE_MAPPED) !== 0;
  const isOf =
    isMapped && pageBlock(state) === block && pageGen(state) === k.peek(BLOCK_GEN + block);
  if (isOf || isLookedUp(k, cached, block))
    report(k, found, file, page, cached, currentOperation(k));
}

/** Who has the page locked has looked the block up for it, and is about to read it in or to map its buffer. */
function isLookedUp(k: Kernel, cached: number, block: number): boolean {
  const t = pageHolder(k.peek(PAGE_LOCK + cached));
  if (t < 0) return false;
  const r = k.frameOf(t);
  const extent = k.peek(r + R_EXTENT);
  const isIt = extentKind(extent) === WRITTEN && extentBlock(extent) === block;
  const isFor = k.peek(r + R_PAGEOBJ) === cached + 1;
  return isIt && isFor && k.peek(r + R_GEN) === k.peek(BLOCK_GEN + block);
}

/** O4: collapse or insert has put an extent below a page that is cached. */
export function extentArrives(k: Kernel, found: Violations, file: number, page: number): void {
  const index = pageIndex(file, page);
  const cached = cachedPage(k, index);
  if (cached < 0 || isOfItsBlock(k, cached, index)) return;
  report(k, found, file, page, cached, currentOperation(k));
}

/** O4: a page's buffer has been set to what was looked up before. */
export function bufferSet(k: Kernel, found: Violations, cached: number): void {
  const index = k.peek(PAGE_HOME + cached) - 1;
  if (index < 0 || isOfItsBlock(k, cached, index)) return;
  report(k, found, Math.floor(index / PAGES), index % PAGES, cached, moverOf(k, cached, index));
}

/** Who took the page's extent away, or put another in its place. */
function moverOf(k: Kernel, cached: number, index: number): string {
  const changer = blamedPath(k, EXTENT_BY + index);
  if (isMover(changer)) return changer;
  return blamedOperation(k, REMOVED_BY + pageBlock(k.peek(PAGE_STATE + cached)));
}

/** An operation that has cut the file ends: of what lies behind the new EOF no page has a block, and none is mapped. */
export function cutEnded(k: Kernel, found: Violations, writer: number): void {
  const { file, kind } = k.world.rowOfWriter(writer);
  if (operationOf(k.peek(SHRUNK_BY + file)) !== writer) return;
  const end = (k.peek(SIZE + file) + LINES_PER_PAGE - 1) >> 1;
  for (let page = end; page < k.world.pageLimit; page++) {
    const cached = cachedPage(k, pageIndex(file, page));
    if (cached < 0) continue;
    const hasBlock = (k.peek(PAGE_STATE + cached) & PAGE_MAPPED) !== 0;
    if (hasBlock && found.isOn('O4')) report(k, found, file, page, cached, kind);
    else if (isMappedAnywhere(k, file, page)) reportBeyond(k, found, file, page, kind);
  }
}

function isMappedAnywhere(k: Kernel, file: number, page: number): boolean {
  let mapped = false;
  forEachMapping(k, file, page, (pteIndex) => {
    if (pteKind(k.peek(PTE + pteIndex)) === PTE_PAGE) mapped = true;
  });
  return mapped;
}

/** A fault has mapped a page that lies behind the EOF of an operation which has ended. */
export function pageMapped(k: Kernel, found: Violations, file: number, page: number): void {
  const cutter = operationOf(k.peek(SHRUNK_BY + file));
  const hasEnded = cutter !== 0 && ((k.peek(ENDED) >> cutter) & 1) !== 0;
  if (!hasEnded || !isBeyondSize(k, file, page)) return;
  reportBeyond(k, found, file, page, k.world.rowOfWriter(cutter).kind);
}

/** O9, as with the last operation; but a store that page_mkwrite turns away each time keeps that from coming. */
function reportBeyond(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  kind: OpKind,
): void {
  if (!found.isOn('O9') || isTainted(k, file, page)) return;
  found.reportPage(k, file, page, -1, {
    class: 'beyond-eof',
    object: '',
    fatal: false,
    roles: [kind],
    ...unfenced(kind),
    detail: `${pageName(file, page)} is still mapped, wholly behind i_size`,
  });
}

/**
 * A page shows what its file may not show while it is taken away: it has come back from the block, behind the drop of
 * what was newer, or was in use.
 */
export function staleBesideTaker(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
): boolean {
  const cached = cachedPage(k, pageIndex(file, page));
  for (let t = 0; cached >= 0 && t < k.world.threads; t++) {
    if (k.peek(T_BEGUN + t) === 0) continue;
    const row = k.world.rowOfWriter(k.writerOf(t));
    if (!isMover(row.kind) || !isMeant(row, file, page)) continue;
    if (found.isOn('O4')) report(k, found, file, page, cached, row.kind);
    return true;
  }
  return false;
}

function report(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  cached: number,
  mover: string,
): void {
  if (isTainted(k, file, page)) return;
  const state = k.peek(PAGE_STATE + cached);
  const block = (state & PAGE_MAPPED) === 0 ? -1 : pageBlock(state);
  found.reportPage(k, file, page, block, {
    class: 'stale-page',
    object: '',
    fatal: false,
    roles: [mover],
    detail: `${pageName(file, page)} is in the page cache ${
      block < 0 ? 'as a hole' : `as block ${block}`
    }, which ${mover} takes away: reads show it, and writeback goes there`,
  });
}

// ---- what a page holds ------------------------------------------------------------------------------------

/** O6: a dirty page goes, and the file still owes what only the page holds (B42). */
export function pageDiscarded(k: Kernel, found: Violations, cached: number): void {
  const index = k.peek(PAGE_HOME + cached) - 1;
  const state = k.peek(PAGE_STATE + cached);
  if (index < 0 || (state & PAGE_DIRTY) === 0) return;
  const [file, page] = [Math.floor(index / PAGES), index % PAGES];
  const row = k.world.rowOfWriter(k.writerOf(k.currentThread));
  if (isTainted(k, file, page) || dies(row, file, page)) return;
  const line = lineNotIn(k, cached, index, extentBlock(bufferOf(state)));
  if (line < 0) return;
  found.reportPage(k, file, page, -1, {
    class: 'lost-write',
    object: 'dirty-page',
    fatal: false,
    roles: [row.kind, wroteLast(k, pageWord(cached, line))],
    detail: `${row.kind} drops ${pageName(file, page)} from the page cache: line ${line} was not written back`,
  });
}

/** The operation does away with the whole page. */
function dies(row: OpRow, file: number, page: number): boolean {
  if (row.kind === 'truncate') return row.file === file && page * LINES_PER_PAGE >= row.first;
  return row.kind !== 'insert' && isMover(row.kind) && isInRange(row, file, page);
}

/** It takes the page away or moves it. */
function isMeant(row: OpRow, file: number, page: number): boolean {
  const isShift = row.kind === 'collapse' || row.kind === 'insert';
  if (isShift) return row.file === file && page * LINES_PER_PAGE >= row.first;
  return isInRange(row, file, page);
}

function isInRange({ file: own, first, last }: OpRow, file: number, page: number): boolean {
  const line = page * LINES_PER_PAGE;
  return own === file && line >= first && line + LINES_PER_PAGE <= last;
}

/** O14: every page of the files that is cached. */
export function checkCachedPages(k: Kernel, found: Violations): void {
  for (let file = 0; file < k.world.files; file++) {
    for (let page = 0; page < k.world.pageLimit; page++) {
      const index = pageIndex(file, page);
      const cached = cachedPage(k, index);
      if (cached < 0 || isOfItsBlock(k, cached, index) || isTainted(k, file, page)) continue;
      found.reportPage(k, file, page, -1, {
        class: 'cache-structure',
        object: 'buffer',
        fatal: false,
        roles: [blamed(k, EXTENT_BY + index)],
        detail: `${pageName(file, page)} has a buffer that names another block than its extent`,
      });
    }
  }
}
