/**
 * Small inputs with the right answer, most of them met where people tried models of their own. A row's models lie
 * in `models/`, as JSON; a name without `.json` is built in.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import type { Node, Path } from '../../workers/kernel/path.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { modelNamed } from '../support/models.ts';
import { edited } from '../support/mutants.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/cases');

interface Case {
  readonly input: string;
  readonly model: string;
  /** The signature of the gravest violation; null: verified. */
  readonly shows: string | null;
  readonly why: string;
}

const NO_FAULT_LOCK = 'lock-missing faultLock:W punch/removeExtent';

// biome-ignore format: a table
const CASES: readonly Case[] = [
  { input: 'fused-mmap-sem', model: 'punch-under-mmap-sem.json', shows: 'stale-pte not-unmapped punch', why: 'mmap_sem is taken exclusively by the punch, so no load may fuse it' },
  { input: 'fused-mmap-sem-plus-munmap', model: 'punch-under-mmap-sem.json', shows: 'stale-pte not-unmapped punch', why: 'this punch never unmaps: no race, so not B12' },
  { input: 'punch-alone', model: 'punch-never-ends.json', shows: 'never-ends punch', why: 'a loop that no step leads out of' },
  { input: 'load-store-inside-eof', model: 'sigbus-always.json', shows: 'spurious-error SIGBUS load', why: 'a fault inside EOF has no reason to fail' },
  { input: 'two-appends', model: 'pwrite-without-inode-lock.json', shows: 'lost-size short pwrite/setSize', why: 'the later append sets the smaller size last' },
  { input: 'size-before-conversion', model: 'size-before-conversion.json', shows: 'lost-write early-size pwrite', why: 'i_size covers what the extent does not show yet' },
  { input: 'size-before-conversion', model: 'size-before-conversion-fixed.json', shows: null, why: 'converted first, then i_size' },
  { input: 'cow-copies-foreign-block', model: 'v42-immap-read', shows: 'unfenced punch', why: 'the block is punched and given to another file before it is copied' },
  { input: 'fsync-of-pwrite', model: 'fsync-nothing.json', shows: 'durability uncommitted pwrite/allocBlock', why: 'a write(2) is owed by fsync in every model' },
  { input: 'copy-of-unzeroed-part', model: 'truncate-keeps-tail.model', shows: 'lost-write unzeroed pwrite/allocBlock|truncate', why: 'the second line of a private copy is one of the same block' },
  { input: 'truncate-beside-append', model: 'truncate-zeroes-unlocked.json', shows: 'lost-write line pwrite/copyIn|truncate/zeroPartial', why: 'the write raised the size that the truncate had set, so it comes after it' },
  { input: 'munmap-beside-punch', model: 'munmap-unlinks-first.json', shows: 'stale-pte unlinked', why: 'no unmap finds an area that has left i_mmap' },
  { input: 'punch-alone', model: 'punch-takes-fault-lock-shared.json', shows: NO_FAULT_LOCK, why: 'shared is not exclusive' },
  { input: 'punch-alone', model: 'punch-without-fault-lock.json', shows: NO_FAULT_LOCK, why: 'other paths take it' },
  { input: 'punch-alone', model: 'punch-without-fault-lock-labelled.json', shows: NO_FAULT_LOCK, why: 'a label decides nothing' },
  { input: 'purge-leaves-ptes', model: 'purge-leaves-ptes.json', shows: 'cache-structure page fault/mapZeroPage', why: 'a page leaves the cache and stays mapped' },
  { input: 'munmap-after-load', model: 'munmap-clears-nothing.model', shows: 'cache-structure no-vma munmap', why: 'the munmap looks for no pte' },
  { input: 'msync-while-remapped', model: 'v48-entry-lock', shows: null, why: 'msync owes what its area was when it looked it up' },
  { input: 'copy-under-shared-lock', model: 'copy-under-shared-lock.json', shows: 'lock-self faultLock:R->R', why: 'the deadlock is graver than the inversion before it' },
  { input: 'madvise-remove', model: 'madvise-remove.json', shows: 'lock-cycle inodeLock mmapSem', why: 'likewise' },
  { input: 'madvise-remove-area', model: 'madvise-keeps-mmap-lock.model', shows: 'lock-cycle inodeLock mmapSem', why: 'likewise' },
  { input: 'madvise-remove-area', model: 'modern-ext4-fixed', shows: null, why: 'madvise gives mmap_lock back before it punches' },
  { input: 'f02-of-unwritten', model: 'v412-entry-outside', shows: 'zero-page early fault', why: 'to a load an unwritten block is a hole: the fault that zeroes it fills the page' },
  { input: 'f02-copied', model: 'v412-entry-outside', shows: 'zero-page early fault', why: 'a private copy of the zero page misses the write as a load does' },
  { input: 'f02-of-new-size', model: 'modern-xfs', shows: 'zero-page early fault', why: 'i_size covers the line before the write returns' },
  { input: 'swap-beside-fault', model: 'swap-without-invalidate-lock.model', shows: 'unfenced swap', why: 'the load maps the block that leaves' },
  { input: 'swap-beside-fault', model: 'modern-xfs:swap=on', shows: null, why: 'page faults wait for the swap' },
  { input: 'swap-beside-insert', model: 'swap-copies-unlocked.model', shows: 'lost-write swapped insert', why: 'the copy has in a line what the insert has moved on' },
  { input: 'two-crashes', model: 'xfs-mmaplock-prezero', shows: null, why: 'a crash cuts no crash short: the search is whole' },
  { input: 'b20-with-another-cached-page', model: 'v48-entry-lock', shows: 'durability writable-entry pwrite/dropEntry', why: 'a cached page opens the gate of both invalidations' },
  { input: 'b04-load-of-unwritten', model: 'v43rc-immap-write', shows: 'lock-cycle iMmapRwsem journal', why: 'the conversion starts a handle under i_mmap_rwsem' },
  { input: 'xfs-pwrite-from-own-mapping', model: 'xfs-mmaplock-prezero', shows: null, why: 'XFS invalidates again behind the write' },
  { input: 'xfs-collapse-4.4', model: 'xfs-mmaplock-prezero', shows: null, why: 'the purge takes ptes' },
  { input: 'xfs-collapse-4.4', model: 'xfs-mmaplock-prezero:shift=4.4', shows: 'unfenced collapse', why: 'the invalidation of 4.4 leaves raw ptes' },
];

