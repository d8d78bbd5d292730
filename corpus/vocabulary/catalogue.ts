/**
 * The bugs that are known, by the numbers of the literature they were collected from. A row is a predicate over
 * signatures: patterns, in which `*` stands for any run of characters. A row may hold several signatures; no signature
 * belongs to two rows. A row without a pattern is one that no model shows yet.
 */
import type { ViolationClass } from './verdict.ts';

export interface CatalogueRow {
  readonly id: string;
  readonly title: string;
  readonly class: ViolationClass;
  /** Where it was reported, mended or found: mail, commit. */
  readonly source: string;
  /** Rows of which this is the form that another design shows. */
  readonly sameAs?: readonly string[];
  readonly signatures: readonly string[];
  /** Of built-in models only, where it was reviewed: on another model these may well come of something else. */
  readonly onBuiltIn?: readonly string[];
}

/** The row of the model that must always fail: known on that model alone. */
export const CANARY_ROW = 'CANARY';

/** Ids of rows, of this build's catalogue or of a newer one. */
export const ROW_ID = /^(?:[BF]\d{2,3}|CANARY)$/;

const V42 = '843172978bb9';
const V43RC = '0f90cc6609c7 (the revert), from its diff';
const JULY_2016 = 'Kara, 27 Jul 2016 <20160727120745.GI6860@quack2.suse.cz>';
const RANGE_LOCK = 'RFC of 10 Aug 2015 <1439219664-88088-1-git-send-email>, from its diff';
const TRACED = 'found by Faultline, shown on Linux 6.1';

