/**
 * Direct IO elsewhere whose buffer is a mapping: get_user_pages pins the page, a device writes to its block, past page
 * tables and locks, and the completion drops the pin (locking 3.15).
 */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { setCpu, setMedia } from '../blame.ts';
import { OK, PTE_BLOCK, pteGen, pteKind, pteTarget } from '../encoding.ts';
import { storePoint } from '../ghosts.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_GEN,
  CPU,
  O_EXTENT,
  O_LINE,
  O_PIN,
  O_PTE,
  O_SIZE,
  PINS,
  PTE,
  R_LINE,
  R_MM,
  R_NOTE,
  R_OLD,
  R_PTE,
  R_RESULT,
  SIZE,
  T_WAIT,
} from '../layout.ts';
import { FINISHED, FUSE_PINS, NEXT, type Outcome } from '../program.ts';
import { type StepDef, visible } from '../step.ts';
import { pageBehind, pageWithBlock, permits } from './fault.ts';

/** The block of a pte, or -1: a private copy belongs to its process, and no file shows what a device writes there. */
function blockOf(pte: number): number {
  return pteKind(pte) === PTE_BLOCK ? pteTarget(pte) : -1;
}

/** R_OLD: the pte that was pinned. */
function pinPage(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return FINISHED;
  const pteIndex = k.get(r + R_PTE);
  const pte = k.get(PTE + pteIndex);
  if (!permits(pte, true)) return k.callFault(t, k.get(r + R_MM), pteIndex, 1);
  k.put(r + R_OLD, pte);
  const block = blockOf(pte);
  if (block < 0) return NEXT;
  const home = pageBehind(k, pteIndex, pte);
  if (home >= 0) k.watch.pteUsed(k, pteIndex, Math.floor(home / PAGES), home % PAGES, true);
  k.put(PINS + block, k.get(PINS + block) | (1 << t));
  return NEXT;
}

function touchPinPage(k: Kernel, _t: number, r: number): void {
  if (k.get(r + R_RESULT) !== OK) return;
  const pte = k.get(PTE + k.get(r + R_PTE));
  k.reads(O_PTE + k.get(r + R_PTE));
  if (permits(pte, true) && blockOf(pte) >= 0) k.writes(O_PIN + blockOf(pte));
}

/** The page that has the pinned block; -1 once its content is another's. */
function homeOf(k: Kernel, pte: number): number {
  const block = blockOf(pte);
  if (block < 0 || k.peek(BLOCK_GEN + block) !== pteGen(pte)) return -1;
  return pageWithBlock(k, block);
}

/** A store that no page table is asked for: past the caches, so that it is durable at once (locking 1.5). */
function writeByDevice(k: Kernel, t: number, r: number): Outcome {
  const pte = k.get(r + R_OLD);
  const line = k.get(r + R_LINE);
  const writer = k.writerOf(t);
  if (!isKept(k, pte, line, writer)) k.put(r + R_NOTE, 1);
  const block = blockOf(pte);
  if (block < 0) return NEXT;
  const isPinned = ((k.peek(PINS + block) >> t) & 1) !== 0;
  if (!isPinned && homeOf(k, pte) < 0) k.watch.writtenUnpinned(k, block);
  setCpu(k, CPU + block * LINES_PER_PAGE + line, writer);
  setMedia(k, block * LINES_PER_PAGE + line, writer);
  return NEXT;
}

/** Enter the write where the file has the block; false where it need not survive: at EOF and beyond, or elsewhere. */
function isKept(k: Kernel, pte: number, line: number, writer: number): boolean {
  const home = homeOf(k, pte);
  if (home < 0) return false;
  const file = Math.floor(home / PAGES);
  const fileLine = (home % PAGES) * LINES_PER_PAGE + line;
  storePoint(k, file, fileLine, writer);
  return fileLine < k.get(SIZE + file);
}

function touchDevice(k: Kernel, _t: number, r: number): void {
  const pte = k.get(r + R_OLD);
  if (blockOf(pte) < 0) return;
  k.writes(O_LINE + blockOf(pte) * LINES_PER_PAGE + k.get(r + R_LINE));
  readHome(k, pte);
}

/** What takes the block from its page comes before or after. */
function readHome(k: Kernel, pte: number): void {
  const home = homeOf(k, pte);
  if (home < 0) return;
  k.reads(O_EXTENT + home);
  k.reads(O_SIZE + Math.floor(home / PAGES));
}

/** put_page: the last pin to go wakes those that wait for an idle page. */
function unpinPage(k: Kernel, t: number, r: number): Outcome {
  const block = blockOf(k.get(r + R_OLD));
  if (block < 0) return NEXT;
  k.put(PINS + block, k.get(PINS + block) & ~(1 << t));
  if (k.get(PINS + block) !== 0) return NEXT;
  for (let other = 0; other < k.world.threads; other++) {
    if (k.peek(T_WAIT + other) === O_PIN + block + 1) k.wake(other);
  }
  return NEXT;
}

function touchUnpin(k: Kernel, _t: number, r: number): void {
  const pte = k.get(r + R_OLD);
  if (blockOf(pte) < 0) return;
  k.writes(O_PIN + blockOf(pte));
  readHome(k, pte);
}

export const PIN_STEPS: readonly StepDef[] = [
  visible({
    name: 'pinPage',
    says: 'pin the page',
    run: pinPage,
    touch: touchPinPage,
    restless: true,
    may: ['pte', 'pin'],
    conflicts: FUSE_PINS,
    why: 'get_user_pages: the pte and the page count under the page-table lock; it faults as a store does',
  }),
  visible({
    name: 'writeByDevice',
    says: 'the device writes the pinned page',
    run: writeByDevice,
    touch: touchDevice,
    restless: true,
    may: ['line', 'extent', 'i_size'],
    why: 'one line that the device writes; no lock is held',
  }),
  visible({
    name: 'unpinPage',
    says: 'unpin the page',
    run: unpinPage,
    touch: touchUnpin,
    restless: true,
    may: ['pin', 'extent', 'i_size'],
    why: 'put_devmap_managed_page: one atomic count, and wake_up_var when it comes to 1',
  }),
];
