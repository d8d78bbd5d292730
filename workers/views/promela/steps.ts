/**
 * What steps do, in Promela: a second statement of what workers/kernel/steps says in TypeScript, so that SPIN checks the
 * one against the other. `F` is the frame of thread `who`, `HERE` its page; other names are in definitions.ts. A step
 * that sleeps or calls a fault says so in `outcome`. Steps that are not here have no fragment.
 */
import { ENTRY_FRAGMENTS } from './entry-steps.ts';

const SKIP = 'skip';

/** The next extent of the range goes, and its block is busy until the transaction commits. */
const REMOVE_EXTENT = `next_extent(F.cursor);
if
:: found < 0 -> F.more = 0
:: else ->
   here = F.file * PAGES + found;
   block = BLOCK(extent[here]);
   block_leaves();
   extent[here] = 0;
   block_owner[block] = OWNER_BUSY;
   next_generation();
   block_gen[block] = gen;
   F.cursor = here % PAGES + 1;
   next_extent(F.cursor);
   F.more = (found < 0 -> 0 : 1)
fi`;

const CLEAR_PTE = `next_mapped(F.unmapCursor);
if
:: found < 0 -> F.unmapCursor = -1
:: else ->
   pte[found] = 0;
   here = found + 1;
   next_mapped(here);
   F.unmapCursor = (found < 0 -> -1 : here)
fi`;

/** @param fills statements on a hole, @param initialises on an unwritten extent */
function allocBlock(fills: string, initialises: string | null): string {
  const unwritten = `
:: KIND(extent[HERE]) == UNWRITTEN -> ${initialises ?? ''}`;
  return `if
:: extent[HERE] == 0 -> take_block(); ${fills}; look_up(1)${initialises === null ? '' : unwritten}
:: else -> look_up(0)
fi`;
}

function mapZero(page: string): string {
  return `if
:: pte[F.pte] == 0 -> pte[F.pte] = PTE_ZERO | ((${page}) << 5)
:: else
fi`;
}

const WRITTEN_BLOCK = 'extent[HERE] = WRITTEN | (block << 2)';

const LOCK_PAGE = `if
:: page_holder[F.pageObject - 1] != 0 -> sleep_on_page()
:: else -> take_page()
fi`;

