/**
 * What each design gets wrong: exhaustive search of every seed shows each row of its `finds`, on the model and on each
 * value of each of its toggles, and nothing that it does not expect. The page of verdicts says the same.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { Engine } from '../../workers/execute.ts';
import { explore } from '../../workers/explore.ts';
import { flavours, modelOf } from '../../workers/models/registry.ts';
import { type ModelVerdict, verdictOf, verdictsText } from '../../workers/verdicts.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const STATES_MAX = 100_000;
const PAGE = path.join(PACKAGE_ROOT, 'dashboards/docs/verdicts.md');
const SEEDS = readSeeds(PACKAGE_ROOT).map(({ name, input }) => ({ name, workload: input }));

const verdicts: ModelVerdict[] = [];
for (const reference of flavours()) {
  test(`${reference}: every row that it finds is shown by a seed, and none that it does not`, () => {
    const verdict = verdictOf(modelOf(reference), SEEDS);
    verdicts.push(verdict);
    assert.deepEqual(verdict.missing, []);
    assert.deepEqual(verdict.unexpected, []);
  });
}

test('dashboards/docs/verdicts.md says what the search shows', () => {
  const text = verdictsText(verdicts);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(PAGE, text);
  assert.equal(readFileSync(PAGE, 'utf8'), text, 'UPDATE_GOLDEN=1 writes it anew');
});

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
