/** What steps do with the entries of the page cache, from 4.5 on, and what fsync does with them: as steps.ts. */

const REPLACE_ENTRY = `slot_holder[HERE] = 0;
new_page();
slot[HERE] = SLOT_PAGE | (found << 2);
F.pageObject = found + 1;
F.slot = slot[HERE]`;

/** What an invalidation loses with it is a matter of durability. */
const DELETE_ENTRY = `F.answer = ((slot[HERE] & 3) == SLOT_PAGE -> 0 : 1);
if
:: (slot[HERE] & 3) == SLOT_PAGE -> F.pageObject = PAGE_IN(slot[HERE])
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: else -> slot[HERE] = 0; slot_holder[HERE] = 0; wake_all(HERE)
fi`;

/** @param then what follows where the entry that was collected is still there, and carries its tag */
function ifCollected(then: string, otherwise: string): string {
  return `:: IS_TOWRITE(slot[HERE]) && ((slot[HERE] ^ F.slot) & ~(ENTRY_TAGS | ENTRY_LOCKED)) == 0 -> ${then}
:: else -> ${otherwise}`;
}

const LOCK_COLLECTED = ifCollected('F.answer = 1; hold_entry(0)', 'F.answer = 0; wake_one(HERE)');

/** An entry that names a block keeps it. */
function insertTagged(entry: string, tag: string): string {
  return `slot[HERE] = ${tag} | (IS_OF_BLOCK(slot[HERE]) -> slot[HERE] : SLOT_ENTRY | ${entry} | ENTRY_LOCKED | (slot[HERE] & ENTRY_TAGS))`;
}

const ENTRY_OF_BLOCK = 'ENTRY_REAL | (BLOCK(F.extent) << 8)';

