/**
 * The names that a model's text may use for steps, tests and locks, and what they stand for. A step or a test that comes
 * in flavours is written `allocBlock(new)`, or `allocBlock(policy)` where a toggle says which.
 */
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { classesByName } from '../kernel/lock-order.ts';
import { LOCK_CLASSES, type OwnLock, RWSEMS } from '../kernel/locks.ts';
import { EXTENT_STEPS, RAISE } from '../kernel/needs.ts';
import type { StepDef } from '../kernel/step.ts';
import { STEPS, TESTS } from '../kernel/step-registry.ts';

type Flavours = Readonly<Record<string, Readonly<Record<string, string>>>>;

const STEP_FLAVOURS: Flavours = flavoursOf([...STEPS.values()]);

function flavoursOf(steps: readonly StepDef[]): Flavours {
  const families: Record<string, Record<string, string>> = {};
  for (const { name, family, flavour } of steps) {
    if (flavour !== '') families[family] = { ...families[family], [flavour]: name };
  }
  return families;
}

/** `needsBlock(POLICY)`: what a write must allocate for. */
const TEST_FLAVOURS: Flavours = {
  needsBlock: { new: 'isHole', unwritten: 'isHole', prezero: 'isHoleOrUnwritten' },
};

const TEST_ALIASES: Readonly<Record<string, string>> = { yes: 'answerIsYes', no: 'answerIsNo' };

/** Steps with a lock in brackets, as the kernel spells them. */
export const LOCK_STEPS: Readonly<Record<string, string>> = {
  down_read: 'downRead',
  down_write: 'downWrite',
  up_read: 'upRead',
  up_write: 'upWrite',
  downgrade_write: 'downgradeWrite',
};

/** What `with` takes, and the step that gives it back. */
export const RELEASES: Readonly<Record<string, string>> = {
  downRead: 'upRead',
  downWrite: 'upWrite',
  journalStart: 'journalStop',
  sbStartPagefault: 'sbEndPagefault',
  lockRangePage: 'unlockRangePage',
  lockRangeUnmap: 'unlockRangeUnmap',
  lockRangeNoLength: 'unlockRangeNoLength',
};
export const TAKEN_WORDS: Readonly<Record<string, string>> = {
  journal: 'journalStart',
  freeze: 'sbStartPagefault',
};

/** `with lockRange(page)`: each flavour has its release. */
export function isTakenInFlavours(word: string): boolean {
  const steps = Object.values(entryOf(STEP_FLAVOURS, word) ?? {});
  return steps.some((step) => Object.hasOwn(RELEASES, step));
}

