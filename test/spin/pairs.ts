/** Workloads that SPIN and Faultline both search, and what is wrong with them. */

import type { Input } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { seedNamed } from '../workers/support/search.ts';

export interface Pair {
  readonly name: string;
  readonly model: string;
  readonly input: Input;
  /** Claims that fail, in the order of the alphabet; none where nothing is wrong that a claim is about. */
  readonly denied: readonly string[];
}

/** A hole that cuts two pages, beside accesses to what is left of them. */
const EDGES = `file A size 8192 pages written written
process P0 a0 A 0 8192 shared
thread T0 P0
punch A 2048 4096
fsync A
thread T1 P0
store a0 2048
pread A 0 4096
first T0
`;

/** A size that cuts a page, and a write(2) behind it. */
const TAIL = `file A size 4096 pages written
process P0 a0 A 0 4096 shared
thread T0 P0
truncate A 2048
pwrite A 4096 2048
thread T1 P0
load a0 0
store a0 2048
first T0
`;

/** Whether the block of one file may go to the other depends on who comes first, fsync or write(2). */
const REUSE = `file A size 4096 pages written
file B size 0
process P0
thread T0 P0
punch A 0 4096
fsync A
thread T1 P0
pwrite B 0 4096
first T0
`;

/** Loads of a hole beside the store that fills it. */
const HOLE = `file A size 4096 pages hole
process P0 a0 A 0 4096 shared
thread T0 P0
load a0 0
store a0 0
thread T1 P0
load a0 0
fsync A
first T0
`;

export const B01: Pair = seed('B01', 'v43rc-immap-write', 'b01-store-vs-load', [
  'deadlock',
  'zero_page',
]);
export const B12: Pair = seed('B12', 'v42-immap-read', 'b12-fault-vs-punch', ['stale_mapping']);
export const CLEAN: Pair = seed('clean', 'v42-immap-read', 'clean-fault-vs-truncate', []);

// biome-ignore format: a table
const SEEDS: readonly Pair[] = [
  B01,
  seed('B02', 'v43rc-immap-write', 'b02-load-vs-load', ['bad_release']),
  seed('B03', 'v43rc-immap-write', 'b03-mkwrite-vs-store', ['deadlock', 'zero_page']),
  seed('B04', 'v43rc-immap-write', 'b04-load-vs-punch-vs-fsync', ['deadlock']),
  seed('B10', 'v42-immap-read', 'b10-load-vs-store', ['zero_page']),
  seed('B10', 'boaz-rwlock', 'b10-load-vs-store', ['zero_page']),
  seed('B11', 'xfs-mmaplock-prezero', 'b11-load-vs-pwrite', ['zero_page']),
  seed('B11 with entries', 'v48-entry-lock', 'b18-lost-dirty-tag', ['zero_page']),
  B12,
  seed('B12, and the block goes to another file', 'v42-immap-read', 'b12-fault-vs-punch-reuse', ['stale_mapping']),
  seed('B13', 'v43rc-immap-write', 'b13-store-vs-truncate-cached', ['foreign_block', 'stale_mapping']),
  seed('B14', 'v42-immap-read', 'b14-fault-vs-truncate-down-up', ['stale_mapping']),
  seed('B14 by write(2)', 'v42-immap-read', 'b14-fault-vs-truncate-pwrite', ['stale_mapping', 'zero_page']),
  seed('B28', 'v48-entry-lock:wake=one', 'b28-three-loads-of-a-hole', ['lost_wakeup']),
  seed('B56', 'v48-entry-lock', 'b56-two-fsyncs-one-tag', ['lost_sync']),
  seed('B56 with an entry lock in fsync', 'v410-mkclean-early', 'b56-two-fsyncs-one-tag', ['lost_sync']),
  seed('B56 on 6.1', 'modern-xfs', 'b56-two-fsyncs-one-tag', ['lost_sync']),
  seed('B21 on 6.1', 'modern-xfs', 'b21-fsync-skips-locked-entry', ['lost_sync']),
  // Nothing is wrong with these.
  CLEAN,
  seed('B12 without', 'xfs-mmaplock-prezero', 'b12-fault-vs-punch', []),
  seed('B12 without, with entries', 'v48-entry-lock', 'b12-fault-vs-punch', []),
  seed('B14 without', 'xfs-mmaplock-prezero', 'b14-fault-vs-truncate-down-up', []),
  seed('B21 without', 'v48-entry-lock:fsync_locked=wait', 'b21-fsync-skips-locked-entry', []),
  seed('B21 without, on 6.1', 'modern-xfs:fsync_locked=wait', 'b21-fsync-skips-locked-entry', []),
  seed('B28 without', 'v48-entry-lock', 'b28-three-loads-of-a-hole', []),
  // What is wrong with these needs the history of what was written, which no claim has.
  seed('B09', 'v42-immap-read', 'b09-store-vs-store', []),
  seed('B16', 'v42-immap-read:policy=unwritten', 'b16-pwrite-vs-fault-zeroing', []),
  seed('B17', 'v42-immap-read:policy=unwritten', 'b17-store-vs-pwrite-zeroing', []),
  seed('B20 in one thread', 'v48-entry-lock', 'b20-dropped-entry-writable-pte', []),
];

const TEXTS: readonly Pair[] = [
  ...['v42-immap-read', 'xfs-mmaplock-prezero'].flatMap((model) => [
    text('edges', model, EDGES, []),
    text('tail', model, TAIL, []),
  ]),
  text('tail', 'v48-entry-lock', TAIL, []),
  text('reuse', 'xfs-mmaplock-prezero', REUSE, []),
  text('hole', 'modern-xfs', HOLE, []),
  text('tail', 'boaz-rwlock', TAIL, []),
];

export const PAIRS: readonly Pair[] = [...SEEDS, ...TEXTS];

function seed(name: string, model: string, workload: string, denied: readonly string[]): Pair {
  return { name: `${name} (${workload} on ${model})`, model, input: seedNamed(workload), denied };
}

function text(name: string, model: string, lines: string, denied: readonly string[]): Pair {
  const input = parseInput(`faultline input 1\n${lines}`, name);
  return { name: `${name} on ${model}`, model, input, denied };
}
