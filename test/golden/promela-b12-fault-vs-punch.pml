/*
 * v42-immap-read: DAX of 4.2 on ext4: i_mmap_rwsem for read around the
 * size check and the pte
 *
 * faultline input 1
 * file A size 4096 pages written
 * process P0 a0 A 0 4096 shared
 * thread T0 P0
 * load a0 0
 * thread T1 P0
 * punch A 0 4096
 * first T0
 *
 * Every interleaving of it. One atomic sequence is one visible step of the
 * model with the local steps behind it. These are asserted to be false,
 * and nothing else is judged:
 *   deadlock: a thread waits for itself, through whomever
 *   lost_wakeup: a thread sleeps and nobody is left to wake it
 *   bad_release: what is released is not held
 *   stale_mapping: a pte maps a block that is not its page's, or a page
 *     behind i_size
 *   foreign_block: a block is zeroed, written or read that is not its
 *     page's any more
 *   zero_page: the zero page is mapped over a written block while nothing
 *     is under way
 *
 * spin -o2 -a FILE && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c
 * ./pan          stops at the first that is true
 * spin -t FILE   tells which steps lead there: the numbers behind `PC ==`
 * ./pan -c0      goes on through every state
 */

#define PAGES 8
#define LINES 2 /* of a page */
#define BLOCKS 24
#define PAGE_OBJECTS 20
#define SLOTS 16
#define OK 0
#define SIGBUS 1
#define SIGSEGV 2
#define RETRY 5
#define FAULT_NONE 0
#define FAULT_HANDLER 1
#define FAULT_PFN_MKWRITE 2
#define UNWRITTEN 1
#define WRITTEN 2
#define KIND(e) ((e) & 3)
#define BLOCK(e) ((e) >> 2)
#define OWNER_BUSY 1
#define PTE_BLOCK 1
#define PTE_ZERO 2
#define PTE_RW 8
#define PTE_DIRTY 16
#define PTE_KIND(p) ((p) & 7)
#define PTE_TARGET(p) (((p) >> 5) & 31)
#define PTE_GEN(p) ((p) >> 11)
#define PERMITS(p, w) ((p) != 0 && ((w) == 0 || ((p) & PTE_RW) != 0))
#define MAPS(i, f, p) ((i) % PAGES < vma_pages[(i) / PAGES] && vma_file[(i) / PAGES] == (f) && vma_page[(i) / PAGES] + (i) % PAGES == (p))
#define IS_BLOCK_OF(x, b, g) (block_gen[b] == (g) && extent[x] != 0 && BLOCK(extent[x]) == (b))
#define IS_STALE(p, x) (PTE_KIND(p) == PTE_BLOCK && !IS_BLOCK_OF(x, PTE_TARGET(p), PTE_GEN(p)))
#define SLOT_PAGE 1
#define PAGE_IN(s) (((s) & 3) == SLOT_PAGE -> ((s) >> 2) + 1 : 0)
#define FOR_WRITE 4
#define CAN_READ(l) (rwsem[l].writer == 0 && rwsem[l].waiting == 0)
#define CAN_WRITE(l) (rwsem[l].writer == 0 && rwsem[l].waiting == 0 && rwsem[l].reads == 0)
#define READS(l, u) ((rwsem[l].reads >> (2 * (u))) & 3)
#define HANDLES(u) ((journal_handles >> (2 * (u))) & 3)
#define WAITS_JOURNAL 100
#define WAITS_PAGE 101
#define WAITS_ENTRY 150
#define GOES_ON 0
#define SLEEPS 1
#define CALLED 2
#define ENDED 3
#define PC frame[2 * _pid + nested[_pid]].pc
#define F frame[at]
#define HERE (F.file * PAGES + F.page)
#define WRITER (1 + who * 6 + operation[who])
#define PAGE_ABOVE(l) (((l) + LINES - 1) / LINES)
#define END_OF_RANGE (F.to < PAGE_LIMIT -> F.to : PAGE_LIMIT)
#define L_inodeLock 0
#define L_mmapSem 2
#define L_iMmapRwsem 6
#define RWSEMS 8
#define THREADS 2
#define AREAS 1
#define PTES 8
#define PAGE_LIMIT 1
#define FAULT 65