/** Functions of the kernel, and the step that stands for each. */
const KERNEL_FUNCTIONS: Readonly<Record<string, string>> = {
  inode_lock: 'down_write(inodeLock)',
  inode_lock_shared: 'down_read(inodeLock)',
  inode_unlock: 'up_write(inodeLock)',
  mutex_lock: 'down_write(LOCK)',
  mutex_unlock: 'up_write(LOCK)',
  xfs_ilock:
    'down_write(LOCK) or down_read(LOCK), with inodeLock for IOLOCK, faultLock for MMAPLOCK',
  xfs_iunlock: 'up_write(LOCK) or up_read(LOCK)',
  filemap_invalidate_lock: 'down_write(faultLock)',
  filemap_invalidate_lock_shared: 'down_read(faultLock)',
  filemap_invalidate_unlock: 'up_write(faultLock)',
  mmap_read_lock: 'down_read(mmapSem)',
  mmap_write_lock: 'down_write(mmapSem)',
  mmap_read_unlock: 'up_read(mmapSem)',
  i_mmap_lock_read: 'down_read(iMmapRwsem)',
  i_mmap_lock_write: 'down_write(iMmapRwsem)',
  i_mmap_unlock_read: 'up_read(iMmapRwsem)',
  ext4_map_blocks: 'getBlock, which looks up, or allocBlock(POLICY)',
  xfs_trans_alloc: 'journalStart, or `with journal:`',
  xfs_trans_commit: 'journalStop',
  zap_pte_range: 'clearPte',
  zap_page_range: 'clearPte',
  unmap_mapping_range: 'unmapRange, then unmap()',
  unmap_mapping_pages: 'unmapRange, then unmap()',
  truncate_pagecache: 'truncatePagecache',
  truncate_pagecache_range: 'holePagecache',
  truncate_inode_pages_range: 'drop()',
  invalidate_inode_pages2_range: 'touchedPages, then invalidate()',
  i_size_read: 'checkSize',
  i_size_write: 'setSize',
  get_block: 'getBlock, which looks up, or allocBlock(POLICY)',
  dax_direct_access: 'directAccess',
  bdev_direct_access: 'directAccess',
  vm_insert_mixed: 'installPte',
  vm_insert_pfn: 'installPte',
  insert_pfn: 'installPte',
  vmf_insert_mixed: 'installPte',
  find_get_page: 'findPage',
  find_lock_page: 'findPage, then lockPage',
  add_to_page_cache_lru: 'addZeroPage',
  lock_page: 'lockPage',
  unlock_page: 'unlockPage',
  lock_page_or_retry: 'lockPageOrRetry',
  delete_from_page_cache: 'deletePage',
  grab_mapping_entry: 'lockEntry',
  dax_lock_entry: 'lockEntry',
  get_unlocked_mapping_entry: 'lockEntry',
  put_locked_mapping_entry: 'unlockEntry',
  dax_unlock_entry: 'unlockEntry',
  dax_insert_mapping_entry: 'insertEntry',
  dax_delete_mapping_entry: 'deleteEntry',
  range_lock: 'lockRange(page) in a fault, lockRange(unmap) around an unmap',
  range_unlock: 'unlockRange(page) in a fault, unlockRange(unmap) around an unmap',
  jbd2_journal_start: 'journalStart',
  ext4_journal_start: 'journalStart',
  jbd2_journal_stop: 'journalStop',
  ext4_journal_stop: 'journalStop',
  jbd2_journal_commit_transaction: 'commit()',
  xfs_log_force: 'forceLog',
  sb_start_pagefault: 'sbStartPagefault, or `with freeze:`',
  sb_end_pagefault: 'sbEndPagefault',
  ext4_ext_remove_space: 'removeExtent',
  xfs_bunmapi: 'removeExtent',
  clear_pmem: 'clearBlock',
  copy_user_highpage: 'copyBlock',
  copy_from_iter: 'copyIn',
  copy_to_iter: 'copyOut',
  vma_interval_tree_insert: 'linkVma',
  vma_interval_tree_remove: 'unlinkVma',
  find_vma: 'findArea',
  tag_pages_for_writeback: 'tagTowrite',
  dax_writeback_one: 'checkTowrite, flushBlock, clearTowrite',
  dax_pfn_mkwrite: 'dirtyEntry, or lockDirtyEntry from 4.10 on',
  dax_mapping_entry_mkclean: 'protectPte, in writeProtect of dax-4.10',
  dax_invalidate_mapping_entry_sync: 'dropCleanEntry',
  dax_flush: 'flushBlock',
  dax_iomap_cow_copy: 'copyCow(all), or copyCow(around) in a write',
  xfs_reflink_allocate_cow: 'allocCow',
  xfs_reflink_end_cow: 'remapCow',
  xfs_swap_extent_forks: 'swapExtents',
  wb_cache_pmem: 'flushBlock',
};

/** What compile.ts emits for a load or a store; in a path of its own it would fault within a fault. */
const COMPILERS_STEPS: readonly string[] = ['access', 'enter'];
const LOCKING = new Set(Object.values(LOCK_STEPS));
const PLAIN_STEPS = [...STEPS.keys()].filter(
  (name) => !COMPILERS_STEPS.includes(name) && !LOCKING.has(name),
);
const STEP_WORDS = [...PLAIN_STEPS, ...Object.keys(STEP_FLAVOURS), ...Object.keys(LOCK_STEPS)];
const TEST_WORDS = [...TESTS.keys(), ...Object.keys(TEST_FLAVOURS), ...Object.keys(TEST_ALIASES)];

/** Of a table that is asked with somebody's words, which may be names of Object's. */
export function entryOf<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** A name, or what is wrong with it. */
export type Found = { readonly name: string } | Wrong;
interface Wrong {
  readonly problem: string;
}