function inputNamed(name: string): Input {
  return parseInput(readFileSync(path.join(FOLDER, `${name}.txt`), 'utf8'), name);
}

for (const { input, model, shows, why } of CASES) {
  test(`${input} on ${model}: ${shows ?? 'verified'} (${why})`, () => {
    const options = { statesMax: 1_000_000, all: false };
    const found = explore(new Engine(modelNamed(model)), inputNamed(input), options);
    assert.equal(found.verdict, shows === null ? 'verified' : 'violation');
    assert.equal(found.violations[0]?.signature ?? null, shows);
  });
}

test("a pte that comes back while munmap takes the area away is the fault's", () => {
  const found = explore(
    new Engine(modelNamed('munmap-without-mmap-sem.json')),
    inputNamed('munmap-beside-load'),
    { statesMax: 100_000, all: true },
  );
  assert.deepEqual(found.violations.map(({ signature }) => signature).sort(), [
    'cache-structure no-vma fault',
    'lock-missing mmapSem:R munmap/findArea',
  ]);
});

test('--all: every distinct finding, however many runs look alike', () => {
  const options = { statesMax: 2_000_000, all: true };
  const found = explore(
    new Engine(modelNamed('v42-immap-read')),
    inputNamed('all-is-all'),
    options,
  );
  const exposures = found.violations
    .map(({ signature }) => signature)
    .filter((one) => one.startsWith('crash-exposure'));
  assert.ok(found.isComplete);
  assert.deepEqual(exposures.sort(), [
    'crash-exposure fault/allocBlock',
    'crash-exposure pwrite/allocBlock',
  ]);
});