typedef Rwsem { byte reads; byte writer; byte waiting; byte queue[THREADS] };
typedef Frame { short pc; byte file; byte page; byte from; byte to; byte
   cursor; byte more; byte first; byte last; byte mm; byte pte; byte
   write; byte kind; int old; byte extent; byte gen; byte fresh; byte
   pageObject; short slot; byte answer; byte result; byte tries; byte
   note; byte line; byte size; byte unmapFrom; byte unmapTo; short
   unmapCursor; };

byte runnable;
bit halted;
byte nested[THREADS];
byte operation[THREADS];
bit begun[THREADS];
byte waits[THREADS];
Frame frame[2 * THREADS];
Rwsem rwsem[RWSEMS];
byte journal_handles;
byte journal_committer;
byte journal_waiters;
byte i_size[2];
byte extent[SLOTS];
byte block_owner[BLOCKS];
byte block_gen[BLOCKS];
byte cpu[48];
byte media[48];
short slot[SLOTS];
byte page_home[PAGE_OBJECTS];
byte page_holder[PAGE_OBJECTS];
byte page_waiters[PAGE_OBJECTS];
byte vma_file[AREAS];
byte vma_page[AREAS];
byte vma_pages[AREAS];
int pte[PTES];

hidden byte who;
hidden byte at;
hidden byte outcome;
hidden byte released;
hidden byte movers[THREADS + 1];
hidden byte moving;
hidden byte moved;
hidden byte other;
hidden int found;
hidden int here;
hidden int block;
hidden int gen;
hidden int lives;
hidden int i;
hidden byte awaited;
hidden byte turn;
hidden byte place;
hidden byte deadlock;
hidden byte lost_wakeup;
hidden byte bad_release;
hidden byte stale_mapping;
hidden byte foreign_block;
hidden byte zero_page;

inline begin_operation() {
   begun[who] = 1
}

inline begin_step() {
   who = _pid;
   at = 2 * who + nested[who];
   moving = 0;
   released = 0;
   outcome = GOES_ON;
   printf("T%d takes the step at %d\n", who, F.pc);
   if
   :: !begun[who] -> begin_operation()
   :: else
   fi
}

inline deny(claim, fact) { claim = (fact); assert(!claim) }

inline check_pte(x) {
   here = vma_file[(x) / PAGES] * PAGES + vma_page[(x) / PAGES] + (x) % PAGES;
   deny(stale_mapping, IS_STALE(pte[x], here))
}

inline use_pte() {
   check_pte(F.pte);
   if
   :: F.write != 0 ->
      cpu[PTE_TARGET(pte[F.pte]) * LINES + F.line] = WRITER;
      pte[F.pte] = pte[F.pte] | PTE_DIRTY;
      here = vma_page[F.pte / PAGES] + F.pte % PAGES;
      F.note = (here * LINES + F.line >= i_size[vma_file[F.pte / PAGES]] -> 1 : F.note)
   :: else
   fi
}

inline call_fault() {
   nested[who]++;
   at++;
   F.mm = frame[at - 1].mm;
   F.pte = frame[at - 1].pte;
   F.write = frame[at - 1].write;
   F.pc = FAULT;
   outcome = CALLED
}

inline sleep_on(what) { runnable = runnable & ~(1 << who); waits[who] = what; outcome = SLEEPS }

inline queue_for(l, mode) {
   rwsem[l].queue[rwsem[l].waiting] = who + mode;
   rwsem[l].waiting++;
   sleep_on(1 + l)
}

inline next_mapped(first) {
   found = -1;
   for (i : first .. PTES - 1) {
      if
      :: found < 0 && pte[i] != 0 && i % PAGES < vma_pages[i / PAGES] && vma_file[i / PAGES] == F.file &&
         vma_page[i / PAGES] + i % PAGES >= F.unmapFrom && vma_page[i / PAGES] + i % PAGES < F.unmapTo ->
         found = i
      :: else
      fi
   }
}

inline halt() { halted = 1; runnable = 0; outcome = ENDED }

inline release_badly() { deny(bad_release, 1); halt() }

inline sleep_on_page() {
   page_waiters[F.pageObject - 1] = page_waiters[F.pageObject - 1] | (1 << who);
   sleep_on(WAITS_PAGE + F.pageObject - 1)
}