export function isStepWord(word: string): boolean {
  return STEP_WORDS.includes(word);
}

/**
 * The steps that a line `needs` names; `extents` are those that take a block from its page, and a step without its
 * flavour is each of them.
 */
export function stepsInNeed(word: string): { readonly names: readonly string[] } | Wrong {
  if (word === 'extents') return { names: EXTENT_STEPS };
  if (PLAIN_STEPS.includes(word) || word === `setSize${RAISE}`) return { names: [word] };
  const flavours = entryOf(STEP_FLAVOURS, word);
  if (flavours !== undefined) return { names: Object.values(flavours) };
  const { name = word, flavour = null } =
    /^(?<name>\w+)\((?<flavour>\w+)\)$/.exec(word)?.groups ?? {};
  const found = stepNamed(name, flavour, []);
  return 'name' in found ? { names: [found.name] } : found;
}

/** @param flavour in brackets, toggles already looked up */
export function stepNamed(word: string, flavour: string | null, parts: readonly string[]): Found {
  if (LOCKING.has(word)) return { problem: `is written ${spellingOf(word)}(LOCK)` };
  const known = [...STEP_WORDS, ...parts];
  return named('step or part', word, flavour, {
    names: PLAIN_STEPS,
    flavours: STEP_FLAVOURS,
    known,
  });
}

export function testNamed(word: string, flavour: string | null): Found {
  const name = entryOf(TEST_ALIASES, word) ?? word;
  const names = [...TESTS.keys()];
  return named('test', name, flavour, { names, flavours: TEST_FLAVOURS, known: TEST_WORDS });
}

interface Known {
  readonly names: readonly string[];
  readonly flavours: Flavours;
  readonly known: readonly string[];
}

function named(
  kind: string,
  word: string,
  flavour: string | null,
  { names, flavours, known }: Known,
): Found {
  const family = entryOf(flavours, word);
  if (family !== undefined && flavour !== null) {
    const name = entryOf(family, flavour);
    const all = Object.keys(family).join(', ');
    return name === undefined
      ? { problem: `${word} has no flavour "${printable(flavour)}"; there are ${all}` }
      : { name };
  }
  if (names.includes(word)) {
    return flavour === null ? { name: word } : { problem: `${word} takes nothing in brackets` };
  }
  if (family !== undefined)
    return {
      problem: `${word} comes in flavours: ${Object.keys(family)
        .map((one) => `${word}(${one})`)
        .join(', ')}`,
    };
  return { problem: `there is no ${kind} "${printable(word)}"${hintFor(word, known)}` };
}

function hintFor(word: string, known: readonly string[]): string {
  const step = entryOf(KERNEL_FUNCTIONS, word);
  return step === undefined ? nearestHint(word, known) : `; what stands for it here is ${step}`;
}

function spellingOf(step: string): string {
  return Object.entries(LOCK_STEPS).find(([, name]) => name === step)?.[0] ?? step;
}

export interface Locks {
  readonly locks: Readonly<Record<string, string>>;
  readonly ownLocks: readonly OwnLock[];
}

/** A class of locks by any of its names: the table's, the model's, the kernel's. */
export function lockNamed(word: string, locks: Locks, isRwsem: boolean): Found {
  const classes = classesByName(locks);
  const cls = classes.get(word);
  if (cls === undefined) {
    const known = [...classes.keys()];
    const hint = nearestHint(word, known) || `; there are ${calledIn(locks).join(', ')}`;
    return { problem: `there is no lock "${printable(word)}"${hint}` };
  }
  const name = LOCK_CLASSES[cls]?.id ?? locks.ownLocks[cls - LOCK_CLASSES.length]?.name ?? word;
  const isOwn = locks.ownLocks.some((own) => own.name === name);
  if (!isRwsem || isOwn || RWSEMS.some(({ id }) => id === name)) return { name };
  return { problem: `${printable(word)} is no rwsem: its steps take it` };
}

/** Each class by the name that the model has for it. */
function calledIn({ locks, ownLocks }: Locks): readonly string[] {
  return [...LOCK_CLASSES.map(({ id }) => locks[id] ?? id), ...ownLocks.map(({ name }) => name)];
}
