/**
 * Kernel paths that models share: the macros of dossier part 2, and what mm/ and every file system do alike.
 * A model takes these and replaces what it locks differently.
 */
import {
  block,
  call,
  downRead,
  inHandle,
  leave,
  loop,
  type Path,
  reading,
  retry,
  step,
  upRead,
  when,
  writing,
} from '../kernel/path.ts';

/** unmap_mapping_range of [from, to): V for write, one step a present PTE. */
export const UNMAP: Path = writing('iMmapRwsem', loop('moreMapped', [step('clearPte')]));

/** The same with even_cows: truncate also removes private copies (dossier 4.3 item 15). */
export const UNMAP_COWS: Path = writing(
  'iMmapRwsem',
  loop('moreMapped', [step('clearPteCows', 'clearPte')]),
);

/** Delete a page that findSlot has seen: lock, test that it is still there, unmap, delete. */
const DELETE_PAGE: Path = [
  step('lockPage'),
  when('answerIsYes', [
    step('checkMapped'),
    when('answerIsYes', [step('unmapPage'), call('unmap')]),
    step('deletePage'),
  ]),
  step('unlockPage'),
];

/** truncate_inode_pages_range while the cache holds pages only (4.0-4.4). */
export const DROP_PAGES: Path = [loop('more', [step('findSlot'), when('slotIsPage', DELETE_PAGE)])];

/** The same from 4.7 on: an entry is deleted once it is unlocked; a page put in its place meanwhile goes too. */
export const DROP_ENTRIES: Path = [
  loop('more', [
    step('findSlot'),
    when('slotIsEntry', [step('deleteEntry'), when('answerIsNo', DELETE_PAGE)]),
    when('slotIsPage', DELETE_PAGE),
  ]),
];

/**
 * invalidate_inode_pages2_range of 4.5-4.9, INV2.drop: entries go, dirty or not, and nobody unmaps. With
 * `recheck`, a slot that holds a page after the wait for its entry is treated as a page.
 */
export function invalidateDrop(recheck: boolean): Path {
  return [
    loop('more', [
      step('findSlot'),
      when('slotIsEntry', [
        step('dropEntry'),
        ...(recheck ? [when('answerIsNo', DELETE_PAGE)] : []),
      ]),
      when('slotIsPage', DELETE_PAGE),
    ]),
  ];
}

/** truncate_pagecache: the second unmap exists because private pages may be COWed in between. */
export const TRUNCATE_PAGECACHE: Path = [
  step('unmapRange'),
  call('unmapCows'),
  step('rewind'),
  call('drop'),
  step('unmapRange'),
  call('unmapCows'),
];

/** truncate_pagecache_range: one unmap only; nothing if the range has no whole page. */
export const HOLE_PAGECACHE: Path = [
  step('wholePages'),
  when('hasRange', [step('unmapRange'), call('unmap'), step('rewind'), call('drop')]),
];

/** GBK(i,1) in a journal handle of its own. */
export function allocate(policy: Policy): Path {
  return inHandle(step(ALLOC[policy], 'allocBlock'));
}

export type Policy = 'new' | 'unwritten' | 'prezero';
const ALLOC: Readonly<Record<Policy, string>> = {
  new: 'allocBlockNew',
  unwritten: 'allocBlockUnwritten',
  prezero: 'allocBlockPrezero',
};

/** A size that grows uncovers what mappings may have stored behind it: the old tail is zeroed first. */
export const GROW: Path = [
  when('grows', [when('lineCutsPage', [step('zeroPartial', 'zeroOldTail')]), step('setSize')]),
];

/** TR_DOWN and TR_UP: the size falls before the pages go; the extents go last, one a step. */
export const TRUNCATE_BODY: Path = [
  step('claimRange'),
  when('shrinks', [
    step('setSize'),
    step('pagesBeyondSize'),
    ...TRUNCATE_PAGECACHE,
    step('tailOfNewSize'),
    when('lineCutsPage', [step('zeroPartial')]),
    ...inHandle(step('pagesBeyondSize'), loop('more', [step('removeExtent')])),
  ]),
  when('grows', [
    when('lineCutsPage', [step('zeroPartial', 'zeroOldTail')]),
    // truncate_pagecache beyond the new end finds nothing: left out.
    step('setSize', 'setSizeUp'),
  ]),
];

/** PUNCH: purge, zero the partial edges, free the blocks. `purgeAgain` is ext4's second purge in the handle. */
export function punchBody(purgeAgain: Path): Path {
  return [
    step('claimRange'),
    ...HOLE_PAGECACHE,
    ...inHandle(
      when('cutsPages', [step('zeroEdges')]),
      step('rewind'),
      loop('more', [step('removeExtent')]),
      ...purgeAgain,
    ),
  ];
}

