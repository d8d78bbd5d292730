/** read(2), write(2) and sizes: the copies, and the registers that say which pages and lines are meant. */
import { LINES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byOperation, operationOf, setCpu, setMedia } from '../blame.ts';
import {
  EINVAL,
  extentBlock,
  extentKind,
  OK,
  SIGSEGV,
  SLOT_PAGE,
  slotKind,
  WRITTEN,
} from '../encoding.ts';
import { excuseBeyond } from '../excuses.ts';
import { claim, endShift, followTruncate, publish } from '../ghosts.ts';
import type { Kernel } from '../kernel.ts';
import {
  COPIED_TO,
  CPU,
  INJECT,
  O_ALLOC,
  O_LINE,
  O_SIZE,
  O_SLOT,
  POWER_FAILED,
  PTE,
  R_ANSWER,
  R_CURSOR,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_FROM,
  R_LAST,
  R_LINE,
  R_MM,
  R_MORE,
  R_PAGE,
  R_RESULT,
  R_SIZE,
  R_TO,
  R_UCURSOR,
  R_UFROM,
  R_UTO,
  READ_OWED,
  SHRUNK_BY,
  SIZE,
  SIZED_BY,
  SLOT,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { local, type StepDef, touchesOne, visible } from '../step.ts';
import { loadLine, permits, storeLine, touchLine } from './fault.ts';

// ---- copies -----------------------------------------------------------------------------------------------

/** The lines of the operation that lie in page R_PAGE. */
function firstLine(k: Kernel, r: number): number {
  return Math.max(k.get(r + R_FIRST), k.get(r + R_PAGE) * LINES_PER_PAGE);
}
function lastLine(k: Kernel, r: number): number {
  return Math.min(k.get(r + R_LAST), (k.get(r + R_PAGE) + 1) * LINES_PER_PAGE);
}

/** Where a mapped user buffer holds the byte that goes to `line`: a page-table slot and a line in its page. */
function bufferSlot(buffer: number, offset: number): number {
  const area = Math.floor(buffer / LINES);
  const line = (buffer % LINES) + offset;
  return line >= LINES ? -1 : area * PAGES + (line >> 1);
}

/**
 * Fault in what the copy needs of a mapped buffer. Every lock of the IO path stays held: that is the point of
 * "DIO-GUP" (dossier part 2). NEXT when all is present.
 */
function faultBufferIn(k: Kernel, t: number, r: number, isWrite: boolean): Outcome {
  const buffer = k.world.rowOfWriter(k.writerOf(t)).buffer;
  if (buffer < 0) return NEXT;
  const start = k.world.rowOfWriter(k.writerOf(t)).first;
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    const slot = bufferSlot(buffer, line - start);
    if (slot < 0) k.put(r + R_RESULT, SIGSEGV);
    else if (!permits(k.get(PTE + slot), isWrite)) {
      return k.callFault(t, k.get(r + R_MM), slot, isWrite ? 1 : 0);
    }
  }
  return NEXT;
}

function copyIn(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return NEXT;
  const fault = faultBufferIn(k, t, r, false);
  if (fault !== NEXT || k.get(r + R_RESULT) !== OK) return fault;
  copyLines(k, t, r);
  return NEXT;
}

/** With page faults disabled: R_ANSWER 0, and nothing copied, where the buffer is not mapped. */
function copyInAtomic(k: Kernel, t: number, r: number): Outcome {
  const { buffer, first } = k.world.rowOfWriter(k.writerOf(t));
  let isMapped = true;
  for (let line = firstLine(k, r); buffer >= 0 && line < lastLine(k, r); line++) {
    const slot = bufferSlot(buffer, line - first);
    if (slot < 0 || !permits(k.get(PTE + slot), false)) isMapped = false;
  }
  if (isMapped) copyLines(k, t, r);
  k.put(r + R_ANSWER, isMapped ? 1 : 0);
  return NEXT;
}

/** Before any lock of the page: what the copy will need. */
function prefault(k: Kernel, t: number, r: number): Outcome {
  return k.get(r + R_RESULT) === OK ? faultBufferIn(k, t, r, false) : NEXT;
}

function touchPrefault(k: Kernel, t: number, r: number): void {
  if (k.get(r + R_RESULT) === OK) touchBuffer(k, t, r, false);
}

function copyLines(k: Kernel, t: number, r: number): void {
  const writer = k.writerOf(t);
  const { buffer, first } = k.world.rowOfWriter(writer);
  const block = extentBlock(k.get(r + R_EXTENT));
  k.watch.blockUsed(k, r, 'copy');
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    if (buffer >= 0) loadLine(k, t, bufferSlot(buffer, line - first), (buffer + line - first) & 1);
    // Non-temporal stores and a fence: durable as soon as they are visible (dossier 1.5).
    setCpu(k, CPU + block * LINES_PER_PAGE + (line & 1), writer);
    setMedia(k, block * LINES_PER_PAGE + (line & 1), writer);
  }
  k.put(COPIED_TO + t, lastLine(k, r));
}

