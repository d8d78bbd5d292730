/**
 * O1 and O2: the exact wait-for graph (locking 1.3). A waiter waits for every holder in a conflicting mode and,
 * in a FIFO rwsem or range lock, for every earlier incompatible waiter. A cycle is a deadlock; sleepers without a
 * cycle when nobody can run are a lost wake-up.
 */
import { BLOCKS, FILES, PAGES, THREADS } from '../../corpus/vocabulary/limits.ts';
import { ENTRY_LOCKED } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  J_COMMITTER,
  J_HANDLES,
  O_PIN,
  O_SLOT,
  PINS,
  RUNNABLE,
  SLOT,
  T_WAIT,
} from '../kernel/layout.ts';
import {
  classOfLockObject,
  handleCount,
  kindOfClass,
  LOCK_CLASSES,
  pageHolder,
  queuedForWrite,
  queuedThread,
  queueLength,
  readCount,
  wordOfLockObject,
  writerIn,
} from '../kernel/locks.ts';
import { holdsRange, placeWanted, rangeBlockers, rangesAt } from '../kernel/ranges.ts';
import { STEPS } from '../kernel/step-registry.ts';
import type { Violations } from './oracle.ts';
import { isCommit, type Link, lockKey, lockSite } from './signature.ts';

/** The object thread t sleeps on, or -1. */
function waitsFor(k: Kernel, t: number): number {
  return k.peek(T_WAIT + t) - 1;
}

/** Mask of the threads that thread t waits for. */
function blockersOf(k: Kernel, t: number): number {
  const object = waitsFor(k, t);
  if (object < 0) return 0;
  if (isPin(object)) return k.peek(PINS + object - O_PIN);
  const word = k.peek(wordOfLockObject(object));
  switch (kindOfClass(classOfLockObject(object))) {
    case 'rwsem':
      return rwsemBlockers(word, t);
    case 'interval': {
      const ranges = rangesOf(k, object);
      return rangeBlockers(ranges, placeWanted(ranges, t));
    }
    case 'handle':
      return journalBlockers(k, t);
    case 'entry':
      return maskOf(word - 1);
    case 'page':
      return maskOf(pageHolder(word));
    default:
      return 0;
  }
}

function rangesOf(k: Kernel, object: number): readonly number[] {
  return rangesAt(wordOfLockObject(object), (word) => k.peek(word));
}

/** Who waits for an idle page waits for the operations that have it pinned. */
function isPin(object: number): boolean {
  return object >= O_PIN && object < O_PIN + BLOCKS;
}

function maskOf(thread: number): number {
  return thread < 0 ? 0 : 1 << thread;
}

function rwsemBlockers(rwsem: number, t: number): number {
  let position = 0;
  while (position < queueLength(rwsem) && queuedThread(rwsem, position) !== t) position++;
  const forWrite = queuedForWrite(rwsem, position);
  let mask = maskOf(writerIn(rwsem));
  for (let other = 0; other < THREADS; other++) {
    if (forWrite && readCount(rwsem, other) > 0) mask |= 1 << other;
  }
  for (let i = 0; i < position; i++) {
    if (forWrite || queuedForWrite(rwsem, i)) mask |= 1 << queuedThread(rwsem, i);
  }
  return mask;
}

/** A starter waits for the committer; the committer waits for every handle. */
function journalBlockers(k: Kernel, t: number): number {
  const committer = k.peek(J_COMMITTER) - 1;
  if (committer !== t) return maskOf(committer);
  let mask = 0;
  for (let other = 0; other < THREADS; other++) {
    if (handleCount(k.peek(J_HANDLES), other) > 0) mask |= 1 << other;
  }
  return mask;
}

/** Called when a thread has gone to sleep: any new cycle runs through it. */
export function checkDeadlock(k: Kernel, found: Violations, thread: number): void {
  // Who waits only for threads that can run closes no cycle.
  if ((blockersOf(k, thread) & ~k.peek(RUNNABLE)) === 0) return;
  const cycle = findCycle(k, thread, [thread]);
  if (cycle === null) return;
  const links = cycle.map((t, i) =>
    linkOf(k, t, cycle[(i + cycle.length - 1) % cycle.length] ?? t),
  );
  found.report(k, {
    class: 'deadlock',
    object: '',
    roles: [],
    key: lockKey(links),
    site: siteOf(k, cycle, links),
    fatal: true,
    detail: cycle.map((t, i) => saidOf(k, t, links[i] as Link)).join(', and '),
  });
}

