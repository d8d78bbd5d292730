/**
 * The blocks of a huge fault: HUGE_PAGES of one kind in a row, aligned. R_EXTENT is the first page's extent, R_GEN the
 * generations of all; R_GEN is 0 where get_block returned less than a huge page.
 *
 * A get_block(create) that returns less leaves the map as it is; a real one may have allocated what it returned
 * (locking 3.5).
 */
import { BLOCKS, HUGE_PAGES } from '../../../corpus/vocabulary/limits.ts';
import { noteHugeFill } from '../blame.ts';
import {
  extentBlock,
  extentKind,
  extentWord,
  firstOfHuge,
  GENS,
  genAt,
  OWNER_FILE,
  OWNER_FREE,
  pageIndex,
  UNWRITTEN,
  withGen,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_GEN,
  BLOCK_OWNER,
  EXTENT,
  O_ALLOC,
  O_EXTENT,
  R_EXTENT,
  R_FILE,
  R_FRESH,
  R_GEN,
  R_PAGE,
} from '../layout.ts';
import { C_EXTENT } from '../locks.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import {
  fillHole,
  initialise,
  isFull,
  LEAVE_UNWRITTEN,
  NEW,
  type Policy,
  PREZERO,
  touchBlockLines,
  UNDER_X,
  zeroBlock,
} from './allocation.ts';
import { convert, touchConversion } from './zeroing.ts';

/** The first page of the range, as pageIndex. */
function firstOf(k: Kernel, r: number): number {
  return pageIndex(k.get(r + R_FILE), firstOfHuge(k.get(r + R_PAGE)));
}

const PAGES_OF: readonly number[] = Array.from({ length: HUGE_PAGES }, (_, i) => i);

/** One extent, or one hole, has the whole range. */
function isWhole(k: Kernel, first: number): boolean {
  const extent = k.get(EXTENT + first);
  const block = extentBlock(extent);
  if (extent !== 0 && firstOfHuge(block) !== block) return false;
  return PAGES_OF.every((i) => {
    const own = extent === 0 ? 0 : extentWord(extentKind(extent), block + i);
    return k.get(EXTENT + first + i) === own;
  });
}

function touchExtents(k: Kernel, first: number): void {
  for (const i of PAGES_OF) k.reads(O_EXTENT + first + i);
}

/** What get_block returns for the range as it is now. */
function readHuge(k: Kernel, r: number, first: number, fresh: number): void {
  const extent = k.get(EXTENT + first);
  const block = extentBlock(extent);
  const gens = extent === 0 ? 0 : gensOf(k, block);
  const isOne = isWhole(k, first);
  k.put(r + R_EXTENT, isOne ? extent : 0);
  k.put(r + R_GEN, isOne ? GENS | gens : 0);
  k.put(r + R_FRESH, isOne ? fresh : 0);
}

function gensOf(k: Kernel, block: number): number {
  return PAGES_OF.reduce((gens, i) => withGen(gens, i, k.peek(BLOCK_GEN + block + i)), 0);
}

function getHuge(k: Kernel, t: number, r: number): Outcome {
  k.requests(t, C_EXTENT);
  readHuge(k, r, firstOf(k, r), 0);
  return NEXT;
}

function touchGet(k: Kernel, _t: number, r: number): void {
  touchExtents(k, firstOf(k, r));
}

/** The first of HUGE_PAGES free blocks in a row, aligned; -1 if there are none. */
function freeRun(k: Kernel): number {
  for (let block = 0; block + HUGE_PAGES <= BLOCKS; block += HUGE_PAGES) {
    if (PAGES_OF.every((i) => k.get(BLOCK_OWNER + block + i) === OWNER_FREE)) return block;
  }
  return -1;
}

type Plan = 'fill' | 'initialise' | 'read';

function planOf(k: Kernel, first: number, policy: Policy): Plan {
  if (!isWhole(k, first)) return 'read';
  const extent = k.get(EXTENT + first);
  if (extent === 0) return 'fill';
  return policy.zeroes && extentKind(extent) === UNWRITTEN ? 'initialise' : 'read';
}

