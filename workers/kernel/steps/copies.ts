/** What read(2) and write(2) copy, and the faults on a buffer that is a mapping. */
import { LINES, LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { setCpu, setMedia } from '../blame.ts';
import { pageWord, setPageLine } from '../cached.ts';
import { extentBlock, isWritten, OK, SIGSEGV } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COPIED_TO,
  CPU,
  objectOfWord,
  PTE,
  R_ANSWER,
  R_EXTENT,
  R_FILE,
  R_FIRST,
  R_LAST,
  R_MM,
  R_PAGE,
  R_PAGEOBJ,
  R_RESULT,
  READ_OWED,
} from '../layout.ts';
import { NEXT, type Outcome, type StepRun, type StepTouch } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { loadLine, permits, storeLine, touchLine, useBlock } from './fault.ts';

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

/** The file's side of a copy: words of the block that was looked up, or of a page of the cache. */
interface Place {
  to(k: Kernel, r: number, line: number): number;
  /** -1 for a hole. */
  from(k: Kernel, r: number, line: number): number;
  put(k: Kernel, word: number, value: number): void;
  /** The kernel uses a block here. */
  readonly isBlock: boolean;
}

const BLOCK: Place = {
  isBlock: true,
  to: wordOfBlock,
  from: (k, r, line) => (isWritten(k.get(r + R_EXTENT)) ? wordOfBlock(k, r, line) : -1),
  // Non-temporal stores and a fence: durable as soon as they are visible (locking 1.5).
  put: (k, word, value) => {
    setCpu(k, word, value);
    setMedia(k, word - CPU, value);
  },
};

const PAGE: Place = { isBlock: false, to: wordOfPage, from: wordOfPage, put: setPageLine };

function wordOfBlock(k: Kernel, r: number, line: number): number {
  return CPU + extentBlock(k.get(r + R_EXTENT)) * LINES_PER_PAGE + (line & 1);
}
function wordOfPage(k: Kernel, r: number, line: number): number {
  return pageWord(k.get(r + R_PAGEOBJ) - 1, line & 1);
}
function copyIn(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return NEXT;
  const fault = faultBufferIn(k, t, r, false);
  if (fault !== NEXT || k.get(r + R_RESULT) !== OK) return fault;
  copyLines(k, t, r, BLOCK);
  return NEXT;
}

/** With page faults disabled: R_ANSWER 0, and nothing copied, where the buffer is not mapped. */
function copyInAtomic(place: Place): StepRun {
  return (k, t, r) => {
    const { buffer, first } = k.world.rowOfWriter(k.writerOf(t));
    let isMapped = true;
    for (let line = firstLine(k, r); buffer >= 0 && line < lastLine(k, r); line++) {
      const slot = bufferSlot(buffer, line - first);
      if (slot < 0 || !permits(k.get(PTE + slot), false)) isMapped = false;
    }
    if (isMapped) copyLines(k, t, r, place);
    k.put(r + R_ANSWER, isMapped ? 1 : 0);
    return NEXT;
  };
}

/** Before any lock of the page: what the copy will need. */
function prefault(k: Kernel, t: number, r: number): Outcome {
  return k.get(r + R_RESULT) === OK ? faultBufferIn(k, t, r, false) : NEXT;
}

function touchPrefault(k: Kernel, t: number, r: number): void {
  if (k.get(r + R_RESULT) === OK) touchBuffer(k, t, r, false);
}

function copyLines(k: Kernel, t: number, r: number, place: Place): void {
  const writer = k.writerOf(t);
  const { buffer, first } = k.world.rowOfWriter(writer);
  if (place.isBlock) useBlock(k, r, 'copy');
  for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
    if (buffer >= 0) loadLine(k, t, bufferSlot(buffer, line - first), (buffer + line - first) & 1);
    place.put(k, place.to(k, r, line), writer);
  }
  k.put(COPIED_TO + t, lastLine(k, r));
}

