/**
 * The state vector: the only file that knows word numbers. Every word has a name, a bound and, unless it is
 * private to a thread or a ghost, the shared object it belongs to. Objects are what footprints, coverage and
 * schedulers speak of.
 *
 * locking 1.2 and 1.3 say what is here; ghost words are what oracles need to remember, so that a snapshot of
 * the vector is complete.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import {
  AREAS,
  BLOCKS,
  FILES,
  FRAMES,
  HUGE_PAGES,
  LINES,
  LINES_PER_PAGE,
  LOCK_CLASSES_MAX,
  MMS,
  OWN_LOCKS,
  PAGE_OBJECTS,
  PAGES,
  RANGES,
  THREADS,
  WRITERS,
} from '../../corpus/vocabulary/limits.ts';

export interface Section {
  readonly name: string;
  readonly base: number;
  readonly count: number;
  /** First object of the section, or -1: thread-private and ghost words belong to no shared object. */
  readonly object: number;
  /** Words that share one object. */
  readonly per: number;
  readonly ghost: boolean;
}

export interface ObjectClass {
  readonly name: string;
  readonly base: number;
  readonly count: number;
}

const sections: Section[] = [];
const objects: ObjectClass[] = [];
let nextWord = 0;
let nextObject = 0;

function objectClass(name: string, count: number): number {
  objects.push({ name, base: nextObject, count });
  nextObject += count;
  return nextObject - count;
}

function words(name: string, count: number, object = -1, per = 1): number {
  return section(name, count, object, per, false);
}

function ghost(name: string, count: number): number {
  return section(name, count, -1, 1, true);
}

function section(
  name: string,
  count: number,
  object: number,
  per: number,
  isGhost: boolean,
): number {
  sections.push({ name, base: nextWord, count, object, per, ghost: isGhost });
  nextWord += count;
  return nextWord - count;
}

// Objects. The order is part of coverage's feature numbers: append, never insert.
export const O_SIZE = objectClass('i_size', FILES);
export const O_EXTENT = objectClass('extent', FILES * PAGES);
export const O_SLOT = objectClass('slot', FILES * PAGES);
export const O_PAGE = objectClass('page', PAGE_OBJECTS);
export const O_LINE = objectClass('line', BLOCKS * LINES_PER_PAGE);
export const O_ALLOC = objectClass('allocator', 1);
export const O_VMA = objectClass('vma', MMS * AREAS);
export const O_PTE = objectClass('pte', MMS * AREAS * PAGES);
export const O_ANON = objectClass('anon', MMS * AREAS * PAGES);
export const O_INODE = objectClass('inodeLock', FILES);
export const O_FAULT = objectClass('faultLock', FILES);
export const O_IMMAP = objectClass('iMmapRwsem', FILES);
export const O_MMAP = objectClass('mmapSem', MMS);
/** Locks that a model declares itself: one object an instance. */
export const O_OWN = objectClass('ownLock', OWN_LOCKS * FILES);
export const O_JOURNAL = objectClass('journal', 1);
export const O_COMMITTED = objectClass('committed', 1);
export const O_DEVICE = objectClass('device', 1);
export const O_RANGE = objectClass('rangeLock', FILES);
/** Lines of the cache's pages, where those hold data. */
export const O_CACHED = objectClass('cachedLine', PAGE_OBJECTS * LINES_PER_PAGE);
export const O_PIN = objectClass('pin', BLOCKS);
export const O_PMD = objectClass('pmd', (MMS * AREAS * PAGES) / HUGE_PAGES);
/** i_ctime and i_mtime. */
export const O_TIMES = objectClass('times', FILES);
export const OBJECTS = nextObject;

// The file system: sizes in lines, extents (see state.ts for the encoding) and what is committed of both.
export const SIZE = words('i_size', FILES, O_SIZE);
export const COMMITTED_SIZE = words('i_disksize', FILES, O_COMMITTED, FILES);
export const EXTENT = words('extent', FILES * PAGES, O_EXTENT);
export const COMMITTED_EXTENT = words('committed', FILES * PAGES, O_COMMITTED, FILES * PAGES);
/** The CoW fork: blocks that are to take the place of shared ones. */
export const COW_EXTENT = words('cowExtent', FILES * PAGES, O_EXTENT);

