/**
 * What fragments speak of: constants, state, and what several of them do. A program prints those that it mentions, so
 * that SPIN stores no word which nothing reads. `hidden` variables are scratch within one step and no part of the state.
 */
import {
  BLOCKS,
  FILES,
  HUGE_PAGES,
  LINES_PER_PAGE,
  OPS,
  PAGE_OBJECTS,
  PAGES,
} from '../../../corpus/vocabulary/limits.ts';
import type { ViolationClass } from '../../../corpus/vocabulary/verdict.ts';
import {
  COMMON_ZERO_PAGE,
  ENTRY_DIRTY,
  ENTRY_EMPTY,
  ENTRY_LOCKED,
  ENTRY_REAL,
  ENTRY_TAGS,
  ENTRY_TOWRITE,
  ENTRY_TYPE,
  ENTRY_ZERO,
  FAULT_HANDLER,
  FAULT_NONE,
  FAULT_PFN_MKWRITE,
  OK,
  OWNER_BUSY,
  OWNER_FILE,
  OWNER_FREE,
  PTE_BLOCK,
  PTE_DIRTY,
  PTE_RW,
  PTE_ZERO,
  RETRY,
  SIGBUS,
  SIGSEGV,
  SLOT_ENTRY,
  SLOT_PAGE,
  STALE,
  UNWRITTEN,
  WRITTEN,
  writerOf,
} from '../../kernel/encoding.ts';

/** What a word is called in the state vector of the simulated kernel is told beside it. */
export const CONSTANTS: Readonly<Record<string, string>> = {
  PAGES: String(PAGES),
  LINES: `${LINES_PER_PAGE} /* of a page */`,
  HUGE_PAGES: String(HUGE_PAGES),
  BLOCKS: String(BLOCKS),
  PAGE_OBJECTS: String(PAGE_OBJECTS),
  SLOTS: String(FILES * PAGES),
  ...numbers({ OK, SIGBUS, SIGSEGV, RETRY }),
  ...numbers({ FAULT_NONE, FAULT_HANDLER, FAULT_PFN_MKWRITE }),
  // An extent: 0 is a hole, else its kind and its block.
  ...numbers({ UNWRITTEN, WRITTEN }),
  'KIND(e)': '((e) & 3)',
  'BLOCK(e)': '((e) >> 2)',
  ...numbers({ OWNER_FREE, OWNER_BUSY, OWNER_FILE, STALE }),
  // A pte: 0 is none, else its kind, flags, what it maps, and which life of that block.
  ...numbers({ PTE_BLOCK, PTE_ZERO, COMMON_ZERO_PAGE, PTE_RW, PTE_DIRTY }),
  'PTE_KIND(p)': '((p) & 7)',
  'PTE_TARGET(p)': '(((p) >> 5) & 31)',
  'PTE_GEN(p)': '((p) >> 11)',
  'PERMITS(p, w)': '((p) != 0 && ((w) == 0 || ((p) & PTE_RW) != 0))',
  'MAPS(i, f, p)':
    '((i) % PAGES < vma_pages[(i) / PAGES] && vma_file[(i) / PAGES] == (f) && vma_page[(i) / PAGES] + (i) % PAGES == (p))',
  // Whether a block, in that life, is the page's; and a pte that maps one which is not.
  'IS_BLOCK_OF(x, b, g)': '(block_gen[b] == (g) && extent[x] != 0 && BLOCK(extent[x]) == (b))',
  'IS_STALE(p, x)': '(PTE_KIND(p) == PTE_BLOCK && !IS_BLOCK_OF(x, PTE_TARGET(p), PTE_GEN(p)))',
  // A slot of the page cache: 0 is empty, else a page or an entry.
  ...numbers({ SLOT_PAGE, SLOT_ENTRY }),
  ...numbers({ ENTRY_EMPTY, ENTRY_ZERO, ENTRY_REAL, ENTRY_TYPE, ENTRY_LOCKED, ENTRY_DIRTY }),
  ...numbers({ ENTRY_TOWRITE, ENTRY_TAGS }),
  'PAGE_IN(s)': '(((s) & 3) == SLOT_PAGE -> ((s) >> 2) + 1 : 0)',
  'IS_OF_BLOCK(s)': '(((s) & 3) == SLOT_ENTRY && ((s) & ENTRY_TYPE) == ENTRY_REAL)',
  'IS_LOCKED(s)': '(((s) & 3) == SLOT_ENTRY && ((s) & ENTRY_LOCKED) != 0)',
  'IS_TOWRITE(s)': '(((s) & 3) == SLOT_ENTRY && ((s) & ENTRY_TOWRITE) != 0)',
  FOR_WRITE: '4',
  'CAN_READ(l)': '(rwsem[l].writer == 0 && rwsem[l].waiting == 0)',
  'CAN_WRITE(l)': '(rwsem[l].writer == 0 && rwsem[l].waiting == 0 && rwsem[l].reads == 0)',
  'READS(l, u)': '((rwsem[l].reads >> (2 * (u))) & 3)',
  'HANDLES(u)': '((journal_handles >> (2 * (u))) & 3)',
  // What a sleeper waits for: an rwsem counts from 1.
  WAITS_JOURNAL: '100',
  WAITS_PAGE: '101',
  WAITS_ENTRY: '150',
  // How a step went.
  GOES_ON: '0',
  SLEEPS: '1',
  CALLED: '2',
  ENDED: '3',
  // Where the process stands, in the state alone: SPIN asks it again when it has taken a step back.
  PC: 'frame[2 * _pid + nested[_pid]].pc',
  F: 'frame[at]',
  HERE: '(F.file * PAGES + F.page)',
  WRITER: `(1 + who * ${OPS} + operation[who])`,
  'PAGE_ABOVE(l)': '(((l) + LINES - 1) / LINES)',
  'LARGER(a, b)': '((a) > (b) -> (a) : (b))',
  END_OF_RANGE: '(F.to < PAGE_LIMIT -> F.to : PAGE_LIMIT)',
};

