/**
 * Extents and blocks that come: allocation under its three policies, clearing, conversion. The extent lock X
 * is a leaf: it is taken and dropped inside the step that changes the map, so nothing sleeps on it; its order
 * edges are recorded all the same.
 */
import { BLOCKS, LINES_PER_PAGE } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, noteOutlived, setCpu, setExtent, setMedia } from '../blame.ts';
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
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_LINE,
  R_PAGE,
  R_RESULT,
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

function zeroBlock(k: Kernel, block: number): void {
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

/** What a policy makes of a hole and of an unwritten extent (dossier part 2, GBK(i,1)). */
interface Policy {
  readonly kind: number;
  readonly zeroes: boolean;
}

const NEW: Policy = { kind: WRITTEN, zeroes: false };
const LEAVE_UNWRITTEN: Policy = { kind: UNWRITTEN, zeroes: false };
const PREZERO: Policy = { kind: WRITTEN, zeroes: true };

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

/** A block has become visible as written: a new one under policy NEW, or a converted one. */
function expose(k: Kernel, block: number): void {
  k.put(EXPOSED_BY + block, byOperation(k));
}

function allocBlock(policy: Policy): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const extent = k.get(EXTENT + index);
    k.requests(t, C_EXTENT);
    if (extent === 0) {
      if (k.get(INJECT) !== 0) {
        k.put(INJECT, 0);
        k.put(r + R_RESULT, ENOSPC);
        return NEXT;
      }
      const block = allocate(k, k.get(r + R_FILE));
      fillBlock(k, block, policy.zeroes ? 0 : STALE);
      setExtent(k, index, extentWord(policy.kind, block));
      if (policy.kind === WRITTEN) expose(k, block);
      readExtent(k, r, k.get(EXTENT + index), 1);
      return NEXT;
    }
    if (policy.zeroes && extentKind(extent) === UNWRITTEN) {
      zeroBlock(k, extentBlock(extent));
      setExtent(k, index, extentWord(WRITTEN, extentBlock(extent)));
      // To a load an unwritten block is a hole: here the page gets its block.
      noteOutlived(k, index);
      expose(k, extentBlock(extent));
      readExtent(k, r, k.get(EXTENT + index), 1);
      return NEXT;
    }
    readExtent(k, r, extent, 0);
    return NEXT;
  };
}

function touchAlloc(policy: Policy): (k: Kernel, t: number, r: number) => void {
  return (k, _t, r) => {
    const index = indexOf(k, r);
    const extent = k.get(EXTENT + index);
    if (extent === 0) {
      k.writes(O_EXTENT + index);
      k.writes(O_ALLOC);
      touchBlockLines(k, Math.min(lowestFree(k), BLOCKS - 1));
    } else if (policy.zeroes && extentKind(extent) === UNWRITTEN) {
      k.writes(O_EXTENT + index);
      touchBlockLines(k, extentBlock(extent));
    } else k.reads(O_EXTENT + index);
  };
}

/** fallocate: a hole becomes an unwritten extent. */
export function preallocate(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  k.requests(t, C_EXTENT);
  if (k.get(EXTENT + index) === 0) {
    const block = allocate(k, k.get(r + R_FILE));
    fillBlock(k, block, STALE);
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
    touchBlockLines(k, Math.min(lowestFree(k), BLOCKS - 1));
  }
}

// ---- initialising -----------------------------------------------------------------------------------------

/** dax_clear_blocks / dax_new_buf of a whole block: non-temporal, so it is durable at once (dossier 1.5). */
function clearBlock(k: Kernel, _t: number, r: number): Outcome {
  k.watch.blockUsed(k, r, 'zero');
  zeroBlock(k, extentBlock(k.get(r + R_EXTENT)));
  return NEXT;
}

function touchClear(k: Kernel, _t: number, r: number): void {
  touchBlockLines(k, extentBlock(k.get(r + R_EXTENT)));
}

/** The unwritten extent that this path initialised becomes written; a second conversion finds nothing to do. */
function convertExtent(k: Kernel, t: number, r: number): Outcome {
  const index = indexOf(k, r);
  const extent = k.get(EXTENT + index);
  k.requests(t, C_EXTENT);
  if (extentKind(extent) === UNWRITTEN) {
    setExtent(k, index, extentWord(WRITTEN, extentBlock(extent)));
    expose(k, extentBlock(extent));
  }
  return NEXT;
}

function touchConvert(k: Kernel, _t: number, r: number): void {
  const index = indexOf(k, r);
  if (extentKind(k.get(EXTENT + index)) === UNWRITTEN) k.writes(O_EXTENT + index);
  else k.reads(O_EXTENT + index);
}

