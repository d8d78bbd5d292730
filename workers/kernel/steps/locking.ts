/**
 * rwsems: I, M, F and V of dossier 1.3. A request is always an enabled step; a release hands the lock over in
 * FIFO order, so a woken thread already has it.
 */

import type { Kernel } from '../kernel.ts';
import { R_FILE, R_MM } from '../layout.ts';
import {
  C_FREEZE,
  C_MMAP,
  canRead,
  canWrite,
  dequeued,
  enqueued,
  hasReaders,
  queuedForWrite,
  queuedThread,
  queueLength,
  RWSEMS,
  type RwsemClass,
  type RwsemId,
  readCount,
  withoutReader,
  withoutWriter,
  withReader,
  withWriter,
  writerIn,
} from '../locks.ts';
import { FUSE_MMAP, HANDOFF, NEXT, type Outcome, type StepRun, type Touch } from '../program.ts';
import { local, type StepDef, touchesOne } from '../step.ts';

function classOf(lock: RwsemId | null): RwsemClass {
  const rwsem = RWSEMS.find((candidate) => candidate.id === lock);
  if (rwsem === undefined) throw new RangeError(`no rwsem ${String(lock)}`);
  return rwsem;
}

/** Which of the two instances a frame means: its address space for mmap_sem, its file for the others. */
function instanceRegister(rwsem: RwsemClass): number {
  return rwsem.cls === C_MMAP ? R_MM : R_FILE;
}

function downRead(lock: RwsemId | null): StepRun {
  const { word, cls, object } = classOf(lock);
  const register = instanceRegister(classOf(lock));
  return (k, t, r) => {
    const i = k.get(r + register);
    const rwsem = k.get(word + i);
    k.requests(t, cls);
    if (canRead(rwsem)) {
      // Two bits a thread: a model that nests deeper runs out of the simulator's room.
      if (readCount(rwsem, t) === 3) return k.runOut();
      k.put(word + i, withReader(rwsem, t));
      k.holds(t, cls);
      return NEXT;
    }
    return wait(k, t, word + i, object + i, false);
  };
}

function downWrite(lock: RwsemId | null): StepRun {
  const { word, cls, object } = classOf(lock);
  const register = instanceRegister(classOf(lock));
  return (k, t, r) => {
    const i = k.get(r + register);
    const rwsem = k.get(word + i);
    k.requests(t, cls);
    if (canWrite(rwsem)) {
      k.put(word + i, withWriter(rwsem, t));
      k.holds(t, cls);
      return NEXT;
    }
    return wait(k, t, word + i, object + i, true);
  };
}

function wait(k: Kernel, t: number, word: number, object: number, forWrite: boolean): Outcome {
  k.put(word, enqueued(k.get(word), t, forWrite));
  k.sleep(t, object);
  return HANDOFF;
}

function upRead(lock: RwsemId | null): StepRun {
  const rwsem = classOf(lock);
  const register = instanceRegister(rwsem);
  return (k, t, r) => {
    releaseRead(k, t, rwsem, k.get(r + register));
    return NEXT;
  };
}

export function releaseRead(k: Kernel, t: number, { word, cls }: RwsemClass, i: number): void {
  if (readCount(k.get(word + i), t) === 0) {
    k.watch.badRelease(k, t, cls, false);
    return;
  }
  k.put(word + i, withoutReader(k.get(word + i), t));
  k.drops(t, cls);
  grant(k, word + i, cls);
}

function upWrite(lock: RwsemId | null): StepRun {
  const { word, cls } = classOf(lock);
  const register = instanceRegister(classOf(lock));
  return (k, t, r) => {
    const i = k.get(r + register);
    if (writerIn(k.get(word + i)) !== t) {
      k.watch.badRelease(k, t, cls, true);
      return NEXT;
    }
    k.put(word + i, withoutWriter(k.get(word + i)));
    k.drops(t, cls);
    grant(k, word + i, cls);
    return NEXT;
  };
}

function downgradeWrite(lock: RwsemId | null): StepRun {
  const { word, cls } = classOf(lock);
  const register = instanceRegister(classOf(lock));
  return (k, t, r) => {
    const i = k.get(r + register);
    if (writerIn(k.get(word + i)) !== t) {
      k.watch.badRelease(k, t, cls, true);
      return NEXT;
    }
    k.put(word + i, withReader(withoutWriter(k.get(word + i)), t));
    grant(k, word + i, cls);
    return NEXT;
  };
}

/** Hand the lock to the writer at the head of the queue, or to all readers up to the next writer. */
function grant(k: Kernel, word: number, cls: number): void {
  while (queueLength(k.get(word)) > 0) {
    const rwsem = k.get(word);
    const t = queuedThread(rwsem, 0);
    if (queuedForWrite(rwsem, 0)) {
      if (hasReaders(rwsem) || writerIn(rwsem) >= 0) return;
      k.put(word, withWriter(dequeued(rwsem), t));
    } else {
      if (writerIn(rwsem) >= 0) return;
      k.put(word, withReader(dequeued(rwsem), t));
    }
    k.holds(t, cls);
    k.handOver(t);
  }
}

function touchLock(lock: RwsemId | null): Touch {
  const rwsem = classOf(lock);
  return touchesOne(rwsem.object, instanceRegister(rwsem), true);
}

function rwsemStep(
  name: string,
  run: (lock: RwsemId | null) => StepRun,
  says: string,
  lock: 'takes' | 'drops' | 'none',
): StepDef {
  return {
    name,
    visible: true,
    takesLock: true,
    run,
    touch: touchLock,
    says,
    lock,
    restless: false,
    may: ['inodeLock', 'mmapSem', 'faultLock', 'iMmapRwsem'],
    // mmap_sem is only ever written by mmap and munmap: without them its readers meet nobody.
    fuse: (id) => (id === 'mmapSem' ? FUSE_MMAP : 0),
    why: 'rwsem of dossier 1.3: FIFO, a queued writer stops new readers, hand-off by the releaser',
  };
}

export const RWSEM_STEPS: readonly StepDef[] = [
  rwsemStep('downRead', downRead, 'down_read({lock})', 'takes'),
  rwsemStep('downWrite', downWrite, 'down_write({lock})', 'takes'),
  rwsemStep('upRead', upRead, 'up_read({lock})', 'drops'),
  rwsemStep('upWrite', upWrite, 'up_write({lock})', 'drops'),
  rwsemStep('downgradeWrite', downgradeWrite, 'downgrade_write({lock})', 'none'),
  local(
    'sbStartPagefault',
    'read side of freeze protection: nothing freezes, only its order counts',
    (k, t) => {
      k.requests(t, C_FREEZE);
      k.holds(t, C_FREEZE);
    },
  ),
  local('sbEndPagefault', 'sb_end_pagefault', (k, t) => {
    k.drops(t, C_FREEZE);
  }),
];
