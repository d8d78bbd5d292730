/** What read(2) and write(2) copy, and the faults on a buffer that is a mapping. */
import { LINES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { setCpu, setMedia } from '../blame.ts';
import { extentBlock, isWritten, OK, SIGSEGV } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COPIED_TO,
  CPU,
  O_LINE,
  PTE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_MM,
  R_PAGE,
  R_RESULT,
  READ_OWED,
} from '../layout.ts';
import { NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { loadLine, permits, storeLine, touchLine } from './fault.ts';

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
 * "DIO-GUP" (locking 2). NEXT when all is present.
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
    // Non-temporal stores and a fence: durable as soon as they are visible (locking 1.5).
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
  if (isWritten(extent)) k.watch.blockUsed(k, r, 'read');
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    const word = isWritten(extent) ? CPU + extentBlock(extent) * LINES_PER_PAGE + (line & 1) : -1;
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
  if (!isWritten(extent)) return;
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    k.reads(O_LINE + extentBlock(extent) * LINES_PER_PAGE + (line & 1));
  }
}

export const COPY_STEPS: readonly StepDef[] = [
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
    restless: true,
    answers: true,
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
];