/** What moves is flushed before it is purged, or its dirty tags would be lost with the entries (B42). */
export const FLUSH_AND_PURGE: Path = [
  step('pagesFromOffset'),
  call('writeback'),
  step('pagesFromOffset'),
  ...TRUNCATE_PAGECACHE,
];

/** COLLAPSE as ext4 does it: removal and shift under one X.W. */
export const COLLAPSE_EXT4: Path = [
  step('claimRange'),
  when(
    'hasFailed',
    [],
    [
      ...FLUSH_AND_PURGE,
      ...inHandle(step('wholePages'), step('collapseExtents'), step('setSize')),
      step('shiftDone'),
    ],
  ),
];

/**
 * INSERT as ext4 does it: the size grows in the handle, behind the purge (dossier 7.3); then every extent
 * behind the offset moves right.
 */
export const INSERT_EXT4: Path = [
  step('claimRange'),
  when(
    'hasFailed',
    [],
    [
      ...FLUSH_AND_PURGE,
      ...inHandle(step('setSize'), step('wholePages'), step('insertExtents')),
      step('shiftDone'),
    ],
  ),
];

/** ZERO as ext4 does it: written extents become unwritten in place. */
export const ZERO_EXT4: Path = [
  step('claimRange'),
  ...HOLE_PAGECACHE,
  ...inHandle(
    when('cutsPages', [step('zeroEdges')]),
    step('wholePages'),
    when('hasRange', [
      step('firstWholePage'),
      loop('wholePagesLeft', [step('unwriteExtent'), step('nextPage')]),
    ]),
    ...GROW,
  ),
];

/** PREALLOC: holes become unwritten extents; mapped pages are never touched. */
export const FALLOCATE_BODY: Path = [
  step('claimRange'),
  ...inHandle(
    step('firstPage'),
    loop('pagesLeft', [step('preallocate'), step('nextPage')]),
    ...GROW,
  ),
];

/** pread: clipped to i_size; per page look up, copy; the copy may fault. */
export const READ_BODY: Path = [
  step('clipToSize'),
  step('firstPage'),
  block('copied', [
    loop('pagesLeft', [
      step('getBlock'),
      step('copyOut'),
      when('hasFailed', [leave('copied')]),
      step('nextPage'),
    ]),
  ]),
];

/** jbd2: lock the transaction, wait for its handles, write the commit block. */
export const COMMIT_JBD2: Path = [step('lockTransaction'), step('commitTransaction')];

/** What mm/ and the world do in every model. */
export const COMMON_PATHS: Readonly<Record<string, Path>> = {
  mmap: writing('mmapSem', ...writing('iMmapRwsem', step('linkVma'))),
  munmap: writing(
    'mmapSem',
    step('findArea'),
    when('answerIsYes', [
      loop('moreMapped', [step('clearAreaPte')]),
      ...writing('iMmapRwsem', step('unlinkVma')),
    ]),
  ),
  // msync takes mmap_sem to find the vmas and drops it for the fsync.
  msync: [
    ...reading('mmapSem', step('findArea')),
    when('answerIsYes', [step('touchedPages'), call('writeback'), call('commit')]),
  ],
  fsync: [step('allPages'), call('writeback'), call('commit')],
  // Driver shutdown (S1): no fs lock at all; V.W in the unmap is the only fence.
  revoke: [
    step('killDevice'),
    step('firstFile'),
    loop('filesLeft', [step('allPages'), ...TRUNCATE_PAGECACHE, step('nextFile')]),
  ],
  crash: [step('powerFail')],
  enospc: [step('injectEnospc')],
  unmap: UNMAP,
  unmapCows: UNMAP_COWS,
};

/**
 * FAULT of dossier part 2: mmap_sem, vma, then the handler for what was found. Handlers are blocks of their
 * own; one that returns RETRY has already dropped mmap_sem.
 */
export function faultPath(handlers: {
  readonly handler: Path;
  readonly pfnMkwrite: Path;
  readonly cow: Path;
}): Path {
  return [
    block('again', [
      downRead('mmapSem'),
      step('walkPageTable'),
      when('isHandlerFault', handlers.handler, [
        when('isPfnMkwrite', handlers.pfnMkwrite, [
          when('isCowFault', handlers.cow, [
            when('isWpCopy', [step('copyMappedPage'), step('installAnon')]),
          ]),
        ]),
      ]),
      when('mustRetry', [step('clearResult'), retry('again')]),
      upRead('mmapSem'),
    ]),
  ];
}
