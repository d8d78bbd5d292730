/**
 * ext4 of 4.7-4.9 (dossier 3.10a, K3): the fault lock, dirty tracking in the radix tree, and a lock bit in
 * every entry. Writes invalidate entries without looking at them: the race of July 2016 (S2).
 */
import { CLAIM_NEED, extentsNeed, MM_NEEDS, SIZE_NEED } from '../kernel/needs.ts';
import {
  block,
  call,
  downWrite,
  inHandle,
  leave,
  loop,
  type Model,
  type Need,
  type Path,
  reading,
  retry,
  step,
  upWrite,
  when,
  writing,
} from '../kernel/path.ts';
import {
  COLLAPSE_EXT4,
  COMMIT_JBD2,
  COMMON_PATHS,
  DROP_ENTRIES,
  FALLOCATE_BODY,
  faultPath,
  INSERT_EXT4,
  invalidateDrop,
  punchBody,
  READ_BODY,
  TRUNCATE_BODY,
  ZERO_EXT4,
} from './parts.ts';
import { withFreeze, writeBody } from './v42-immap-read.ts';

/** The first value is the default. */
export const V48_OPTIONS = {
  // Which write path: ext4 to 4.9 (invalidates before and behind the copy) or dax_iomap_rw.
  write: ['ext4', 'iomap'],
  // Whom a page that replaces an entry wakes; `one` is what 4.7 shipped with (B28).
  wake: ['all', 'one'],
  // Whether fsync takes a locked entry for a changed one or waits for it.
  fsync_locked: ['skip', 'wait'],
  // Where fsync clears TOWRITE. 4.8 clears it behind the flush, 4.10 before; neither place removes B56 here.
  fsync_tag: ['after_flush', 'before_flush'],
  // Where the search for TOWRITE goes on; `cursor` is June 2017, and with it a skipped entry stays skipped (B21).
  writeback: ['restart', 'cursor'],
  // What an invalidation does with a page that it finds where it waited for an entry.
  inv2_recheck: ['off', 'on'],
} as const satisfies Record<string, readonly string[]>;

/** Step 3: the slot's lock, be it a page's or an entry's; grab_mapping_entry sleeps in lock_page (dossier 7.3). */
const GRAB_ENTRY: Path = [
  block('lookup', [
    step('lockEntry'),
    when('hasPage', [step('lockPage'), when('answerIsNo', [step('unlockPage'), retry('lookup')])]),
  ]),
];

const PUT_ENTRY: Path[number] = when('hasPage', [step('unlockPage')], [step('unlockEntry')]);

function loadHole(wakeOne: boolean): Path {
  const replace = wakeOne ? 'replaceEntryByPageWakeOne' : 'replaceEntryByPage';
  return [
    when('hasPage', [], [step(replace, 'replaceEntryByPage')]),
    step('mapZeroPage'),
    step('unlockPage'),
  ];
}

function handler(wakeOne: boolean): Path {
  return [
    block('out', [
      step('checkSize'),
      when('answerIsNo', [step('failSigbus'), leave('out')]),
      ...GRAB_ENTRY,
      step('getBlock'),
      when('isHoleOrUnwritten', [
        when(
          'isWrite',
          // The handle is already open: nesting never blocks.
          [step('allocBlockPrezero', 'allocBlock'), when('hasFailed', [PUT_ENTRY, leave('out')])],
          [...loadHole(wakeOne), leave('out')],
        ),
      ]),
      when(
        'hasPage',
        [step('unmapPage'), call('unmap'), step('insertEntry'), step('unlockPage')],
        [when('isWrite', [step('insertEntry')], [when('entryIsReal', [], [step('insertEntry')])])],
      ),
      step('directAccess'),
      when('hasFailed', [step('unlockEntry'), leave('out')]),
      step('installPte'),
      step('unlockEntry'),
    ]),
  ];
}

/**
 * ext4_dax_fault asks for FAULT_FLAG_WRITE alone, so a private write opens S and J as well (until fd96b8da68d3).
 * VM_FAULT_DAX_LOCKED: the handler's locks go, do_cow_fault installs the copy and unlocks the entry.
 */
