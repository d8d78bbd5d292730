/**
 * Every row of a model's `expect.find` has a seed, and exhaustive search of that seed shows the row: on the model
 * and on each value of each of its toggles. A row without a seed fails; so does a seed that shows a row, or a
 * signature without one, that the model does not expect.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { Engine } from '../../workers/execute.ts';
import { explore } from '../../workers/explore.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { seedNamed } from './support/search.ts';

const STATES_MAX = 50_000;

const SEEDS: Readonly<Record<string, string>> = {
  B01: 'b01-store-vs-load',
  B02: 'b02-load-vs-load',
  B03: 'b03-mkwrite-vs-store',
  B04: 'b04-load-vs-punch-vs-fsync',
  B09: 'b09-store-vs-store',
  B10: 'b10-load-vs-store',
  B11: 'b11-load-vs-pwrite',
  B12: 'b12-fault-vs-punch',
  B13: 'b13-store-vs-truncate-cached',
  B14: 'b14-fault-vs-truncate-down-up',
  B15: 'b15-fault-vs-collapse',
  B16: 'b16-pwrite-vs-fault-zeroing',
  B17: 'b17-store-vs-pwrite-zeroing',
  B18: 'b18-lost-dirty-tag',
  B20: 'b20-dropped-entry-writable-pte',
  B21: 'b21-fsync-skips-locked-entry',
  B22: 'b22-upgrade-after-shift-and-back',
  B28: 'b28-three-loads-of-a-hole',
  B33: 'b33-crash-before-zeroing',
  B34: 'b34-leftover-block-exposed',
  B50: 'b50-store-vs-revoke-cached',
  B51: 'b51-page-lock-vs-handle',
  B53: 'b53-mkwrite-without-entry',
  B55: 'b55-pread-before-conversion',
  B56: 'b56-two-fsyncs-one-tag',
  F01: 'f01-late-conversion-vs-zero',
  F02: 'f02-pwrite-beside-write-fault',
  CANARY: 'b12-fault-vs-punch',
};

/** Where a model, or one of its flavours, shows a row by another seed. */
const OTHERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'v43rc-immap-write': {
    B09: 'b09-store-vs-store-cached',
    B33: 'b33-crash-inside-pwrite',
    F01: 'f01-late-conversion-of-cached',
  },
  // No extent is converted: the inversion comes from an mkwrite whose page was purged.
  'v43rc-immap-write:policy=prezero': { B04: 'b51-page-lock-vs-handle' },
  'xfs-mmaplock-prezero:shift=4.4': { B15: 'b15-load-before-collapse' },
};

function seedOf(reference: string, row: string): string | undefined {
  const name = reference.split(':')[0] ?? '';
  return OTHERS[reference]?.[row] ?? OTHERS[name]?.[row] ?? SEEDS[row];
}

/** The rows, or the signature where there is none, that a seed shows. */
function shownBy(engine: Engine, seed: string): ReadonlySet<string> {
  const found = explore(engine, seedNamed(seed), { statesMax: STATES_MAX, all: true });
  assert.notEqual(found.verdict, 'inconclusive', `${seed}: ${found.states} states`);
  return new Set(found.violations.map(({ signature }) => rowOf(signature)?.id ?? signature));
}

const REFERENCES = MODEL_NAMES.flatMap((name) => [
  name,
  ...Object.entries(modelOf(name).options).flatMap(([toggle, [, ...values]]) =>
    values.map((value) => `${name}:${toggle}=${value}`),
  ),
]);

for (const reference of REFERENCES) {
  test(`${reference}: every row that it finds is shown from its seed`, () => {
    const { find } = modelOf(reference).expect;
    const engine = new Engine(modelOf(reference));
    const missing: string[] = [];
    const unexpected = new Set<string>();
    for (const row of find) {
      const seed = seedOf(reference, row);
      const shown = seed === undefined ? new Set<string>() : shownBy(engine, seed);
      if (!shown.has(row)) missing.push(`${row} by ${seed ?? 'no seed'}`);
      for (const id of shown) if (!find.includes(id)) unexpected.add(`${id} by ${seed}`);
    }
    assert.deepEqual(missing, []);
    assert.deepEqual([...unexpected], []);
  });
}

// ---- what a kernel does right -----------------------------------------------------------------------------

const ONE_PAGE = 'process P0 a0 A 0 4096 shared';
const TWO_PAGES = 'process P0 a0 A 0 8192 shared';

/** Workloads that go wrong without one thing that the kernel does, and the thing. */
// biome-ignore format: a table
const SOUND = [
  row('v48-entry-lock', 'invalidates only a file with cached pages (B20)', 'file A size 4096 pages written', ONE_PAGE, 'thread T0 P0', 'store a0 0', 'fsync A', 'pwrite A 2048 2048', 'store a0 0', 'fsync A'),
  row('v48-entry-lock', 'invalidates only a file with cached pages (B53)', 'file A size 4096 pages written', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'pwrite A 2048 2048', 'store a0 0', 'fsync A'),
  row('v48-entry-lock', 'finds a skipped entry again (B21)', 'file A size 4096 pages written', ONE_PAGE, 'process P1 a0 A 0 4096 shared', 'thread T0 P0', 'store a0 0', 'fsync A', 'thread T1 P1', 'load a0 0'),
  row('v43rc-immap-write', 'opens the handle of a write fault first (B04)', 'file A size 8192 pages written hole', TWO_PAGES, 'thread T0 P0', 'store a0 4096', 'thread T1 P0', 'punch A 0 4096', 'thread T2 P0', 'fsync A'),
  row('xfs-mmaplock-prezero', 'invalidates behind the write (B11)', 'file A size 8192 pages hole hole', TWO_PAGES, 'thread T0 P0', 'pwrite A 0 8192 from a0 4096'),
  row('xfs-mmaplock-prezero', 'purges what collapse moves (B15)', 'file A size 12288 pages written written written', 'process P0 a0 A 0 12288 shared', 'thread T0 P0', 'load a0 4096', 'collapse A 0 4096', 'load a0 4096'),
  row('xfs-mmaplock-prezero', 'takes an unwritten extent for a hole in a read fault', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'store a0 0', 'pread A 0 4096'),
];

function row(reference: string, why: string, ...lines: readonly string[]) {
  return { reference, why, text: ['faultline input 1', ...lines, 'first T0', ''].join('\n') };
}

for (const { reference, why, text } of SOUND) {
  test(`${reference} ${why}`, () => {
    const workload = parseInput(text, why);
    const found = explore(new Engine(modelOf(reference)), workload, {
      statesMax: STATES_MAX,
      all: true,
    });
    assert.deepEqual(
      found.violations.map(({ signature }) => signature),
      [],
    );
    assert.equal(found.verdict, 'verified');
  });
}
