/**
 * ext4 of 4.7-4.9 (dossier 3.10a, K3): the fault lock, dirty tracking in the radix tree, and a lock bit in
 * every entry. Writes invalidate entries without looking at them: the race of July 2016 (S2).
 */
import {
  block,
  call,
  downWrite,
  leave,
  loop,
  type Model,
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
  // Whether fsync takes a locked entry for a changed one (B21) or waits for it.
  fsync: ['racy', 'aware'],
  // What an invalidation does with a page that it finds where it waited for an entry.
  inv2_recheck: ['off', 'on'],
} as const satisfies Record<string, readonly string[]>;

/** Step 3: the slot's lock, be it a page's or an entry's. */
const GRAB_ENTRY: Path = [
  block('lookup', [
    step('lockEntry'),
    when('hasPage', [
      step('lockPageOrRetry'),
      when('mustRetry', [leave('out')]),
      when('answerIsNo', [step('unlockPage'), retry('lookup')]),
    ]),
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

const COW_HANDLER: Path = [
  block('out', [
    step('checkSize'),
    when('answerIsNo', [step('failSigbus'), leave('out')]),
    ...GRAB_ENTRY,
    step('getBlock'),
    step('copyBlock'),
    step('installAnon'),
    PUT_ENTRY,
  ]),
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

/** generic_file_direct_write: flush, invalidate, write, invalidate (S2). */
const WRITE_EXT4: Path = [
  downWrite('inodeLock'),
  step('claimRange'),
  step('touchedPages'),
  call('writeback'),
  step('touchedPages'),
  call('invalidate'),
  ...writeBody('prezero'),
  step('touchedPages'),
  call('invalidate'),
  when('hasFailed', [], [when('grows', [step('setSize')])]),
  upWrite('inodeLock'),
];

/** dax_iomap_rw: one invalidation, before, and only if the file has cached pages. */
const WRITE_IOMAP: Path = [
  downWrite('inodeLock'),
  step('claimRange'),
  step('checkCached'),
  when('answerIsYes', [step('touchedPages'), call('invalidate')]),
  ...writeBody('prezero'),
  when('hasFailed', [], [when('grows', [step('setSize')])]),
  upWrite('inodeLock'),
];

/** dax_writeback_mapping_range of the pages [from, to): DIRTY is never cleared before 4.10. */
function writeback(aware: boolean): Path {
  const check = aware ? step('checkTowriteUnlocked', 'checkTowrite') : step('checkTowrite');
  return [
    step('tagTowrite'),
    loop('more', [
      step('findTowrite'),
      when('more', [check, when('answerIsYes', [step('flushBlock'), step('clearTowrite')])]),
    ]),
  ];
}

function exclusively(body: Path): Path {
  return writing('inodeLock', ...writing('faultLock', ...body));
}

export function v48EntryLock(toggles: Readonly<Record<string, string>>): Model {
  const recheck = toggles.inv2_recheck === 'on';
  return {
    format: 1,
    name: 'v48-entry-lock',
    title: 'DAX of 4.8 on ext4: i_mmap_sem, radix-tree entry locks and dirty tags',
    comment: 'dossier 3.10a; the July 2016 race between fault and write',
    origin: {
      kernel: '4.7-4.9',
      sources: ['ac401cc78242', 'fs/dax.c of 4.9', 'Kara 27 Jul 2016', 'dossier 3.10a'],
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
    expect: {
      find: found(toggles),
      clean: [
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
      ],
    },
    paths: {
      ...COMMON_PATHS,
      fault: faultPath({
        handler: withFreeze(ext4Fault(handler(toggles.wake === 'one'))),
        pfnMkwrite: PFN_MKWRITE,
        cow: reading('faultLock', ...COW_HANDLER),
      }),
      pread: reading('inodeLock', ...READ_BODY),
      pwrite: toggles.write === 'iomap' ? WRITE_IOMAP : WRITE_EXT4,
      truncate: exclusively(TRUNCATE_BODY),
      punch: exclusively(punchBody([])),
      collapse: exclusively(COLLAPSE_EXT4),
      insert: exclusively(INSERT_EXT4),
      zero: exclusively(ZERO_EXT4),
      fallocate: exclusively(FALLOCATE_BODY),
      drop: DROP_ENTRIES,
      invalidate: invalidateDrop(recheck),
      writeback: writeback(toggles.fsync === 'aware'),
      commit: COMMIT_JBD2,
    },
  };
}

function found(toggles: Readonly<Record<string, string>>): string[] {
  // B22 is the dossier's for 4.10; the upgrade stands outside every lock here too, and an unmap and a new fault
  // in between may leave the same pte (collapse, then insert).
  const find = ['B18', 'B20', 'B22', 'B53', 'B56'];
  if (toggles.write === 'iomap' || toggles.inv2_recheck === 'off') find.push('B11');
  if (toggles.fsync === 'racy') find.push('B21');
  if (toggles.wake === 'one') find.push('B28');
  return find.sort();
}
