/** What several fragments do, and what a step does with whom it wakes, in Promela. Names are those of definitions.ts. */
import { FILES } from '../../../corpus/vocabulary/limits.ts';

export const INLINES: Readonly<Record<string, string>> = {
  halt: `inline halt() { halted = 1; runnable = 0; outcome = ENDED }`,
  deny: `inline deny(claim, fact) { claim = (fact); assert(!claim) }`,
  release_badly: `inline release_badly() { deny(bad_release, 1); halt() }`,
  // ---- sleeping and waking
  sleep_on: `inline sleep_on(what) { runnable = runnable & ~(1 << who); waits[who] = what; outcome = SLEEPS }`,
  wake: `inline wake(u) { runnable = runnable | (1 << (u)); waits[u] = 0 }`,
  queue_for: `inline queue_for(l, mode) {
   rwsem[l].queue[rwsem[l].waiting] = who + mode;
   rwsem[l].waiting++;
   sleep_on(1 + l)
}`,
  up_read: `inline up_read(l) {
   if
   :: READS(l, who) == 0 -> release_badly()
   :: else -> rwsem[l].reads = rwsem[l].reads - (1 << (2 * who)); released = l + 1
   fi
}`,
  grant: `inline grant(l) {
   do
   :: rwsem[l].waiting > 0 && rwsem[l].writer == 0 && rwsem[l].queue[0] < FOR_WRITE ->
      other = rwsem[l].queue[0];
      rwsem[l].reads = rwsem[l].reads + (1 << (2 * other));
      hand_over(l)
   :: rwsem[l].waiting > 0 && rwsem[l].writer == 0 && rwsem[l].reads == 0 && rwsem[l].queue[0] >= FOR_WRITE ->
      other = rwsem[l].queue[0] - FOR_WRITE;
      rwsem[l].writer = other + 1;
      hand_over(l)
   :: else -> break
   od
}`,
  // The one that gets the lock stands behind its request at once.
  hand_over: `inline hand_over(l) {
   for (i : 1 .. THREADS - 1) { rwsem[l].queue[i - 1] = rwsem[l].queue[i] }
   rwsem[l].queue[THREADS - 1] = 0;
   rwsem[l].waiting--;
   wake(other);
   frame[2 * other + nested[other]].pc++;
   move(other)
}`,
  move: `inline move(u) { movers[moving] = u; moving++ }`,
  sleep_on_journal: `inline sleep_on_journal() { journal_waiters = journal_waiters | (1 << who); sleep_on(WAITS_JOURNAL) }`,
  wake_journal: `inline wake_journal() {
   for (i : 0 .. THREADS - 1) {
      if
      :: (journal_waiters >> i) & 1 -> wake(i)
      :: else
      fi
   }
   journal_waiters = 0
}`,
  sleep_on_page: `inline sleep_on_page() {
   page_waiters[F.pageObject - 1] = page_waiters[F.pageObject - 1] | (1 << who);
   sleep_on(WAITS_PAGE + F.pageObject - 1)
}`,
  take_page: `inline take_page() {
   page_holder[F.pageObject - 1] = who + 1;
   F.answer = (page_home[F.pageObject - 1] == HERE + 1 -> 1 : 0)
}`,
  new_page: `inline new_page() {
   found = -1;
   for (i : 0 .. PAGE_OBJECTS - 1) {
      if
      :: found < 0 && page_home[i] == 0 && page_holder[i] == 0 && page_waiters[i] == 0 -> found = i
      :: else
      fi
   }
   page_home[found] = HERE + 1;
   page_holder[found] = who + 1
}`,
  sleep_on_entry: `inline sleep_on_entry() {
   sleepers[HERE].thread[sleepers[HERE].length] = who;
   sleepers[HERE].length++;
   sleep_on(WAITS_ENTRY + HERE)
}`,
  hold_entry: `inline hold_entry(tag) {
   slot[HERE] = slot[HERE] | ENTRY_LOCKED | tag;
   slot_holder[HERE] = who + 1
}`,
  wake_one: `inline wake_one(x) {
   if
   :: sleepers[x].length > 0 ->
      wake(sleepers[x].thread[0]);
      for (i : 1 .. THREADS - 1) { sleepers[x].thread[i - 1] = sleepers[x].thread[i] }
      sleepers[x].thread[THREADS - 1] = 0;
      sleepers[x].length--
   :: else
   fi
}`,
  wake_all: `inline wake_all(x) {
   do
   :: sleepers[x].length > 0 -> wake_one(x)
   :: else -> break
   od
}`,
  // ---- pages, blocks and ptes
  set_range: `inline set_range(a, b) {
   F.from = a;
   F.to = b;
   F.cursor = F.from;
   F.more = (F.from < F.to -> 1 : 0)
}`,
  look_up: `inline look_up(new) {
   F.extent = extent[HERE];
   F.gen = (F.extent == 0 -> 0 : block_gen[BLOCK(F.extent)]);
   F.fresh = new
}`,
  fill_line: `inline fill_line(which, value) { cpu[which] = value; media[which] = value }`,
  fill_block: `inline fill_block(value) {
   for (i : 0 .. LINES - 1) { fill_line(block * LINES + i, value) }
}`,
  take_block: `inline take_block() {
   block = -1;
   for (i : 0 .. BLOCKS - 1) {
      if
      :: block < 0 && block_owner[i] == OWNER_FREE -> block = i
      :: else
      fi
   }
   block_owner[block] = OWNER_FILE + F.file
}`,
  next_extent: `inline next_extent(first) {
   found = -1;
   for (i : first .. END_OF_RANGE - 1) {
      if
      :: found < 0 && extent[F.file * PAGES + i] != 0 -> found = i
      :: else
      fi
   }
}`,
  next_mapped: `inline next_mapped(first) {
   found = -1;
   for (i : first .. PTES - 1) {
      if
      :: found < 0 && pte[i] != 0 && i % PAGES < vma_pages[i / PAGES] && vma_file[i / PAGES] == F.file &&
         vma_page[i / PAGES] + i % PAGES >= F.unmapFrom && vma_page[i / PAGES] + i % PAGES < F.unmapTo ->
         found = i
      :: else
      fi
   }
}`,
  // The lowest life that no pte and no frame still means, other than the present one.
  next_generation: `inline next_generation() {
   lives = 1 << block_gen[block];
   for (i : 0 .. PTES - 1) {
      if
      :: PTE_KIND(pte[i]) == PTE_BLOCK && PTE_TARGET(pte[i]) == block -> lives = lives | (1 << PTE_GEN(pte[i]))
      :: else
      fi
   }
   for (i : 0 .. 2 * THREADS - 1) {
      if
      :: frame[i].extent != 0 && BLOCK(frame[i].extent) == block -> lives = lives | (1 << frame[i].gen)
      :: else
      fi;
      if
      :: PTE_KIND(frame[i].old) == PTE_BLOCK && PTE_TARGET(frame[i].old) == block ->
         lives = lives | (1 << PTE_GEN(frame[i].old))
      :: else
      fi
   }
   gen = 0;
   do
   :: (lives >> gen) & 1 -> gen++
   :: else -> break
   od
}`,
  make_durable: `inline make_durable() {
   for (i : 0 .. ${FILES - 1}) { committed_size[i] = i_size[i] }
   for (i : 0 .. SLOTS - 1) { committed[i] = extent[i] }
   for (i : 0 .. BLOCKS - 1) {
      if
      :: block_owner[i] == OWNER_BUSY -> block_owner[i] = OWNER_FREE
      :: else
      fi
   }
}`,
  call_fault: `inline call_fault() {
   nested[who]++;
   at++;
   F.mm = frame[at - 1].mm;
   F.pte = frame[at - 1].pte;
   F.write = frame[at - 1].write;
   F.pc = FAULT;
   outcome = CALLED
}`,
  use_pte: `inline use_pte() {
   check_pte(F.pte);
   if
   :: F.write != 0 ->
      cpu[PTE_TARGET(pte[F.pte]) * LINES + F.line] = WRITER;
      pte[F.pte] = pte[F.pte] | PTE_DIRTY;
      here = vma_page[F.pte / PAGES] + F.pte % PAGES;
      F.note = (here * LINES + F.line >= i_size[vma_file[F.pte / PAGES]] -> 1 : F.note)
   :: else
   fi
}`,
  // ---- claims
  check_pte: `inline check_pte(x) {
   here = vma_file[(x) / PAGES] * PAGES + vma_page[(x) / PAGES] + (x) % PAGES;
   deny(stale_mapping, IS_STALE(pte[x], here))
}`,
  check_block: `inline check_block() { deny(foreign_block, !IS_BLOCK_OF(HERE, BLOCK(F.extent), F.gen)) }`,
  block_leaves: `inline block_leaves() {
   for (i : 0 .. PTES - 1) {
      if
      :: MAPS(i, F.file, here % PAGES) && PTE_KIND(pte[i]) == PTE_BLOCK && PTE_TARGET(pte[i]) == block ->
         deny(stale_mapping, !IS_STALE(pte[i], here))
      :: else
      fi
   }
}`,
  check_mappings: `inline check_mappings() {
   for (i : 0 .. PTES - 1) {
      here = vma_page[i / PAGES] + i % PAGES;
      if
      :: pte[i] == 0 || i % PAGES >= vma_pages[i / PAGES] -> skip
      :: pte[i] != 0 && i % PAGES < vma_pages[i / PAGES] && here * LINES >= i_size[vma_file[i / PAGES]] ->
         deny(stale_mapping, 1)
      :: else ->
         deny(zero_page, PTE_KIND(pte[i]) == PTE_ZERO && KIND(extent[vma_file[i / PAGES] * PAGES + here]) == WRITTEN)
      fi
   }
}`,
  add_rwsem_blockers: `inline add_rwsem_blockers(u, l) {
   place = 0;
   do
   :: rwsem[l].queue[place] != u && rwsem[l].queue[place] != u + FOR_WRITE -> place++
   :: else -> break
   od;
   if
   :: rwsem[l].writer != 0 -> awaited = awaited | (1 << (rwsem[l].writer - 1))
   :: else
   fi;
   for (i : 0 .. THREADS - 1) {
      if
      :: rwsem[l].queue[place] >= FOR_WRITE && READS(l, i) != 0 -> awaited = awaited | (1 << i)
      :: else
      fi;
      if
      :: i < place && (rwsem[l].queue[place] >= FOR_WRITE || rwsem[l].queue[i] >= FOR_WRITE) ->
         awaited = awaited | (1 << (rwsem[l].queue[i] % FOR_WRITE))
      :: else
      fi
   }
}`,
  add_journal_blockers: `inline add_journal_blockers(u) {
   if
   :: journal_committer != u + 1 && journal_committer != 0 -> awaited = awaited | (1 << (journal_committer - 1))
   :: journal_committer == u + 1 ->
      for (i : 0 .. THREADS - 1) { awaited = awaited | ((HANDLES(i) != 0 -> 1 : 0) << i) }
   :: else
   fi
}`,
  add_holder: `inline add_holder(holder) {
   if
   :: holder != 0 -> awaited = awaited | (1 << (holder - 1))
   :: else
   fi
}`,
  // Called when who has gone to sleep: a new cycle runs through it.
  check_deadlock: `inline check_deadlock() {
   awaited = 0;
   add_blockers(who);
   for (turn : 1 .. THREADS) {
      for (other : 0 .. THREADS - 1) {
         if
         :: (awaited >> other) & 1 -> add_blockers(other)
         :: else
         fi
      }
   }
   if
   :: (awaited >> who) & 1 -> deny(deadlock, 1); halt()
   :: else
   fi
}`,
};

/** Whom a sleeper waits for, by what a step says that puts it to sleep. */
export const BLOCKERS: Readonly<Record<string, string>> = {
  queue_for: ':: waits[u] > 0 && waits[u] <= RWSEMS -> add_rwsem_blockers(u, waits[u] - 1)',
  sleep_on_journal: ':: waits[u] == WAITS_JOURNAL -> add_journal_blockers(u)',
  sleep_on_page:
    ':: waits[u] >= WAITS_PAGE && waits[u] < WAITS_ENTRY -> add_holder(page_holder[waits[u] - WAITS_PAGE])',
  sleep_on_entry: ':: waits[u] >= WAITS_ENTRY -> add_holder(slot_holder[waits[u] - WAITS_ENTRY])',
};