const COW_HANDLER: Path = [
  step('sbStartPagefault'),
  ...reading(
    'faultLock',
    ...inHandle(
      step('checkSize'),
      when(
        'answerIsNo',
        [step('failSigbus')],
        [...GRAB_ENTRY, step('getBlock'), step('copyBlock')],
      ),
    ),
  ),
  step('sbEndPagefault'),
  when('hasFailed', [], [step('installAnon'), PUT_ENTRY]),
];

/** ext4_dax_pfn_mkwrite: the entry, if there is one, is tagged; the pte is upgraded whatever was found (B53). */
const PFN_MKWRITE: Path = [
  step('sbStartPagefault'),
  ...reading('faultLock', step('checkSize'), when('answerIsYes', [step('dirtyEntry')])),
  step('sbEndPagefault'),
  when('answerIsYes', [step('upgradePte')], [step('failSigbus')]),
];

/** ext4 starts its handle before the DAX handler: M -> S -> F -> J -> E. */
function ext4Fault(body: Path): Path {
  return reading(
    'faultLock',
    when('isWrite', [step('journalStart')]),
    ...body,
    when('isWrite', [step('journalStop')]),
  );
}

/** `if (mapping->nrpages)`: a file whose cache holds entries only is not invalidated (until 55635ba76ef9). */
const INVALIDATE_IF_CACHED: Path = [
  step('checkCached'),
  when('answerIsYes', [step('touchedPages'), call('invalidate')]),
];

/** generic_file_direct_write: flush, invalidate, write, invalidate (S2; the gate: dossier 7.3). */
const WRITE_EXT4: Path = [
  downWrite('inodeLock'),
  step('claimRange'),
  step('touchedPages'),
  call('writeback'),
  ...INVALIDATE_IF_CACHED,
  ...writeBody('prezero'),
  ...INVALIDATE_IF_CACHED,
  when('hasFailed', [], [when('grows', [step('setSize')])]),
  upWrite('inodeLock'),
];

/** dax_iomap_rw: one invalidation, before, and only if the file has cached pages. */
const WRITE_IOMAP: Path = [
  downWrite('inodeLock'),
  step('claimRange'),
  ...INVALIDATE_IF_CACHED,
  ...writeBody('prezero'),
  when('hasFailed', [], [when('grows', [step('setSize')])]),
  upWrite('inodeLock'),
];

/**
 * dax_writeback_mapping_range: DIRTY is never cleared before 4.10. Its search starts at the same index each
 * time (until June 2017), so an entry that was skipped for its lock bit is found again (dossier 7.3).
 *
 * B56 is here under either value of `fsync_tag`. Behind the flush, as 4.8 has it: a store through a writable
 * pte falls between flush and clear, and a second fsync finds the tag still set, then gone. Before the flush:
 * the second fsync finds no tag while the first has yet to flush. 4.10 closes the first form by making ptes
 * read-only, which 4.8 never does, so clearing behind the flush repairs only models that do.
 */
function writeback(toggles: Toggles): Path {
  const waits = toggles.fsync_locked === 'wait';
  const check = waits ? step('checkTowriteUnlocked', 'checkTowrite') : step('checkTowrite');
  const flush = [step('flushBlock'), step('clearTowrite')];
  if (toggles.fsync_tag === 'before_flush') flush.reverse();
  return [
    step('tagTowrite'),
    loop('more', [
      ...(toggles.writeback === 'restart' ? [step('rewind')] : []),
      step('findTowrite'),
      when('more', [check, when('answerIsYes', flush)]),
    ]),
  ];
}

function exclusively(body: Path): Path {
  return writing('inodeLock', ...writing('faultLock', ...body));
}

type Toggles = Readonly<Record<string, string>>;

