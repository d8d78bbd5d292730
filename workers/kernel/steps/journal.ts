/**
 * The journal of locking 1.3 and the metadata durability of 1.6. A handle nests; a commit locks the running
 * transaction, waits for its handles, makes the metadata durable and opens a new one.
 */
import { BLOCKS, FILES, PAGES } from '../../../corpus/vocabulary/limits.ts';
import { OWNER_BUSY, OWNER_FREE } from '../encoding.ts';
import type { Kernel } from '../kernel.ts';
import {
  BLOCK_OWNER,
  COMMITTED_EXTENT,
  COMMITTED_SIZE,
  EXTENT,
  J_COMMITTER,
  J_HANDLES,
  J_WAIT,
  O_ALLOC,
  O_COMMITTED,
  O_EXTENT,
  O_JOURNAL,
  O_SIZE,
  SIZE,
} from '../layout.ts';
import { C_JOURNAL, handleCount } from '../locks.ts';
import { fuseOfClass, NEXT, type Outcome, SLEEP } from '../program.ts';
import { type StepDef, visible } from '../step.ts';

function touchJournal(k: Kernel): void {
  k.writes(O_JOURNAL);
}

function journalStart(k: Kernel, t: number): Outcome {
  const handles = k.get(J_HANDLES);
  if (handleCount(handles, t) === 0) {
    k.requests(t, C_JOURNAL);
    if (k.get(J_COMMITTER) !== 0) return sleepOnJournal(k, t);
    k.holds(t, C_JOURNAL);
  }
  if (handleCount(handles, t) === 3) return k.runOut();
  k.put(J_HANDLES, handles + (1 << (2 * t)));
  return NEXT;
}

function sleepOnJournal(k: Kernel, t: number): Outcome {
  k.put(J_WAIT, k.get(J_WAIT) | (1 << t));
  k.sleep(t, O_JOURNAL);
  return SLEEP;
}

function journalStop(k: Kernel, t: number): Outcome {
  const handles = k.get(J_HANDLES);
  if (handleCount(handles, t) === 0) {
    k.watch.badRelease(k, t, C_JOURNAL, false);
    return NEXT;
  }
  k.put(J_HANDLES, handles - (1 << (2 * t)));
  if (handleCount(k.get(J_HANDLES), t) === 0) {
    k.drops(t, C_JOURNAL);
    // The committer waits for the last handle.
    if (k.get(J_HANDLES) === 0) wakeJournal(k);
  }
  return NEXT;
}

function wakeJournal(k: Kernel): void {
  const waiting = k.get(J_WAIT);
  if (waiting === 0) return;
  k.put(J_WAIT, 0);
  for (let t = 0; waiting >> t !== 0; t++) if ((waiting & (1 << t)) !== 0) k.wake(t);
}

/** LOCKED: no new handles. A second committer waits for the first and then commits what came after. */
function lockTransaction(k: Kernel, t: number): Outcome {
  k.requests(t, C_JOURNAL);
  if (k.get(J_COMMITTER) !== 0) return sleepOnJournal(k, t);
  k.put(J_COMMITTER, t + 1);
  return NEXT;
}

function commitTransaction(k: Kernel, t: number): Outcome {
  if (k.get(J_HANDLES) !== 0) return sleepOnJournal(k, t);
  k.put(J_COMMITTER, 0);
  makeDurable(k);
  wakeJournal(k);
  return NEXT;
}

/** XFS's log force: what finished transactions did becomes durable; it waits for nobody (locking 1.3, J). */
function forceLog(k: Kernel): Outcome {
  makeDurable(k);
  return NEXT;
}

function makeDurable(k: Kernel): void {
  for (let f = 0; f < k.world.files; f++) {
    if (k.get(COMMITTED_SIZE + f) !== k.get(SIZE + f)) k.put(COMMITTED_SIZE + f, k.get(SIZE + f));
    for (let i = f * PAGES; i < f * PAGES + k.world.pageLimit; i++) {
      if (k.get(COMMITTED_EXTENT + i) !== k.get(EXTENT + i))
        k.put(COMMITTED_EXTENT + i, k.get(EXTENT + i));
    }
  }
  // A freed block may be used again only now (locking 1.6, busy extents).
  for (let b = 0; b < BLOCKS; b++)
    if (k.get(BLOCK_OWNER + b) === OWNER_BUSY) k.put(BLOCK_OWNER + b, OWNER_FREE);
  k.watch.durableChanged(k);
}

function touchCommit(k: Kernel): void {
  k.writes(O_JOURNAL);
  k.writes(O_COMMITTED);
  k.writes(O_ALLOC);
  for (let f = 0; f < k.world.files && f < FILES; f++) {
    k.reads(O_SIZE + f);
    for (let p = 0; p < k.world.pageLimit; p++) k.reads(O_EXTENT + f * PAGES + p);
  }
}

const COMMIT_TOUCHES = ['journal', 'committed', 'allocator', 'i_size', 'extent'];

export const JOURNAL_STEPS: readonly StepDef[] = [
  visible({
    name: 'journalStart',
    says: 'start a journal handle',
    run: journalStart,
    touch: touchJournal,
    may: ['journal'],
    fuse: fuseOfClass(C_JOURNAL),
    lock: 'takes',
    why: 'jbd2_journal_start: one test of the transaction state under j_state_lock; nesting never blocks',
  }),
  visible({
    name: 'journalStop',
    says: 'stop the journal handle',
    run: journalStop,
    touch: touchJournal,
    may: ['journal'],
    fuse: fuseOfClass(C_JOURNAL),
    lock: 'drops',
    why: 'jbd2_journal_stop: drops the handle and wakes the committer under j_state_lock',
  }),
  visible({
    name: 'lockTransaction',
    says: 'lock the running transaction',
    run: lockTransaction,
    touch: touchJournal,
    may: ['journal'],
    conflicts: fuseOfClass(C_JOURNAL),
    why: 'jbd2_journal_commit_transaction sets T_LOCKED under j_state_lock',
  }),
  visible({
    name: 'commitTransaction',
    says: 'commit the transaction',
    run: commitTransaction,
    touch: touchCommit,
    may: COMMIT_TOUCHES,
    conflicts: fuseOfClass(C_JOURNAL),
    why: 'the commit block is written: all of the transaction is durable or nothing',
  }),
  visible({
    name: 'forceLog',
    says: 'force the log',
    run: forceLog,
    touch: touchCommit,
    may: COMMIT_TOUCHES,
    why: 'xfs_log_force: every step that changes metadata is a whole transaction here',
  }),
];
