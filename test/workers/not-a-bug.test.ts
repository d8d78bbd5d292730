/**
 * What looks like a bug and is none: the false-alarm list of locking 4.3, by number. Every interleaving of each
 * workload is silent on the models that order faults against everything else.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';

const XFS = 'xfs-mmaplock-prezero';
const V48 = 'v48-entry-lock';
const CACHED = 'pagecache-invalidate-lock';
const MODERN = ['modern-ext4-fixed', 'modern-xfs-fixed'];

interface Innocent {
  readonly item: number;
  readonly what: string;
  readonly setup: readonly string[];
  readonly threads: readonly (readonly string[])[];
  /** All of them, unless one has a bug there. */
  readonly on?: readonly string[];
}

const SHARED = 'process P0 a0 A 0 4096 shared';
const TWO_PAGES = ['file A size 8192 pages written written', 'process P0 a0 A 0 8192 shared'];
const WRITTEN = ['file A size 4096 pages written', SHARED];
const HALF = ['file A size 2048 pages written', SHARED];
const BEYOND = ['file A size 4096 pages written', 'process P0 a0 A 4096 4096 shared'];
const SYNC = ['file A size 4096 pages hole', 'process P0 a0 A 0 4096 sync'];
const PRIVATE = ['file A size 4096 pages written', 'process P0 a0 A 0 4096 private'];

