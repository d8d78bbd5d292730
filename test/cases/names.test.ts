/** What small inputs are called, how small they get, and what is said of them first. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type FindingRecord, rowLabel } from '../../corpus/vocabulary/finding.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { minimizedRecord } from '../../workers/reproduce/finding-record.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { modelNamed } from '../support/models.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const FOLDER = path.join(PACKAGE_ROOT, 'test/cases');
const BUDGET = { testsMax: 4000, statesMax: 200_000 };

interface Case {
  readonly input: string;
  readonly model: string;
  readonly signature: string;
  readonly label: string;
  readonly operations: number;
  /** In the sentences before the columns. */
  readonly says: RegExp;
}

// biome-ignore format: a table
const CASES: readonly Case[] = [
  { input: 'leaked-lock', model: 'leaked-lock.json', signature: 'lock-leak faultLock punch', label: 'new', operations: 1, says: /T0 still holds XFS_MMAPLOCK when punch returns/ },
  { input: 'punch-removes-nothing', model: 'punch-removes-nothing.json', signature: 'lost-write unzeroed punch|setup', label: 'new', operations: 1, says: /shows the old data of file A although T0's punch was complete/ },
  { input: 'v-over-fault', model: 'v-over-fault.json', signature: 'lock-self iMmapRwsem:R->W', label: 'new', operations: 1, says: /T0's store holds i_mmap_rwsem for read and waits for i_mmap_rwsem for write/ },
  { input: 'v-over-fault-one-thread', model: 'v-over-fault.json', signature: 'lock-self iMmapRwsem:R->W', label: 'new', operations: 1, says: /One thread does it alone/ },
  { input: 'madvise-remove', model: 'madvise-remove.json', signature: 'lock-cycle inodeLock mmapSem', label: 'new', operations: 2, says: /holds mmap_sem for write and waits for i_mutex/ },
  { input: 'mmap-takes-inode-lock', model: 'mmap-takes-inode-lock.json', signature: 'lock-cycle inodeLock mmapSem', label: 'new', operations: 2, says: /T\d's mmap holds mmap_sem for write and waits for i_mutex/ },
  { input: 'own-lock-names', model: 'own-lock-names.json', signature: 'lock-cycle faultLock pageLock', label: 'new', operations: 2, says: /holds ni_lock for write and waits for page lock/ },
  { input: 'two-orders', model: 'two-orders.json', signature: 'lock-cycle faultLock inodeLock', label: 'new', operations: 2, says: /holds i_mmap_sem for write and waits for i_rwsem_dio/ },
  { input: 'zero-page-not-unmapped', model: 'zero-page-not-unmapped.json', signature: 'zero-page not-unmapped fault', label: 'new', operations: 2, says: /still shows the zero page/ },
  { input: 'remap-without-mmap-sem', model: 'munmap-without-mmap-sem.json', signature: 'stale-pte remapped', label: 'new', operations: 3, says: /the area was mapped anew and the pte has stayed/ },
  { input: 'smaller-f01-a', model: 'v42-immap-read:policy=unwritten', signature: 'stale-data early fault/convertExtent', label: 'F01', operations: 2, says: /shows a previous owner's data, never written there/ },
  { input: 'smaller-f01-b', model: 'v42-immap-read:policy=unwritten', signature: 'lost-write unzeroed fault/convertExtent|zero', label: 'F01', operations: 3, says: /although T\d's zero was complete/ },
  { input: 'smaller-f01-c', model: 'v42-immap-read:policy=unwritten', signature: 'lost-write unconverted', label: 'B55', operations: 3, says: /was complete/ },
  { input: 'smaller-f01-d', model: 'v42-immap-read:policy=unwritten', signature: 'crash-exposure fault/convertExtent', label: 'F01', operations: 3, says: /a power failure now shows/i },
  { input: 'collapse-before-conversion', model: 'v42-immap-read', signature: 'lost-write line fault/clearBlock|setup', label: 'B55', operations: 4, says: /the file had data there and nothing zeroed it/ },
  { input: 'f01-past-eof', model: 'v43-final', signature: 'stale-data leftover fault/convertExtent', label: 'F01', operations: 3, says: /Line 1 of page 0/ },
  { input: 'f12-then-pwrite', model: 'pmd-v412:cut=whole', signature: 'durability cut-entry truncate/deleteEntry', label: 'F12', operations: 3, says: /T0's store was synced and is lost/ },
  { input: 'dma-unpins-early', model: 'pin-early.model', signature: 'pinned-block unpinned dma', label: 'like B39', operations: 2, says: /has dropped its pin of block 0, which has left its page/ },
  { input: 'b27-of-huge-zero-page', model: 'pmd-v44', signature: 'zero-page under-huge fault', label: 'B27', operations: 2, says: /still shows the zero page/ },
  { input: 'unshare-locks-nothing', model: 'unshare-without-entry.model', signature: 'lost-wakeup entryLock left-locked', label: 'new', operations: 2, says: /it is locked, and nobody holds entry lock/ },
  { input: 'which-write-was-lost', model: 'v48-entry-lock', signature: 'durability towrite-tag clearTowrite', label: 'B56', operations: 3, says: /T0's store was synced and is lost/ },
  { input: 'private-zero-page', model: 'v42-immap-read', signature: 'stale-data early fault/allocBlock', label: 'B34', operations: 2, says: /shows a previous owner's data/ },
];

function read(name: string): string {
  return readFileSync(path.join(FOLDER, name), 'utf8');
}

function recordOf({ input, model: name, signature }: Case): FindingRecord {
  const model = modelNamed(name);
  const engine = new Engine(model);
  const workload = parseInput(read(`${input}.txt`), input);
  const found = explore(engine, workload, { statesMax: 1_000_000, all: true });
  const shown = found.violations.find((one) => one.signature === signature);
  assert.ok(shown, found.violations.map((one) => one.signature).join('\n') || found.verdict);
  const howFound = { rngSeed: null, batch: null, run: null, scheduler: 'exhaustive' };
  const seen = { model, signature, runsToFirst: null, origin: null, engine: 'e', howFound };
  const witness = { ...workload, schedule: shown.traced.schedule };
  return minimizedRecord(engine, seen, witness, BUDGET) ?? assert.fail('it is gone');
}

for (const one of CASES) {
  test(`${one.input} on ${one.model}: ${one.label}, ${one.operations} operations`, () => {
    const { finding, columns } = recordOf(one);
    assert.equal(rowLabel(finding), one.label);
    assert.equal(finding.operations, one.operations, columns);
    const [told = ''] = columns.split('\n\n');
    assert.match(told.replaceAll('\n  ', ' '), one.says, columns);
  });
}

test('what two designs get wrong between the same two locks has one id, and a label no say in it', () => {
  const ids = ['madvise-remove', 'mmap-takes-inode-lock'].map((input) => {
    return recordOf(CASES.find((one) => one.input === input) ?? assert.fail(input)).finding.id;
  });
  assert.equal(new Set(ids).size, 1);
});

test('an order that paths break is named; a cyclic one is refused; names of the model and of kernels are read', () => {
  const input = parseInput(read('punch-alone.txt'), 'punch');
  const contradictionsOf = (model: string): readonly string[] => {
    const engine = new Engine(modelNamed(model));
    explore(engine, input, { statesMax: 1000, all: true });
    return [...engine.judge.contradictions];
  };
  assert.deepEqual(contradictionsOf('order-reversed.json'), [
    'punch takes XFS_MMAPLOCK under XFS_IOLOCK; `order` says XFS_MMAPLOCK -> XFS_IOLOCK',
  ]);
  assert.deepEqual(contradictionsOf('order-own-names.json'), []);
  assert.throws(() => modelNamed('order-cyclic.json'), /order\[1\]: closes a cycle/);
});
