/**
 * rwsems: I, M, F and V of locking 1.3. A request is always an enabled step; a release hands the lock over in
 * FIFO order, so a woken thread already has it.
 */
import { assert } from '../../../corpus/vocabulary/assert.ts';
import type { Kernel } from '../kernel.ts';
import {
  C_FREEZE,
  canRead,
  canWrite,
  dequeued,
  enqueued,
  hasReaders,
  queuedForWrite,
  queuedThread,
  queueLength,
  RWSEMS,
  type Rwsem,
  readCount,
  withoutReader,
  withoutWriter,
  withReader,
  withWriter,
  writerIn,
} from '../locks.ts';
import { fuseOfClass, HANDOFF, NEXT, type Outcome, type StepRun, type Touch } from '../program.ts';
import { local, type StepDef, touchesOne } from '../step.ts';

function of(lock: Rwsem | null): Rwsem {
  assert(lock !== null, 'a checked model names the lock');
  return lock;
}

/** Which instance a frame means: its address space, its file, or the only one. */
function instanceOf(k: Kernel, r: number, register: number): number {
  return register < 0 ? 0 : k.get(r + register);
}

function downRead(lock: Rwsem | null): StepRun {
  const { word, cls, object, register } = of(lock);
  return (k, t, r) => {
    const i = instanceOf(k, r, register);
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

function downWrite(lock: Rwsem | null): StepRun {
  const { word, cls, object, register } = of(lock);
  return (k, t, r) => {
    const i = instanceOf(k, r, register);
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

function upRead(lock: Rwsem | null): StepRun {
  const rwsem = of(lock);
  return (k, t, r) => {
    releaseRead(k, t, rwsem, instanceOf(k, r, rwsem.register));
    return NEXT;
  };
}

export function releaseRead(k: Kernel, t: number, { word, cls }: Rwsem, i: number): void {
  if (readCount(k.get(word + i), t) === 0) {
    k.watch.badRelease(k, t, cls, false);
    return;
  }
  k.put(word + i, withoutReader(k.get(word + i), t));
  k.drops(t, cls);
  grant(k, word + i, cls);
}

function upWrite(lock: Rwsem | null): StepRun {
  const { word, cls, register } = of(lock);
  return (k, t, r) => {
    const i = instanceOf(k, r, register);
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

function downgradeWrite(lock: Rwsem | null): StepRun {
  const { word, cls, register } = of(lock);
  return (k, t, r) => {
    const i = instanceOf(k, r, register);
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

function touchLock(lock: Rwsem | null): Touch {
  const { object, register } = of(lock);
  return register < 0 ? (k) => k.writes(object) : touchesOne(object, register, true);
}

function rwsemStep(
  name: string,
  run: (lock: Rwsem | null) => StepRun,
  says: string,
  lock: 'takes' | 'drops' | 'none',
  isShared = false,
): StepDef {
  return {
    name,
    role: name,
    family: name,
    flavour: '',
    visible: true,
    takesLock: true,
    run,
    touch: touchLock,
    says,
    lock,
    restless: false,
    reads: false,
    answers: false,
    may: [...RWSEMS.map((rwsem) => rwsem.id), 'ownLock'],
    // Readers of a lock that no step in reach takes exclusively meet nobody and never sleep.
    fuse: (id) => (isShared ? fuseOfClass(of(id).cls) : 0),
    conflicts: (id) => (isShared ? 0 : fuseOfClass(of(id).cls)),
    why: 'rwsem of locking 1.3: FIFO, a queued writer stops new readers, hand-off by the releaser',
  };
}

export const RWSEM_STEPS: readonly StepDef[] = [
  rwsemStep('downRead', downRead, 'down_read({lock})', 'takes', true),
  rwsemStep('downWrite', downWrite, 'down_write({lock})', 'takes'),
  rwsemStep('upRead', upRead, 'up_read({lock})', 'drops', true),
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
