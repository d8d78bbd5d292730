/**
 * What each design gets wrong: exhaustive search of the seeds that are named after a row of its `finds` shows each, and
 * nothing that it does not expect. verdicts.nightly has every seed, the other values of its toggles, and the page.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { type ModelVerdict, verdictOf } from '../../workers/search/verdict-table.ts';
import { SEEDS } from './support/verdicts.ts';

const STATES_MAX = 100_000;

/** Where a row is shown by seeds of other rows alone, all of them are searched. */
function shownOf(model: Model): ModelVerdict {
  const named = SEEDS.filter(({ name }) =>
    model.expect.find.includes(name.slice(0, 3).toUpperCase()),
  );
  const verdict = verdictOf(model, named);
  return verdict.missing.length === 0 ? verdict : verdictOf(model, SEEDS);
}

for (const reference of MODEL_NAMES) {
  test(`${reference}: every row that it finds is shown by a seed, and none that it does not`, () => {
    const { missing, unexpected } = shownOf(modelOf(reference));
    assert.deepEqual({ missing, unexpected }, { missing: [], unexpected: [] });
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
  row('modern-ext4', 'converts no neighbour where the last page of an extent is wanted (B57)', 'file A size 8192 pages unwritten unwritten', TWO_PAGES, 'thread T0 P0', 'load a0 0', 'store a0 4096'),
  row('modern-ext4', 'moves a page to the written extent before it (B57)', 'file A size 12288 pages written unwritten unwritten', 'process P0 a0 A 0 12288 shared', 'thread T0 P0', 'load a0 8192', 'store a0 4096'),
  row('modern-ext4', 'zeroes less than 8 pages at the head (B57)', 'file A size 32768 pages unwritten unwritten unwritten unwritten unwritten unwritten unwritten unwritten', 'process P0 a0 A 0 32768 shared', 'thread T0 P0', 'load a0 0', 'store a0 4096'),
  row('modern-ext4', 'finds new what a write asks for at once (B57)', 'file A size 8192 pages unwritten unwritten', TWO_PAGES, 'thread T0 P0', 'load a0 4096', 'pwrite A 0 8192', 'load a0 4096'),
  row('modern-ext4', 'zeroes the tail of a truncate to the same size (B58)', 'file A size 2048 pages written', ONE_PAGE, 'thread T0 P0', 'store a0 2048', 'truncate A 2048', 'truncate A 4096', 'pread A 0 4096'),
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