function allocHuge(policy: Policy) {
  return (k: Kernel, t: number, r: number): Outcome => {
    const first = firstOf(k, r);
    k.requests(t, C_EXTENT);
    const plan = planOf(k, first, policy);
    if (plan === 'fill') return fillHoles(k, r, first, policy);
    if (plan === 'initialise') {
      for (const i of PAGES_OF) {
        initialise(k, first + i);
        noteHugeFill(k, first + i);
      }
    }
    readHuge(k, r, first, plan === 'read' ? 0 : 1);
    return NEXT;
  };
}

function fillHoles(k: Kernel, r: number, first: number, policy: Policy): Outcome {
  if (isFull(k, r)) return NEXT;
  const block = freeRun(k);
  if (block < 0) {
    k.put(r + R_GEN, 0);
    return NEXT;
  }
  for (const i of PAGES_OF) {
    k.put(BLOCK_OWNER + block + i, OWNER_FILE + k.get(r + R_FILE));
    fillHole(k, first + i, block + i, policy);
    noteHugeFill(k, first + i);
  }
  readHuge(k, r, first, 1);
  return NEXT;
}

function touchAlloc(policy: Policy) {
  return (k: Kernel, _t: number, r: number): void => {
    const first = firstOf(k, r);
    const plan = planOf(k, first, policy);
    touchExtents(k, first);
    if (plan === 'read') return;
    if (plan === 'fill') k.writes(O_ALLOC);
    const block = plan === 'fill' ? freeRun(k) : extentBlock(k.get(EXTENT + first));
    for (const i of PAGES_OF) {
      k.writes(O_EXTENT + first + i);
      if (block >= 0) touchBlockLines(k, block + i);
    }
  };
}

/** clear_pmem of the whole page. */
function clearHuge(k: Kernel, _t: number, r: number): Outcome {
  const block = extentBlock(k.get(r + R_EXTENT));
  for (const i of PAGES_OF) {
    k.watch.blockUsed(k, firstOf(k, r) + i, block + i, genAt(k.get(r + R_GEN), i), 'zero');
    zeroBlock(k, block + i);
  }
  return NEXT;
}

function touchClear(k: Kernel, _t: number, r: number): void {
  const block = extentBlock(k.get(r + R_EXTENT));
  for (const i of PAGES_OF) touchBlockLines(k, block + i);
}

function convertHuge(k: Kernel, t: number, r: number): Outcome {
  k.requests(t, C_EXTENT);
  for (const i of PAGES_OF) convert(k, firstOf(k, r) + i);
  return NEXT;
}

function touchConvert(k: Kernel, _t: number, r: number): void {
  for (const i of PAGES_OF) touchConversion(k, firstOf(k, r) + i);
}

const ALLOC_STEP = {
  role: 'allocBlock',
  family: 'allocHuge',
  says: 'get_block(create=1) of a huge page',
  restless: true,
  may: ['extent', 'allocator', 'line'],
} as const;

function allocStep(name: string, flavour: string, policy: Policy): StepDef {
  const [run, touch] = [allocHuge(policy), touchAlloc(policy)];
  return visible({ ...ALLOC_STEP, name, flavour, run, touch, why: UNDER_X });
}

export const HUGE_BLOCK_STEPS: readonly StepDef[] = [
  visible({
    name: 'getHuge',
    role: 'getBlock',
    family: 'getHuge',
    says: 'get_block(create=0) of a huge page',
    run: getHuge,
    touch: touchGet,
    may: ['extent'],
    why: UNDER_X,
  }),
  allocStep('allocHugeNew', 'new', NEW),
  allocStep('allocHugeUnwritten', 'unwritten', LEAVE_UNWRITTEN),
  allocStep('allocHugePrezero', 'prezero', PREZERO),
  visible({
    name: 'clearHuge',
    role: 'clearBlock',
    family: 'clearHuge',
    says: 'zero the blocks of the huge page',
    run: clearHuge,
    touch: touchClear,
    may: ['line'],
    why: 'clear_pmem of the huge page: one step, as of a page',
  }),
  visible({
    name: 'convertHuge',
    role: 'convertExtent',
    family: 'convertHuge',
    says: 'convert the extents to written',
    run: convertHuge,
    touch: touchConvert,
    may: ['extent'],
    restless: true,
    why: UNDER_X,
  }),
];