/** Threads whose copy of the file is as old as its times; the extents of each thread's copy. */
export const COPY_FRESH = words('copyFresh', FILES, O_TIMES);
export const COPY_EXTENT = words('copyExtent', THREADS * PAGES);

// The page cache: a slot is empty, a page or a DAX entry; sleepers queue by the index they computed.
export const SLOT = words('slot', FILES * PAGES, O_SLOT);
export const SLOT_WAIT = words('slotWait', FILES * PAGES, O_SLOT);
export const PAGE_HOME = words('pageHome', PAGE_OBJECTS, O_PAGE);
export const PAGE_LOCK = words('pageLock', PAGE_OBJECTS, O_PAGE);
export const PAGE_STATE = words('pageState', PAGE_OBJECTS, O_PAGE);
export const PAGE_DATA = words('pageData', PAGE_OBJECTS * LINES_PER_PAGE, O_CACHED);

// The device.
export const BLOCK_OWNER = words('blockOwner', BLOCKS, O_ALLOC, BLOCKS);
export const BLOCK_GEN = words('blockGen', BLOCKS, O_ALLOC, BLOCKS);
export const CPU = words('cpu', BLOCKS * LINES_PER_PAGE, O_LINE);
export const MEDIA = words('media', BLOCKS * LINES_PER_PAGE, O_LINE);
/** Threads whose operation has pinned the block for a device, as a mask: one pin each. */
export const PINS = words('pins', BLOCKS, O_PIN);

// Address spaces.
export const VMA = words('vma', MMS * AREAS, O_VMA);
export const PTE = words('pte', MMS * AREAS * PAGES, O_PTE);
/** A private copy lives at the number of its PTE: there is at most one a slot. */
export const ANON = words('anon', MMS * AREAS * PAGES * LINES_PER_PAGE, O_ANON, LINES_PER_PAGE);
/** 1 where the slot of a huge page has a table of ptes; what is mapped huge says so in its ptes (PTE_HUGE). */
export const TABLE = words('table', (MMS * AREAS * PAGES) / HUGE_PAGES, O_PMD);

// Locks.
export const INODE_LOCK = words('inodeLock', FILES, O_INODE);
export const FAULT_LOCK = words('faultLock', FILES, O_FAULT);
export const IMMAP_RWSEM = words('iMmapRwsem', FILES, O_IMMAP);
export const MMAP_SEM = words('mmapSem', MMS, O_MMAP);
export const OWN_LOCK = words('ownLock', OWN_LOCKS * FILES, O_OWN);
/** XFS_IREMAPPING: the file's blocks are being shared with a clone. */
export const REMAPPING = words('remapping', FILES, O_FAULT);
export const J_HANDLES = words('journalHandles', 1, O_JOURNAL);
export const J_COMMITTER = words('journalCommitter', 1, O_JOURNAL);
export const J_WAIT = words('journalWait', 1, O_JOURNAL);
export const DEVICE_DEAD = words('deviceDead', 1, O_DEVICE);
/** Ranges that threads hold or wait for: ranges.ts. */
export const RANGE_LOCK = words('rangeLock', FILES * RANGES, O_RANGE, RANGES);

// Threads. RUNNABLE is a mask; the others are private to their thread.
export const RUNNABLE = words('runnable', 1);
export const T_DEPTH = words('depth', THREADS);
export const T_OP = words('operation', THREADS);
export const T_BEGUN = words('begun', THREADS);
export const T_WAIT = words('waitsFor', THREADS);
export const T_HELD = words('held', THREADS);
export const INJECT = words('inject', 1, O_ALLOC);

/** Words of one frame: program counter and the registers below. */
export const FRAME = 29;
export const FRAME_SPAN = FRAME * FRAMES;
export const FRAME0 = words('frame', THREADS * FRAME_SPAN);

