/**
 * fs/dax.c of 4.0-4.2 over ext4 (dossier 3.2, K1): i_mmap_rwsem for read around "check i_size, install the
 * pte" is all that fences a fault. It holds for truncate, which lowers i_size first; inside EOF it holds for
 * nothing.
 */
import { CLAIM_NEED, extentsNeed, MM_NEEDS, SIZE_NEED } from '../kernel/needs.ts';
import {
  block,
  downRead,
  downWrite,
  inHandle,
  leave,
  loop,
  type Model,
  type Need,
  type Path,
  retry,
  step,
  upRead,
  upWrite,
  when,
  writing,
} from '../kernel/path.ts';
import {
  allocate,
  COLLAPSE_EXT4,
  COMMIT_JBD2,
  COMMON_PATHS,
  DROP_PAGES,
  FALLOCATE_BODY,
  faultPath,
  HOLE_PAGECACHE,
  INSERT_EXT4,
  type Policy,
  punchBody,
  READ_BODY,
  TRUNCATE_BODY,
  ZERO_EXT4,
} from './parts.ts';

/** Step 3: find the page and lock it; RETRY has dropped mmap_sem. Leaves `out` when the fault is over. */
export const FIND_AND_LOCK_PAGE: Path = [
  block('lookup', [
    step('findPage'),
    when('hasPage', [
      step('lockPageOrRetry'),
      when('mustRetry', [leave('out')]),
      when('answerIsNo', [step('unlockPage'), retry('lookup')]),
      step('checkSize'),
      when('answerIsNo', [step('unlockPage'), step('failSigbus'), leave('out')]),
    ]),
  ]),
];

/** Step 6: a major fault looks once more for a page that came meanwhile; find_lock_page sleeps with all held. */
export const FIND_LOCK_PAGE_AGAIN: Path = [
  when(
    'hasPage',
    [],
    [
      block('lookAgain', [
        step('findPage'),
        when('hasPage', [
          step('lockPage'),
          when('answerIsNo', [step('unlockPage'), retry('lookAgain')]),
        ]),
      ]),
    ],
  ),
];

/** Steps 5-8 of a read fault on a hole: insert a locked zero page or take the one that is there, map it. */
export const LOAD_HOLE: Path = [
  when(
    'hasPage',
    [],
    [
      block('insert', [
        step('addZeroPage'),
        when('answerIsNo', [
          step('lockPage'),
          when('answerIsNo', [step('unlockPage'), retry('insert')]),
        ]),
      ]),
    ],
  ),
  step('checkSize'),
  when('answerIsNo', [step('failSigbus')], [step('mapZeroPage')]),
  step('unlockPage'),
];

/** Step 7: a hole page goes, out of every page table first. */
export const REPLACE_PAGE: Path = [
  when('hasPage', [step('unmapPage'), { call: 'unmap' }, step('deletePage'), step('unlockPage')]),
];

/** Write faults and page_mkwrite are fenced against a freeze; read faults are not. */
export function withFreeze(handler: Path): Path {
  return [
    when('isWrite', [step('sbStartPagefault')]),
    ...handler,
    when('isWrite', [step('sbEndPagefault')]),
  ];
}

/** __dax_fault of 4.2: one handler for read faults, write faults and page_mkwrite. */
export function faultHandler(policy: Policy): Path {
  return [
    block('out', [
      step('checkSize'),
      when('answerIsNo', [step('failSigbus'), leave('out')]),
      ...FIND_AND_LOCK_PAGE,
      step('getBlock'),
      when(
        'isWrite',
        [
          when(policy === 'prezero' ? 'isHoleOrUnwritten' : 'isHole', [
            ...allocate(policy),
            when('hasFailed', [when('hasPage', [step('unlockPage')]), leave('out')]),
            ...FIND_LOCK_PAGE_AGAIN,
          ]),
        ],
        [when(policy === 'prezero' ? 'isHoleOrUnwritten' : 'isHole', [...LOAD_HOLE, leave('out')])],
      ),
      ...REPLACE_PAGE,
      downRead('iMmapRwsem'),
      step('checkSize'),
      // The block stays allocated beyond EOF: the comment in K1 admits it (B34).
      when('answerIsNo', [upRead('iMmapRwsem'), step('failSigbus'), leave('out')]),
      step('directAccess'),
      when('hasFailed', [upRead('iMmapRwsem'), leave('out')]),
      ...(policy === 'prezero' ? [] : [when('needsClear', [step('clearBlock')])]),
      step('installPte'),
      upRead('iMmapRwsem'),
      ...(policy === 'prezero' ? [] : [CONVERT]),
    ]),
  ];
}

/** Conversion comes behind the release of V, in a handle of its own (B55). */
export const CONVERT: Path[number] = when('isUnwritten', inHandle(step('convertExtent')));

/** A private write to an empty slot: the handler returns with the page, or with V for read, held. */
export const COW_HANDLER: Path = [
  block('out', [
    step('checkSize'),
    when('answerIsNo', [step('failSigbus'), leave('out')]),
    ...FIND_AND_LOCK_PAGE,
    step('getBlock'),
    step('copyBlock'),
    when('hasPage', [step('installAnon'), step('unlockPage'), leave('out')]),
    downRead('iMmapRwsem'),
    step('checkSize'),
    when('answerIsNo', [step('failSigbus')], [step('installAnon')]),
    upRead('iMmapRwsem'),
  ]),
];

