/**
 * XFS of 4.4 (dossier 3.6): XFS_MMAPLOCK shared in every fault and exclusive in every extent manipulation,
 * blocks zeroed inside the allocation. What is left is that faults share the lock with each other, and writes
 * do not take it at all.
 */
import { CLAIM_NEED, extentsNeed, MM_NEEDS, SIZE_NEED } from '../kernel/needs.ts';
import {
  block,
  call,
  downgradeWrite,
  downRead,
  downWrite,
  inHandle,
  leave,
  loop,
  type Model,
  type Need,
  type Path,
  reading,
  step,
  upRead,
  upWrite,
  when,
  writing,
} from '../kernel/path.ts';
import {
  COMMON_PATHS,
  DROP_PAGES,
  FALLOCATE_BODY,
  FLUSH_AND_PURGE,
  faultPath,
  GROW,
  HOLE_PAGECACHE,
  punchBody,
  READ_BODY,
  TRUNCATE_BODY,
  TRUNCATE_PAGECACHE,
} from './parts.ts';
import { COW_HANDLER, faultHandler, withFreeze, writeBody } from './v42-immap-read.ts';

/** Both locks for write: what makes extent manipulation exclude everybody. */
function exclusively(body: Path): Path {
  return writing('inodeLock', ...writing('faultLock', ...body));
}

/** xfs_filemap_pfn_mkwrite of 4.4: the size is checked under the lock, the pte upgraded behind it. */
export const PFN_MKWRITE_SIZE: Path = [
  step('sbStartPagefault'),
  ...reading('faultLock', step('checkSize')),
  step('sbEndPagefault'),
  when('answerIsYes', [step('upgradePte')], [step('failSigbus')]),
];

/**
 * xfs_file_dio_aio_write: shared unless pages are cached, the write is unaligned or it extends the file. Both
 * cached pages and the extension are known for certain only under the lock, so a shared holder that finds one
 * starts again (nrpages is tested again: dossier 7.3).
 */
const LOCK_FOR_WRITE: Path = [
  step('checkCached'),
  when('answerIsYes', [step('note')]),
  when('cutsPages', [step('note')]),
  block('locked', [
    when('noted', [downWrite('inodeLock'), leave('locked')]),
    downRead('inodeLock'),
    step('measureWrite'),
    step('checkCached'),
    when('answerIsYes', [step('note')]),
    when('grows', [step('note')]),
    when('noted', [upRead('inodeLock'), downWrite('inodeLock')]),
  ]),
];

const WRITE: Path = [
  ...LOCK_FOR_WRITE,
  step('claimRange'),
  // Until 8b2180b3bf03 cached pages mean flush and invalidation of the whole file.
  step('checkCached'),
  when('answerIsYes', [step('allPages'), call('drop')]),
  block('demoted', [
    when('noted', [], [leave('demoted')]),
    when('cutsPages', [leave('demoted')]),
    when('grows', [leave('demoted')]),
    downgradeWrite('inodeLock'),
    step('clearResult'),
  ]),
  ...writeBody('prezero'),
  // xfs_end_io_direct_write, inside ->direct_IO.
  when('hasFailed', [], [when('grows', [step('setSize')])]),
  // "see generic_file_direct_write() for why this is necessary", of the written range (dossier 7.3).
  step('checkCached'),
  when('answerIsYes', [step('touchedPages'), call('drop')]),
  when('noted', [upWrite('inodeLock')], [upRead('inodeLock')]),
];

/** xfs_file_read_iter: exclusive only to invalidate cached pages, which are looked for again under the lock. */
const READ: Path = [
  downRead('inodeLock'),
  step('checkCached'),
  when('answerIsYes', [
    upRead('inodeLock'),
    downWrite('inodeLock'),
    step('checkCached'),
    when('answerIsYes', [step('allPages'), call('drop')]),
    downgradeWrite('inodeLock'),
  ]),
  ...READ_BODY,
  upRead('inodeLock'),
];

type Shift = 'purge' | '4.4';

/**
 * The default answers for the locks: everything from the offset on is unmapped, and nobody comes back while
 * MMAPLOCK is held. `4.4` is what xfs_shift_file_space of 4.4 does: invalidate_inode_pages2_range(offset, -1),
 * which unmaps a page of the cache and knows nothing of a raw-pfn pte. That defect is in the purge and not in
 * the locks, one thread shows it (B15), and dossier 7.3 names it a flavour.
 */
const OPTIONS = { shift: ['purge', '4.4'] } as const satisfies Record<string, readonly string[]>;
export const XFS_OPTIONS: Readonly<Record<string, readonly string[]>> = OPTIONS;

const INVALIDATE_TAIL: Path = [step('pagesFromOffset'), call('drop')];

