/**
 * Other names for the files, pages and lines of a workload, where they are sure to change nothing. A walk over the pages
 * of a file has an order, so pages are renamed only under operations that stay within one page, lines under those that
 * stay within one line, files where no operation concerns the whole file system. Blocks and cached pages are numbered in
 * the order of the pages, and the lowest free one is taken: who gets the block of another may depend on their names, so
 * pages and files are renamed only where the setup has at most one of each.
 */
import type { Setup } from '../vocabulary/input.ts';
import { HUGE_PAGES, LINE_BYTES, LINES_PER_PAGE, PAGE_BYTES } from '../vocabulary/limits.ts';
import { argumentOf, type Op, takes } from '../vocabulary/ops.ts';
import { lists, numbers, permutations } from './combinations.ts';

/** New names: file f becomes `files[f]`, its page p `pages[f][p]`; `mirrored[f][p]`: the lines of page p change places. */
export interface Renaming {
  readonly files: readonly number[];
  readonly pages: readonly (readonly number[])[];
  readonly mirrored: readonly (readonly boolean[])[];
}

/** How much there is to rename: pages of each file, lines of each page. */
interface Sizes {
  readonly files: number;
  readonly pages: number;
  readonly lines: number;
}

/** All but the one that changes nothing. */
export function renamingsOf({ files, pages, lines }: Sizes): readonly Renaming[] {
  // A huge page has a first page.
  const orders = pages < HUGE_PAGES ? permutations(pages) : [numbers(pages)];
  const mirrors = lists(lines > 1 ? [false, true] : [false], pages);
  const all = permutations(files).flatMap((named) =>
    lists(orders, files).flatMap((paged) =>
      lists(mirrors, files).map((mirrored) => ({ files: named, pages: paged, mirrored })),
    ),
  );
  return all.slice(1);
}

/** Whether a page becomes another one. */
function isMoved({ files, pages }: Renaming): boolean {
  return [files, ...pages].some((order) => order.some((to, from) => to !== from));
}

/** Pages change places only where at most one is cached, and at most one has a block. */
export function renames(renaming: Renaming, { files }: Setup): boolean {
  if (!isMoved(renaming)) return true;
  const states = files.flatMap(({ pages }) => pages).filter((state) => state !== 'hole');
  const cached = states.filter((state) => state === 'cached').length;
  return cached <= 1 && states.length - cached <= 1;
}

export function renamedSetup({ files, pages }: Renaming, setup: Setup): Setup {
  const renamed = [...setup.files];
  for (const [file, one] of setup.files.entries()) {
    const states = [...one.pages];
    one.pages.forEach((state, page) => {
      states[pages[file]?.[page] ?? page] = state;
    });
    renamed[files[file] as number] = { ...one, pages: states };
  }
  return { ...setup, files: renamed };
}

/** Null where the renaming might change what happens. */
export function renamedOp({ files, pages, mirrored }: Renaming, op: Op): Op | null {
  const file = argumentOf(op, 'file') ?? argumentOf(op, 'area');
  if (file === undefined) return null;
  const named = files[file] as number;
  const moved = {
    ...op,
    ...('file' in op ? { file: named } : {}),
    ...('area' in op ? { area: named } : {}),
  };
  const order = pages[file] as readonly number[];
  const flips = mirrored[file] as readonly boolean[];
  if (!flips.includes(true) && order.every((to, page) => to === page)) return moved;
  const span = spanOf(op);
  if (span === null) return null;
  const { page, line } = span;
  const isFlipped = flips[page] === true;
  if (isFlipped && line === null) return null;
  const offset =
    (order[page] as number) * PAGE_BYTES + LINE_BYTES * ((line ?? 0) ^ (isFlipped ? 1 : 0));
  return { ...moved, offset } as Op;
}

/** The page that an operation stays within, and the line if it is but one; null where it looks beyond the page. */
function spanOf(op: Op): { readonly page: number; readonly line: number | null } | null {
  const isWithin = takes(op.kind, 'offset') && !takes(op.kind, 'sharing');
  if (!isWithin || op.kind === 'collapse' || op.kind === 'insert' || !('offset' in op)) return null;
  const length = argumentOf(op, 'length') ?? LINE_BYTES;
  if (length > PAGE_BYTES) return null;
  const line = (op.offset / LINE_BYTES) % LINES_PER_PAGE;
  return { page: Math.floor(op.offset / PAGE_BYTES), line: length === LINE_BYTES ? line : null };
}