/** Visible steps by the name in the registry. */
export const ENTRY_FRAGMENTS: Readonly<Record<string, string>> = {
  lockEntry: `if
:: (slot[HERE] & 3) == SLOT_PAGE -> F.slot = slot[HERE]; F.pageObject = PAGE_IN(F.slot)
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: else ->
   slot[HERE] = slot[HERE] | SLOT_ENTRY | ENTRY_LOCKED;
   slot_holder[HERE] = who + 1;
   F.slot = slot[HERE];
   F.pageObject = 0
fi`,
  unlockEntry: `if
:: !IS_LOCKED(slot[HERE]) || slot_holder[HERE] != who + 1 -> release_badly()
:: IS_LOCKED(slot[HERE]) && slot_holder[HERE] == who + 1 && (slot[HERE] & ENTRY_TYPE) == ENTRY_EMPTY ->
   slot[HERE] = 0;
   slot_holder[HERE] = 0;
   wake_all(HERE)
:: else ->
   slot[HERE] = slot[HERE] & ~ENTRY_LOCKED;
   slot_holder[HERE] = 0;
   wake_one(HERE)
fi`,
  insertEntry: `here = slot[HERE] & ENTRY_TAGS;
if
:: (slot[HERE] & 3) == SLOT_PAGE ->
   here = 0;
   page_home[PAGE_IN(slot[HERE]) - 1] = 0;
   slot_holder[HERE] = who + 1
:: else
fi;
slot[HERE] = SLOT_ENTRY | ENTRY_REAL | ENTRY_LOCKED | here | (BLOCK(F.extent) << 8) | (F.write != 0 -> ENTRY_DIRTY : 0)`,
  dirtyEntry: `if
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: else ->
   slot[HERE] = slot[HERE] | ((slot[HERE] & 3) == SLOT_ENTRY -> ENTRY_DIRTY : 0);
   wake_one(HERE)
fi`,
  replaceEntryByPage: `${REPLACE_ENTRY};
wake_all(HERE)`,
  replaceEntryByPageWakeOne: `${REPLACE_ENTRY};
wake_one(HERE)`,
  deleteEntry: DELETE_ENTRY,
  dropEntry: DELETE_ENTRY,

  // ---- fsync
  tagTowrite: `for (i : F.from .. END_OF_RANGE - 1) {
   here = F.file * PAGES + i;
   if
   :: (slot[here] & 3) == SLOT_ENTRY && (slot[here] & ENTRY_DIRTY) != 0 ->
      slot[here] = slot[here] | ENTRY_TOWRITE
   :: else
   fi
}`,
  findTowrite: `found = -1;
for (i : F.cursor .. END_OF_RANGE - 1) {
   here = F.file * PAGES + i;
   if
   :: found < 0 && IS_TOWRITE(slot[here]) -> found = i
   :: else
   fi
}
if
:: found < 0 -> F.more = 0
:: else -> F.page = found; F.slot = slot[HERE]; F.cursor = found + 1
fi`,
  checkTowrite:
    'F.answer = (IS_TOWRITE(slot[HERE]) && ((slot[HERE] ^ F.slot) & ~ENTRY_TAGS) == 0 -> 1 : 0)',
  checkTowriteUnlocked: `if
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: else ->
   wake_one(HERE);
   F.answer = (IS_TOWRITE(slot[HERE]) && ((slot[HERE] ^ F.slot) & ~(ENTRY_TAGS | ENTRY_LOCKED)) == 0 -> 1 : 0)
fi`,
  flushBlock: `if
:: (F.slot & ENTRY_TYPE) == ENTRY_REAL ->
   for (i : 0 .. LINES - 1) {
      media[(F.slot >> 8) * LINES + i] = cpu[(F.slot >> 8) * LINES + i]
   }
:: else
fi`,
  clearTowrite: `if
:: (slot[HERE] & 3) == SLOT_ENTRY -> slot[HERE] = slot[HERE] & ~ENTRY_TOWRITE
:: else
fi`,
  lockDirtyEntry: `F.answer = ((slot[HERE] & 3) == SLOT_ENTRY -> 1 : 0);
if
:: F.answer == 0 -> skip
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: else -> hold_entry(ENTRY_DIRTY)
fi`,
  // Only MAP_SYNC leads here.
  lockSyncedEntry: `if
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
:: slot[HERE] == 0 -> F.answer = 0; wake_one(HERE)
:: else -> F.answer = 1; hold_entry(ENTRY_DIRTY)
fi`,
  unlockEntryKeeping: `if
:: !IS_LOCKED(slot[HERE]) || slot_holder[HERE] != who + 1 -> release_badly()
:: else -> slot[HERE] = slot[HERE] & ~ENTRY_LOCKED; slot_holder[HERE] = 0; wake_one(HERE)
fi`,
  insertDirtyEntry: insertTagged(ENTRY_OF_BLOCK, 'ENTRY_DIRTY'),
  insertCleanEntry: insertTagged(ENTRY_OF_BLOCK, '0'),
  insertZeroEntry: insertTagged('ENTRY_ZERO', 'ENTRY_DIRTY'),
  lockTowrite: `if
:: IS_LOCKED(slot[HERE]) -> sleep_on_entry()
${LOCK_COLLECTED}
fi`,
  lockTowriteSkipping: `if
:: IS_LOCKED(slot[HERE]) -> F.answer = 0
${LOCK_COLLECTED}
fi`,
  protectPte: `next_mapped(F.unmapCursor);
if
:: found < 0 -> F.unmapCursor = -1
:: else ->
   here = found;
   block = (F.slot >> 8) + vma_page[here / PAGES] + here % PAGES - F.page;
   if
   :: IS_OF_BLOCK(F.slot) && PTE_KIND(pte[here]) == PTE_BLOCK && PTE_TARGET(pte[here]) == block ->
      pte[here] = pte[here] & ~(PTE_RW | PTE_DIRTY)
   :: else
   fi;
   here++;
   next_mapped(here);
   F.unmapCursor = (found < 0 -> -1 : here)
fi`,
  clearDirty: `if
:: (slot[HERE] & 3) == SLOT_ENTRY -> slot[HERE] = slot[HERE] & ~ENTRY_DIRTY
:: else
fi`,
};
