/**
 * For each oracle a model on which a workload shows what it looks for, and a twin on which it must keep silent.
 * The table in workers/README.md is made from this one.
 */

import type { ViolationClass } from '../../../corpus/vocabulary/verdict.ts';
import type { OracleId } from '../../../workers/oracles/oracle.ts';

export interface Twins {
  readonly oracle: OracleId;
  readonly symptom: ViolationClass;
  readonly file: string;
  readonly says: string;
  /** A file of corpus/seeds without its `.txt`, or the text itself. */
  readonly seed: string;
  readonly broken: string;
  readonly sound: string;
}

const V42 = 'v42-immap-read';
const V43 = 'v43rc-immap-write';
const V48 = 'v48-entry-lock';
const XFS = 'xfs-mmaplock-prezero';
const RANGE = 'range-lock-rfc';
const RANGE_FIXED = 'range-lock-fixed';
const CACHED = 'pagecache';
const CACHED_SOUND = 'pagecache-invalidate-lock';

/** One file, one process that maps its first page shared; a line a thread. */
function input(pages: string, ...threads: readonly (readonly string[])[]): string {
  const size = 4096 * pages.split(' ').length;
  const lines = threads.flatMap((ops, t) => [`thread T${t} P0`, ...ops]);
  return [
    'faultline input 1',
    `file A size ${size} pages ${pages}`,
    'process P0 a0 A 0 4096 shared',
    ...lines,
    'first T0',
    '',
  ].join('\n');
}

const PUNCH = input('written', ['punch A 0 4096']);
const B50 = input('cached', ['store a0 0'], ['revoke']);
const COPY = `faultline input 1
file A size 4096 pages written
file B size 4096 pages hole
process P0 a0 A 0 4096 private
process P1
thread T0 P0
store a0 0
thread T1 P1
punch A 0 4096
commit
pwrite B 0 4096
first T0
`;

/** Pages 0 and 1; page 0 goes beside what the other thread does to one of them. */
function beside(pages: string, op: string): string {
  return input(pages, [op], ['collapse A 0 4096']).replace('a0 A 0 4096', 'a0 A 0 8192');
}

const HOLE_BEFORE_DATA = beside('hole written', 'load a0 0');
const STORE_BEHIND = beside('hole hole', 'store a0 4096');
const LOAD_BEHIND = beside('hole hole', 'load a0 4096');