function touchCopyIn(place: Place): StepTouch {
  return (k, t, r) => {
    if (k.get(r + R_RESULT) !== OK || !touchBuffer(k, t, r, false)) return;
    for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
      k.writes(objectOfWord(place.to(k, r, line)));
    }
  };
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

function copyOut(place: Place): StepRun {
  return (k, t, r) => {
    if (k.get(r + R_RESULT) !== OK) return NEXT;
    const fault = faultBufferIn(k, t, r, true);
    if (fault !== NEXT || k.get(r + R_RESULT) !== OK) return fault;
    const writer = k.writerOf(t);
    const { buffer, first } = k.world.rowOfWriter(writer);
    const file = k.get(r + R_FILE);
    if (place.isBlock && isWritten(k.get(r + R_EXTENT))) useBlock(k, r, 'read');
    for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
      const word = place.from(k, r, line);
      const value = word < 0 ? 0 : k.get(word);
      k.watch.lineRead(k, writer, file, line, value, -1, word);
      k.put(READ_OWED + t, k.peek(READ_OWED + t) & ~(1 << line));
      if (buffer >= 0) {
        storeLine(k, writer, bufferSlot(buffer, line - first), (buffer + line - first) & 1, false);
      }
    }
    return NEXT;
  };
}

function touchCopyOut(place: Place): StepTouch {
  return (k, t, r) => {
    if (k.get(r + R_RESULT) !== OK || !touchBuffer(k, t, r, true)) return;
    for (let line = firstLine(k, r); line < lastLine(k, r); line++) {
      const word = place.from(k, r, line);
      if (word >= 0) k.reads(objectOfWord(word));
    }
  };
}

export const COPY_STEPS: readonly StepDef[] = [
  visible({
    name: 'copyIn',
    says: 'copy user data to the block',
    run: copyIn,
    touch: touchCopyIn(BLOCK),
    may: ['line', 'pte', 'anon'],
    restless: true,
    why: 'copy_from_iter_nocache: one copy a page',
  }),
  visible({
    name: 'copyInAtomic',
    role: 'copyIn',
    says: 'copy user data with faults disabled',
    run: copyInAtomic(BLOCK),
    touch: touchCopyIn(BLOCK),
    may: ['line', 'pte', 'anon'],
    restless: true,
    answers: true,
    why: 'pagefault_disable, then one copy a page',
  }),
  visible({
    name: 'copyInPageAtomic',
    role: 'copyIn',
    family: 'copyInAtomic',
    flavour: 'page',
    says: 'copy user data to the page with faults disabled',
    run: copyInAtomic(PAGE),
    touch: touchCopyIn(PAGE),
    may: ['cachedLine', 'line', 'pte', 'anon'],
    restless: true,
    answers: true,
    why: 'iov_iter_copy_from_user_atomic: pagefault_disable, then one copy a page',
  }),
  visible({
    name: 'prefault',
    says: 'fault the user buffer in',
    run: prefault,
    touch: touchPrefault,
    may: ['line', 'pte', 'anon', 'cachedLine'],
    restless: true,
    why: 'fault_in_iov_iter_readable: one read of the buffer a page',
  }),
  visible({
    name: 'copyOut',
    says: 'copy the block to the user',
    run: copyOut(BLOCK),
    touch: touchCopyOut(BLOCK),
    may: ['line', 'pte', 'anon'],
    restless: true,
    why: 'copy_to_iter: one copy a page',
  }),
  visible({
    name: 'copyOutPage',
    role: 'copyOut',
    family: 'copyOut',
    flavour: 'page',
    says: 'copy the page to the user',
    run: copyOut(PAGE),
    touch: touchCopyOut(PAGE),
    may: ['cachedLine', 'line', 'pte', 'anon'],
    restless: true,
    why: 'copy_page_to_iter: one copy a page',
  }),
];