// Ghosts: history of writes (oracles/register.ts), durability, names of defects, taint.
export const STARTED = ghost('started', 1);
export const DONE = ghost('done', 1);
export const DONE_AT = ghost('doneAt', WRITERS + 1);
/** Operations that have ended, in whatever way; and those that had when the one of each thread began. */
export const ENDED = ghost('ended', 1);
export const ENDED_AT = ghost('endedAt', THREADS);
export const DATA_BY = ghost('dataBy', FILES * LINES);
export const ZERO_BY = ghost('zeroBy', FILES * LINES);
export const WEAK_BY = ghost('weakBy', FILES * LINES);
/** Operations whose data was ever content of the file, at whatever line (O17). */
export const DATA_EVER = ghost('dataEver', FILES);
export const DURABLE = ghost('durable', FILES * LINES);
export const SHIFTING = ghost('shifting', FILES);
export const LOST_BY = ghost('lostBy', FILES * PAGES);
export const SLOT_HOLDER = ghost('slotHolder', FILES * PAGES);
export const REVOKED = ghost('revoked', 1);
export const POWER_FAILED = ghost('powerFailed', 1);
export const EDGES = ghost('lockEdges', LOCK_CLASSES_MAX);
export const TAINT_PAGES = ghost('taintPages', 1);
export const TAINT_BLOCKS = ghost('taintBlocks', 1);
export const TAINT_LOCKS = ghost('taintLocks', 1);
/** While a copy of a thread's operation faults: the classes that it holds around the fault, and those told of. */
export const T_OUTER = ghost('heldAroundFault', THREADS);
export const T_TOLD = ghost('toldAroundFault', THREADS);
/** Set once a violation is fatal or the power is gone: nobody runs any more. */
export const HALTED = ghost('halted', 1);
/** Set once an oracle has spoken: what does not end from here on may be its consequence. */
export const SPOKEN = ghost('spoken', 1);
/** The size that completed operations owe at least, and the largest that any of them allows (oracles/size.ts). */
export const SIZE_FLOOR = ghost('sizeFloor', FILES);
export const SIZE_CEILING = ghost('sizeCeiling', FILES);
/** Sizes that some order of the operations leads to, and threads whose operation has yet to end (size-orders.ts). */
export const SIZE_SETS = ghost('sizeSets', FILES << THREADS);
export const SIZE_PENDING = ghost('sizePending', FILES);
/** The line up to which the write(2) of each thread has copied its data. */
export const COPIED_TO = ghost('copiedTo', THREADS);
/** Operations that raised i_size over lines where their data did not show yet. */
export const SIZED_EARLY = ghost('sizedEarly', 1);
/** Threads whose access may fail: EOF passed its page, its vma went, the device died (O12). */
export const EXCUSED = ghost('excused', 1);

/** Pages that EOF has cut and that were written when who raised i_size began: their tail was there to be zeroed. */
export const TAIL_WRITTEN = ghost('tailWritten', FILES);
/** Operations that had ended when the last collapse or insert entered what it does, and bit 0; 0 before any has. */
export const SHIFT_SAW = ghost('shiftSaw', FILES);

/** Lines that the read(2) of each thread still owes its user: inside EOF ever since it began. */
export const READ_OWED = ghost('readOwed', THREADS);
/** What a thread's private copy has been judged to show, line by line, when it was made: oracles/private-copies.ts. */
export const COPY_SHOWS = ghost('copyShows', THREADS * LINES_PER_PAGE);
/** The vma that the msync of each thread has looked up. */
export const SYNCED_VMA = ghost('syncedVma', THREADS);
/** Threads whose operation has entered what it does to which lines. */
export const CLAIMED = ghost('claimed', 1);
/** Threads that have tagged for writeback and not yet found that nothing tagged is left. */
export const WRITES_BACK = ghost('writesBack', 1);
/** Threads whose fault is done with its entry's tag and has not made its pte writable yet. */
export const TAGGED = ghost('tagged', 1);
/** Threads whose operation has walked page tables to unmap: one that never does races with nobody (B12). */
export const UNMAPS = ghost('unmaps', 1);
/** Operations that have stored through a MAP_SYNC area. */
export const SYNC_STORES = ghost('syncStores', 1);

// Blame: who did the things that signatures name, as instruction + 1; 0 is the setup.
export const INSTALLED_BY = ghost('installedBy', MMS * AREAS * PAGES);
export const REMOVED_BY = ghost('removedBy', BLOCKS);
export const EXPOSED_BY = ghost('exposedBy', BLOCKS);
export const SHRUNK_BY = ghost('shrunkBy', FILES);
export const SIZED_BY = ghost('sizedBy', FILES);
export const EXTENT_BY = ghost('extentBy', FILES * PAGES);
export const LINE_BY = ghost('lineBy', BLOCKS * LINES_PER_PAGE);
export const MEDIA_BY = ghost('mediaBy', BLOCKS * LINES_PER_PAGE);
export const PAGE_DATA_BY = ghost('pageDataBy', PAGE_OBJECTS * LINES_PER_PAGE);