test('what an insert has yet to move along shows for lack of a fence, not of a zeroed tail', () => {
  const found = explore(
    new Engine(modelOf('v42-immap-read')),
    inputNamed('insert-moves-old-tail'),
    { statesMax: 100_000, all: true },
  );
  assert.deepEqual(
    found.violations.map(({ signature }) => signature),
    ['unfenced insert'],
  );
});

test('a load beside a write that has set i_size and not returned comes before it', () => {
  const found = explore(
    new Engine(modelOf('xfs-mmaplock-prezero')),
    inputNamed('size-before-invalidation'),
    { statesMax: 1_000_000, all: true },
  );
  assert.ok(found.isComplete);
  assert.deepEqual(found.violations.map(({ signature }) => signature).sort(), [
    'zero-page fault',
    'zero-page pwrite',
  ]);
});

test('an order of locks that one makes as soon as a lock is handed to it is shown', () => {
  const found = explore(new Engine(modelOf('jul16-opt3-naive')), inputNamed('handed-lock'), {
    statesMax: 100_000,
    all: true,
  });
  const signatures = found.violations.map(({ signature }) => signature);
  assert.ok(signatures.includes('lock-cycle entryLock journal mmapSem'), signatures.join('; '));
});

// biome-ignore format: a table
const SIZES = [
  { late: 'pwrite A 4096 4096', beside: 'truncate A 16384', legal: [16384], shows: true },
  { late: 'pwrite A 4096 4096', beside: 'truncate A 4096', legal: [4096, 8192], shows: false },
  { late: 'truncate A 16384', beside: 'pwrite A 4096 4096', legal: [16384], shows: true },
  { late: 'collapse A 0 4096', beside: 'pwrite A 8192 4096', legal: [8192, 12288], shows: true },
  { late: 'insert A 0 4096', beside: 'insert A 0 4096', legal: [16384], shows: true },
] as const;

for (const { late, beside, legal, shows } of SIZES) {
  test(`i_size set after the lock by ${late}, beside ${beside}: ${legal.join(' or ')}`, () => {
    const sound = modelOf('xfs-mmaplock-prezero');
    const kind = late.split(' ')[0] ?? '';
    const model = {
      ...sound,
      needs: [],
      paths: { ...sound.paths, [kind]: sizedLate(sound.paths[kind] ?? []) },
    };
    const pages = 'file A size 8192 pages written written';
    const file =
      kind === 'pwrite' || kind === 'truncate' ? 'file A size 4096 pages written' : pages;
    const text = [
      'faultline input 1',
      file,
      'process P0',
      'thread T0 P0',
      late,
      'thread T1 P0',
      beside,
      '',
    ].join('\n');
    const found = explore(new Engine(model), parseInput(text, late), { statesMax: 1e6, all: true });
    assert.ok(found.isComplete);
    const sizes = found.violations.filter((one) => one.signature.startsWith('lost-size'));
    assert.equal(sizes.length > 0, shows, sizes.map(({ signature }) => signature).join());
  });
}

/** The step that sets i_size comes last, behind every lock. */
function sizedLate(path: Path): Path {
  const moved: Node[] = [];
  const without = edited(path, (node) => {
    if (node.step !== 'setSize') return node;
    moved.push(node);
    return null;
  });
  return [...without, ...moved.slice(0, 1)];
}

test('an operation that failed excuses none that came after it', () => {
  const text = printInput(inputNamed('two-appends')).replace('pwrite', 'collapse A 0 4096\npwrite');
  const model = modelNamed('pwrite-without-inode-lock.json');
  const found = explore(new Engine(model), parseInput(text, 'two-appends'), {
    statesMax: 1e6,
    all: true,
  });
  const shown = found.violations.map(({ signature }) => signature);
  assert.ok(shown.includes('lost-size short pwrite/setSize'), shown.join('\n'));
});