// biome-ignore format: a table, a row a paragraph
export const CATALOGUE: readonly CatalogueRow[] = [
  row('B01', 'unmap takes i_mmap_rwsem that its own fault holds for write', 'deadlock', V43RC,
    'lock-self iMmapRwsem:W->W'),
  row('B02', 'fault unlocks an i_mmap_rwsem that it does not hold', 'bad-release', V43RC,
    'bad-release iMmapRwsem:W fault/upWrite(iMmapRwsem)',
    'bad-release iMmapRwsem:R fault/upRead(iMmapRwsem)'),
  row('B03', 'page lock and i_mmap_rwsem in both orders', 'deadlock', V43RC,
    'lock-cycle iMmapRwsem pageLock'),
  row('B04', 'i_mmap_rwsem and journal handle in both orders', 'deadlock', V43RC,
    'lock-cycle iMmapRwsem journal', 'lock-cycle iMmapRwsem journal pageLock'),
  row('B05', 'i_mmap_rwsem stays held when get_block fails', 'lock-leak', V43RC,
    'lock-leak iMmapRwsem *'),
  { ...row('B06', 'PMD fault upgrades i_mmap_rwsem from read to write', 'deadlock', '0f90cc6609c7'),
    onBuiltIn: ['lock-self iMmapRwsem:R->W'] },
  row('B07', 'handler and caller disagree in which mode i_mmap_rwsem is held', 'bad-release', '0df9d41ab5d4',
    'bad-release iMmapRwsem:R->W *', 'bad-release iMmapRwsem:W->R *'),
  row('B08', 'i_mmap is walked without i_mmap_rwsem', 'lock-missing', 'Williams, 7 Oct 2015',
    'lock-missing iMmapRwsem:R */clearPte', 'lock-missing iMmapRwsem:R */clearPteCows'),
  row('B09', 'a fault zeroes what another fault has written already', 'lost-write', V42,
    'lost-write line access|fault/clearBlock'),
  row('B10', 'zero page stays mapped after a fault has allocated', 'zero-page', V42,
    'zero-page fault'),
  row('B11', 'zero page stays mapped after a write has allocated', 'zero-page', V42,
    'zero-page pwrite'),
  row('B12', 'fault maps a block that a hole punch frees', 'stale-pte', 'ea3d7209ca01',
    'unfenced punch'),
  row('B13', 'fault maps a page beyond the EOF of a truncate', 'beyond-eof', V42,
    'beyond-eof truncate'),
  row('B14', 'fault maps a block that a truncate down and up has freed', 'stale-pte', V42,
    'stale-pte truncate'),
  row('B15', 'fault maps a block that collapse, insert or zero range moves', 'stale-pte', 'ea3d7209ca01',
    'unfenced collapse', 'unfenced insert', 'unfenced zero',
    'stale-pte not-unmapped insert',
    // Without DAX it is a page of the cache that comes back.
    'stale-page collapse', 'stale-page insert', 'stale-page zero'),
  row('B16', 'a fault zeroes what write(2) has written', 'lost-write', '12735f881952',
    'lost-write line fault/clearBlock|pwrite/copyIn',
    // Where the fault has its blocks zeroed inside the allocation, of an extent that write(2) converts later.
    'lost-write line fault/allocBlock|pwrite/copyIn', 'durability overwritten fault/allocBlock',
    // The same under a store that came later: a power failure uncovers it.
    'durability overwritten fault/clearBlock'),
  row('B17', 'write(2) zeroes the rest of a block that a store has written', 'lost-write', V42,
    'lost-write line access|pwrite/zeroRest'),
  row('B18', 'an invalidation drops the entry that a store has tagged', 'durability', JULY_2016,
    'durability dirty-entry pwrite/*'),
  row('B19', 'a read or write drops every tag of the file', 'durability', '8b2180b3bf03',
    'durability dirty-entry pread/*', 'durability writable-entry pread/*'),
  row('B20', 'an entry is dropped while its writable pte stays', 'durability', 'from dax.c of 4.9',
    'durability writable-entry pwrite/*'),
  row('B21', 'fsync skips an entry that is locked', 'durability', 'Kara, 2016; on 6.1 found by Faultline',
    'durability locked-entry *'),
  row('B22', 'a pte is made writable after its tag was dealt with', 'durability', 'dirty-tag series, 2016',
    'durability upgraded-pte *'),
  row('B23', 'fsync clears a dirty tag and leaves a pte writable', 'durability', 'Zwisler, 20 Dec 2016, of PMDs',
    'durability writable-pte *'),
  row('B24', 'fsync leaves the pte of another mapping writable', 'durability', 'Song, 29 Mar 2022',
    'durability alias-pte *'),
  row('B25', 'huge zero page stays mapped after an allocation', 'zero-page', 'Zwisler, May 2017',
    'zero-page huge *'),
  row('B26', 'PMD and pte faults on one range collide', 'page-table', 'Zwisler, 17 May 2017',
    'page-table pte-under-huge', 'page-table huge-over-table'),
  row('B27', 'zero pages stay under a PMD', 'zero-page', 'de14b9cb5e02',
    'zero-page under-huge fault'),
  row('B28', 'one waiter is woken where all should be', 'lost-wakeup', 'from dax.c of 4.7',
    'lost-wakeup entryLock'),
  row('B29', 'a waiter sleeps on another queue than it is woken on', 'lost-wakeup', 'Wilcox, 11 Jul 2019',
    'lost-wakeup entryLock huge'),
  row('B31', 'entry lock and journal handle in both orders', 'deadlock', '9f141d6ef625',
    'lock-cycle entryLock journal'),
  row('B32', 'SIGBUS inside EOF', 'spurious-error', 'from dax.c of 4.6',
    'spurious-error SIGBUS *'),
  row('B33', 'power fails between allocation and zeroing', 'crash-exposure', 'review of ext4: add DAX, 2014',
    'crash-exposure */allocBlock'),
  row('B34', 'block is visible before it is zeroed, or never zeroed', 'stale-data', V42,
    'stale-data early */allocBlock', 'stale-data leftover */allocBlock'),
  row('B35', 'user copy under the fault lock faults on the same file', 'deadlock', JULY_2016,
    'lock-self faultLock:W->R'),
  row('B36', 'user copies under the fault locks of two files fault crosswise', 'deadlock', JULY_2016,
    'lock-twice faultLock'),
  row('B37', 'fault lock and mmap_sem in both orders', 'deadlock', JULY_2016,
    'lock-cycle faultLock mmapSem'),
  row('B38', 'user copy under the shared fault lock waits behind a writer', 'deadlock', JULY_2016,
    'lock-self faultLock:R->R'),
  row('B39', 'DMA into a block that was freed', 'pinned-block', '4.18, break layouts; on 6.1 cee91fa13a8e, 6be3e21d25ca',
    'pinned-block *'),
  row('B40', 'MAP_SYNC maps before its extent is committed', 'durability', '4.15, MAP_SYNC',
    'durability map-sync'),
  // The entry stays as well: an fsync flushes the old block, and the next store faults for ever.
  row('B41', 'mapping shows the block from before a copy on write', 'stale-pte', TRACED,
    'stale-pte not-unmapped pwrite', 'stale-pte pwrite', 'cache-structure entry pwrite/remapCow',
    'durability entry-of-another-block pwrite/remapCow', 'zero-page copied pwrite'),
  row('B42', 'collapse or insert drops what was stored since it wrote its range back', 'lost-write', '32ebffd3bbb4',
    'lost-write dirty-page *collapse*', 'lost-write dirty-page *insert*'),
  row('B43', 'a page comes back in a range that is being punched', 'stale-page', 'Chinner, 29 Sep 2015',
    'stale-page punch'),
  row('B44', 'unmap waits for the range lock that its own fault holds', 'deadlock', RANGE_LOCK,
    'lock-self rangeLock'),
  { ...row('B45', 'truncate locks an empty range', 'beyond-eof', RANGE_LOCK), sameAs: ['B13'] },
  { ...row('B46', 'range lock covers the unmap and not the freeing', 'stale-pte', RANGE_LOCK), sameAs: ['B12', 'B15'] },
  row('B47', 'private fault unlocks a range that it does not hold', 'bad-release', RANGE_LOCK,
    'bad-release rangeLock *'),
  { ...row('B48', 'shared fault lock orders no allocation against a fault', 'zero-page', 'Harrosh, 11 Aug 2015'), sameAs: ['B10', 'B11'] },
  row('B50', 'a fault maps a device that has gone', 'pte-after-revoke', 'Williams, 7 Oct 2015',
    'pte-after-revoke'),
  row('B51', 'page lock and journal handle in both orders', 'deadlock', '1e9d180ba39f',
    'lock-cycle journal pageLock'),
  // The copy faults: it asks for mmap_sem, the fault lock, a page and an entry, which others hold when they lock an
  // entry or start a handle.
  { ...row('B52', 'user copy under an entry lock or inside a journal handle', 'deadlock', 'from the third option of July 2016',
    'lock-self entryLock', 'lock-twice entryLock', 'lock-cycle entryLock *mmapSem', 'lock-cycle journal mmapSem',
    'lock-cycle faultLock journal mmapSem'),
    onBuiltIn: ['lock-cycle entryLock faultLock', 'lock-cycle entryLock faultLock journal', 'lock-cycle faultLock journal',
      'lock-cycle journal mmapSem pageLock', 'lock-cycle faultLock journal *pageLock',
      'lock-cycle entryLock *mmapSem pageLock'] },
  row('B53', 'pfn_mkwrite meets a pte whose entry has gone', 'durability', 'from dax.c of 4.9',
    // To 4.9 it makes the pte writable; from 4.10 on the store faults for ever.
    'durability clean-entry *', 'never-ends no-entry *'),
  { ...row('B54', 'user copy under a page lock', 'deadlock', 'Linux before 2.6.24',
    'lock-self pageLock', 'lock-twice pageLock', 'lock-cycle mmapSem pageLock', 'lock-cycle faultLock mmapSem pageLock'),
    onBuiltIn: ['lock-cycle faultLock pageLock', 'lock-cycle entryLock pageLock'] },
  // A path that meets the extent between its pte and its conversion takes a complete store for zeros: read(2)
  // returns them, punch leaves its edges alone, collapse and insert move the extent away from its conversion.
  row('B55', 'a store is complete while another fault has yet to convert the extent', 'lost-write', V42,
    'lost-write unconverted', 'stale-data unconverted', 'lost-write unzeroed fault/convertExtent|punch',
    // A collapse moves the extent before it is converted: where it goes, the next fault zeroes it.
    'lost-write line fault/clearBlock|setup'),
  row('B56', 'fsync returns while another, which has cleared the TOWRITE tag, has yet to flush', 'durability', TRACED,
    'durability towrite-tag *'),
  row('B57', 'unwritten neighbours are converted and their zero page stays', 'zero-page', TRACED,
    'zero-page neighbour *'),
  row('B58', 'what was stored past EOF shows when the file grows', 'stale-data', TRACED,
    'stale-data past-eof *'),
  // A later copy on write brings back what was zeroed.
  row('B59', 'zeroing a part of a shared page is lost', 'lost-write', TRACED,
    'lost-write shared punch', 'lost-write shared zero', 'lost-write shared truncate',
    'lost-write shared fallocate', 'lost-write shared unshare', 'lost-write shared insert', 'lost-write shared pwrite/copyIn', 'stale-data shared',
    'durability shared'),
  // A fault converts, behind all its locks, whatever unwritten extent it finds at its page: after a zero range that is
  // the zeroed data, after truncate and fallocate an uninitialised block.
  row('F01', 'a late conversion hits an extent that has changed meanwhile', 'lost-write', 'found by Faultline on 4.2',
    'lost-write unzeroed fault/convertExtent|zero', 'lost-write unzeroed fault/convertExtent|truncate',
    'durability unzeroed fault/convertExtent', 'stale-data early */convertExtent', 'stale-data leftover */convertExtent',
    'crash-exposure */convertExtent'),
  row('F02', 'write(2) returns while a fault still maps the zero page over its block', 'zero-page', TRACED,
    'zero-page early fault'),
  // dax_iomap_iter drops the entry of a mapped zero page and unmaps last; a fault between the two finds no entry, and so
  // unmaps nothing (mm/truncate.c of 6.1).
  row('F03', 'a store is complete while a write has yet to unmap the zero page that it found', 'zero-page', TRACED,
    'zero-page early pwrite'),
  // dax_iomap_cow_copy flushes nothing unless it zeroes, and xfs_reflink_end_cow commits all the same.
  row('F04', 'a copy on write replaces its block before it is flushed', 'durability', 'found by Faultline on Linux 6.1',
    'durability unflushed-copy */remapCow', 'crash-exposure unflushed-copy */remapCow'),
  // xfs_dax_write_iomap_end comes behind the pte, through which other threads store already.
  row('F05', 'a store is complete while its fault has yet to give its copy to the file', 'lost-write', TRACED,
    'lost-write shared access', 'lost-write shared dma/writeByDevice'),
  // xfs_reflink_allocate_cow finds what the other one has allocated; a write holds no lock that a fault takes.
  row('F06', 'a fault and a write(2) copy to the same block', 'lost-write', TRACED,
    'lost-write copied fault/copyCow', 'lost-write copied pwrite/copyCow', 'stale-data copied */copyCow',
    // A write(2) that fails cancels the copy that a fault has made, or is about to map.
    'lost-write line fault/copyCow|pwrite/copyIn', 'stale-pte cancelled *', 'foreign-block cancelled *',
    'durability overwritten fault/copyCow', 'durability overwritten pwrite/copyCow'),
  // A fault takes the range before the page; who deletes the page locks it before it unmaps its range.
  row('F08', 'page lock and range lock in both orders', 'deadlock', RANGE_LOCK,
    'lock-cycle pageLock rangeLock'),
  // ext4 starts a handle before the DAX handler and purges inside one; a fault starts one under its range.
  row('F09', 'range lock and journal handle in both orders', 'deadlock', RANGE_LOCK,
    'lock-cycle journal rangeLock', 'lock-cycle journal pageLock rangeLock'),
  // Its next round asks for mmap_sem under the range, then for the range itself (B44).
  { ...row('F10', 'a fault that waits for a page leaves its range locked', 'lock-leak', RANGE_LOCK,
    'lock-leak rangeLock *'),
    onBuiltIn: ['lock-cycle *mmapSem *rangeLock'] },
  // dax_insert_pfn_mkwrite asks for an entry that is no conflict, not for one that names the block (fs/dax.c of 6.1).
  row('F07', 'a synchronous fault tags an entry that names no block, and its stores are never flushed', 'durability', 'found by Faultline on 6.1',
    'durability empty-entry *', 'cache-structure dirty-entry *'),
  // invalidate_inode_pages2_range leaves an entry that carries a tag, and dax_unshare_iter clears none.
  row('F11', 'an unshare leaves the entry of the shared block', 'durability', TRACED,
    'durability entry-of-another-block unshare/remapCow', 'cache-structure entry unshare/remapCow'),
  // The entry is dropped at each index of the range, and a huge one with all that it fills (mm/truncate.c, fs/dax.c of 6.1).
  row('F12', 'a truncate drops the tag of the huge page that it cuts', 'durability', TRACED,
    'durability cut-entry *'),
  // The pte is writable, so the store does not fault, and the times that xfs_swap_extents compares stay as they were.
  row('F13', 'a swap of extents loses what was stored since the file was copied', 'lost-write', TRACED,
    'lost-write swapped *'),
  // iomap_iter_srcmap: where the page had nothing, the copy is its own source (708dfad2eb41, in 6.2, zeroes it).
  row('F14', 'a write beside a copy on write shows a deleted file', 'stale-data', TRACED,
    'stale-data leftover */remapCow', 'stale-data early */remapCow',
    'crash-exposure fault/remapCow', 'crash-exposure pwrite/remapCow', 'crash-exposure punch/remapCow',
    'crash-exposure unshare/remapCow', 'crash-exposure insert/remapCow', 'crash-exposure zero/remapCow',
    'stale-data leftover */allocCow', 'stale-data early */allocCow',
    'lost-write unzeroed */remapCow*', 'durability unzeroed */remapCow',
    // What the copy holds that a lost zeroing has left (B59), once the page itself is gone.
    'lost-write copied punch/copyCow', 'lost-write copied truncate/copyCow', 'lost-write copied zero/copyCow'),
  // xfs_reflink_end_cow gives up the block that the page had; a read or write(2) holds i_rwsem, the fault holds invalidate_lock.
  row('F15', 'a copy of a page that no clone shares frees its block under a read or write', 'foreign-block', TRACED,
    'foreign-block replaced *', 'stale-pte replaced *', 'lost-write replaced', 'durability replaced'),
  row(CANARY_ROW, 'the model that must always fail', 'lock-leak', 'the canary',
    'lock-leak inodeLock *', 'lock-leak mmapSem *'),
];

function row(
  id: string,
  title: string,
  symptom: ViolationClass,
  source: string,
  ...signatures: readonly string[]
): CatalogueRow {
  return { id, title, class: symptom, source, signatures };
}

/** The row of a signature, or null. What it is called depends on the model (workers/reproduce/naming.ts). */
export function rowOf(signature: string, isBuiltIn = true): CatalogueRow | null {
  const row = CATALOGUE.find(({ signatures, onBuiltIn = [] }) => {
    const patterns = isBuiltIn ? [...signatures, ...onBuiltIn] : signatures;
    return patterns.some((pattern) => matches(pattern, signature));
  });
  return row ?? null;
}

/** Glob match without backtracking over more than one star at a time: linear in text times stars. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}