// biome-ignore format: a table
export const TWINS: readonly Twins[] = [
  { oracle: 'O1', symptom: 'deadlock', file: 'deadlock.ts', says: 'no cycle in the wait-for graph', seed: 'b01-store-vs-load', broken: V43, sound: XFS },
  { oracle: 'O1', symptom: 'deadlock', file: 'deadlock.ts', says: 'no cycle through ranges of a file', seed: 'b44-store-over-zero-page', broken: RANGE, sound: RANGE_FIXED },
  { oracle: 'O2', symptom: 'lost-wakeup', file: 'deadlock.ts', says: 'nobody sleeps on a lock that nobody holds', seed: 'b28-three-loads-of-a-hole', broken: `${V48}:wake=one`, sound: V48 },
  { oracle: 'O3', symptom: 'never-ends', file: 'liveness.ts', says: 'from every state some operation can still end', seed: PUNCH, broken: 'punch-never-ends.json', sound: XFS },
  { oracle: 'O4', symptom: 'foreign-block', file: 'stale-pte.ts', says: 'nobody writes to a block that a clone shares', seed: 'b41-copy-leaves-mapping', broken: 'shared-in-place.model', sound: 'modern-xfs-fixed' },
  { oracle: 'O4', symptom: 'stale-pte', file: 'stale-pte.ts', says: 'a pte maps the block of its page', seed: 'b12-fault-vs-punch', broken: V42, sound: XFS },
  { oracle: 'O4', symptom: 'foreign-block', file: 'private-copies.ts', says: 'the kernel zeroes, fills and reads no block but its own', seed: input('hole', ['store a0 0'], ['punch A 0 4096']), broken: V42, sound: XFS },
  { oracle: 'O4', symptom: 'pte-after-revoke', file: 'stale-pte.ts', says: 'nothing maps a device that is gone', seed: B50, broken: V43, sound: V42 },
  { oracle: 'O4', symptom: 'stale-page', file: 'page-cache.ts', says: 'no cached page outlives the block of its page', seed: 'b43-pread-vs-punch', broken: CACHED, sound: CACHED_SOUND },
  { oracle: 'O4', symptom: 'stale-page', file: 'page-cache.ts', says: 'no cached page stays where collapse or insert brings a block', seed: HOLE_BEFORE_DATA, broken: CACHED, sound: CACHED_SOUND },
  { oracle: 'O4', symptom: 'stale-page', file: 'page-cache.ts', says: 'what cuts a file leaves no cached page with a block behind EOF', seed: STORE_BEHIND, broken: CACHED, sound: CACHED_SOUND },
  { oracle: 'O4', symptom: 'foreign-block', file: 'private-copies.ts', says: 'no page is written back to a block that is not, or no longer, its own', seed: input('written', ['store a0 0', 'fsync A'], ['truncate A 0']), broken: 'pagecache-writes-unlocked.model', sound: CACHED },
  { oracle: 'O5', symptom: 'zero-page', file: 'quiescent.ts, content.ts', says: 'no zero page where a block is written', seed: 'b10-load-vs-store', broken: XFS, sound: V48 },
  { oracle: 'O6', symptom: 'lost-write', file: 'content.ts, register.ts', says: 'a complete write is seen or replaced', seed: 'b09-store-vs-store', broken: V42, sound: XFS },
  { oracle: 'O6', symptom: 'lost-write', file: 'page-cache.ts', says: 'no dirty page is dropped that the file still owes', seed: 'b42-pwrite-between-flush-and-lock', broken: `${CACHED}:flush=early`, sound: CACHED },
  { oracle: 'O6', symptom: 'lost-size', file: 'size.ts', says: 'i_size is what complete operations left', seed: input('written', ['pwrite A 4096 4096'], ['pwrite A 12288 4096']), broken: 'pwrite-without-inode-lock.json', sound: XFS },
  { oracle: 'O7', symptom: 'stale-data', file: 'content.ts, register.ts', says: 'nobody reads what was never written there', seed: 'b10-load-vs-store', broken: V42, sound: XFS },
  { oracle: 'O4', symptom: 'foreign-block', file: 'private-copies.ts', says: 'a private copy shows what its file may show', seed: COPY, broken: V42, sound: XFS },
  { oracle: 'O8', symptom: 'durability', file: 'durability.ts', says: 'what fsync promised survives a power failure', seed: 'b21-fsync-skips-locked-entry', broken: `${V48}:writeback=cursor`, sound: V48 },
  { oracle: 'O8', symptom: 'durability', file: 'durability.ts', says: 'what write(2) wrote is owed in every model', seed: input('hole', ['pwrite A 0 4096', 'fsync A', 'crash']), broken: 'fsync-nothing.json', sound: XFS },
  { oracle: 'O8', symptom: 'durability', file: 'durability.ts', says: 'what waits in a page of the cache is owed as well', seed: input('written', ['pwrite A 0 4096', 'fsync A', 'crash']), broken: 'pagecache-fsync-nothing.model', sound: CACHED },
  { oracle: 'O8', symptom: 'durability', file: 'durability.ts', says: 'what a synchronous write promised survives a power failure', seed: input('hole', ['pwrite A 0 4096 sync', 'crash']), broken: 'sync-write-commits-nothing.model', sound: 'modern-ext4-fixed' },
  { oracle: 'O8', symptom: 'durability', file: 'durability.ts', says: 'what MAP_SYNC promised survives a power failure', seed: 'b40-store-before-commit', broken: 'modern-nosync', sound: 'modern-ext4-fixed' },
  { oracle: 'O9', symptom: 'beyond-eof', file: 'quiescent.ts, stale-pte.ts', says: 'nothing is mapped wholly behind i_size', seed: 'b13-store-vs-truncate-cached', broken: V43, sound: V42 },
  { oracle: 'O9', symptom: 'beyond-eof', file: 'page-cache.ts', says: 'what cuts a file leaves no page mapped behind EOF', seed: LOAD_BEHIND, broken: CACHED, sound: CACHED_SOUND },
  { oracle: 'O10', symptom: 'bad-release', file: 'lock-rules.ts', says: 'a lock is released by who holds it, in its mode', seed: 'b02-load-vs-load', broken: V43, sound: V42 },
  { oracle: 'O10', symptom: 'bad-release', file: 'lock-rules.ts', says: 'a range is released by who holds it', seed: 'b47-private-store-unlocks', broken: RANGE, sound: RANGE_FIXED },
  { oracle: 'O10', symptom: 'lock-leak', file: 'lock-rules.ts', says: 'no lock outlives its operation', seed: 'b12-fault-vs-punch', broken: 'canary', sound: V42 },
  { oracle: 'O10', symptom: 'lock-leak', file: 'lock-rules.ts', says: 'no range outlives its operation', seed: 'f10-load-vs-truncate', broken: RANGE, sound: RANGE_FIXED },
  { oracle: 'O10', symptom: 'lock-leak', file: 'pinned-blocks.ts', says: 'no pin outlives its DMA', seed: input('written', ['dma a0 0']), broken: 'pin-stays.model', sound: 'modern-ext4-fixed' },
  { oracle: 'O10', symptom: 'lock-missing', file: 'lock-rules.ts', says: 'a step runs under what it needs', seed: PUNCH, broken: 'punch-takes-fault-lock-shared.json', sound: XFS },
  { oracle: 'O11', symptom: 'lock-order', file: 'lock-rules.ts', says: 'the order of lock classes has no cycle', seed: 'b04-load-vs-punch-vs-fsync', broken: V43, sound: XFS },
  { oracle: 'O12', symptom: 'spurious-error', file: 'errors.ts', says: 'an access inside EOF succeeds, read(2) brings what is there', seed: input('written', ['load a0 0', 'store a0 0']), broken: 'sigbus-always.json', sound: XFS },
  { oracle: 'O16', symptom: 'block-accounting', file: 'accounting.ts', says: 'a block is free, or of one page', seed: input('written written', ['collapse A 0 4096']), broken: 'collapse-removes-nothing.model', sound: 'modern-xfs-fixed' },
  { oracle: 'O13', symptom: 'page-table', file: 'page-tables.ts', says: 'the slot of a huge page has a huge page or a table', seed: 'b26-private-store-vs-load', broken: 'pmd-v412:collide=blind', sound: 'pmd-v412' },
  { oracle: 'O14', symptom: 'cache-structure', file: 'cache.ts', says: 'pages, entries and extents name the same', seed: input('hole', ['load a0 0'], ['punch A 0 4096']), broken: 'purge-leaves-ptes.json', sound: V42 },
  { oracle: 'O14', symptom: 'cache-structure', file: 'cache.ts', says: 'what maps a page maps the one that is cached', seed: input('written', ['load a0 0'], ['punch A 0 4096']), broken: 'pagecache-drops-mapped.model', sound: CACHED_SOUND },
  { oracle: 'O14', symptom: 'cache-structure', file: 'page-cache.ts', says: 'the buffer of a cached page names its block', seed: input('hole', ['store a0 0']), broken: 'pagecache-maps-no-buffer.model', sound: CACHED },
  { oracle: 'O15', symptom: 'pinned-block', file: 'pinned-blocks.ts', says: 'no block is taken from its page while a device writes to it', seed: 'b39-dma-vs-punch', broken: 'modern-nobreak', sound: 'modern-xfs-fixed' },
  { oracle: 'O17', symptom: 'crash-exposure', file: 'durability.ts', says: 'a power failure shows no previous owner', seed: 'b33-crash-before-zeroing', broken: V42, sound: `${V42}:policy=prezero` },
];