test('a collapse and an insert may come before a truncate that began after them', () => {
  const sound = modelOf('xfs-mmaplock-prezero');
  const { collapse = [], insert = [] } = sound.paths;
  const before = [
    { step: 'downRead', lock: 'iMmapRwsem' },
    { step: 'upRead', lock: 'iMmapRwsem' },
  ] as const;
  const paths = {
    ...sound.paths,
    collapse: [...before, ...collapse],
    insert: [...before, ...insert],
  };
  for (const op of ['collapse A 0 4096', 'insert A 0 4096']) {
    for (const other of ['truncate A 12288', 'pwrite A 8192 4096']) {
      const text = `faultline input 1
file A size 8192 pages written written
process P0
thread T0 P0
${op}
thread T1 P0
${other}
`;
      const found = explore(new Engine({ ...sound, paths }), parseInput(text, op), {
        statesMax: 1e6,
        all: true,
      });
      assert.deepEqual(
        [found.verdict, found.violations.map(({ signature }) => signature)],
        ['verified', []],
        `${op} ${other}`,
      );
    }
  }
});

test('an endless loop is named by the operation that goes round, not by those that can still run', () => {
  const text = `faultline input 1
file A size 8192 pages written written
process P0 a0 A 0 8192 shared
thread T0 P0
punch A 0 4096
thread T1 P0
pwrite A 4096 2048
store a0 0
`;
  const model = modelNamed('punch-never-ends.json');
  const found = explore(new Engine(model), parseInput(text, 'beside'), {
    statesMax: 1e6,
    all: true,
  });
  const shown = found.violations.map(({ signature }) => signature);
  assert.deepEqual([shown, found.isComplete], [['never-ends punch'], true]);
});

// biome-ignore format: a table
const REPLAYS = [
  { input: 'two-appends-schedule', model: 'pwrite-without-inode-lock.json', shows: 'lost-size short pwrite/setSize' },
  { input: 'private-zero-page-schedule', model: 'v42-immap-read', shows: 'zero-page fault' },
  { input: 'f06-lost-by-power-schedule', model: 'modern-xfs:reflink=on', shows: 'durability overwritten fault/copyCow' },
  { input: 'b28-of-invalidation-schedule', model: 'v412-entry-outside:inv2=always', shows: 'lost-wakeup entryLock' },
  { input: 'b56-then-drop-schedule', model: 'jul16-opt2-unmap', shows: 'durability towrite-tag clearTowrite' },
  { input: 'f03-copied-schedule', model: 'modern-xfs', shows: 'zero-page early pwrite' },
  // The punched block is page 1's now, uncommitted, and the store that B12 let through has overwritten what fsync owes.
  { input: 'b12-written-through-schedule', model: 'v42-fsync-commits-nothing.model', shows: 'unfenced punch' },
] as const;

for (const { input, model, shows } of REPLAYS) {
  test(`${input} on ${model}, its one schedule: ${shows}`, () => {
    const engine = new Engine(modelNamed(model));
    const parsed = inputNamed(input);
    engine.load(parsed);
    const { verdict } = engine.trace(parsed.schedule);
    const seen = verdict.kind === 'violation' ? verdict.violations : [];
    assert.deepEqual(
      seen.map(({ signature }) => signature),
      [shows],
    );
  });
}

test('a lock that was fused is drawn, and named by who waits for it', () => {
  const model = modelNamed('madvise-remove.json');
  const input = inputNamed('madvise-remove');
  const found = explore(new Engine(model), input, { statesMax: 1_000_000, all: false });
  const traced = found.violations[0]?.traced ?? assert.fail('no violation');
  const drawn = renderColumns(model, { ...input, schedule: traced.schedule }, traced, null);
  assert.match(drawn, /down_read\(mmap_sem\): waits/);
  assert.match(drawn, /down_write\(mmap_sem\)/);
});
