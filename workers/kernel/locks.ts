/**
 * Locks as one table, and the packed words they live in. A row says what a class is: its kind, what has an
 * instance of it, its word, its object. Wait-for links, edges, masks and needs are derived from the rows; who
 * adds a class adds a row.
 */
import {
  FILES,
  LOCK_CLASSES_MAX,
  MMS,
  OWN_LOCKS,
  PAGE_OBJECTS,
  PAGES,
  RANGES,
} from '../../corpus/vocabulary/limits.ts';
import {
  FAULT_LOCK,
  IMMAP_RWSEM,
  INODE_LOCK,
  J_HANDLES,
  MMAP_SEM,
  O_FAULT,
  O_IMMAP,
  O_INODE,
  O_JOURNAL,
  O_MMAP,
  O_OWN,
  O_PAGE,
  O_RANGE,
  O_SLOT,
  OBJECTS,
  OWN_LOCK,
  PAGE_LOCK,
  R_FILE,
  R_MM,
  RANGE_LOCK,
  SLOT_HOLDER,
} from './layout.ts';

/**
 * rwsem: FIFO, handed over by the releaser. interval: the same of ranges, where they overlap. page, entry: woken threads
 * compete again. handle: journal. leaf: taken and dropped within one step, so that only its order counts; freeze likewise.
 */
export type LockKind = 'rwsem' | 'interval' | 'page' | 'entry' | 'handle' | 'leaf' | 'freeze';
type LockScope = 'file' | 'mm' | 'page' | 'slot' | 'none';

interface LockClass {
  readonly id: string;
  readonly letter: string;
  readonly kind: LockKind;
  readonly per: LockScope;
  /** First word and first object of its instances; -1 where no thread ever sleeps on it. */
  readonly word: number;
  readonly object: number;
  readonly instances: number;
  /** Words of one instance. */
  readonly span: number;
  /** A lock of the file system, which a driver's shutdown does not take (locking 4.1 O10). */
  readonly ofFileSystem: boolean;
}

const NOWHERE = { word: -1, object: -1, instances: 0, span: 1 };
const SLOTS = FILES * PAGES;

/** locking 1.3, in the order of its table. The row's number is the class in `held` and `lockEdges`. */
const BUILT_IN = [
  row('inodeLock', 'I', 'rwsem', 'file', INODE_LOCK, O_INODE, FILES, true),
  row('mmapSem', 'M', 'rwsem', 'mm', MMAP_SEM, O_MMAP, MMS, false),
  row('faultLock', 'F', 'rwsem', 'file', FAULT_LOCK, O_FAULT, FILES, true),
  row('iMmapRwsem', 'V', 'rwsem', 'file', IMMAP_RWSEM, O_IMMAP, FILES, false),
  row('pageLock', 'P', 'page', 'page', PAGE_LOCK, O_PAGE, PAGE_OBJECTS, false),
  row('entryLock', 'E', 'entry', 'slot', SLOT_HOLDER, O_SLOT, SLOTS, false),
  { ...leaf('extentLock', 'X'), kind: 'leaf' },
  row('journal', 'J', 'handle', 'none', J_HANDLES, O_JOURNAL, 1, true),
  { ...row('rangeLock', 'RL', 'interval', 'file', RANGE_LOCK, O_RANGE, FILES, true), span: RANGES },
  { ...leaf('freeze', 'S'), kind: 'freeze' },
] as const;

function row<const Id extends string>(
  id: Id,
  letter: string,
  kind: LockKind,
  per: LockScope,
  word: number,
  object: number,
  instances: number,
  ofFileSystem: boolean,
): LockClass & { readonly id: Id } {
  return { id, letter, kind, per, word, object, instances, span: 1, ofFileSystem };
}

function leaf<const Id extends string>(id: Id, letter: string): LockClass & { readonly id: Id } {
  return { id, letter, kind: 'leaf', per: 'file', ...NOWHERE, ofFileSystem: true };
}

/** The classes of every model, by the names that models use. */
export const LOCK_CLASSES: readonly LockClass[] = BUILT_IN;
export type LockId = (typeof BUILT_IN)[number]['id'];
export type RwsemId = 'inodeLock' | 'mmapSem' | 'faultLock' | 'iMmapRwsem';

const C_MMAP = 1;
export const C_PAGE = 4;
export const C_ENTRY = 5;
export const C_EXTENT = 6;
export const C_JOURNAL = 7;
export const C_RANGE = 8;
export const C_FREEZE = 9;
/** The first of the classes that a model declares. */
const C_OWN: number = BUILT_IN.length;
export const CLASS_COUNT: number = C_OWN + OWN_LOCKS;

/** A lock that a model declares besides the built-in classes; kinds other than rwsem have no steps. */
export interface OwnLock {
  readonly name: string;
  readonly per: 'file' | 'mm' | 'none';
}

/** What a step with a named lock works on. */
export interface Rwsem {
  readonly id: string;
  readonly cls: number;
  readonly word: number;
  readonly object: number;
  /** The register that says which instance a frame means; -1: there is only one. */
  readonly register: number;
}

