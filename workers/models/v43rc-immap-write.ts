/**
 * 4.3-rc with 843172978bb9 and 46c043ede471 (dossier 3.3): i_mmap_rwsem for write from before get_block, so
 * that the loser of two faults sees a zeroed block. Now P -> V and V -> P both exist, and V -> J against
 * ext4's purge inside the handle, where a load converts an unwritten extent.
 */
import {
  block,
  downWrite,
  inHandle,
  leave,
  type Model,
  type Path,
  retry,
  step,
  upWrite,
  when,
} from '../kernel/path.ts';
import { allocate, faultPath, type Policy } from './parts.ts';
import {
  CONVERT,
  FIND_LOCK_PAGE_AGAIN,
  LOAD_HOLE,
  REPLACE_PAGE,
  ruledOut,
  V42_OPTIONS,
  v42ImmapRead,
  withFreeze,
} from './v42-immap-read.ts';

/** Step 3: a page is locked; without a page V is taken for write, and `note` remembers that it was. */
const LOCK_PAGE_OR_IMMAP: Path = [
  block('lookup', [
    step('findPage'),
    when(
      'hasPage',
      [
        step('lockPageOrRetry'),
        when('mustRetry', [leave('out')]),
        when('answerIsNo', [step('unlockPage'), retry('lookup')]),
        step('checkSize'),
        when('answerIsNo', [step('unlockPage'), step('failSigbus'), leave('out')]),
      ],
      [downWrite('iMmapRwsem'), step('note')],
    ),
  ]),
];

/** Step 10 asks for the page pointer of step 3, which step 7 does not clear in this tree (K1). */
const UNLOCK_IMMAP: Path[number] = when('noted', [upWrite('iMmapRwsem')]);

function handler(policy: Policy): Path {
  const hole = policy === 'prezero' ? 'isHoleOrUnwritten' : 'isHole';
  return [
    block('out', [
      step('checkSize'),
      when('answerIsNo', [step('failSigbus'), leave('out')]),
      ...LOCK_PAGE_OR_IMMAP,
      step('getBlock'),
      when(hole, [
        when(
          'isWrite',
          [
            ...allocate(policy),
            when('hasFailed', [when('hasPage', [step('unlockPage')]), UNLOCK_IMMAP, leave('out')]),
            ...FIND_LOCK_PAGE_AGAIN,
          ],
          // 5': the release is unconditional, also where step 3 locked a page instead (B02).
          [upWrite('iMmapRwsem'), ...LOAD_HOLE, leave('out')],
        ),
      ]),
      ...REPLACE_PAGE,
      step('checkSize'),
      when('answerIsNo', [UNLOCK_IMMAP, step('failSigbus'), leave('out')]),
      step('directAccess'),
      when('hasFailed', [UNLOCK_IMMAP, leave('out')]),
      ...(policy === 'prezero' ? [] : [when('needsClear', [step('clearBlock')])]),
      step('installPte'),
      ...(policy === 'prezero' ? [] : [CONVERT]),
      UNLOCK_IMMAP,
    ]),
  ];
}

/**
 * ext4_dax_fault starts its handle before the DAX handler: M -> S -> J -> V, in the very series of 843172978bb9
 * (20962640145, patch 05; dossier 7.3). ext4_dax_mkwrite does not, until 1e9d180ba39f: get_block starts one
 * under the page lock (B51) or, if a purge took the page meanwhile, under V (B04).
 */
function ext4Fault(body: Path): Path {
  return withFreeze([
    when('isWrite', [when('isPageMkwrite', [], [step('journalStart')])]),
    ...body,
    when('isWrite', [when('isPageMkwrite', [], [step('journalStop')])]),
  ]);
}

/**
 * 52a2b53ffde6: the COW handler returns with V held for write and do_cow_fault releases it for write. S and J
 * go with the handler: ext4_dax_fault asks for FAULT_FLAG_WRITE alone.
 */
const COW_HANDLER: Path = [
  step('sbStartPagefault'),
  ...inHandle(
    block('out', [
      step('checkSize'),
      when('answerIsNo', [step('failSigbus'), leave('out')]),
      ...LOCK_PAGE_OR_IMMAP,
      step('getBlock'),
      step('copyBlock'),
    ]),
  ),
  step('sbEndPagefault'),
  when('hasFailed', [], [step('installAnon'), when('hasPage', [step('unlockPage')]), UNLOCK_IMMAP]),
];

export function v43rcImmapWrite(toggles: Readonly<Record<string, string>>): Model {
  const policy = toggles.policy as Policy;
  const base = v42ImmapRead(toggles);
  return {
    ...base,
    name: 'v43rc-immap-write',
    title: 'DAX of 4.3-rc on ext4: i_mmap_rwsem for write around get_block and the pte',
    comment: 'dossier 3.3; reverted by 0f90cc6609c7',
    origin: {
      kernel: '4.3-rc1 to 4.3-rc5',
      sources: [
        '843172978bb9',
        '46c043ede471',
        '20962640145',
        'dossier 3.3 and 7.3',
        'Zwisler 28 Sep 2015',
      ],
    },
    options: V42_OPTIONS,
    // mm/rmap.c, and the rule of Kara's mail of 30 Jul 2014; the paths break both.
    order: [
      'inodeLock -> mmapSem -> freeze -> pageLock -> iMmapRwsem',
      'iMmapRwsem -> journal -> extentLock',
    ],
    expect: { find: found(policy), clean: ruledOut(policy).sort() },
    paths: {
      ...base.paths,
      fault: faultPath({
        handler: ext4Fault(handler(policy)),
        pfnMkwrite: [step('upgradePte')],
        cow: COW_HANDLER,
      }),
    },
  };
}

/**
 * The dossier's list, and rows that it leaves out: B51, whose P -> J and J -> P this model inherits from 4.2, as
 * it does B33, B34, B55 and F01; and B50, which B13's window (a hole page was cached, so nothing is held at the
 * install) opens to revoke too.
 */
function found(policy: Policy): string[] {
  const always = [
    'B01',
    'B02',
    'B03',
    'B04',
    'B10',
    'B11',
    'B12',
    'B13',
    'B14',
    'B15',
    'B50',
    'B51',
  ];
  if (policy === 'prezero') return always;
  const unserialised = ['B09', 'B16', 'B17', 'B55', 'F01'];
  return [...always, ...unserialised, ...(policy === 'new' ? ['B33', 'B34'] : [])].sort();
}
