/**
 * Extents and blocks that come: allocation under its three policies, clearing, conversion. The extent lock X
 * is a leaf: it is taken and dropped inside the step that changes the map, so nothing sleeps on it; its order
 * edges are recorded all the same.
 */
import { BLOCKS, LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, noteOutlived, setCpu, setExtent, setMedia, setNeighbour } from '../blame.ts';
import {
  ENOSPC,
  extentBlock,
  extentKind,
  extentWord,
  OWNER_FILE,
  OWNER_FREE,
  pageIndex,
  STALE,
  UNWRITTEN,
  WRITTEN,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_OWNER,
  CPU,
  EXPOSED_BY,
  EXTENT,
  INJECT,
  O_ALLOC,
  O_EXTENT,
  O_LINE,
  O_SIZE,
  R_FILE,
  R_LAST,
  R_PAGE,
  R_RESULT,
  SIZE,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { readExtent } from './fault.ts';

export function indexOf(k: Kernel, r: number): number {
  return pageIndex(k.get(r + R_FILE), k.get(r + R_PAGE));
}

export function zeroLine(k: Kernel, block: number, line: number): void {
  setCpu(k, CPU + block * LINES_PER_PAGE + line, 0);
  setMedia(k, block * LINES_PER_PAGE + line, 0);
}

export function zeroBlock(k: Kernel, block: number): void {
  fillBlock(k, block, 0);
}

/** What a new block holds unless it is zeroed is nobody's: whoever reads it sees a previous owner's data. */
function fillBlock(k: Kernel, block: number, value: number): void {
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    setCpu(k, CPU + block * LINES_PER_PAGE + line, value);
    setMedia(k, block * LINES_PER_PAGE + line, value);
  }
}

export function touchBlockLines(k: Kernel, block: number): void {
  for (let line = 0; line < LINES_PER_PAGE; line++)
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
}

// ---- allocation -------------------------------------------------------------------------------------------

/** What a policy makes of a hole and of an unwritten extent (locking 2, GBK(i,1)). */
export interface Policy {
  readonly kind: number;
  readonly zeroes: boolean;
}

export const NEW: Policy = { kind: WRITTEN, zeroes: false };
export const LEAVE_UNWRITTEN: Policy = { kind: UNWRITTEN, zeroes: false };
export const PREZERO: Policy = { kind: WRITTEN, zeroes: true };

export function lowestFree(k: Kernel): number {
  let block = 0;
  while (block < BLOCKS && k.get(BLOCK_OWNER + block) !== OWNER_FREE) block++;
  return block;
}

function allocate(k: Kernel, file: number): number {
  const block = lowestFree(k);
  if (block === BLOCKS) {
    k.overflow = true;
    k.halt();
    return 0;
  }
  k.put(BLOCK_OWNER + block, OWNER_FILE + file);
  return block;
}

/** A block that still holds what its previous owner left. */
export function takeStaleBlock(k: Kernel, file: number): number {
  const block = allocate(k, file);
  fillBlock(k, block, STALE);
  return block;
}

export function touchTakeBlock(k: Kernel): void {
  touchBlockLines(k, Math.min(lowestFree(k), BLOCKS - 1));
}

/** A block has become visible as written: a new one under policy NEW, or a converted one. */
export function expose(k: Kernel, block: number): void {
  k.put(EXPOSED_BY + block, byOperation(k));
}

function allocBlock(policy: Policy): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const extent = k.get(EXTENT + index);
    k.requests(t, C_EXTENT);
    if (extent === 0) {
      if (isFull(k, r)) return NEXT;
      fillHole(k, index, allocate(k, k.get(r + R_FILE)), policy);
      readExtent(k, r, k.get(EXTENT + index), 1);
      return NEXT;
    }
    if (policy.zeroes && extentKind(extent) === UNWRITTEN) {
      initialise(k, index);
      readExtent(k, r, k.get(EXTENT + index), 1);
      return NEXT;
    }
    readExtent(k, r, extent, 0);
    return NEXT;
  };
}

/** An injected ENOSPC, which is good for one allocation. */
export function isFull(k: Kernel, r: number): boolean {
  if (k.get(INJECT) === 0) return false;
  k.put(INJECT, 0);
  k.put(r + R_RESULT, ENOSPC);
  return true;
}

export function fillHole(k: Kernel, index: number, block: number, policy: Policy): void {
  fillBlock(k, block, policy.zeroes ? 0 : STALE);
  setExtent(k, index, extentWord(policy.kind, block));
  if (policy.kind === WRITTEN) expose(k, block);
}

/** An unwritten extent is zeroed and written in one. */
export function initialise(k: Kernel, index: number): void {
  const block = extentBlock(k.get(EXTENT + index));
  zeroBlock(k, block);
  setExtent(k, index, extentWord(WRITTEN, block));
  // To a load an unwritten block is a hole: here the page gets its block.
  noteOutlived(k, index);
  expose(k, block);
}

function touchAlloc(policy: Policy): (k: Kernel, t: number, r: number) => void {
  return (k, _t, r) => {
    const index = indexOf(k, r);
    const extent = k.get(EXTENT + index);
    if (extent === 0) {
      k.writes(O_EXTENT + index);
      k.writes(O_ALLOC);
      touchTakeBlock(k);
    } else if (policy.zeroes && extentKind(extent) === UNWRITTEN) {
      k.writes(O_EXTENT + index);
      touchBlockLines(k, extentBlock(extent));
    } else k.reads(O_EXTENT + index);
  };
}