function numbers(all: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]));
}

/** Registers of a frame that do not fit a byte. */
export const WIDE_REGISTERS: Readonly<Record<string, string>> = {
  pc: 'short',
  slot: 'short',
  unmapCursor: 'short',
  old: 'int',
};

export const TYPES: Readonly<Record<string, string>> = {
  Rwsem: 'typedef Rwsem { byte reads; byte writer; byte waiting; byte queue[THREADS] };',
  Queue: 'typedef Queue { byte length; byte thread[THREADS] };',
};

export const STATE: Readonly<Record<string, string>> = {
  runnable: 'byte runnable;',
  halted: 'bit halted;',
  nested: 'byte nested[THREADS];',
  operation: 'byte operation[THREADS];',
  begun: 'bit begun[THREADS];',
  waits: 'byte waits[THREADS];',
  frame: 'Frame frame[2 * THREADS];',
  rwsem: 'Rwsem rwsem[RWSEMS];',
  journal_handles: 'byte journal_handles;',
  journal_committer: 'byte journal_committer;',
  journal_waiters: 'byte journal_waiters;',
  i_size: `byte i_size[${FILES}];`,
  committed_size: `byte committed_size[${FILES}];`,
  extent: 'byte extent[SLOTS];',
  committed: 'byte committed[SLOTS];',
  block_owner: 'byte block_owner[BLOCKS];',
  block_gen: 'byte block_gen[BLOCKS];',
  cpu: `byte cpu[${BLOCKS * LINES_PER_PAGE}];`,
  media: `byte media[${BLOCKS * LINES_PER_PAGE}];`,
  slot: 'short slot[SLOTS];',
  sleepers: 'Queue sleepers[SLOTS];',
  slot_holder: 'byte slot_holder[SLOTS];',
  page_home: 'byte page_home[PAGE_OBJECTS];',
  page_holder: 'byte page_holder[PAGE_OBJECTS];',
  page_waiters: 'byte page_waiters[PAGE_OBJECTS];',
  vma_file: 'byte vma_file[AREAS];',
  vma_page: 'byte vma_page[AREAS];',
  vma_pages: 'byte vma_pages[AREAS];',
  pte: 'int pte[PTES];',
  table: 'bit table[TABLES];',
  // What the claim on fsync has to remember.
  done: 'int done;',
  done_at: `int done_at[${1 + writerOf(3, OPS - 1)}];`,
  owed: `bit owed[${FILES * PAGES * LINES_PER_PAGE}];`,
};

export const SCRATCH: Readonly<Record<string, string>> = {
  who: 'hidden byte who;',
  at: 'hidden byte at;',
  outcome: 'hidden byte outcome;',
  released: 'hidden byte released;',
  movers: 'hidden byte movers[THREADS + 1];',
  moving: 'hidden byte moving;',
  moved: 'hidden byte moved;',
  other: 'hidden byte other;',
  found: 'hidden int found;',
  here: 'hidden int here;',
  block: 'hidden int block;',
  gen: 'hidden int gen;',
  lives: 'hidden int lives;',
  i: 'hidden int i;',
  awaited: 'hidden byte awaited;',
  turn: 'hidden byte turn;',
  place: 'hidden byte place;',
};

/** The claim that is denied where an oracle says a violation of a class; the other classes have none. */
export const CLAIM_OF: Readonly<Partial<Record<ViolationClass, string>>> = {
  deadlock: 'deadlock',
  'lost-wakeup': 'lost_wakeup',
  'bad-release': 'bad_release',
  'stale-pte': 'stale_mapping',
  'beyond-eof': 'stale_mapping',
  'foreign-block': 'foreign_block',
  'zero-page': 'zero_page',
  durability: 'lost_sync',
};

/** Each claim is a scratch variable that an assertion denies. */
export const CLAIMS: Readonly<Record<string, string>> = {
  deadlock: 'a thread waits for itself, through whomever',
  lost_wakeup: 'a thread sleeps and nobody is left to wake it',
  bad_release: 'what is released is not held',
  stale_mapping: "a pte maps a block that is not its page's, or a page behind i_size",
  foreign_block: "a block is zeroed, written or read that is not its page's any more",
  zero_page: 'the zero page is mapped over a written block while nothing is under way',
  lost_sync: 'what was stored before an fsync is not on the media once it has returned',
};