inline take_page() {
   page_holder[F.pageObject - 1] = who + 1;
   F.answer = (page_home[F.pageObject - 1] == HERE + 1 -> 1 : 0)
}

inline wake(u) { runnable = runnable | (1 << (u)); waits[u] = 0 }

inline fill_line(which, value) { cpu[which] = value; media[which] = value }

inline next_extent(first) {
   found = -1;
   for (i : first .. END_OF_RANGE - 1) {
      if
      :: found < 0 && extent[F.file * PAGES + i] != 0 -> found = i
      :: else
      fi
   }
}

inline block_leaves() {
   for (i : 0 .. PTES - 1) {
      if
      :: MAPS(i, F.file, here % PAGES) && PTE_KIND(pte[i]) == PTE_BLOCK && PTE_TARGET(pte[i]) == block ->
         deny(stale_mapping, !IS_STALE(pte[i], here))
      :: else
      fi
   }
}

inline next_generation() {
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
}

inline up_read(l) {
   if
   :: READS(l, who) == 0 -> release_badly()
   :: else -> rwsem[l].reads = rwsem[l].reads - (1 << (2 * who)); released = l + 1
   fi
}

inline look_up(new) {
   F.extent = extent[HERE];
   F.gen = (F.extent == 0 -> 0 : block_gen[BLOCK(F.extent)]);
   F.fresh = new
}

inline new_page() {
   found = -1;
   for (i : 0 .. PAGE_OBJECTS - 1) {
      if
      :: found < 0 && page_home[i] == 0 && page_holder[i] == 0 && page_waiters[i] == 0 -> found = i
      :: else
      fi
   }
   page_home[found] = HERE + 1;
   page_holder[found] = who + 1
}

inline check_block() { deny(foreign_block, !IS_BLOCK_OF(HERE, BLOCK(F.extent), F.gen)) }

inline fill_block(value) {
   for (i : 0 .. LINES - 1) { fill_line(block * LINES + i, value) }
}

inline move(u) { movers[moving] = u; moving++ }

inline hand_over(l) {
   for (i : 1 .. THREADS - 1) { rwsem[l].queue[i - 1] = rwsem[l].queue[i] }
   rwsem[l].queue[THREADS - 1] = 0;
   rwsem[l].waiting--;
   wake(other);
   frame[2 * other + nested[other]].pc++;
   move(other)
}

inline grant(l) {
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
}

inline add_rwsem_blockers(u, l) {
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
}

inline add_holder(holder) {
   if
   :: holder != 0 -> awaited = awaited | (1 << (holder - 1))
   :: else
   fi
}

inline add_blockers(u) {
   if
   :: waits[u] > 0 && waits[u] <= RWSEMS -> add_rwsem_blockers(u, waits[u] - 1)
   :: waits[u] >= WAITS_PAGE && waits[u] < WAITS_ENTRY -> add_holder(page_holder[waits[u] - WAITS_PAGE])
   :: else
   fi
}

inline check_deadlock() {
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
}

inline check_mappings() {
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
}

inline end_claims() {
   if
   :: (who == 0 || !begun[0]) && (who == 1 || !begun[1]) -> check_mappings()
   :: else
   fi
}

inline clear_frame() {
   F.pc = 0;
   F.file = 0;
   F.page = 0;
   F.from = 0;
   F.to = 0;
   F.cursor = 0;
   F.more = 0;
   F.first = 0;
   F.last = 0;
   F.mm = 0;
   F.pte = 0;
   F.write = 0;
   F.kind = 0;
   F.old = 0;
   F.extent = 0;
   F.gen = 0;
   F.fresh = 0;
   F.pageObject = 0;
   F.slot = 0;
   F.answer = 0;
   F.result = 0;
   F.tries = 0;
   F.note = 0;
   F.line = 0;
   F.size = 0;
   F.unmapFrom = 0;
   F.unmapTo = 0;
   F.unmapCursor = 0
}

inline start_operation() {
   if
   :: else -> runnable = runnable & ~(1 << who)
   fi
}

inline end_operation() {
   end_claims();
   clear_frame();
   begun[who] = 0;
   operation[who]++;
   start_operation()
}

inline set_range(a, b) {
   F.from = a;
   F.to = b;
   F.cursor = F.from;
   F.more = (F.from < F.to -> 1 : 0)
}