// ---- ext4 of today ----------------------------------------------------------------------------------------

/** Pages that one conversion may zero: s_extent_max_zeroout_kb, 32 KB. */
const ZEROOUT_MAX = 8;

/**
 * ext4_ext_convert_to_initialized, for an unwritten extent that lies inside i_size: what is behind the pages that are
 * wanted is zeroed on the device and written as well, and so is what is before them, if that makes less than 8 pages (B57,
 * locking 7.5). Pages with blocks in a row are one extent.
 */
function allocNeighbours(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const isUnwritten = extentKind(k.get(EXTENT + index)) === UNWRITTEN;
  const others = isUnwritten ? neighbours(k, r) : [];
  const outcome = allocBlock(PREZERO)(k, t, r);
  for (const other of others) {
    const block = extentBlock(k.get(EXTENT + other));
    zeroBlock(k, block);
    setNeighbour(k, other, extentWord(WRITTEN, block));
    expose(k, block);
  }
  return outcome;
}

/** Pages of the frame's unwritten extent that are converted for the sake of its page. */
function neighbours(k: Kernel, r: number): readonly number[] {
  const file = k.get(r + R_FILE);
  const at = k.get(r + R_PAGE);
  const extentOf = (page: number): number => k.get(EXTENT + pageIndex(file, page));
  const block = extentBlock(extentOf(at));
  const isOfIt = (page: number): boolean =>
    extentOf(page) === extentWord(UNWRITTEN, block + page - at);
  let from = at;
  while (from > 0 && isOfIt(from - 1)) from--;
  let to = at + 1;
  while (to < k.world.pageLimit && isOfIt(to)) to++;
  if ((to - 1) * LINES_PER_PAGE >= k.get(SIZE + file)) return [];
  // What a write covers it asks for at once, and finds new, page by page.
  const wanted = Math.max(at + 1, Math.min(to, (k.get(r + R_LAST) + 1) >> 1));
  if (wanted === to) return [];
  // Moved to the written extent before it.
  if (at === from && at > 0 && extentOf(at - 1) === extentWord(WRITTEN, block - 1)) return [];
  const first = to - from < ZEROOUT_MAX ? from : at;
  const pages = Array.from({ length: to - first }, (_, i) => first + i);
  const others = pages.filter((page) => page < at || page >= wanted);
  return others.map((page) => pageIndex(file, page));
}

function touchNeighbours(k: Kernel, t: number, r: number): void {
  touchAlloc(PREZERO)(k, t, r);
  const file = k.get(r + R_FILE);
  if (extentKind(k.get(EXTENT + indexOf(k, r))) !== UNWRITTEN) return;
  k.reads(O_SIZE + file);
  const others = neighbours(k, r);
  for (let page = 0; page < k.world.pageLimit; page++) {
    const index = pageIndex(file, page);
    if (!others.includes(index)) k.reads(O_EXTENT + index);
    else {
      k.writes(O_EXTENT + index);
      touchBlockLines(k, extentBlock(k.get(EXTENT + index)));
    }
  }
}

/** fallocate: a hole becomes an unwritten extent. */
export function preallocate(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  k.requests(t, C_EXTENT);
  if (k.get(EXTENT + index) === 0) {
    const block = takeStaleBlock(k, k.get(r + R_FILE));
    setExtent(k, index, extentWord(UNWRITTEN, block));
  }
  return NEXT;
}

function touchPreallocate(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  if (k.get(EXTENT + index) !== 0) k.reads(O_EXTENT + index);
  else {
    k.writes(O_EXTENT + index);
    k.writes(O_ALLOC);
    touchTakeBlock(k);
  }
}

export const UNDER_X = 'one critical section of the extent lock (locking 2, GBK and bodies)';

const ALLOC_STEP = {
  role: 'allocBlock',
  family: 'allocBlock',
  says: 'get_block(create=1)',
  restless: true,
  may: ['extent', 'allocator', 'line'],
} as const;

function allocStep(name: string, flavour: string, policy: Policy, why: string): StepDef {
  const [run, touch] = [allocBlock(policy), touchAlloc(policy)];
  return visible({ ...ALLOC_STEP, name, flavour, run, touch, why });
}

export const ALLOCATION_STEPS: readonly StepDef[] = [
  allocStep(
    'allocBlockNew',
    'new',
    NEW,
    `policy NEW: WRITTEN at once, the caller clears; ${UNDER_X}`,
  ),
  allocStep(
    'allocBlockUnwritten',
    'unwritten',
    LEAVE_UNWRITTEN,
    `policy UNWRITTEN: the caller clears and converts; ${UNDER_X}`,
  ),
  allocStep(
    'allocBlockPrezero',
    'prezero',
    PREZERO,
    `3fbbbea34bac BMAPI_ZERO: cleared inside the allocation; ${UNDER_X}`,
  ),
  visible({
    ...ALLOC_STEP,
    name: 'allocBlockNeighbours',
    flavour: 'neighbours',
    run: allocNeighbours,
    touch: touchNeighbours,
    may: [...ALLOC_STEP.may, 'i_size'],
    why: `ext4_ext_map_blocks with CREATE_ZERO; ${UNDER_X}`,
  }),
  visible({
    name: 'preallocate',
    says: 'preallocate an unwritten extent',
    run: preallocate,
    touch: touchPreallocate,
    may: ['extent', 'allocator', 'line'],
    restless: true,
    why: UNDER_X,
  }),
];