/** xfs_collapse_file_space: the range is freed like a hole, then one extent a transaction moves left. */
function collapse(shift: Shift): Path {
  const isOld = shift === '4.4';
  return [
    step('claimRange'),
    when(
      'hasFailed',
      [],
      [
        ...(isOld ? HOLE_PAGECACHE : FLUSH_AND_PURGE),
        step('wholePages'),
        loop('more', [...inHandle(step('removeExtent'))]),
        ...(isOld ? [...INVALIDATE_TAIL, step('wholePages')] : [step('rewind')]),
        loop('more', [...inHandle(step('shiftExtentLeft'))]),
        ...inHandle(step('setSize')),
        // xfs_setattr_size purges behind the new end; the other purge has left nothing there.
        ...(isOld ? [step('pagesBeyondSize'), ...TRUNCATE_PAGECACHE] : []),
        step('shiftDone'),
      ],
    ),
  ];
}

/** The size goes first, by xfs_setattr_size, which zeroes the old tail (4.4 [mem]; the 6.1 trace sets it so too). */
function insert(shift: Shift): Path {
  return [
    step('claimRange'),
    when(
      'hasFailed',
      [],
      [
        when('lineCutsPage', [step('zeroPartial', 'zeroOldTail')]),
        ...inHandle(step('setSize')),
        ...(shift === '4.4' ? INVALIDATE_TAIL : FLUSH_AND_PURGE),
        step('wholePages'),
        step('fromTheEnd'),
        loop('more', [...inHandle(step('shiftExtentRight'))]),
        step('shiftDone'),
      ],
    ),
  ];
}

/** xfs_zero_file_space: the blocks go and unwritten ones take their place. */
const ZERO: Path = [
  step('claimRange'),
  ...HOLE_PAGECACHE,
  when('cutsPages', [step('zeroEdges')]),
  step('wholePages'),
  loop('more', [...inHandle(step('removeExtent'))]),
  when('hasRange', [
    step('firstWholePage'),
    loop('wholePagesLeft', [...inHandle(step('preallocate')), step('nextPage')]),
  ]),
  ...inHandle(...GROW),
];

function pathsOf(shift: Shift): Model['paths'] {
  return {
    ...COMMON_PATHS,
    fault: faultPath({
      handler: withFreeze(reading('faultLock', ...faultHandler('prezero'))),
      pfnMkwrite: PFN_MKWRITE_SIZE,
      cow: reading('faultLock', ...COW_HANDLER),
    }),
    pread: READ,
    pwrite: WRITE,
    truncate: exclusively(TRUNCATE_BODY),
    punch: exclusively(punchBody([])),
    collapse: exclusively(collapse(shift)),
    insert: exclusively(insert(shift)),
    zero: exclusively(ZERO),
    fallocate: exclusively(FALLOCATE_BODY),
    drop: DROP_PAGES,
    writeback: [],
    commit: [step('forceLog')],
  };
}

/** What the kernel asserts, or says in a comment. */
const NEEDS: readonly Need[] = [
  ...MM_NEEDS,
  CLAIM_NEED,
  ...extentsNeed('inodeLock', 'xfs_setattr_size: ASSERT(xfs_isilocked(ip, XFS_IOLOCK_EXCL))'),
  ...extentsNeed('faultLock', 'xfs_setattr_size: ASSERT(xfs_isilocked(ip, XFS_MMAPLOCK_EXCL))'),
  SIZE_NEED,
];

export function xfsMmaplockPrezero(toggles: Readonly<Record<string, string>>): Model {
  return {
    format: 1,
    name: 'xfs-mmaplock-prezero',
    title: 'DAX of 4.4 on XFS: MMAPLOCK shared in faults, exclusive in extent manipulation',
    comment: 'dossier 3.6',
    origin: {
      kernel: '4.4',
      sources: [
        '653c60b633a9',
        'de0e8c20ba3a',
        '075a924d45cc',
        'e8e9ad42c1f1',
        '3fbbbea34bac',
        'fs/xfs/xfs_bmap_util.c of 4.4',
        'dossier 3.6 and 7.3',
      ],
    },
    options: OPTIONS,
    toggles,
    locks: {
      inodeLock: 'XFS_IOLOCK',
      mmapSem: 'mmap_sem',
      faultLock: 'XFS_MMAPLOCK',
      iMmapRwsem: 'i_mmap_rwsem',
      pageLock: 'page lock',
      extentLock: 'XFS_ILOCK',
      journal: 'log reservation',
    },
    order: [
      'inodeLock -> faultLock -> pageLock -> extentLock',
      'inodeLock -> mmapSem -> faultLock -> pageLock',
    ],
    durability: false,
    needs: NEEDS,
    expect: expected(toggles.shift as Shift),
    paths: pathsOf(toggles.shift as Shift),
  };
}

const CLEAN = [
  'B01',
  'B02',
  'B03',
  'B04',
  'B09',
  'B12',
  'B13',
  'B14',
  'B16',
  'B17',
  'B33',
  'B34',
  'B50',
  'B51',
  'B55',
];

function expected(shift: Shift): Model['expect'] {
  if (shift === '4.4') return { find: ['B10', 'B11', 'B15'], clean: CLEAN };
  return { find: ['B10', 'B11'], clean: [...CLEAN, 'B15'].sort() };
}