/** Visible steps by the name in the registry; what takes a lock has it as `LOCK`. */
export const STEP_FRAGMENTS: Readonly<Record<string, string>> = {
  // ---- rwsems: FIFO, handed over by the releaser
  downRead: `if
:: CAN_READ(LOCK) -> rwsem[LOCK].reads = rwsem[LOCK].reads + (1 << (2 * who))
:: else -> queue_for(LOCK, 0)
fi`,
  downWrite: `if
:: CAN_WRITE(LOCK) -> rwsem[LOCK].writer = who + 1
:: else -> queue_for(LOCK, FOR_WRITE)
fi`,
  upRead: 'up_read(LOCK)',
  upWrite: `if
:: rwsem[LOCK].writer != who + 1 -> release_badly()
:: else -> rwsem[LOCK].writer = 0; released = LOCK + 1
fi`,
  downgradeWrite: `if
:: rwsem[LOCK].writer != who + 1 -> release_badly()
:: else ->
   rwsem[LOCK].writer = 0;
   rwsem[LOCK].reads = rwsem[LOCK].reads + (1 << (2 * who));
   released = LOCK + 1
fi`,

  // ---- the journal: a start sleeps while the transaction is locked
  journalStart: `if
:: HANDLES(who) == 0 && journal_committer != 0 -> sleep_on_journal()
:: else -> journal_handles = journal_handles + (1 << (2 * who))
fi`,
  journalStop: `if
:: HANDLES(who) == 0 -> release_badly()
:: else ->
   journal_handles = journal_handles - (1 << (2 * who));
   if
   :: journal_handles == 0 -> wake_journal()
   :: else
   fi
fi`,
  lockTransaction: `if
:: journal_committer != 0 -> sleep_on_journal()
:: else -> journal_committer = who + 1
fi`,
  commitTransaction: `if
:: journal_handles != 0 -> sleep_on_journal()
:: else -> journal_committer = 0; make_durable(); wake_journal()
fi`,
  forceLog: 'make_durable()',

  // ---- accesses and faults
  access: `if
:: F.result != OK -> skip
:: F.result == OK && PERMITS(pte[F.pte], F.write) -> use_pte()
:: else -> call_fault()
fi`,
  walkPmd: 'F.kind = FAULT_NONE',
  allocTable: 'table[F.pte / HUGE_PAGES] = 1; F.answer = 1',
  walkPageTable: `F.kind = FAULT_NONE;
if
:: F.pte % PAGES >= vma_pages[F.pte / PAGES] -> F.result = SIGSEGV
:: else ->
   F.file = vma_file[F.pte / PAGES];
   F.page = vma_page[F.pte / PAGES] + F.pte % PAGES;
   F.old = pte[F.pte];
   if
   :: PERMITS(F.old, F.write) -> skip
   :: else -> F.kind = (PTE_KIND(F.old) == PTE_BLOCK -> FAULT_PFN_MKWRITE : FAULT_HANDLER)
   fi
fi`,
  checkSize: 'F.answer = (F.page * LINES < i_size[F.file] -> 1 : 0)',
  getBlock: 'look_up(0)',
  directAccess: SKIP,
  installPte: `if
:: pte[F.pte] == 0 ->
   pte[F.pte] = PTE_BLOCK | (BLOCK(F.extent) << 5) | (F.gen << 11);
   check_pte(F.pte)
:: else
fi`,
  installWritablePte: `if
:: pte[F.pte] == 0 ->
   pte[F.pte] = PTE_BLOCK | PTE_RW | PTE_DIRTY | (BLOCK(F.extent) << 5) | (F.gen << 11);
   check_pte(F.pte)
:: PTE_KIND(pte[F.pte]) == PTE_BLOCK && PTE_TARGET(pte[F.pte]) == BLOCK(F.extent) ->
   pte[F.pte] = pte[F.pte] | PTE_RW | PTE_DIRTY
:: else
fi`,
  upgradePte: `if
:: pte[F.pte] == F.old -> pte[F.pte] = pte[F.pte] | PTE_RW | PTE_DIRTY
:: else
fi`,
  mapZeroPage: mapZero('F.pageObject - 1'),
  mapCommonZeroPage: mapZero('COMMON_ZERO_PAGE'),

  // ---- the page cache
  findPage: 'F.pageObject = PAGE_IN(slot[HERE])',
  findSlot: `found = -1;
for (i : F.cursor .. END_OF_RANGE - 1) {
   if
   :: found < 0 && slot[F.file * PAGES + i] != 0 -> found = i
   :: else
   fi
}
if
:: found < 0 -> F.slot = 0; F.pageObject = 0; F.more = 0
:: else ->
   F.page = found;
   F.slot = slot[HERE];
   F.pageObject = PAGE_IN(F.slot);
   F.cursor = found + 1
fi`,
  addZeroPage: `if
:: slot[HERE] != 0 -> F.answer = 0; F.pageObject = PAGE_IN(slot[HERE])
:: else ->
   new_page();
   slot[HERE] = SLOT_PAGE | (found << 2);
   F.pageObject = found + 1;
   F.answer = 1
fi`,
  lockPage: LOCK_PAGE,
  lockPageOrRetry: `if
:: F.result == RETRY ->
   if
   :: page_holder[F.pageObject - 1] != 0 -> sleep_on_page()
   :: else
   fi
:: F.result != RETRY && page_holder[F.pageObject - 1] != 0 && F.tries == 0 ->
   F.result = RETRY;
   F.tries = 1;
   up_read(L_mmapSem + F.mm);
   if
   :: !halted -> sleep_on_page()
   :: else
   fi
:: F.result != RETRY && page_holder[F.pageObject - 1] != 0 && F.tries != 0 -> sleep_on_page()
:: else -> take_page()
fi`,
  unlockPage: `if
:: F.pageObject == 0 || page_holder[F.pageObject - 1] != who + 1 -> release_badly()
:: else ->
   page_holder[F.pageObject - 1] = 0;
   for (i : 0 .. THREADS - 1) {
      if
      :: (page_waiters[F.pageObject - 1] >> i) & 1 -> wake(i)
      :: else
      fi
   }
   page_waiters[F.pageObject - 1] = 0
fi`,
  deletePage: `if
:: page_home[F.pageObject - 1] != 0 -> slot[page_home[F.pageObject - 1] - 1] = 0
:: else
fi;
page_home[F.pageObject - 1] = 0`,
  checkMapped: `F.answer = 0;
for (i : 0 .. PTES - 1) {
   if
   :: MAPS(i, F.file, F.page) && pte[i] != 0 -> F.answer = 1
   :: else
   fi
}`,
  checkCached: `F.answer = 0;
for (i : 0 .. PAGE_LIMIT - 1) {
   if
   :: (slot[F.file * PAGES + i] & 3) == SLOT_PAGE -> F.answer = 1
   :: else
   fi
}`,
  clearPte: CLEAR_PTE,
  // There are no private copies here, which it would take as well.
  clearPteCows: CLEAR_PTE,

  // ---- extents and blocks
  allocBlockNew: allocBlock(`fill_block(STALE); ${WRITTEN_BLOCK}`, null),
  allocBlockUnwritten: allocBlock(
    'fill_block(STALE); extent[HERE] = UNWRITTEN | (block << 2)',
    null,
  ),
  allocBlockPrezero: allocBlock(
    `fill_block(0); ${WRITTEN_BLOCK}`,
    `block = BLOCK(extent[HERE]); fill_block(0); ${WRITTEN_BLOCK}; look_up(1)`,
  ),
  removeExtent: REMOVE_EXTENT,
  clearBlock: 'check_block(); block = BLOCK(F.extent); fill_block(0)',
  convertExtent: `if
:: KIND(extent[HERE]) == UNWRITTEN -> extent[HERE] = WRITTEN | (BLOCK(extent[HERE]) << 2)
:: else
fi`,
  zeroRest: `check_block();
for (i : 0 .. LINES - 1) {
   if
   :: F.page * LINES + i < F.first || F.page * LINES + i >= F.last ->
      fill_line(BLOCK(F.extent) * LINES + i, 0)
   :: else
   fi
}`,
  zeroPartial: `here = F.file * PAGES + F.line / LINES;
if
:: KIND(extent[here]) == WRITTEN ->
   F.answer = 1;
   fill_line(BLOCK(extent[here]) * LINES + F.line % LINES, 0)
:: else -> F.answer = 0
fi`,
  zeroEdges: `for (i : F.first .. F.last - 1) {
   here = F.file * PAGES + i / LINES;
   if
   :: (i - i % LINES < F.first || i - i % LINES + LINES > F.last) && KIND(extent[here]) == WRITTEN ->
      fill_line(BLOCK(extent[here]) * LINES + i % LINES, 0)
   :: else
   fi
}`,
  setSize: 'i_size[F.file] = F.size',
  copyIn: `if
:: F.result != OK -> skip
:: else ->
   check_block();
   for (i : 0 .. LINES - 1) {
      if
      :: F.page * LINES + i >= F.first && F.page * LINES + i < F.last ->
         fill_line(BLOCK(F.extent) * LINES + i, WRITER)
      :: else
      fi
   }
fi`,
  copyOut: `if
:: F.result == OK && (F.extent & WRITTEN) != 0 -> check_block()
:: else
fi`,

  ...ENTRY_FRAGMENTS,
};
