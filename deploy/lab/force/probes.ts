/**
 * Where a thread of Linux 6.1 can be held, for each step that a model may name: at the entry of a function (`<`) or its
 * return (`>`), or not at all, and why. Another kernel wants another table; a function that it lacks is said by the module.
 */
import type { FileSystemName } from '../file-systems.ts';
import { NOT_IN_LINUX, type NotHeld } from './not-held.ts';

/** `<function`, `>function`, with `(i_rwsem)` and the like where the first argument tells which; `~lock`: asleep on it. */
export type Place = `${'<' | '>' | '~'}${string}`;

/** By the innermost call of the path, such as `writeback`, or by the file system, or the same everywhere. */
type Places = Place | Readonly<Record<string, Place>>;

interface Held {
  /** `around`: the functions are near the step, and what lies between is said. */
  readonly how: 'exactly' | 'around';
  /** The thread has yet to do the step. */
  readonly before?: Places;
  /** It has done it. */
  readonly after?: Places;
  readonly why?: string;
}

export type Row = Held | NotHeld;

const INLINED = 'the compiler has no function of its own for it';
const SET = 'a field is set between two functions';
const TAG = 'a mark of the xarray, under its lock, which must not be held';

function exactly(before: Places, after: Places): Held {
  return { how: 'exactly', before, after };
}
function around(why: string, before?: Places, after?: Places): Held {
  return {
    how: 'around',
    why,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}
/** Held from its entry to its return. */
function whole(name: string): Held {
  return exactly(`<${name}`, `>${name}`);
}
function wholeOf(ext4: string, xfs: string): Held {
  return exactly({ ext4: `<${ext4}`, xfs: `<${xfs}` }, { ext4: `>${ext4}`, xfs: `>${xfs}` });
}
function lock(call: string, name: string): Held {
  return whole(`${call}(${name})`);
}

// ---- what 6.1 does ----------------------------------------------------------------------------------------

/** Steps that take or give back a lock, as `step lock`. */
// biome-ignore format: a table
const LOCKS: Readonly<Record<string, Row>> = {
  'downRead inodeLock': lock('down_read', 'i_rwsem'),
  'downWrite inodeLock': lock('down_write', 'i_rwsem'),
  'upRead inodeLock': lock('up_read', 'i_rwsem'),
  'upWrite inodeLock': lock('up_write', 'i_rwsem'),
  'downgradeWrite inodeLock': lock('downgrade_write', 'i_rwsem'),
  'downRead faultLock': around('each attempt at a huge page takes and drops it first', '<down_read(invalidate_lock)'),
  'downWrite faultLock': lock('down_write', 'invalidate_lock'),
  'upRead faultLock': around('each attempt at a huge page takes and drops it first'),
  'upWrite faultLock': lock('up_write', 'invalidate_lock'),
  'downgradeWrite faultLock': lock('downgrade_write', 'invalidate_lock'),
  'downRead iMmapRwsem': lock('down_read', 'i_mmap_rwsem'),
  'downWrite iMmapRwsem': lock('down_write', 'i_mmap_rwsem'),
  'upRead iMmapRwsem': lock('up_read', 'i_mmap_rwsem'),
  'upWrite iMmapRwsem': lock('up_write', 'i_mmap_rwsem'),
  'downRead mmapSem': around('a fault takes it by an inlined trylock', undefined, { fault: '<handle_mm_fault' }),
  'downWrite mmapSem': lock('down_write_killable', 'mmap_lock'),
  'upRead mmapSem': around('a fault gives it back behind the handler', { fault: '>handle_mm_fault' }),
  'upWrite mmapSem': lock('up_write', 'mmap_lock'),
  'downgradeWrite mmapSem': lock('downgrade_write', 'mmap_lock'),
};

// biome-ignore format: a table
const FAULT: Readonly<Record<string, Row>> = {
  walkPageTable: around('it begins before the handler', '<handle_mm_fault'),
  sbStartPagefault: around(INLINED),
  sbEndPagefault: around(INLINED),
  checkSize: around('read between two functions', '<dax_iomap_pte_fault', '<grab_mapping_entry'),
  lockEntry: whole('grab_mapping_entry'),
  directAccess: whole('dax_iomap_direct_access'),
  checkCommitted: around(INLINED, '>dax_iomap_direct_access', '<dax_insert_entry'),
  insertEntry: around('unmapping what was there is inside', undefined, '>dax_insert_entry'),
  insertDirtyEntry: around('unmapping what was there is inside', undefined, '>dax_insert_entry'),
  insertCleanEntry: around('unmapping what was there is inside', undefined, '>dax_insert_entry'),
  insertCowEntry: around('unmapping what was there is inside', undefined, '>dax_insert_entry'),
  insertZeroEntry: whole('dax_insert_entry'),
  mapCommonZeroPage: whole('vmf_insert_mixed'),
  installPte: whole('vmf_insert_mixed'),
  installWritablePte: whole('vmf_insert_mixed_mkwrite'),
  unlockEntryKeeping: whole('dax_unlock_entry'),
  lockSyncedEntry: around(INLINED, '<dax_finish_sync_fault', '<vmf_insert_mixed_mkwrite'),
  lockSyncedBlock: around(INLINED, '<dax_finish_sync_fault', '<vmf_insert_mixed_mkwrite'),
  copyBlock: around(INLINED, '>iomap_iter', '<finish_fault'),
  copyMappedPage: around(INLINED, '<wp_page_copy'),
  installAnon: whole('finish_fault'),
};

// biome-ignore format: a table
const UNMAPPING: Readonly<Record<string, Row>> = {
  clearPte: whole('zap_page_range_single'),
  clearPteCows: whole('zap_page_range_single'),
  clearAreaPte: whole('unmap_region'),
  findSlot: around('the xarray is walked inside', { drop: '<truncate_inode_pages_range', invalidate: '<invalidate_inode_pages2_range' }, { drop: '>truncate_inode_pages_range' }),
  deleteEntry: whole('__dax_invalidate_entry'),
  checkCachedOrEntries: around('read at the entry', '<invalidate_inode_pages2_range'),
  checkCached: around('read at the entry', '<invalidate_inode_pages2_range'),
  dropCleanEntry: whole('__dax_invalidate_entry'),
  dropCleanEntryWakeAll: whole('__dax_invalidate_entry'),
  dropCleanEntryUnlessZero: whole('__dax_invalidate_entry'),
  dropCleanEntryUnlessPinned: whole('__dax_invalidate_entry'),
  dropCleanEntryUnlessEither: whole('__dax_invalidate_entry'),
  checkLinked: around('read at the entry', '<dax_layout_busy_page_range'),
  findPinned: around('the xarray is walked inside', '>unmap_mapping_pages', '>dax_layout_busy_page_range'),
  findPinnedSkipping: around('the xarray is walked inside', '>unmap_mapping_pages', '>dax_layout_busy_page_range'),
  checkPinned: around(INLINED),
  sleepUntilIdle: around('a sleep in a macro'),
  linkVma: whole('vma_link'),
  unlinkVma: whole('unlink_file_vma'),
  unlinkDetachedVma: whole('unlink_file_vma'),
  detachVma: around(INLINED, '<do_mas_munmap', '<unmap_region'),
  findArea: around(INLINED, '<do_mas_munmap'),
  findSharedArea: around(INLINED),
};

// biome-ignore format: a table
const WRITEBACK: Readonly<Record<string, Row>> = {
  tagTowrite: whole('tag_pages_for_writeback'),
  findTowrite: around('the xarray is walked inside', '>tag_pages_for_writeback'),
  lockTowrite: around(TAG),
  lockTowriteSkipping: around(TAG),
  checkTowrite: around(TAG),
  checkTowriteUnlocked: around(TAG),
  clearTowrite: around(TAG, undefined, '<down_read(i_mmap_rwsem)'),
  protectPte: whole('pfn_mkclean_range'),
  flushBlock: whole('dax_flush'),
  clearDirty: around(TAG, '>dax_flush'),
  unlockEntry: around(TAG, undefined, '>dax_writeback_mapping_range'),
  lockTransaction: exactly({ ext4: '<ext4_fc_commit', xfs: '<xfs_log_force_seq' }, { xfs: '>xfs_log_force_seq' }),
  commitTransaction: around('a thread of the kernel commits', undefined, { ext4: '>ext4_fc_commit' }),
  forceLog: wholeOf('ext4_fc_commit', 'xfs_log_force_seq'),
};

// biome-ignore format: a table
const BLOCKS: Readonly<Record<string, Row>> = {
  journalStart: wholeOf('jbd2__journal_start', 'xfs_trans_alloc'),
  journalStop: wholeOf('jbd2_journal_stop', 'xfs_trans_commit'),
  getBlock: exactly('<iomap_iter', { fault: '<dax_fault_iter' }),
  getBlockOfForks: exactly('<iomap_iter', { fault: '<dax_fault_iter' }),
  allocBlockNew: wholeOf('ext4_ext_map_blocks', 'xfs_iomap_write_direct'),
  allocBlockUnwritten: wholeOf('ext4_ext_map_blocks', 'xfs_iomap_write_direct'),
  allocBlockPrezero: wholeOf('ext4_ext_map_blocks', 'xfs_iomap_write_direct'),
  allocBlockNeighbours: wholeOf('ext4_ext_map_blocks', 'xfs_iomap_write_direct'),
  preallocate: wholeOf('ext4_map_blocks', 'xfs_alloc_file_space'),
  removeExtent: wholeOf('ext4_ext_remove_space', '__xfs_bunmapi'),
  unwriteExtent: wholeOf('ext4_map_blocks', 'xfs_alloc_file_space'),
  collapseExtents: exactly('<ext4_ext_remove_space', '>ext4_ext_shift_extents'),
  insertExtents: whole('ext4_ext_shift_extents'),
  shiftExtentLeft: whole('xfs_bmap_collapse_extents'),
  shiftExtentRight: whole('xfs_bmap_insert_extents'),
  zeroPartial: whole('dax_zero_range'),
  zeroEdges: whole('dax_zero_range'),
  allocCow: whole('xfs_reflink_allocate_cow'),
  allocCowHint: whole('xfs_reflink_allocate_cow'),
  copyCow: whole('dax_iomap_cow_copy'),
  copyCowAround: whole('dax_iomap_cow_copy'),
  copyCowLine: around(INLINED, '<dax_zero_range', '>dax_zero_range'),
  copyCowRange: around(INLINED, '<dax_zero_range', '>dax_zero_range'),
  remapCow: around('its transaction is inside the call', '<xfs_reflink_end_cow'),
  'journalStop after remapCow': exactly({}, '>xfs_reflink_end_cow'),
  cancelCow: whole('xfs_reflink_cancel_cow_range'),
  cancelCowRest: whole('xfs_reflink_cancel_cow_range'),
  cancelCowUnlessShared: whole('xfs_reflink_try_clear_inode_flag'),
  shareExtent: whole('xfs_reflink_remap_extent'),
  startRemapping: around(SET),
  endRemapping: around(SET),
  checkRemapping: around(INLINED),
  swapExtents: whole('xfs_swap_extents'),
  updateTime: around('more than one function changes them'),
  setSize: around(SET, undefined, { truncate: '<truncate_pagecache' }),
};

// biome-ignore format: a table
const DATA: Readonly<Record<string, Row>> = {
  access: around('an instruction of the program'),
  copyIn: whole('dax_copy_from_iter'),
  copyOut: whole('dax_copy_to_iter'),
  pinPage: around('more than one function pins', '<process_vm_rw'),
  unpinPage: around('more than one function unpins', undefined, '>process_vm_rw'),
  writeByDevice: around('a copy inlined in process_vm_rw'),
  writeLineBack: around('an instruction of the program'),
};

export const PROBES: Readonly<Record<string, Row>> = {
  ...LOCKS,
  ...FAULT,
  ...UNMAPPING,
  ...WRITEBACK,
  ...BLOCKS,
  ...DATA,
  ...NOT_IN_LINUX,
};

/** Functions that a path of the kernel calls more often than the model says: they do not tell where a thread is. */
export const CALLED_OFTEN: ReadonlySet<string> = new Set([
  'jbd2__journal_start',
  'jbd2_journal_stop',
  'xfs_trans_alloc',
  'xfs_trans_commit',
  'iomap_iter',
  'ext4_map_blocks',
  'ext4_ext_map_blocks',
  '__xfs_bunmapi',
  'handle_mm_fault',
]);

/** A step of a run, as the table asks about it. */
export interface At {
  readonly step: string;
  /** The lock that it names; empty for none. */
  readonly lock: string;
  /** The innermost call of its path, or the operation: of `punch/drop/findSlot`, `drop`. */
  readonly call: string;
  /** What the thread has done before it; empty for nothing. */
  readonly previous: string;
}

export function rowOf({ step, lock: name, previous }: At): Row | undefined {
  return (
    PROBES[`${step} after ${previous}`] ??
    PROBES[name === '' ? step : `${step} ${name}`] ??
    PROBES[step]
  );
}

/** Null where the thread cannot be held there. */
export function placeOf(
  at: At,
  side: 'before' | 'after',
  fileSystem: FileSystemName,
): Place | null {
  const row = rowOf(at);
  if (row === undefined || row.how === 'not') return null;
  const places = row[side];
  if (places === undefined || typeof places === 'string') return places ?? null;
  return places[at.call] ?? places[fileSystem.split('-')[0] ?? ''] ?? null;
}