export const WORDS = nextWord;
export const SECTIONS: readonly Section[] = sections;

// Registers of a frame, relative to its base.
export const PC = 0;
export const R_FILE = 1;
export const R_PAGE = 2;
/** Page range [R_FROM, R_TO) of the loop at hand, and where it stands. */
export const R_FROM = 3;
export const R_TO = 4;
export const R_CURSOR = 5;
/** 1 while the loop at hand has more to do. */
export const R_MORE = 6;
/** Byte range of the operation in lines, [R_FIRST, R_LAST). */
export const R_FIRST = 7;
export const R_LAST = 8;
export const R_MM = 9;
export const R_PTE = 10;
/** WRITE_* in encoding.ts, or 0. */
export const R_WRITE = 11;
/** What kind of fault: FAULT_* in encoding.ts; or SYNC_WRITE. */
export const R_KIND = 12;
/** The PTE as the fault found it. */
export const R_OLD = 13;
export const R_EXTENT = 14;
export const R_GEN = 15;
export const R_FRESH = 16;
/** Page object held or looked at, plus 1. */
export const R_PAGEOBJ = 17;
export const R_SLOT = 18;
export const R_ANSWER = 19;
export const R_RESULT = 20;
export const R_TRIES = 21;
/** A note a path makes for itself: `note` sets it, the test `noted` reads it. */
export const R_NOTE = 22;
/** A single line to be zeroed. */
export const R_LINE = 23;
/** The size an operation is about to set, in lines. */
export const R_SIZE = 24;
/** The inner walk of UNMAP: page range [R_UFROM, R_UTO) and the next page-table slot to look at. */
export const R_UFROM = 25;
export const R_UTO = 26;
export const R_UCURSOR = 27;
/** A copy on write: the shared extent that it copies from. */
export const R_SOURCE = 28;

export const REGISTER_NAMES: readonly string[] = [
  'pc',
  'file',
  'page',
  'from',
  'to',
  'cursor',
  'more',
  'first',
  'last',
  'mm',
  'pte',
  'write',
  'kind',
  'old',
  'extent',
  'gen',
  'fresh',
  'pageObject',
  'slot',
  'answer',
  'result',
  'tries',
  'note',
  'line',
  'size',
  'unmapFrom',
  'unmapTo',
  'unmapCursor',
  'source',
];
assert(REGISTER_NAMES.length === FRAME, 'a name for every register', REGISTER_NAMES.length);

const OBJECT_OF_WORD: Int16Array = new Int16Array(WORDS).fill(-1);
for (const s of sections) {
  if (s.object < 0) continue;
  for (let i = 0; i < s.count; i++) {
    OBJECT_OF_WORD[s.base + i] = s.object + Math.floor(i / s.per);
  }
}

/** The shared object a word belongs to, or -1. */
export function objectOfWord(word: number): number {
  return OBJECT_OF_WORD[word] ?? -1;
}

/** `extent[1.3]`, `cpu[7]`, `frame[T1.0].pc`: a word as a person reads it. */
export function wordName(word: number): string {
  const s = sectionOf(word);
  const i = word - s.base;
  if (s.base === FRAME0) {
    const thread = Math.floor(i / FRAME_SPAN);
    const depth = Math.floor((i % FRAME_SPAN) / FRAME);
    return `frame[T${thread}.${depth}].${REGISTER_NAMES[i % FRAME] ?? i % FRAME}`;
  }
  return s.count === 1 ? s.name : `${s.name}[${i}]`;
}

export function objectName(object: number): string {
  const c = classOfObject(object);
  return c.count === 1 ? c.name : `${c.name}[${object - c.base}]`;
}

/** The class of an object, which is what signatures speak of. */
export function classOfObject(object: number): ObjectClass {
  for (const c of objects) if (object >= c.base && object < c.base + c.count) return c;
  throw new RangeError(`object ${object}`);
}

function sectionOf(word: number): Section {
  for (const s of sections) if (word >= s.base && word < s.base + s.count) return s;
  throw new RangeError(`word ${word}`);
}
