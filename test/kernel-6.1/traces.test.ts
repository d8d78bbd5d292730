/**
 * modern-ext4 and modern-xfs against the kernel: for each operation and state of a page that was traced on a real Linux
 * 6.1.192, what the model's path does, run alone, is what the trace says, in order (trace.ts has what is compared).
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventsOfModel } from './model-run.ts';
import { eventsOf, type FileSystem, FOLDER } from './trace.ts';

/** State of page 1 of A to the state of its extent, and what is done to it before. */
const STATES: Readonly<Record<string, readonly [extent: string, ...before: readonly string[]]>> = {
  hole: ['hole'],
  written: ['written'],
  unwritten: ['unwritten'],
  clean: ['written', 'store a0 4096', 'fsync A'],
  dirty: ['written', 'store a0 4096'],
  mapped: ['written', 'load a0 4096'],
  zeromapped: ['hole', 'load a0 4096'],
  'unwritten-zeromapped': ['unwritten', 'load a0 4096'],
};
const SHARED_STATES: typeof STATES = {
  ...STATES,
  shared: ['written', 'reflink A'],
  'shared-mapped': ['written', 'reflink A', 'load a0 4096'],
  'shared-fsynced': ['written', 'reflink A', 'load a0 4096', 'fsync A'],
};

/** What was stored, written or mapped before a MAP_SYNC store had not been committed, unless an fsync is said. */
const SYNC_STATES: typeof STATES = {
  ...STATES,
  clean: ['hole', 'store a0 4096', 'fsync A'],
  dirty: ['hole', 'store a0 4096'],
  mapped: ['hole', 'pwrite A 4096 4096', 'load a0 4096', 'load a1 4096'],
  zeromapped: ['hole', 'load a0 4096', 'load a1 4096'],
  'unwritten-zeromapped': ['unwritten', 'load a0 4096', 'load a1 4096'],
};

interface Traced {
  readonly op: string;
  /** Bytes of A. */
  readonly size?: number;
  readonly areas?: string;
  /** Page 0 of B. */
  readonly other?: string;
  readonly area?: number;
  readonly states?: typeof STATES;
}

const PRIVATE = { areas: ' a1 A 0 16384 private', area: 1 };
const SHORT = { size: 6144 };
const B_HOLE = { areas: ' a1 B 0 4096 shared', other: 'hole' };
const B_WRITTEN = { areas: ' a1 B 0 4096 shared', other: 'written' };

const TRACED: Readonly<Record<string, Traced>> = {
  load: { op: 'load a0 4096' },
  store: { op: 'store a0 4096' },
  'priv-load': { op: 'load a1 4096', ...PRIVATE },
  'priv-store': { op: 'store a1 4096', ...PRIVATE },
  'sync-store': {
    op: 'store a1 4096',
    areas: ' a1 A 0 16384 sync',
    area: 1,
    states: SYNC_STATES,
  },
  pread: { op: 'pread A 4096 4096' },
  'pread-buf-A-same': { op: 'pread A 4096 4096 into a0 4096' },
  'pread-buf-A-other': { op: 'pread A 4096 4096 into a0 12288' },
  'pread-buf-B-hole': { op: 'pread A 4096 4096 into a1 0', ...B_HOLE },
  pwrite: { op: 'pwrite A 4096 4096' },
  'pwrite-part': { op: 'pwrite A 4096 2048' },
  'pwrite-ext': { op: 'pwrite A 12288 4096', ...SHORT },
  'pwrite-buf-A-same': { op: 'pwrite A 4096 4096 from a0 4096' },
  'pwrite-buf-A-other': { op: 'pwrite A 4096 4096 from a0 12288' },
  'pwrite-buf-B-hole': { op: 'pwrite A 4096 4096 from a1 0', ...B_HOLE },
  'pwrite-buf-B-written': { op: 'pwrite A 4096 4096 from a1 0', ...B_WRITTEN },
  punch: { op: 'punch A 4096 4096' },
  'punch-part': { op: 'punch A 4096 2048' },
  collapse: { op: 'collapse A 4096 4096' },
  insert: { op: 'insert A 4096 4096' },
  zero: { op: 'zero A 4096 4096' },
  'zero-part': { op: 'zero A 4096 2048' },
  'falloc-keep': { op: 'fallocate A 4096 4096' },
  'falloc-ext': { op: 'fallocate A 4096 20480' },
  'trunc-down': { op: 'truncate A 4096' },
  'trunc-down-part': { op: 'truncate A 6144' },
  'trunc-up': { op: 'truncate A 16384', ...SHORT },
  fsync: { op: 'fsync A' },
  msync: { op: 'msync a0' },
  mmap: { op: 'mmap a1 A 0 16384 shared' },
  munmap: { op: 'munmap a0' },
  'reflink-to-B': { op: 'reflink A' },
  unshare: { op: 'unshare A 4096 4096' },
};

function inputOf(traced: Traced, state: string): string {
  const { op, size = 16384, areas = '', other, states = SHARED_STATES } = traced;
  const [extent = '', ...before] = states[state] ?? [];
  const pages = size === 16384 ? `written ${extent} written written` : `written ${extent}`;
  return [
    'faultline input 1',
    `file A size ${size} pages ${pages}`,
    ...(other === undefined ? [] : [`file B size 4096 pages ${other}`]),
    `process P0 a0 A 0 16384 shared${areas}`,
    'thread T0 P0',
    ...before,
    op,
    'first T0',
    '',
  ].join('\n');
}

/** What a trace has and a model has not: README.md says why. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'trunc-down-part': ['FREE'],
  'reflink-to-B': ['J+', 'J-'],
};

function withoutLeftOut(
  fs: FileSystem,
  name: string,
  events: readonly string[],
): readonly string[] {
  return fs === 'xfs-reflink'
    ? events.filter((event) => LEFT_OUT[name]?.includes(event) !== true)
    : events;
}

const MODELS: Readonly<Record<FileSystem, string>> = {
  ext4: 'modern-ext4',
  xfs: 'modern-xfs',
  'xfs-reflink': 'modern-xfs:reflink=on',
};

for (const [fs, model] of Object.entries(MODELS) as [FileSystem, string][]) {
  const files = readdirSync(path.join(FOLDER, fs));
  let traces = 0;
  for (const [name, run] of Object.entries(TRACED)) {
    const states = Object.keys(SHARED_STATES).filter((state) =>
      files.includes(`${name}-${state}.txt`),
    );
    traces += states.length;
    if (states.length === 0) continue;
    test(`${model}: ${name} does what ${fs} of 6.1 was traced to do`, () => {
      for (const state of states) {
        const events = eventsOfModel(model, inputOf(run, state), run.area ?? 0);
        const traced = eventsOf(fs, `${name}-${state}`);
        assert.deepEqual(
          withoutLeftOut(fs, name, events),
          withoutLeftOut(fs, name, traced),
          `${name}-${state}`,
        );
      }
    });
  }
  test(`every trace of ${fs} is compared`, () => {
    assert.equal(traces, files.length);
  });
}
