/**
 * MAP_SYNC: a store through such a mapping needs no fsync to find its block after a power failure, only that the user
 * writes its line back (locking 3.16).
 */
import { LINES_PER_PAGE, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { byRole, flushLine } from '../blame.ts';
import { oweWrittenBack } from '../debts.ts';
import {
  ENTRY_DIRTY,
  ENTRY_LOCKED,
  LOST_EMPTY,
  lostWord,
  OK,
  PTE_BLOCK,
  PTE_RW,
  pageIndex,
  pteKind,
  pteTarget,
  VMA_SYNC,
} from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  CPU,
  EXTENT,
  LOST_BY,
  O_COMMITTED,
  O_EXTENT,
  O_LINE,
  O_PTE,
  O_SIZE,
  O_SLOT,
  PTE,
  R_ANSWER,
  R_FILE,
  R_LINE,
  R_MM,
  R_PTE,
  R_RESULT,
  SIZE,
  SLOT,
  VMA,
} from '../layout.ts';
import { C_ENTRY } from '../locks.ts';
import { FINISHED, NEXT, type Outcome } from '../program.ts';
import { type StepDef, touchesPageOf, visible } from '../step.ts';
import { indexOf } from './allocation.ts';
import { holdEntry, isOfBlock, waitForEntry, wakeOne } from './entries.ts';
import { pageBehind, permits } from './fault.ts';

/** R_ANSWER: are the file's extents and its size what is committed? */
function checkCommitted(k: Kernel, _t: number, r: number): Outcome {
  const file = k.get(r + R_FILE);
  let isCommitted = k.get(SIZE + file) === k.get(COMMITTED_SIZE + file);
  for (let page = 0; page < k.world.pageLimit; page++) {
    const index = pageIndex(file, page);
    if (k.get(EXTENT + index) !== k.get(COMMITTED_EXTENT + index)) isCommitted = false;
  }
  k.put(r + R_ANSWER, isCommitted ? 1 : 0);
  return NEXT;
}

function touchMetadata(k: Kernel, _t: number, r: number): void {
  const file = k.get(r + R_FILE);
  k.reads(O_COMMITTED);
  k.reads(O_SIZE + file);
  for (let page = 0; page < k.world.pageLimit; page++) k.reads(O_EXTENT + pageIndex(file, page));
}

/**
 * dax_insert_pfn_mkwrite of 6.1, for a fault that has synced: R_ANSWER 0 where its entry has gone. An invalidation beside
 * it may have dropped the entry, and a private fault left an EMPTY one, which names no block that an fsync could flush.
 * @param takesAny also an entry like that
 */
function lockSyncedEntry(takesAny: boolean): (k: Kernel, t: number, r: number) => Outcome {
  return (k, t, r) => {
    const index = indexOf(k, r);
    const slot = k.get(SLOT + index);
    if (slot !== 0) k.requests(t, C_ENTRY);
    if ((slot & ENTRY_LOCKED) !== 0) return waitForEntry(k, t, index);
    const isIts = takesAny ? slot !== 0 : isOfBlock(slot);
    k.put(r + R_ANSWER, isIts ? 1 : 0);
    if (isIts) holdEntry(k, t, index, slot | ENTRY_DIRTY);
    else wakeOne(k, index);
    if (isIts && !isOfBlock(slot)) k.put(LOST_BY + index, lostWord(LOST_EMPTY, byRole(k)));
    return NEXT;
  };
}

/** clwb of a line of the user's, which faults as a load does. */
function writeLineBack(k: Kernel, t: number, r: number): Outcome {
  if (k.get(r + R_RESULT) !== OK) return FINISHED;
  const pteIndex = k.get(r + R_PTE);
  const pte = k.get(PTE + pteIndex);
  if (!permits(pte, false)) return k.callFault(t, k.get(r + R_MM), pteIndex, 0);
  if (pteKind(pte) !== PTE_BLOCK) return NEXT;
  const line = k.get(r + R_LINE);
  const at = pteTarget(pte) * LINES_PER_PAGE + line;
  flushLine(k, at);
  const home = pageBehind(k, pteIndex, pte);
  if (home < 0) return NEXT;
  const [file, page] = [Math.floor(home / PAGES), home % PAGES];
  k.watch.pteUsed(k, pteIndex, file, page, false);
  const isSync = (k.peek(VMA + Math.floor(pteIndex / PAGES)) & VMA_SYNC) !== 0;
  const isPromised = isSync && (pte & PTE_RW) !== 0;
  if (isPromised) oweWrittenBack(k, t, file, page * LINES_PER_PAGE + line, k.peek(CPU + at));
  return NEXT;
}

function touchWriteLineBack(k: Kernel, _t: number, r: number): void {
  if (k.get(r + R_RESULT) !== OK) return;
  const pte = k.get(PTE + k.get(r + R_PTE));
  k.reads(O_PTE + k.get(r + R_PTE));
  if (pteKind(pte) === PTE_BLOCK) {
    k.writes(O_LINE + pteTarget(pte) * LINES_PER_PAGE + k.get(r + R_LINE));
  }
}

const LOCK_SYNCED = {
  role: 'lockSyncedEntry',
  family: 'lockSyncedEntry',
  says: 'tag the entry dirty and lock it',
  touch: touchesPageOf(O_SLOT, true),
  may: ['slot'],
  lock: 'takes',
  answers: true,
} as const;

export const SYNC_STEPS: readonly StepDef[] = [
  visible({
    name: 'checkCommitted',
    says: 'is the metadata committed?',
    run: checkCommitted,
    touch: touchMetadata,
    may: ['committed', 'i_size', 'extent'],
    answers: true,
    why: 'IOMAP_F_DIRTY: one look at the transaction that last changed the inode',
  }),
  visible({
    name: 'writeLineBack',
    says: 'write the line back',
    run: writeLineBack,
    touch: touchWriteLineBack,
    restless: true,
    may: ['pte', 'line'],
    why: 'clwb and sfence: one instruction of the user',
  }),
  visible({
    ...LOCK_SYNCED,
    name: 'lockSyncedEntry',
    flavour: 'any',
    run: lockSyncedEntry(true),
    why: 'dax_insert_pfn_mkwrite: one xa_lock section (locking 3.16)',
  }),
  visible({
    ...LOCK_SYNCED,
    name: 'lockSyncedBlock',
    flavour: 'block',
    run: lockSyncedEntry(false),
    why: 'no kernel: the repair of F07, in the same xa_lock section',
  }),
];