inline sleep_on_journal() { journal_waiters = journal_waiters | (1 << who); sleep_on(WAITS_JOURNAL) }

inline wake_journal() {
   for (i : 0 .. THREADS - 1) {
      if
      :: (journal_waiters >> i) & 1 -> wake(i)
      :: else
      fi
   }
   journal_waiters = 0
}

inline leave_fault() {
   found = F.result;
   clear_frame();
   nested[who]--;
   at--;
   F.result = found
}

inline settle() {
   do
   :: halted -> break
   :: F.pc == 2 ->
      end_operation()
   :: F.pc == 4 ->
      F.line = i_size[F.file]; F.size = i_size[F.file]; F.pc++
   :: F.pc == 5 || F.pc == 37 ->
      set_range(PAGE_ABOVE(F.first), F.last / LINES); F.pc++
   :: F.pc == 6 ->
      F.pc = (F.from < F.to -> F.pc + 1 : 30)
   :: F.pc == 7 || F.pc == 39 ->
      F.unmapFrom = F.from; F.unmapTo = F.to; F.unmapCursor = 0; F.pc++
   :: F.pc == 9 ->
      F.pc = (F.unmapCursor >= 0 -> F.pc + 1 : 12)
   :: F.pc == 11 ->
      F.pc = 9
   :: F.pc == 13 || F.pc == 33 || F.pc == 45 ->
      set_range(F.from, F.to); F.pc++
   :: F.pc == 14 ->
      F.pc = (F.more != 0 -> F.pc + 1 : 30)
   :: F.pc == 16 ->
      F.pc = ((F.slot & 3) == 1 -> F.pc + 1 : 14)
   :: F.pc == 18 ->
      F.pc = (F.answer != 0 -> F.pc + 1 : 28)
   :: F.pc == 20 ->
      F.pc = (F.answer != 0 -> F.pc + 1 : 27)
   :: F.pc == 21 || F.pc == 53 || F.pc == 106 ->
      F.unmapFrom = F.page; F.unmapTo = F.page + 1; F.unmapCursor = 0; F.pc++
   :: F.pc == 23 ->
      F.pc = (F.unmapCursor >= 0 -> F.pc + 1 : 26)
   :: F.pc == 25 ->
      F.pc = 23
   :: F.pc == 29 ->
      F.pc = 14
   :: F.pc == 30 || F.pc == 129 -> /* punch/journalStart, fault/journalStart~2 */
      if
      :: HANDLES(who) == 0 && journal_committer != 0 -> sleep_on_journal()
      :: else -> journal_handles = journal_handles + (1 << (2 * who))
      fi;
      F.pc++
   :: F.pc == 31 ->
      F.pc = (((F.first | F.last) & 1) == 1 -> F.pc + 1 : 33)
   :: F.pc == 34 ->
      F.pc = (F.more != 0 -> F.pc + 1 : 37)
   :: F.pc == 36 ->
      F.pc = 34
   :: F.pc == 38 ->
      F.pc = (F.from < F.to -> F.pc + 1 : 62)
   :: F.pc == 41 ->
      F.pc = (F.unmapCursor >= 0 -> F.pc + 1 : 44)
   :: F.pc == 43 ->
      F.pc = 41
   :: F.pc == 46 ->
      F.pc = (F.more != 0 -> F.pc + 1 : 62)
   :: F.pc == 48 ->
      F.pc = ((F.slot & 3) == 1 -> F.pc + 1 : 46)
   :: F.pc == 50 ->
      F.pc = (F.answer != 0 -> F.pc + 1 : 60)
   :: F.pc == 52 ->
      F.pc = (F.answer != 0 -> F.pc + 1 : 59)
   :: F.pc == 55 ->
      F.pc = (F.unmapCursor >= 0 -> F.pc + 1 : 58)
   :: F.pc == 57 ->
      F.pc = 55
   :: F.pc == 61 ->
      F.pc = 46
   :: F.pc == 62 || F.pc == 131 -> /* punch/journalStop, fault/journalStop~2 */
      if
      :: HANDLES(who) == 0 -> release_badly()
      :: else ->
         journal_handles = journal_handles - (1 << (2 * who));
         if
         :: journal_handles == 0 -> wake_journal()
         :: else
         fi
      fi;
      F.pc++
   :: F.pc == 64 ->
      F.pc = 2
   :: F.pc == 65 -> /* fault/downRead(mmapSem) */
      if
      :: CAN_READ(L_mmapSem + F.mm) -> rwsem[L_mmapSem + F.mm].reads = rwsem[L_mmapSem + F.mm].reads + (1 << (2 * who))
      :: else -> queue_for(L_mmapSem + F.mm, 0)
      fi;
      F.pc++
   :: F.pc == 67 ->
      F.pc = (F.kind == 1 -> F.pc + 1 : 71)
   :: F.pc == 69 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 76)
   :: F.pc == 70 || F.pc == 87 || F.pc == 94 || F.pc == 117 ->
      F.result = SIGBUS; F.pc++
   :: F.pc == 71 ->
      F.pc = (F.result == 5 -> F.pc + 1 : 74)
   :: F.pc == 72 ->
      F.result = OK; F.pageObject = 0; F.note = 0; F.pc++
   :: F.pc == 73 ->
      F.pc = 65
   :: F.pc == 74 -> /* fault/upRead(mmapSem) */
      up_read(L_mmapSem + F.mm);
      F.pc++
   :: F.pc == 75 ->
      leave_fault()
   :: F.pc == 77 ->
      F.pc = (F.pageObject != 0 -> F.pc + 1 : 89)
   :: F.pc == 79 ->
      F.pc = (F.result == 5 -> F.pc + 1 : 81)
   :: F.pc == 80 || F.pc == 88 || F.pc == 96 || F.pc == 119 || F.pc == 123 || F.pc == 132 ->
      F.pc = 71
   :: F.pc == 81 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 84)
   :: F.pc == 83 ->
      F.pc = 76
   :: F.pc == 85 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 89)
   :: F.pc == 90 ->
      F.pc = (F.extent == 0 -> F.pc + 1 : 105)
   :: F.pc == 91 ->
      F.pc = (F.pageObject != 0 -> F.pc + 1 : 99)
   :: F.pc == 93 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 97)
   :: F.pc == 98 ->
      F.pc = 95
   :: F.pc == 100 || F.pc == 102 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 92)
   :: F.pc == 104 ->
      F.pc = 99
   :: F.pc == 105 ->
      F.pc = (F.pageObject != 0 -> F.pc + 1 : 114)
   :: F.pc == 108 ->
      F.pc = (F.unmapCursor >= 0 -> F.pc + 1 : 111)
   :: F.pc == 110 ->
      F.pc = 108
   :: F.pc == 116 ->
      F.pc = (F.answer == 0 -> F.pc + 1 : 120)
   :: F.pc == 120 -> /* fault/directAccess */
      skip;
      F.pc++
   :: F.pc == 121 ->
      F.pc = (F.result != 0 -> F.pc + 1 : 124)
   :: F.pc == 124 ->
      F.pc = (F.fresh != 0 || KIND(F.extent) == UNWRITTEN -> F.pc + 1 : 126)
   :: F.pc == 128 ->
      F.pc = ((F.extent & 3) == 1 -> F.pc + 1 : 71)
   :: else -> break
   od
}