/** dax_do_io for a write, between its locks: per page allocate, zero the rest, copy; then convert. */
export function writeBody(policy: Policy): Path {
  // end_io converts what was copied; a copy that failed (EFAULT) converts nothing. Under policy NEW its block
  // stays as it was found, which is B34 in a single operation; the dossier's "single operations are clean"
  // does not think of failing ones.
  const convertRange: Path[number] = when(
    'hasFailed',
    [],
    [
      when('noted', [
        step('firstPage'),
        ...inHandle(loop('pagesLeft', [step('convertExtent'), step('nextPage')])),
      ]),
    ],
  );
  return [
    when('startsBeyondSize', [when('lineCutsPage', [step('zeroPartial', 'zeroOldTail')])]),
    step('firstPage'),
    block('copied', [
      loop('pagesLeft', [
        ...allocate(policy),
        when('hasFailed', [leave('copied')]),
        ...(policy === 'prezero'
          ? []
          : [
              when('needsClear', [when('isPartialPage', [step('zeroRest')])]),
              when('isUnwritten', [step('note')]),
            ]),
        step('copyIn'),
        when('hasFailed', [leave('copied')]),
        step('nextPage'),
      ]),
    ]),
    ...(policy === 'prezero' ? [] : [convertRange]),
  ];
}

/** What the kernel asserts, or says in a comment. */
const NEEDS: readonly Need[] = [
  ...MM_NEEDS,
  CLAIM_NEED,
  ...extentsNeed(
    'inodeLock',
    'ext4_truncate and ext4_update_disksize_before_punch: WARN_ON(!mutex_is_locked(&inode->i_mutex))',
  ),
  SIZE_NEED,
];

export function v42ImmapRead(toggles: Readonly<Record<string, string>>): Model {
  const policy = toggles.policy as Policy;
  return {
    format: 1,
    name: 'v42-immap-read',
    title: 'DAX of 4.2 on ext4: i_mmap_rwsem for read around the size check and the pte',
    comment: 'dossier 3.2; the PTE path that 0f90cc6609c7 restored for 4.3',
    origin: {
      kernel: '4.0-4.2',
      sources: ['fs/dax.c of 4.1', 'dossier 3.2', 'Kara 30 Jul 2014', 'Chinner 29 Sep 2015'],
    },
    options: OPTIONS,
    toggles,
    locks: {
      inodeLock: 'i_mutex',
      mmapSem: 'mmap_sem',
      iMmapRwsem: 'i_mmap_rwsem',
      pageLock: 'page lock',
      extentLock: 'i_data_sem',
      journal: 'jbd2 handle',
    },
    order: [
      'inodeLock -> mmapSem',
      'mmapSem -> freeze -> pageLock -> iMmapRwsem',
      'mmapSem -> pageLock -> journal -> extentLock',
    ],
    durability: false,
    needs: NEEDS,
    expect: {
      find: found(policy),
      clean: ['B01', 'B02', 'B03', 'B04', 'B13', 'B50', ...ruledOut(policy)].sort(),
    },
    paths: {
      ...COMMON_PATHS,
      fault: faultPath({
        handler: withFreeze(faultHandler(policy)),
        // Only updates the time in this version; mm then upgrades the pte.
        pfnMkwrite: [step('upgradePte')],
        cow: COW_HANDLER,
      }),
      pread: writing('inodeLock', ...READ_BODY),
      // generic_file_direct_write: hole pages are invalidated before and behind the direct IO.
      pwrite: [
        downWrite('inodeLock'),
        step('claimRange'),
        step('touchedPages'),
        { call: 'drop' },
        ...writeBody(policy),
        step('touchedPages'),
        { call: 'drop' },
        when('hasFailed', [], [when('grows', [step('setSize')])]),
        upWrite('inodeLock'),
      ],
      truncate: writing('inodeLock', ...TRUNCATE_BODY),
      // "release the pages again to reduce race window", inside the handle (K8).
      punch: writing('inodeLock', ...punchBody(HOLE_PAGECACHE)),
      collapse: writing('inodeLock', ...COLLAPSE_EXT4),
      insert: writing('inodeLock', ...INSERT_EXT4),
      zero: writing('inodeLock', ...ZERO_EXT4),
      fallocate: writing('inodeLock', ...FALLOCATE_BODY),
      drop: DROP_PAGES,
      writeback: [],
      commit: COMMIT_JBD2,
    },
  };
}

/** The first value is the default: ext4 without extents, the state of the mails' oldest reports. */
const OPTIONS = { policy: ['new', 'unwritten', 'prezero'] } as const;
export const V42_OPTIONS: Readonly<Record<string, readonly string[]>> = OPTIONS;

function found(policy: Policy): string[] {
  const always = ['B10', 'B11', 'B12', 'B14', 'B15', 'B51'];
  if (policy === 'prezero') return always;
  const unserialised = ['B09', 'B16', 'B17'];
  // B55 needs an unwritten extent, which fallocate makes under any policy.
  return [
    ...always,
    ...unserialised,
    'B55',
    'F01',
    ...(policy === 'new' ? ['B33', 'B34'] : []),
  ].sort();
}

/** What an allocation policy closes whatever the locks: nothing uncleared is exposed, nothing is converted late. */
export function ruledOut(policy: Policy): string[] {
  if (policy === 'new') return [];
  const uncleared = ['B33', 'B34'];
  return policy === 'unwritten' ? uncleared : [...uncleared, 'B09', 'B16', 'B17', 'B55', 'F01'];
}