function touchCopyIn(k: Kernel, t: number, r: number): void {
  if (k.get(r + R_RESULT) !== OK || !touchBuffer(k, t, r, false)) return;
  const block = extentBlock(k.get(r + R_EXTENT));
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    k.writes(O_LINE + block * LINES_PER_PAGE + (line & 1));
  }
}

/** The buffer's side of a copy; false if it will fault, and so copy nothing this time. */
function touchBuffer(k: Kernel, t: number, r: number, isWrite: boolean): boolean {
  const { buffer, first } = k.world.rowOfWriter(k.writerOf(t));
  if (buffer < 0) return true;
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    const slot = bufferSlot(buffer, line - first);
    if (slot < 0) continue;
    touchLine(k, slot, (buffer + line - first) & 1, isWrite);
    if (!permits(k.get(PTE + slot), isWrite)) return false;
  }
  return true;
}

function copyOut(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return NEXT;
  const fault = faultBufferIn(k, t, r, true);
  if (fault !== NEXT || k.get(r + R_RESULT) !== OK) return fault;
  const writer = k.writerOf(t);
  const { buffer, first } = k.world.rowOfWriter(writer);
  const file = k.get(r + R_FILE);
  const extent = k.get(r + R_EXTENT);
  if (extentKind(extent) === WRITTEN) k.watch.blockUsed(k, r, 'read');
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    const word =
      extentKind(extent) === WRITTEN ? CPU + extentBlock(extent) * LINES_PER_PAGE + (line & 1) : -1;
    const value = word < 0 ? 0 : k.get(word);
    k.watch.lineRead(k, writer, file, line, value, -1, word);
    k.put(READ_OWED + t, k.peek(READ_OWED + t) & ~(1 << line));
    if (buffer >= 0) {
      storeLine(k, writer, bufferSlot(buffer, line - first), (buffer + line - first) & 1, false);
    }
  }
  return NEXT;
}

function touchCopyOut(k: Kernel, t: number, r: number): void {
  if (k.get(r + R_RESULT) !== OK || !touchBuffer(k, t, r, true)) return;
  const extent = k.get(r + R_EXTENT);
  if (extentKind(extent) !== WRITTEN) return;
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE + (line & 1));
  }
}

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

/** mapping->nrpages, which does not count entries: R_ANSWER. */
function checkCached(k: Kernel, _t: number, r: number): Outcome {
  const base = SLOT + k.get(r + R_FILE) * PAGES;
  let cached = 0;
  for (let page = 0; page < k.world.pageLimit; page++)
    if (slotKind(k.get(base + page)) === SLOT_PAGE) cached = 1;
  k.put(r + R_ANSWER, cached);
  return NEXT;
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
  local('tailOfNewSize', 'the line behind the new size', (k, _t, r) => {
    k.put(r + R_LINE, k.get(r + R_SIZE));
  }),
  local('wholePages', 'the pages that the range covers completely', (k, _t, r) => {
    range(k, r, pageAbove(k.get(r + R_FIRST)), k.get(r + R_LAST) >> 1);
  }),
  local('touchedPages', 'the pages that the range touches', (k, _t, r) => {
    range(k, r, k.get(r + R_FIRST) >> 1, pageAbove(k.get(r + R_LAST)));
  }),
  local('pagesBeyondSize', 'the pages wholly behind the new size', (k, _t, r) => {
    range(k, r, pageAbove(k.get(r + R_SIZE)), PAGES);
  }),
  local('pagesFromOffset', 'the pages from the offset to the end', (k, _t, r) => {
    range(k, r, k.get(r + R_FIRST) >> 1, PAGES);
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
    name: 'copyIn',
    says: 'copy user data to the block',
    run: copyIn,
    touch: touchCopyIn,
    may: ['line', 'pte', 'anon'],
    restless: true,
    why: 'copy_from_iter_nocache: one copy a page (design 3)',
  }),
  visible({
    name: 'copyInAtomic',
    role: 'copyIn',
    says: 'copy user data with faults disabled',
    run: copyInAtomic,
    touch: touchCopyIn,
    may: ['line', 'pte', 'anon'],
    why: 'pagefault_disable, then one copy a page',
  }),
  visible({
    name: 'prefault',
    says: 'fault the user buffer in',
    run: prefault,
    touch: touchPrefault,
    may: ['line', 'pte', 'anon'],
    restless: true,
    why: 'fault_in_iov_iter_readable: one read of the buffer a page',
  }),
  visible({
    name: 'copyOut',
    says: 'copy the block to the user',
    run: copyOut,
    touch: touchCopyOut,
    may: ['line', 'pte', 'anon'],
    restless: true,
    why: 'copy_to_iter: one copy a page (design 3)',
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
    run: checkCached,
    touch: touchCached,
    may: ['slot'],
    why: 'one read of mapping->nrpages',
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
