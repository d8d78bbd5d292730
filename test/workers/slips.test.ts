/** One slip of a sound model, one workload: what a reader of the code would see, and so what the tool has to say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { call, type Model, type Node, type Path, step } from '../../workers/kernel/path.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { modelNamed } from '../support/models.ts';
import { type Edit, edited } from '../support/mutants.ts';

const STATES_MAX = 100_000;

const without =
  (name: string): Edit =>
  (node) =>
    node.step === name ? null : node;

function becomes(name: string, other: Node): Edit {
  return (node) => (node.step === name ? other : node);
}

const WRITTEN = ['file A size 8192 pages written written', 'process P0 a0 A 0 8192 shared'];
const PRIVATE = ['file A size 8192 pages written written', 'process P0 a0 A 0 8192 private'];
const TAIL = ['file A size 2048 pages written', 'process P0 a0 A 0 4096 shared'];

interface Slip {
  readonly on: string;
  readonly path: string;
  readonly slip: string;
  readonly edit: Edit;
  readonly workload: readonly string[];
  readonly says: string;
}

// biome-ignore format: a table
const SLIPS: readonly Slip[] = [
  slip('xfs-mmaplock-prezero', 'munmap', 'keeps the vma', without('unlinkVma'), [...WRITTEN, 'thread T0 P0', 'munmap a0'], 'spurious-error without-effect munmap'),
  slip('xfs-mmaplock-prezero', 'mmap', 'makes no vma', without('linkVma'), [...WRITTEN, 'thread T0 P0', 'mmap a1 A 0 4096 shared'], 'spurious-error without-effect mmap'),
  slip('xfs-mmaplock-prezero', 'pread', 'does not clip', without('clipToSize'), ['file A size 4096 pages written', 'process P0', 'thread T0 P0', 'pread A 0 8192'], 'spurious-error long pread'),
  slip('xfs-mmaplock-prezero', 'unmap', 'takes private copies', becomes('clearPte', step('clearPteCows', 'clearPte')), [...PRIVATE, 'thread T0 P0', 'store a0 0', 'punch A 0 4096'], 'lost-write private punch'),
  slip('xfs-mmaplock-prezero', 'unmapCows', 'leaves private copies', becomes('clearPteCows', step('clearPte')), [...PRIVATE, 'thread T0 P0', 'store a0 4096', 'truncate A 4096'], 'beyond-eof copy truncate'),
  slip('xfs-mmaplock-prezero', 'fault', 'fills no private page', without('copyBlock'), [...PRIVATE, 'thread T0 P0', 'store a0 0'], 'lost-write line setup'),
  slip('v48-entry-lock', 'truncate', 'zeroes no tail', without('zeroPartial'), [...TAIL, 'thread T0 P0', 'store a0 2048', 'truncate A 4096', 'load a0 2048'], 'stale-data past-eof truncate'),
  slip('v48-entry-lock', 'commit', 'commits nothing', () => null, ['file A size 4096 pages written', 'process P0', 'thread T0 P0', 'pwrite A 4096 4096', 'fsync A'], 'durability size pwrite/setSize'),
  slip('xfs-mmaplock-prezero', 'commit', 'commits nothing', () => null, ['file A size 4096 pages written', 'process P0', 'thread T0 P0', 'pwrite A 4096 4096', 'fsync A'], 'durability size pwrite/setSize'),
  slip('v48-entry-lock', 'commit', 'commits no block of a store', () => null, ['file A size 4096 pages hole', 'process P0 a0 A 0 4096 shared', 'thread T0 P0', 'store a0 0', 'fsync A'], 'durability uncommitted fault/allocBlock'),
  slip('v48-entry-lock', 'fault', 'tags no entry', without('dirtyEntry'), [...WRITTEN, 'thread T0 P0', 'load a0 0', 'store a0 0', 'fsync A'], 'durability untagged'),
];

function slip(
  on: string,
  path: string,
  name: string,
  edit: Edit,
  workload: readonly string[],
  says: string,
): Slip {
  return { on, path, slip: name, edit, workload, says };
}

function withSlip(model: Model, path: string, edit: Edit): Model {
  const paths: Record<string, Path> = { ...model.paths };
  const before = paths[path] ?? [call(path)];
  paths[path] = edited(before, edit);
  return { ...model, name: 'slip', expect: { find: [], clean: [] }, paths };
}

function signaturesOf(model: Model, { workload }: Slip): readonly string[] {
  const input = parseInput(['faultline input 1', ...workload, ''].join('\n'), 'slips');
  const found = explore(new Engine(model), input, { statesMax: STATES_MAX, all: true });
  assert.notEqual(found.verdict, 'inconclusive');
  return found.violations.map(({ signature }) => signature);
}

for (const one of SLIPS) {
  test(`${one.path} of ${one.on} ${one.slip}: ${one.says}`, () => {
    const sound = modelNamed(one.on);
    assert.deepEqual(signaturesOf(sound, one), []);
    const said = signaturesOf(withSlip(sound, one.path, one.edit), one);
    assert.ok(said.includes(one.says), said.join('; '));
  });
}
