/** read(2), write(2) and sizes: what they look at and set, and the registers that say which pages and lines are meant. */
import { HUGE_PAGES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, operationOf } from '../blame.ts';
import { EINVAL, firstOfHuge, SLOT_PAGE, slotKind } from '../encoding.ts';
import { excuseBeyond } from '../excuses.ts';
import { claim, endShift, followTruncate, publish } from '../ghosts.ts';
import type { Kernel } from '../kernel.ts';
import {
  INJECT,
  O_ALLOC,
  O_SIZE,
  O_SLOT,
  POWER_FAILED,
  R_ANSWER,
  R_CURSOR,
  R_FILE,
  R_FIRST,
  R_FROM,
  R_LAST,
  R_LINE,
  R_MORE,
  R_PAGE,
  R_RESULT,
  R_SIZE,
  R_TO,
  R_UCURSOR,
  R_UFROM,
  R_UTO,
  SHRUNK_BY,
  SIZE,
  SIZED_BY,
  SLOT,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesOne, visible } from '../step.ts';

// ---- sizes and the world ----------------------------------------------------------------------------------

function setSize(k: Kernel, t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  const before = k.peek(SIZE + file);
  const size = k.get(r + R_SIZE);
  const sizer = operationOf(k.peek(SIZED_BY + file));
  k.put(SIZED_BY + file, byOperation(k));
  if (size < before) {
    k.put(SHRUNK_BY + file, byOperation(k));
    excuseBeyond(k, file, size);
  } else {
    publish(k, t, file, before, size);
    if (size > before) followTruncate(k, t, sizer);
  }
  k.put(SIZE + file, size);
  k.watch.sizeSet(k, file);
  return NEXT;
}

const touchSetSize = touchesOne(O_SIZE, R_FILE, true);

/** R_ANSWER: is there a slot that counts? */
function checkCached(counts: (slot: number) => boolean) {
  return (k: Kernel, _t: number, r: number): Outcome => {
    const base = SLOT + k.get(r + R_FILE) * PAGES;
    let cached = 0;
    for (let page = 0; page < k.world.pageLimit; page++) {
      if (counts(k.get(base + page))) cached = 1;
    }
    k.put(r + R_ANSWER, cached);
    return NEXT;
  };
}

function touchCached(k: Kernel, _t: number, r: number): void {
  const base = O_SLOT + k.get(r + R_FILE) * PAGES;
  for (let page = 0; page < k.world.pageLimit; page++) k.reads(base + page);
}

function powerFail(k: Kernel): Outcome {
  k.put(POWER_FAILED, 1);
  k.watch.durableChanged(k);
  k.halt();
  return NEXT;
}

function injectEnospc(k: Kernel): Outcome {
  k.put(INJECT, 1);
  return NEXT;
}

// ---- registers --------------------------------------------------------------------------------------------

function range(k: Kernel, r: number, from: number, to: number): void {
  k.put(r + R_FROM, from);
  k.put(r + R_TO, to);
  k.put(r + R_CURSOR, from);
  k.put(r + R_MORE, from < to ? 1 : 0);
}

function pageAbove(line: number): number {
  return (line + LINES_PER_PAGE - 1) >> 1;
}

const UNDER_I = 'i_size cannot change: the inode lock is held';

