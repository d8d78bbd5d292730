/**
 * Single slips of the XFS model of the first version: a lock not taken, or taken shared. What no search of the
 * small scope tells from the model itself stands here with the reason; everything else must be found.
 */

import type { Workload } from '../../corpus/vocabulary/input.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { modelNamed } from '../support/models.ts';
import { type Mutant, mutantsOf } from '../support/mutants.ts';

export const BASE = 'xfs-of-1ab1dd4.json';

const STATES_MAX = 1_000_000;

/** What the model itself shows: B10 and B11. */
const OWN: ReadonlySet<string> = new Set(['zero-page fault', 'zero-page pwrite']);

const LOG = 'a log reservation excludes nobody here: the log force waits for none (locking 1.3, J)';
const PREALLOC =
  'touches no mapped page and changes no extent that anybody has seen: ext4 takes its inode lock only';

/** Name of the mutant, or its beginning, and why nothing tells it from the model. */
export const REDUNDANT: readonly (readonly [string, string])[] = [
  ['collapse: without journalStart', LOG],
  ['insert: without journalStart', LOG],
  ['zero: without journalStart', LOG],
  ['fallocate: without journalStart', LOG],
  ['fault: without journalStart', LOG],
  ['punch: without journalStart', LOG],
  ['pwrite: without journalStart', LOG],
  ['truncate: without journalStart', LOG],
  ['fault: without sbStartPagefault', 'nothing freezes the file system: only the order counts'],
  [
    'fallocate: inodeLock shared',
    'whoever else changes the size takes the inode lock or MMAPLOCK exclusively',
  ],
  ['fallocate: without faultLock', PREALLOC],
  ['fallocate: faultLock shared', PREALLOC],
  [
    'fault: without faultLock, section 2',
    'pfn_mkwrite checks the size; the pte is upgraded behind the lock only if it is unchanged',
  ],
  [
    'fault: without iMmapRwsem, section 2',
    'a private copy is made under MMAPLOCK, which every unmap of a file excludes',
  ],
  ['pread: inodeLock shared', 'two readers that drop the same hole pages meet at the page lock'],
  [
    'unmap: iMmapRwsem shared',
    'page tables have locks of their own: Linux 6.1 takes it shared (locking 7.2)',
  ],
];

export function reasonOf({ name }: Mutant): string | undefined {
  return REDUNDANT.find(([beginning]) => name.startsWith(beginning))?.[1];
}

export function allMutants(): readonly Mutant[] {
  return [...mutantsOf(modelNamed(BASE))];
}

/** The first signature that the mutant shows and the model does not. */
export function slipShown({ model }: Mutant, workloads: Iterable<Workload>): string | null {
  const engine = new Engine(model);
  for (const workload of workloads) {
    const { violations } = explore(engine, workload, { statesMax: STATES_MAX, all: true });
    const own = violations.find(({ signature }) => !OWN.has(signature));
    if (own !== undefined) return own.signature;
  }
  return null;
}