// biome-ignore format: a table
const INNOCENT: readonly Innocent[] = [
  { item: 1, what: 'SIGBUS beyond EOF', setup: BEYOND, threads: [['load a0 0', 'store a0 0']] },
  { item: 1, what: 'SIGBUS while the file is cut', setup: WRITTEN, threads: [['load a0 0', 'store a0 2048'], ['truncate A 0']] },
  { item: 1, what: 'SIGBUS while the file grows', setup: BEYOND, threads: [['load a0 0'], ['truncate A 8192']] },
  { item: 1, what: 'SIGBUS after a revoke', setup: WRITTEN, threads: [['load a0 0', 'load a0 2048'], ['revoke']], on: [XFS, V48] },
  { item: 1, what: 'SIGSEGV after munmap', setup: WRITTEN, threads: [['load a0 0', 'store a0 0'], ['munmap a0']] },
  { item: 2, what: 'pwrite and store of one line', setup: WRITTEN, threads: [['pwrite A 0 4096'], ['store a0 0', 'load a0 0']] },
  { item: 2, what: 'two stores of one line', setup: WRITTEN, threads: [['store a0 0', 'load a0 0'], ['store a0 0', 'load a0 0']] },
  { item: 3, what: 'half of a pwrite is seen', setup: TWO_PAGES, threads: [['pwrite A 0 8192'], ['load a0 0', 'load a0 4096']] },
  { item: 4, what: 'pread beside a store', setup: WRITTEN, threads: [['store a0 0'], ['pread A 0 4096']] },
  { item: 4, what: 'a read that still has the page which a collapse drops', setup: TWO_PAGES, threads: [['pread A 0 8192'], ['collapse A 0 4096']], on: [CACHED] },
  { item: 4, what: 'a read that still has the page which a truncate drops, and a write brings anew', setup: WRITTEN, threads: [['pread A 0 2048'], ['truncate A 0', 'pwrite A 0 2048']], on: [CACHED] },
  { item: 4, what: 'a read that has looked at i_size before it falls', setup: ['file A size 4096 pages hole', SHARED], threads: [['pread A 0 4096'], ['truncate A 2048', 'store a0 2048', 'pwrite A 2048 2048']], on: [CACHED] },
  { item: 4, what: 'fsync beside a store', setup: WRITTEN, threads: [['store a0 0'], ['fsync A', 'crash']] },
  { item: 4, what: 'msync beside a store', setup: WRITTEN, threads: [['store a0 0'], ['msync a0', 'crash']] },
  { item: 5, what: 'a store into a page that goes', setup: WRITTEN, threads: [['store a0 0', 'store a0 2048'], ['truncate A 0']] },
  { item: 6, what: 'zeros after down and up', setup: WRITTEN, threads: [['store a0 2048', 'load a0 2048'], ['truncate A 2048', 'truncate A 4096']] },
  { item: 7, what: 'a store past EOF, and the file grows', setup: HALF, threads: [['store a0 2048'], ['truncate A 4096', 'pread A 0 4096']] },
  { item: 7, what: 'a store past EOF, then the file grows', setup: HALF, threads: [['store a0 2048', 'truncate A 4096', 'load a0 2048']] },
  { item: 7, what: 'a store past EOF, and a write goes on', setup: HALF, threads: [['store a0 2048'], ['pwrite A 2048 2048', 'pread A 0 4096']] },
  { item: 8, what: 'a collapse beside a store', setup: TWO_PAGES, threads: [['store a0 4096'], ['collapse A 0 4096', 'pread A 0 4096']] },
  { item: 8, what: 'an insert beside a store', setup: TWO_PAGES, threads: [['store a0 0'], ['insert A 0 4096', 'pread A 0 8192']] },
  { item: 9, what: 'a store that nobody synced is lost', setup: WRITTEN, threads: [['store a0 0', 'crash']] },
  { item: 9, what: 'a store through MAP_SYNC that was not written back is lost', setup: SYNC, threads: [['store a0 0', 'crash']], on: MODERN },
  { item: 9, what: 'a line that was written back, and no MAP_SYNC, is lost', setup: ['file A size 4096 pages hole', SHARED], threads: [['store a0 0', 'clwb a0 0', 'crash']], on: MODERN },
  { item: 4, what: 'a line is written back beside a store', setup: SYNC, threads: [['store a0 0'], ['clwb a0 0', 'crash']], on: MODERN },
  { item: 18, what: 'a line is written back beside a truncate', setup: SYNC, threads: [['store a0 0', 'clwb a0 0'], ['truncate A 0', 'fsync A']], on: MODERN },
  { item: 18, what: 'a line is written back that no committed size covers', setup: ['file A size 2048 pages written', 'process P0 a0 A 0 4096 sync'], threads: [['store a0 0', 'pwrite A 2048 2048', 'store a0 2048', 'clwb a0 2048', 'crash']], on: ['modern-xfs'] },
  { item: 10, what: 'fsync before 4.5 flushes no store', setup: WRITTEN, threads: [['store a0 0', 'fsync A', 'crash']] },
  { item: 11, what: 'a fault that fails leaves its block', setup: ['file A size 4096 pages unwritten', SHARED], threads: [['store a0 0'], ['truncate A 0']] },
  { item: 12, what: 'a clean page is flushed again', setup: WRITTEN, threads: [['store a0 0', 'fsync A', 'fsync A']] },
  { item: 13, what: 'two faults of one page', setup: WRITTEN, threads: [['load a0 0', 'store a0 0'], ['load a0 2048', 'store a0 2048']] },
  { item: 14, what: 'a punch waits for two pins', setup: WRITTEN, threads: [['dma a0 0'], ['dma a0 2048'], ['punch A 0 4096']], on: MODERN },
  { item: 14, what: 'a truncate waits for a pin of a page that nobody maps any more', setup: WRITTEN, threads: [['dma a0 0'], ['munmap a0'], ['truncate A 0']], on: MODERN },
  { item: 2, what: 'a device and write(2) write one line', setup: WRITTEN, threads: [['dma a0 0', 'load a0 0'], ['pwrite A 0 4096']], on: MODERN },
  { item: 7, what: 'a device writes past EOF, then the file grows', setup: HALF, threads: [['dma a0 2048', 'pread A 0 2048'], ['truncate A 4096', 'pread A 0 4096']], on: MODERN },
  { item: 15, what: 'a device writes to a private copy', setup: PRIVATE, threads: [['dma a0 0', 'pread A 0 4096'], ['punch A 0 4096']], on: MODERN },
  { item: 15, what: 'a private copy survives a punch', setup: PRIVATE, threads: [['store a0 0', 'load a0 2048'], ['punch A 0 4096']] },
  { item: 15, what: 'a private copy survives a write', setup: PRIVATE, threads: [['store a0 0', 'load a0 2048'], ['pwrite A 0 4096']] },
  { item: 15, what: 'truncate takes private copies', setup: PRIVATE, threads: [['store a0 0', 'load a0 0'], ['truncate A 0', 'truncate A 4096']] },
  { item: 16, what: 'a write from a mapping', setup: [...WRITTEN.slice(0, 1), 'file B size 4096 pages written', SHARED], threads: [['pwrite B 0 4096 from a0 0'], ['store a0 0']] },
  { item: 15, what: 'a private copy of what was a hole when it was looked up', setup: ['file A size 4096 pages hole', 'process P0 a0 A 0 4096 private'], threads: [['store a0 0'], ['truncate A 0', 'pwrite A 0 2048']] },
  { item: 18, what: 'a read into a mapping past EOF races the write that covers it', setup: ['file A size 2048 pages written', 'file B size 4096 pages hole', SHARED], threads: [['pwrite A 0 4096'], ['pread B 0 4096 into a0 0']], on: [XFS] },
  { item: 16, what: 'a read into a mapping', setup: [...WRITTEN.slice(0, 1), 'file B size 4096 pages written', SHARED], threads: [['pread B 0 4096 into a0 0'], ['load a0 0']] },
  { item: 17, what: 'ENOSPC that was provoked', setup: ['file A size 4096 pages hole', SHARED], threads: [['enospc', 'store a0 0', 'pwrite A 0 4096']] },
  { item: 18, what: 'fsync beside a truncate', setup: WRITTEN, threads: [['pwrite A 0 4096', 'fsync A', 'crash'], ['truncate A 0']] },
  { item: 18, what: 'a synced truncate of a synced write, beside an append', setup: ['file A size 0', 'process P0'], threads: [['pwrite A 0 2048', 'truncate A 0', 'fsync A'], ['pwrite A 0 2048', 'crash']] },
  { item: 18, what: 'a synced truncate beside two appends', setup: ['file A size 0', 'process P0'], threads: [['truncate A 0', 'fsync A'], ['pwrite A 0 2048', 'crash'], ['pwrite A 0 2048']] },
  { item: 18, what: 'a write with a gap behind EOF', setup: HALF, threads: [['store a0 2048', 'pwrite A 8192 4096'], ['pread A 0 8192']] },
  { item: 18, what: 'an unwritten extent reads as a hole', setup: ['file A size 4096 pages unwritten', SHARED], threads: [['load a0 0', 'pread A 0 4096'], ['pread A 0 4096']] },
];

for (const { item, what, setup, threads, on = [XFS, V48, CACHED] } of INNOCENT) {
  for (const model of on) {
    test(`4.3 item ${item}, ${what}: silent on ${model}`, () => {
      const lines = threads.flatMap((ops, t) => [`thread T${t} P0`, ...ops]);
      const text = ['faultline input 1', ...setup, ...lines, 'first T0', ''].join('\n');
      const options = { statesMax: 500_000, all: true };
      const found = explore(new Engine(modelOf(model)), parseInput(text, what), options);
      assert.deepEqual(
        found.violations.map(({ signature }) => signature),
        [],
      );
      assert.equal(found.verdict, 'verified');
    });
  }
}