const REGISTER_STEPS: readonly StepDef[] = [
  local(
    'claimRange',
    UNDER_I,
    (k, t, r) => {
      if (!claim(k, t, r)) k.put(r + R_RESULT, EINVAL);
    },
    true,
  ),
  local('shiftDone', 'collapse and insert: every extent has moved', endShift),
  local(
    'measureWrite',
    UNDER_I,
    (k, _t, r) => {
      const size = k.peek(SIZE + k.get(r + R_FILE));
      k.put(r + R_LINE, size);
      k.put(r + R_SIZE, Math.max(size, k.get(r + R_LAST)));
    },
    true,
  ),
  local(
    'clipToSize',
    UNDER_I,
    (k, _t, r) => {
      k.put(r + R_LAST, Math.min(k.get(r + R_LAST), k.peek(SIZE + k.get(r + R_FILE))));
    },
    true,
  ),
  local('pageOfLine', 'the page of the line at hand', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_LINE) >> 1);
  }),
  local(
    'leftEdge',
    'the range begins within a page: its line there',
    (k, _t, r) => {
      k.put(r + R_ANSWER, k.get(r + R_FIRST) & 1);
      k.put(r + R_LINE, k.get(r + R_FIRST));
    },
    false,
    true,
  ),
  local(
    'rightEdge',
    'the range ends within a page: its line there',
    (k, _t, r) => {
      k.put(r + R_ANSWER, k.get(r + R_LAST) & 1);
      k.put(r + R_LINE, k.get(r + R_LAST) - 1);
    },
    false,
    true,
  ),
  local('tailOfNewSize', 'the line behind the new size', (k, _t, r) => {
    k.put(r + R_LINE, k.get(r + R_SIZE));
  }),
  local('wholePages', 'the pages that the range covers completely', (k, _t, r) => {
    range(k, r, pageAbove(k.get(r + R_FIRST)), k.get(r + R_LAST) >> 1);
  }),
  local('touchedPages', 'the pages that the range touches', (k, _t, r) => {
    range(k, r, k.get(r + R_FIRST) >> 1, pageAbove(k.get(r + R_LAST)));
  }),
  local('onePage', 'the one page', (k, _t, r) => {
    range(k, r, k.get(r + R_PAGE), k.get(r + R_PAGE) + 1);
  }),
  local('hugePages', 'the pages of the huge page', (k, _t, r) => {
    const first = firstOfHuge(k.get(r + R_PAGE));
    range(k, r, first, first + HUGE_PAGES);
  }),
  local('pagesBeyondSize', 'the pages wholly behind the new size', (k, _t, r) => {
    range(k, r, pageAbove(k.get(r + R_SIZE)), PAGES);
  }),
  local('pagesFromOldSize', 'the pages from the one that EOF lay in', (k, _t, r) => {
    range(k, r, k.get(r + R_LINE) >> 1, PAGES);
  }),
  local('pagesFromOffset', 'the pages from the offset to the end', (k, _t, r) => {
    range(k, r, k.get(r + R_FIRST) >> 1, PAGES);
  }),
  local('pagesFromPageBefore', 'the pages from the one before the offset', (k, _t, r) => {
    range(k, r, Math.max((k.get(r + R_FIRST) >> 1) - 1, 0), PAGES);
  }),
  local('allPages', 'every page of the file', (k, _t, r) => {
    range(k, r, 0, PAGES);
  }),
  local('rewind', 'the range once more', (k, _t, r) => {
    range(k, r, k.get(r + R_FROM), k.get(r + R_TO));
  }),
  local(
    'fromTheEnd',
    'shifting right starts at the last extent: the cursor counts from there',
    (k, _t, r) => {
      k.put(r + R_CURSOR, 0);
    },
  ),
  local('firstPage', 'the first page of the range', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_FIRST) >> 1);
  }),
  local('firstWholePage', 'the first page that the range covers', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_FROM));
  }),
  local('nextPage', 'the next page', (k, _t, r) => {
    k.put(r + R_PAGE, k.get(r + R_PAGE) + 1);
  }),
  local('unmapRange', 'unmap_mapping_range of the range', (k, _t, r) => {
    k.put(r + R_UFROM, k.get(r + R_FROM));
    k.put(r + R_UTO, k.get(r + R_TO));
    k.put(r + R_UCURSOR, 0);
  }),
  local('unmapPage', 'unmap_mapping_range of one page', (k, _t, r) => {
    k.put(r + R_UFROM, k.get(r + R_PAGE));
    k.put(r + R_UTO, k.get(r + R_PAGE) + 1);
    k.put(r + R_UCURSOR, 0);
  }),
  local('firstFile', 'every inode of the device', (k, _t, r) => {
    k.put(r + R_FILE, 0);
  }),
  local('nextFile', 'the next inode', (k, _t, r) => {
    k.put(r + R_FILE, k.get(r + R_FILE) + 1);
  }),
];

export const IO_STEPS: readonly StepDef[] = [
  visible({
    name: 'enter',
    says: 'enter the system call',
    run: () => NEXT,
    touch: () => {},
    may: [],
    why: 'made by the compiler, where a path would else look at shared state, or end, before it has begun',
  }),
  visible({
    name: 'setSize',
    says: 'set i_size',
    run: setSize,
    touch: touchSetSize,
    may: ['i_size'],
    why: 'i_size_write: one write',
  }),
  visible({
    name: 'checkCached',
    says: 'does the file have cached pages?',
    run: checkCached((slot) => slotKind(slot) === SLOT_PAGE),
    touch: touchCached,
    may: ['slot'],
    answers: true,
    why: 'one read of mapping->nrpages, which does not count entries',
  }),
  visible({
    name: 'checkCachedOrEntries',
    role: 'checkCached',
    family: 'checkCached',
    flavour: 'entries',
    says: 'does the file have cached pages or entries?',
    run: checkCached((slot) => slot !== 0),
    touch: touchCached,
    may: ['slot'],
    answers: true,
    why: 'mapping_empty: one look at the root of the tree (7716506adac4)',
  }),
  visible({
    name: 'powerFail',
    says: 'power fails',
    run: powerFail,
    touch: () => {},
    may: [],
    why: 'everything stops at once',
  }),
  visible({
    name: 'injectEnospc',
    says: 'the device is full for one allocation',
    run: injectEnospc,
    touch: (k) => {
      k.writes(O_ALLOC);
    },
    may: ['allocator'],
    why: 'an injected error',
  }),
  ...REGISTER_STEPS,
];