function findCycle(k: Kernel, start: number, path: readonly number[]): readonly number[] | null {
  const blockers = blockersOf(k, path[path.length - 1] ?? start);
  // The shortest way home first: a thread that waits for the start closes the cycle.
  if ((blockers & (1 << start)) !== 0) return path;
  for (let t = 0; t < THREADS; t++) {
    if ((blockers & (1 << t)) === 0 || path.includes(t)) continue;
    const cycle = findCycle(k, start, [...path, t]);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** What its predecessor in the cycle waits for, and what it waits for itself. */
function linkOf(k: Kernel, t: number, predecessor: number): Link {
  const held = waitsFor(k, predecessor);
  const wanted = waitsFor(k, t);
  return {
    held: lockId(k, held),
    heldMode: modeHeld(k, held, t, predecessor),
    wanted: lockId(k, wanted),
    wantedMode: modeWanted(k, wanted, t),
  };
}

/** Who only stands in a queue, and a commit, are no part of what a deadlock is known by. */
function siteOf(k: Kernel, cycle: readonly number[], links: readonly Link[]): string {
  const sites = cycle.flatMap((t, i) => {
    const link = links[i] as Link;
    if (link.heldMode === 'queued' || isCommit(link)) return [];
    const { kind } = k.world.rowOfWriter(k.writerOf(t));
    return [lockSite(kind, lockNamed(k, link.wanted), lockNamed(k, link.held))];
  });
  return [...new Set(sites)].sort().join('\n');
}

/** `T0's store holds i_mmap_rwsem for write and waits for page lock`. */
function saidOf(k: Kernel, t: number, link: Link): string {
  const { held, heldMode, wanted, wantedMode } = link;
  const { kind } = k.world.rowOfWriter(k.writerOf(t));
  if (isCommit(link)) {
    return `T${t}'s ${kind} has locked the running transaction and waits for its handles to stop`;
  }
  const waits = `waits ${isHandle(wanted) ? 'to start a' : 'for'} ${lockNamed(k, wanted)}${FOR[wantedMode] ?? ''}`;
  if (heldMode === 'queued') return `T${t}'s ${kind} ${waits}, ahead in the queue`;
  return `T${t}'s ${kind} holds ${isHandle(held) ? 'a ' : ''}${lockNamed(k, held)}${FOR[heldMode] ?? ''} and ${waits}`;
}

/** A handle is started, and several threads hold one each. */
function isHandle(id: string): boolean {
  return LOCK_CLASSES.some((lock) => lock.id === id && lock.kind === 'handle');
}

/** As the model calls it. */
function lockNamed(k: Kernel, id: string): string {
  return k.program.lockNames[k.program.lockIds.indexOf(id)] ?? id;
}

const FOR: Readonly<Record<string, string>> = { R: ' for read', W: ' for write' };

function lockId(k: Kernel, object: number): string {
  if (isPin(object)) return 'pin';
  return k.program.lockIds[classOfLockObject(object)] ?? 'lock';
}

function isRwsem(object: number): boolean {
  return kindOfClass(classOfLockObject(object)) === 'rwsem';
}

function modeWanted(k: Kernel, object: number, t: number): string {
  if (!isRwsem(object)) return '';
  const word = k.peek(wordOfLockObject(object));
  for (let p = 0; p < queueLength(word); p++) {
    if (queuedThread(word, p) === t) return queuedForWrite(word, p) ? 'W' : 'R';
  }
  return '';
}

/** @param waiter that waits for it */
function modeHeld(k: Kernel, object: number, t: number, waiter: number): string {
  if (kindOfClass(classOfLockObject(object)) === 'interval') {
    const ranges = rangesOf(k, object);
    return holdsRange(ranges, t, placeWanted(ranges, waiter)) ? '' : 'queued';
  }
  if (!isRwsem(object)) return '';
  const word = k.peek(wordOfLockObject(object));
  if (writerIn(word) === t) return 'W';
  return readCount(word, t) > 0 ? 'R' : 'queued';
}

function lockName(k: Kernel, object: number): string {
  if (isPin(object)) return 'a pin of its page';
  return k.program.lockNames[classOfLockObject(object)] ?? 'lock';
}

/** O2, when nobody can run and somebody sleeps. */
export function checkLostWakeup(k: Kernel, found: Violations): void {
  for (let t = 0; t < k.world.threads; t++) {
    if (k.isFinished(t) || waitsFor(k, t) < 0) continue;
    if (blockersOf(k, t) !== 0) continue;
    found.report(k, {
      class: 'lost-wakeup',
      object: lockId(k, waitsFor(k, t)),
      roles: sleeperOf(k, waitsFor(k, t)),
      fatal: true,
      detail: `T${t} sleeps in ${k.labelOf(t)} and nobody will wake it: ${
        isLeftLocked(k, waitsFor(k, t)) ? 'it is locked, and ' : ''
      }nobody holds ${lockName(k, waitsFor(k, t))}`,
    });
    return;
  }
}

/** What tells one lost wake-up from another. */
function sleeperOf(k: Kernel, object: number): readonly string[] {
  if (sleepsBesideHuge(k, object)) return ['huge'];
  return isLeftLocked(k, object) ? ['left-locked'] : [];
}

/** An entry that carries the lock bit and has no holder: who left it so is to blame, and no wake-up was lost. */
function isLeftLocked(k: Kernel, object: number): boolean {
  const slot = object - O_SLOT;
  if (slot < 0 || slot >= FILES * PAGES) return false;
  return (k.peek(SLOT + slot) & ENTRY_LOCKED) !== 0;
}

/** Who asks for the entry of a huge page sleeps in the queue, and may have taken a wake-up that was another's (B29). */
function sleepsBesideHuge(k: Kernel, object: number): boolean {
  for (let t = 0; t < k.world.threads; t++) {
    const step = k.isFinished(t) ? undefined : STEPS.get(k.program.step[k.pcOf(t)] ?? '');
    if (waitsFor(k, t) === object && step?.role === 'lockHuge') return true;
  }
  return false;
}