/** dax_new_buf of a partial write: the lines of the block that the write does not cover. */
function zeroRest(k: Kernel, _t: number, r: number): Outcome {
  k.watch.blockUsed(k, r, 'zero');
  forRest(k, r, (block, line) => {
    zeroLine(k, block, line);
  });
  return NEXT;
}

function forRest(k: Kernel, r: number, visit: (block: number, line: number) => void): void {
  const start = k.get(r + R_PAGE) * LINES_PER_PAGE;
  const block = extentBlock(k.get(r + R_EXTENT));
  for (let line = 0; line < LINES_PER_PAGE; line++) {
    if (start + line < k.get(r + R_FIRST) || start + line >= k.get(r + R_LAST)) visit(block, line);
  }
}

function touchRest(k: Kernel, _t: number, r: number): void {
  forRest(k, r, (block, line) => {
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
  });
}

/** Zero R_LINE, the second half of a page that a size or a range cuts, where there is something to zero. */
function zeroPartial(k: Kernel, _t: number, r: number): Outcome {
  const line = k.get(r + R_LINE);
  const extent = k.get(EXTENT + pageIndex(k.get(r + R_FILE), line >> 1));
  if (extentKind(extent) === WRITTEN) zeroLine(k, extentBlock(extent), line & 1);
  return NEXT;
}

function touchPartial(k: Kernel, _t: number, r: number): void {
  const line = k.get(r + R_LINE);
  const index = pageIndex(k.get(r + R_FILE), line >> 1);
  k.reads(O_EXTENT + index);
  const extent = k.get(EXTENT + index);
  if (extentKind(extent) === WRITTEN)
    k.writes(O_LINE + extentBlock(extent) * LINES_PER_PAGE + (line & 1));
}

/** Zero the lines of [first, last) that share a page with lines outside of it. */
function zeroEdges(k: Kernel, _t: number, r: number): Outcome {
  forEdges(k, r, (block, line) => {
    zeroLine(k, block, line);
  });
  return NEXT;
}

function forEdges(k: Kernel, r: number, visit: (block: number, line: number) => void): void {
  const file = k.get(r + R_FILE);
  const first = k.get(r + R_FIRST);
  const last = k.get(r + R_LAST);
  for (let line = first; line < last; line++) {
    const start = line & ~1;
    if (start >= first && start + LINES_PER_PAGE <= last) continue;
    const extent = k.get(EXTENT + pageIndex(file, line >> 1));
    if (extentKind(extent) === WRITTEN) visit(extentBlock(extent), line & 1);
  }
}

function touchEdges(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  const first = k.get(r + R_FIRST);
  const last = k.get(r + R_LAST);
  if ((first & 1) === 1) k.reads(O_EXTENT + pageIndex(file, first >> 1));
  if ((last & 1) === 1 && (last >> 1 !== first >> 1 || (first & 1) === 0)) {
    k.reads(O_EXTENT + pageIndex(file, last >> 1));
  }
  forEdges(k, r, (block, line) => {
    k.writes(O_LINE + block * LINES_PER_PAGE + line);
  });
}

export const UNDER_X = 'one critical section of the extent lock (dossier part 2, GBK and bodies)';

function allocStep(name: string, flavour: string, policy: Policy, why: string): StepDef {
  return visible({
    name,
    role: 'allocBlock',
    family: 'allocBlock',
    flavour,
    says: 'get_block(create=1)',
    run: allocBlock(policy),
    touch: touchAlloc(policy),
    restless: true,
    may: ['extent', 'allocator', 'line'],
    why,
  });
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
    name: 'preallocate',
    says: 'preallocate an unwritten extent',
    run: preallocate,
    touch: touchPreallocate,
    may: ['extent', 'allocator', 'line'],
    restless: true,
    why: UNDER_X,
  }),
  visible({
    name: 'clearBlock',
    says: 'zero the block',
    run: clearBlock,
    touch: touchClear,
    may: ['line'],
    why: 'clear_pmem: one step a page (design 3)',
  }),
  visible({
    name: 'convertExtent',
    says: 'convert the extent to written',
    run: convertExtent,
    touch: touchConvert,
    may: ['extent'],
    restless: true,
    why: UNDER_X,
  }),
  visible({
    name: 'zeroRest',
    says: 'zero the rest of the new block',
    run: zeroRest,
    touch: touchRest,
    may: ['line'],
    why: 'dax_new_buf clears head and tail of a new buffer',
  }),
  visible({
    name: 'zeroPartial',
    says: 'zero the tail of the block',
    run: zeroPartial,
    touch: touchPartial,
    may: ['extent', 'line'],
    restless: true,
    why: 'dax_zero_page_range: one memset',
  }),
  visible({
    name: 'zeroEdges',
    says: 'zero the partial edges',
    run: zeroEdges,
    touch: touchEdges,
    may: ['extent', 'line'],
    restless: true,
    why: 'dax_zero_page_range at both ends of the range',
  }),
];