/** What the kernel asserts, or says in a comment. */
const NEEDS: readonly Need[] = [
  ...MM_NEEDS,
  CLAIM_NEED,
  ...extentsNeed('inodeLock', 'ext4_truncate: WARN_ON(!inode_is_locked(inode))'),
  ...extentsNeed(
    'faultLock',
    'ext4_punch_hole: "Prevent page faults from reinstantiating pages we have released from page cache"',
  ),
  SIZE_NEED,
];

export function v48EntryLock(toggles: Toggles): Model {
  return {
    format: 1,
    name: 'v48-entry-lock',
    title: 'DAX of 4.8 on ext4: i_mmap_sem, radix-tree entry locks and dirty tags',
    comment: 'dossier 3.10a; the July 2016 race between fault and write',
    origin: {
      kernel: '4.7-4.9',
      sources: ['ac401cc78242', 'fs/dax.c of 4.9', 'Kara 27 Jul 2016', 'dossier 3.10a and 7.3'],
    },
    options: V48_OPTIONS,
    toggles,
    locks: {
      inodeLock: 'i_rwsem',
      mmapSem: 'mmap_sem',
      faultLock: 'i_mmap_sem',
      iMmapRwsem: 'i_mmap_rwsem',
      pageLock: 'page lock',
      entryLock: 'entry lock',
      extentLock: 'i_data_sem',
      journal: 'jbd2 handle',
    },
    order: [
      'inodeLock -> faultLock -> journal -> extentLock',
      'mmapSem -> freeze -> faultLock -> journal -> pageLock -> iMmapRwsem',
      'mmapSem -> freeze -> faultLock -> journal -> entryLock -> extentLock',
    ],
    durability: true,
    needs: NEEDS,
    expect: expected(toggles),
    paths: pathsOf(toggles),
  };
}

function pathsOf(toggles: Toggles): Model['paths'] {
  return {
    ...COMMON_PATHS,
    fault: faultPath({
      handler: withFreeze(ext4Fault(handler(toggles.wake === 'one'))),
      pfnMkwrite: PFN_MKWRITE,
      cow: COW_HANDLER,
    }),
    pread: reading('inodeLock', ...READ_BODY),
    pwrite: toggles.write === 'iomap' ? WRITE_IOMAP : WRITE_EXT4,
    truncate: exclusively(TRUNCATE_BODY),
    punch: exclusively(punchBody([])),
    collapse: exclusively(COLLAPSE_EXT4),
    insert: exclusively(INSERT_EXT4),
    zero: exclusively(ZERO_EXT4),
    // ext4_fallocate takes i_mmap_sem only to punch, collapse, insert or zero.
    fallocate: writing('inodeLock', ...FALLOCATE_BODY),
    drop: DROP_ENTRIES,
    invalidate: invalidateDrop(toggles.inv2_recheck === 'on'),
    writeback: writeback(toggles),
    commit: COMMIT_JBD2,
  };
}

const CLEAN = [
  'B09',
  'B10',
  'B12',
  'B13',
  'B14',
  'B15',
  'B16',
  'B17',
  'B31',
  'B32',
  'B33',
  'B34',
  'B51',
  'B55',
  'F01',
];

/**
 * B11 is here with `inv2_recheck` too: a load's EMPTY entry is no page, so the gate skips the invalidation that
 * would have waited for it. B20 and B53 need another cached page in the file, which opens the gate, or a zero
 * page that a write fault replaces behind it.
 *
 * `iomap` has F02 (dossier 7.1): nothing behind the copy waits for the page of a write fault that has allocated
 * and not yet unmapped.
 */
function expected(toggles: Toggles): Model['expect'] {
  const skips = toggles.writeback === 'cursor' && toggles.fsync_locked === 'skip' ? ['B21'] : [];
  const loses = toggles.wake === 'one' ? ['B28'] : [];
  const returns = toggles.write === 'iomap' ? ['F02'] : [];
  const always = ['B11', 'B18', 'B20', 'B22', 'B53', 'B56'];
  const find = [...always, ...skips, ...loses, ...returns].sort();
  const clean = [...CLEAN, 'B21', 'B28', 'F02'].filter((row) => !find.includes(row)).sort();
  return { find, clean };
}
