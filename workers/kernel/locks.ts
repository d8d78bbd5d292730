/**
 * Lock classes and the packed words of the locks. A rwsem is one word: who reads (two bits a thread, a thread
 * may hold it twice), who writes, and the FIFO queue of those who wait.
 */
import { FILES, PAGE_OBJECTS, PAGES } from '../../corpus/vocabulary/limits.ts';
import {
  FAULT_LOCK,
  IMMAP_RWSEM,
  INODE_LOCK,
  MMAP_SEM,
  O_EXTENT_LOCK,
  O_FAULT,
  O_FREEZE,
  O_IMMAP,
  O_INODE,
  O_JOURNAL,
  O_MMAP,
  O_PAGE,
  O_RANGE,
  O_SLOT,
} from './layout.ts';

/** Dossier 1.3, in the order of its table. The number is the class in `held` and `lockEdges`. */
export const LOCK_CLASSES = [
  { id: 'inodeLock', letter: 'I' },
  { id: 'mmapSem', letter: 'M' },
  { id: 'faultLock', letter: 'F' },
  { id: 'iMmapRwsem', letter: 'V' },
  { id: 'pageLock', letter: 'P' },
  { id: 'entryLock', letter: 'E' },
  { id: 'extentLock', letter: 'X' },
  { id: 'journal', letter: 'J' },
  { id: 'rangeLock', letter: 'RL' },
  { id: 'freeze', letter: 'S' },
] as const;

export type LockId = (typeof LOCK_CLASSES)[number]['id'];
export type RwsemId = 'inodeLock' | 'mmapSem' | 'faultLock' | 'iMmapRwsem';

export const C_INODE = 0;
export const C_MMAP = 1;
export const C_FAULT = 2;
export const C_IMMAP = 3;
export const C_PAGE = 4;
export const C_ENTRY = 5;
export const C_EXTENT = 6;
export const C_JOURNAL = 7;
export const C_RANGE = 8;
export const C_FREEZE = 9;
export const CLASS_COUNT = LOCK_CLASSES.length;

export interface RwsemClass {
  readonly id: RwsemId;
  readonly cls: number;
  readonly word: number;
  readonly object: number;
}

export const RWSEMS: readonly RwsemClass[] = [
  { id: 'inodeLock', cls: C_INODE, word: INODE_LOCK, object: O_INODE },
  { id: 'mmapSem', cls: C_MMAP, word: MMAP_SEM, object: O_MMAP },
  { id: 'faultLock', cls: C_FAULT, word: FAULT_LOCK, object: O_FAULT },
  { id: 'iMmapRwsem', cls: C_IMMAP, word: IMMAP_RWSEM, object: O_IMMAP },
];

// rwsem word: bits 0-7 read counts, 8-10 writer + 1, 11-13 queue length, then 3 bits an entry.
const WRITER_SHIFT = 8;
const LENGTH_SHIFT = 11;
const QUEUE_SHIFT = 14;
const READERS = 0xff;
const WRITER = 7 << WRITER_SHIFT;
const LENGTH = 7 << LENGTH_SHIFT;
const QUEUED_WRITER = 4;

export function readCount(rwsem: number, thread: number): number {
  return (rwsem >> (thread * 2)) & 3;
}
export function writerIn(rwsem: number): number {
  return ((rwsem & WRITER) >> WRITER_SHIFT) - 1;
}
export function hasReaders(rwsem: number): boolean {
  return (rwsem & READERS) !== 0;
}
export function queueLength(rwsem: number): number {
  return (rwsem & LENGTH) >> LENGTH_SHIFT;
}
export function queuedThread(rwsem: number, position: number): number {
  return (rwsem >> (QUEUE_SHIFT + position * 3)) & 3;
}
export function queuedForWrite(rwsem: number, position: number): boolean {
  return ((rwsem >> (QUEUE_SHIFT + position * 3)) & QUEUED_WRITER) !== 0;
}

/** down_read succeeds at once only if no writer holds it and none is queued (strict FIFO, dossier 1.3). */
export function canRead(rwsem: number): boolean {
  return (rwsem & (WRITER | LENGTH)) === 0;
}
export function canWrite(rwsem: number): boolean {
  return (rwsem & (READERS | WRITER | LENGTH)) === 0;
}
export function withReader(rwsem: number, thread: number): number {
  return rwsem + (1 << (thread * 2));
}
export function withoutReader(rwsem: number, thread: number): number {
  return rwsem - (1 << (thread * 2));
}
export function withWriter(rwsem: number, thread: number): number {
  return (rwsem & ~WRITER) | ((thread + 1) << WRITER_SHIFT);
}
export function withoutWriter(rwsem: number): number {
  return rwsem & ~WRITER;
}
export function enqueued(rwsem: number, thread: number, forWrite: boolean): number {
  const length = queueLength(rwsem);
  const entry = thread | (forWrite ? QUEUED_WRITER : 0);
  return (rwsem + (1 << LENGTH_SHIFT)) | (entry << (QUEUE_SHIFT + length * 3));
}
export function dequeued(rwsem: number): number {
  const low = rwsem & ((1 << QUEUE_SHIFT) - 1);
  const queue = rwsem >>> (QUEUE_SHIFT + 3);
  return (low - (1 << LENGTH_SHIFT)) | (queue << QUEUE_SHIFT);
}

// A FIFO of sleepers in one word (entry locks): length in bits 0-2, two bits a thread from bit 3.
export function fifoLength(fifo: number): number {
  return fifo & 7;
}
export function fifoAt(fifo: number, position: number): number {
  return (fifo >> (3 + position * 2)) & 3;
}
export function fifoPush(fifo: number, thread: number): number {
  return (fifo + 1) | (thread << (3 + fifoLength(fifo) * 2));
}
export function fifoPop(fifo: number): number {
  const rest = (fifo >>> 5) << 3;
  return (fifoLength(fifo) - 1) | rest;
}

// Page lock: holder + 1 in bits 0-2, mask of waiters from bit 3.
export function pageHolder(lock: number): number {
  return (lock & 7) - 1;
}
export function pageWaiters(lock: number): number {
  return lock >> 3;
}

// Journal handles: two bits a thread.
export function handleCount(handles: number, thread: number): number {
  return (handles >> (thread * 2)) & 3;
}

/** The class of a lock object, or -1: what a blocked thread waits for. */
export function classOfLockObject(object: number): number {
  for (const rwsem of RWSEMS)
    if (object >= rwsem.object && object < rwsem.object + 2) return rwsem.cls;
  if (object >= O_PAGE && object < O_PAGE + PAGE_OBJECTS) return C_PAGE;
  if (object >= O_SLOT && object < O_SLOT + FILES * PAGES) return C_ENTRY;
  if (object === O_JOURNAL) return C_JOURNAL;
  if (object >= O_EXTENT_LOCK && object < O_EXTENT_LOCK + 2) return C_EXTENT;
  if (object >= O_RANGE && object < O_RANGE + 2) return C_RANGE;
  return object === O_FREEZE ? C_FREEZE : -1;
}