export const RWSEMS: readonly Rwsem[] = BUILT_IN.flatMap((lock, cls) =>
  lock.kind === 'rwsem' ? [rwsemOf(lock.id, cls, lock.per, lock.word, lock.object)] : [],
);
export const MMAP: Rwsem = RWSEMS[C_MMAP] as Rwsem;

/** The own locks of a model as rwsems, in the order of their declaration. */
export function ownRwsems(own: readonly OwnLock[]): readonly Rwsem[] {
  return own.map(({ name, per }, i) =>
    rwsemOf(name, C_OWN + i, per, OWN_LOCK + i * FILES, O_OWN + i * FILES),
  );
}

function rwsemOf(id: string, cls: number, per: LockScope, word: number, object: number): Rwsem {
  const register = per === 'mm' ? R_MM : per === 'none' ? -1 : R_FILE;
  return { id, cls, word, object, register };
}

/** @param named what a model calls the built-in classes */
export function lockNames(
  own: readonly OwnLock[],
  named: Readonly<Partial<Record<LockId, string>>>,
): readonly string[] {
  return [...BUILT_IN.map(({ id }) => named[id] ?? id), ...own.map(({ name }) => name)];
}

/** No name of a model's: `file-rwsem`, and `file-rwsem-2` for its second one per file. */
export function lockIds(own: readonly OwnLock[]): readonly string[] {
  const ids = own.map(({ per }, i) => {
    const number = own.slice(0, i + 1).filter((other) => other.per === per).length;
    return `${per === 'none' ? 'global' : per}-rwsem${number === 1 ? '' : `-${number}`}`;
  });
  return [...LOCK_CLASSES.map(({ id }) => id), ...ids];
}

// ---- derived from the table ---------------------------------------------------------------------------------

const CLASS_OF_OBJECT: Int8Array = new Int8Array(OBJECTS).fill(-1);
BUILT_IN.forEach(({ object, instances }, cls) => {
  if (object >= 0) CLASS_OF_OBJECT.fill(cls, object, object + instances);
});
for (let i = 0; i < OWN_LOCKS; i++) {
  CLASS_OF_OBJECT.fill(C_OWN + i, O_OWN + i * FILES, O_OWN + (i + 1) * FILES);
}

/** The lock class of an object that a thread sleeps on, or -1. */
export function classOfLockObject(object: number): number {
  return object < 0 ? -1 : (CLASS_OF_OBJECT[object] as number);
}

export function kindOfClass(cls: number): LockKind {
  return cls >= C_OWN ? 'rwsem' : (BUILT_IN[cls]?.kind ?? 'leaf');
}

/** A release moves the sleeper behind its request: it never asks again. */
export function isHandedOver(cls: number): boolean {
  const kind = kindOfClass(cls);
  return kind === 'rwsem' || kind === 'interval';
}

/** The first word of the instance that a lock object stands for. */
export function wordOfLockObject(object: number): number {
  const cls = classOfLockObject(object);
  if (cls >= C_OWN) return OWN_LOCK + object - O_OWN;
  const lock = BUILT_IN[cls];
  return lock === undefined ? -1 : lock.word + (object - lock.object) * lock.span;
}

export function isOfFileSystem(cls: number): boolean {
  return cls >= C_OWN || BUILT_IN[cls]?.ofFileSystem === true;
}

// Held counts: two bits a class in one word.
const HELD_BITS = 2;
/** What a thread can hold of one class. */
export const HELD_MAX: number = (1 << HELD_BITS) - 1;
/** The low bit of every class's count: a set of classes is a mask of these. */
const LOW_BITS = lowBits();

function lowBits(): number {
  let mask = 0;
  for (let cls = 0; cls < LOCK_CLASSES_MAX; cls++) mask |= classBit(cls);
  return mask;
}

/** A class in a set of classes. */
export function classBit(cls: number): number {
  return 1 << (HELD_BITS * cls);
}
/** The classes that a word of held counts holds, as a set. */
export function heldClasses(held: number): number {
  return (held | (held >>> 1)) & LOW_BITS;
}
export function heldCount(held: number, cls: number): number {
  return (held >>> (HELD_BITS * cls)) & HELD_MAX;
}
export function canHoldMore(held: number, cls: number): boolean {
  return heldCount(held, cls) < HELD_MAX;
}
/** The class of one bit of a set. */
export function classOfBit(bit: number): number {
  return (31 - Math.clz32(bit)) / HELD_BITS;
}

/**
 * Classes that somebody can be kept out of: not the rwsems that no path takes exclusively (bits by class), and not the
 * freeze protection, for nobody freezes here.
 */
export function orderedClasses(exclusive: number): number {
  let mask = 0;
  for (let cls = 0; cls < CLASS_COUNT; cls++) {
    const isTaken = ((exclusive >> cls) & 1) !== 0;
    const isOpen = kindOfClass(cls) === 'rwsem' || kindOfClass(cls) === 'freeze';
    if (isTaken || !isOpen) mask |= classBit(cls);
  }
  return mask;
}

// ---- words --------------------------------------------------------------------------------------------------

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

/** down_read succeeds at once only if no writer holds it and none is queued (strict FIFO, locking 1.3). */
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