active [THREADS] proctype Thread() {
   end: do
   :: atomic {
         (runnable >> _pid) & 1 ->
         d_step {
            begin_step();
            skip
         }
         if
         :: d_step {
               PC == 1 -> /* load/access */
               if
               :: F.result != OK -> skip
               :: F.result == OK && PERMITS(pte[F.pte], F.write) -> use_pte()
               :: else -> call_fault()
               fi;
               skip
            }
         :: d_step {
               PC == 3 -> /* punch/downWrite(inodeLock) */
               if
               :: CAN_WRITE(L_inodeLock + F.file) -> rwsem[L_inodeLock + F.file].writer = who + 1
               :: else -> queue_for(L_inodeLock + F.file, FOR_WRITE)
               fi;
               skip
            }
         :: d_step {
               PC == 8 || PC == 22 || PC == 40 || PC == 54 || PC == 107 -> /* punch/unmap/downWrite(iMmapRwsem), punch/drop/unmap/downWrite(iMmapRwsem), punch/unmap/downWrite(iMmapRwsem)~2, punch/drop/unmap/downWrite(iMmapRwsem)~2, fault/unmap/downWrite(iMmapRwsem) */
               if
               :: CAN_WRITE(L_iMmapRwsem + F.file) -> rwsem[L_iMmapRwsem + F.file].writer = who + 1
               :: else -> queue_for(L_iMmapRwsem + F.file, FOR_WRITE)
               fi;
               skip
            }
         :: d_step {
               PC == 10 || PC == 24 || PC == 42 || PC == 56 || PC == 109 -> /* punch/unmap/clearPte, punch/drop/unmap/clearPte, punch/unmap/clearPte~2, punch/drop/unmap/clearPte~2, fault/unmap/clearPte */
               next_mapped(F.unmapCursor);
               if
               :: found < 0 -> F.unmapCursor = -1
               :: else ->
                  pte[found] = 0;
                  here = found + 1;
                  next_mapped(here);
                  F.unmapCursor = (found < 0 -> -1 : here)
               fi;
               skip
            }
         :: d_step {
               PC == 12 || PC == 26 || PC == 44 || PC == 58 || PC == 111 -> /* punch/unmap/upWrite(iMmapRwsem), punch/drop/unmap/upWrite(iMmapRwsem), punch/unmap/upWrite(iMmapRwsem)~2, punch/drop/unmap/upWrite(iMmapRwsem)~2, fault/unmap/upWrite(iMmapRwsem) */
               if
               :: rwsem[L_iMmapRwsem + F.file].writer != who + 1 -> release_badly()
               :: else -> rwsem[L_iMmapRwsem + F.file].writer = 0; released = L_iMmapRwsem + F.file + 1
               fi;
               skip
            }
         :: d_step {
               PC == 15 || PC == 47 -> /* punch/drop/findSlot, punch/drop/findSlot~2 */
               found = -1;
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
               fi;
               skip
            }
         :: d_step {
               PC == 17 || PC == 49 || PC == 101 -> /* punch/drop/lockPage, punch/drop/lockPage~2, fault/lockPage~2 */
               if
               :: page_holder[F.pageObject - 1] != 0 -> sleep_on_page()
               :: else -> take_page()
               fi;
               skip
            }
         :: d_step {
               PC == 19 || PC == 51 -> /* punch/drop/checkMapped, punch/drop/checkMapped~2 */
               F.answer = 0;
               for (i : 0 .. PTES - 1) {
                  if
                  :: MAPS(i, F.file, F.page) && pte[i] != 0 -> F.answer = 1
                  :: else
                  fi
               };
               skip
            }
         :: d_step {
               PC == 27 || PC == 59 || PC == 112 -> /* punch/drop/deletePage, punch/drop/deletePage~2, fault/deletePage */
               if
               :: page_home[F.pageObject - 1] != 0 -> slot[page_home[F.pageObject - 1] - 1] = 0
               :: else
               fi;
               page_home[F.pageObject - 1] = 0;
               skip
            }
         :: d_step {
               PC == 28 || PC == 60 || PC == 82 || PC == 86 || PC == 95 || PC == 103 || PC == 113 -> /* punch/drop/unlockPage, punch/drop/unlockPage~2, fault/unlockPage, fault/unlockPage~2, fault/unlockPage~6, fault/unlockPage~5, fault/unlockPage~7 */
               if
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
               fi;
               skip
            }
         :: d_step {
               PC == 32 -> /* punch/zeroEdges */
               for (i : F.first .. F.last - 1) {
                  here = F.file * PAGES + i / LINES;
                  if
                  :: (i - i % LINES < F.first || i - i % LINES + LINES > F.last) && KIND(extent[here]) == WRITTEN ->
                  fill_line(BLOCK(extent[here]) * LINES + i % LINES, 0)
               :: else
               fi
            };
            skip
         }
      :: d_step {
            PC == 35 -> /* punch/removeExtent */
            next_extent(F.cursor);
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
            fi;
            skip
         }
      :: d_step {
            PC == 63 -> /* punch/upWrite(inodeLock) */
            if
            :: rwsem[L_inodeLock + F.file].writer != who + 1 -> release_badly()
            :: else -> rwsem[L_inodeLock + F.file].writer = 0; released = L_inodeLock + F.file + 1
            fi;
            skip
         }
      :: d_step {
            PC == 66 -> /* fault/walkPageTable */
            F.kind = FAULT_NONE;
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
            fi;
            skip
         }
      :: d_step {
            PC == 68 || PC == 84 || PC == 92 || PC == 115 -> /* fault/checkSize, fault/checkSize~2, fault/checkSize~3, fault/checkSize~4 */
            F.answer = (F.page * LINES < i_size[F.file] -> 1 : 0);
            skip
         }
      :: d_step {
            PC == 76 -> /* fault/findPage */
            F.pageObject = PAGE_IN(slot[HERE]);
            skip
         }
      :: d_step {
            PC == 78 -> /* fault/lockPageOrRetry */
            if
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
            fi;
            skip
         }
      :: d_step {
            PC == 89 -> /* fault/getBlock */
            look_up(0);
            skip
         }
      :: d_step {
            PC == 97 -> /* fault/mapZeroPage */
            if
            :: pte[F.pte] == 0 -> pte[F.pte] = PTE_ZERO | ((F.pageObject - 1) << 5)
            :: else
            fi;
            skip
         }
      :: d_step {
            PC == 99 -> /* fault/addZeroPage */
            if
            :: slot[HERE] != 0 -> F.answer = 0; F.pageObject = PAGE_IN(slot[HERE])
            :: else ->
               new_page();
               slot[HERE] = SLOT_PAGE | (found << 2);
               F.pageObject = found + 1;
               F.answer = 1
            fi;
            skip
         }
      :: d_step {
            PC == 114 -> /* fault/downRead(iMmapRwsem) */
            if
            :: CAN_READ(L_iMmapRwsem + F.file) -> rwsem[L_iMmapRwsem + F.file].reads = rwsem[L_iMmapRwsem + F.file].reads + (1 << (2 * who))
            :: else -> queue_for(L_iMmapRwsem + F.file, 0)
            fi;
            skip
         }
      :: d_step {
            PC == 118 || PC == 122 || PC == 127 -> /* fault/upRead(iMmapRwsem), fault/upRead(iMmapRwsem)~2, fault/upRead(iMmapRwsem)~3 */
            up_read(L_iMmapRwsem + F.file);
            skip
         }
      :: d_step {
            PC == 125 -> /* fault/clearBlock */
            check_block(); block = BLOCK(F.extent); fill_block(0);
            skip
         }
      :: d_step {
            PC == 126 -> /* fault/installPte */
            if
            :: pte[F.pte] == 0 ->
               pte[F.pte] = PTE_BLOCK | (BLOCK(F.extent) << 5) | (F.gen << 11);
               check_pte(F.pte)
            :: else
            fi;
            skip
         }
      :: d_step {
            PC == 130 -> /* fault/convertExtent */
            if
            :: KIND(extent[HERE]) == UNWRITTEN -> extent[HERE] = WRITTEN | (BLOCK(extent[HERE]) << 2)
            :: else
            fi;
            skip
         }
      fi;
      d_step {
         if
         :: released != 0 -> grant(released - 1)
         :: else
         fi;
         if
         :: outcome == GOES_ON -> F.pc++; move(who)
         :: outcome == CALLED -> move(who)
         :: outcome == SLEEPS -> check_deadlock()
         :: else
         fi;
         moved = 0;
         do
         :: moved < moving && !halted ->
            who = movers[moved];
            at = 2 * who + nested[who];
            settle();
            moved++
         :: else -> break
         od;
         skip
      }
   }
od
}

active proctype World() {
   d_step {
      runnable = 3;
      i_size[0] = 2;
      extent[0] = 2;
      block_owner[0] = 2;
      for (i : 0 .. 1) { cpu[i] = 25 };
      for (i : 2 .. 47) { cpu[i] = 27 };
      for (i : 0 .. 1) { media[i] = 25 };
      for (i : 2 .. 47) { media[i] = 27 };
      vma_pages[0] = 1;
      frame[0].pc = 1;
      frame[0].last = 1;
      frame[2].pc = 3;
      frame[2].last = 2;
      skip
   }
   end: do
   :: atomic {
         timeout ->
         d_step {
            if
            :: !halted && operation[0] == 1 && operation[1] == 1 -> check_mappings()
            :: !halted && !(operation[0] == 1 && operation[1] == 1) -> deny(lost_wakeup, 1)
            :: else
            fi;
            skip
         }
      }
   od
}
