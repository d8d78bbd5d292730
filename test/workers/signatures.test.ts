/**
 * One bug is one bucket: disguises of a bug (threads and processes renamed, pages and files moved, noise around,
 * other schedulers) keep its signature. And the rows of the catalogue keep apart.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CATALOGUE, matches } from '../../corpus/vocabulary/catalogue.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertDisguisesKeep, BUGS } from './support/disguises.ts';
import { seedNamed } from './support/search.ts';

const DISGUISES = 15;
/** The others have their turn in the nightly lane. */
const QUICK = ['B12', 'B10', 'B20', 'B01'];

function signaturesOf(engine: Engine, workload: Workload): readonly string[] {
  const found = explore(engine, workload, { statesMax: 200_000, all: true });
  return found.violations.map(({ signature }) => signature);
}

for (const bug of BUGS.filter(({ id }) => QUICK.includes(id))) {
  test(`${DISGUISES} disguises of ${bug.id} on ${bug.model} fall into its bucket`, () => {
    const different = assertDisguisesKeep(bug, DISGUISES);
    assert.ok(different > DISGUISES / 2, `${different} different texts`);
  });
}

// ---- the catalogue ----------------------------------------------------------------------------------------

const ONE_PAGE = 'process P0 a0 A 0 4096 shared';

/** What fuzzing met and neither a seed nor the small sweep shows: minimized workloads. */
// biome-ignore format: a table
const RARE = [
  row('v43rc-immap-write', 'file A size 4096 pages hole', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'store a0 0', 'thread T1 P0', 'punch A 0 4096', 'thread T2 P0', 'store a0 0'),
  row('v43rc-immap-write', 'file A size 4096 pages hole', ONE_PAGE, 'thread T0 P0', 'punch A 0 4096', 'store a0 0', 'thread T1 P0', 'load a0 0', 'store a0 0'),
  row('v43rc-immap-write', 'file A size 8192 pages hole hole', 'process P0 a0 A 0 8192 shared', 'thread T0 P0', 'collapse A 0 4096', 'thread T1 P0', 'store a0 4096'),
  row('v43rc-immap-write', 'file A size 4096 pages written', 'process P0 a0 A 4096 4096 shared', 'thread T0 P0', 'insert A 0 4096', 'thread T1 P0', 'load a0 0'),
  row('v42-immap-read', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'thread T1 P0', 'store a0 0', 'punch A 0 2048'),
  row('v42-immap-read', 'file A size 8192 pages written unwritten', 'process P0 a0 A 0 8192 shared', 'thread T0 P0', 'load a0 4096', 'load a0 0', 'thread T1 P0', 'store a0 4096', 'collapse A 0 4096'),
  row('v42-immap-read', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'store a0 0', 'fsync A', 'thread T1 P0', 'truncate A 0', 'fallocate A 0 4096'),
  row('v42-immap-read:policy=unwritten', 'file A size 4096 pages hole', ONE_PAGE, 'thread T0 P0', 'store a0 0', 'insert A 0 4096', 'thread T1 P0', 'store a0 0'),
  row('v42-immap-read', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'thread T1 P0', 'store a0 2048', 'truncate A 4096', 'thread T2 P0', 'truncate A 2048'),
  row('v42-immap-read', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'pwrite A 0 2048', 'zero A 0 4096', 'msync a0', 'thread T1 P0', 'store a0 0'),
  row('v42-immap-read', 'file A size 0 pages unwritten', ONE_PAGE, 'thread T0 P0', 'truncate A 2048', 'load a0 0', 'thread T1 P0', 'store a0 2048', 'zero A 2048 2048', 'load a0 2048'),
  row('jul16-opt2-unmap', 'file A size 4096 pages hole', ONE_PAGE, 'thread T0 P0', 'pwrite A 0 2048', 'fsync A', 'thread T1 P0', 'load a0 0', 'thread T2 P0', 'store a0 2048'),
  row('xfs-mmaplock-unwritten', 'file A size 4096 pages unwritten', ONE_PAGE, 'process P1 a0 A 0 4096 shared', 'thread T0 P0', 'store a0 0', 'thread T1 P1', 'load a0 0', 'thread T2 P0', 'store a0 0'),
  row('v45-radix:dio=convert', 'file A size 4096 pages hole', ONE_PAGE, 'thread T0 P0', 'pwrite A 0 2048', 'fsync A', 'thread T1 P0', 'store a0 0'),
  row('range-lock-rfc', 'file A size 4096 pages unwritten', ONE_PAGE, 'thread T0 P0', 'load a0 0', 'thread T1 P0', 'punch A 0 4096', 'punch A 0 4096'),
  row('pagecache', 'file A size 4096 pages written', ONE_PAGE, 'thread T0 P0', 'store a0 0', 'thread T1 P0', 'insert A 0 4096'),
  row('canary', 'file A size 4096 pages written', ONE_PAGE, 'thread T0 P0', 'punch A 0 4096'),
  row('canary', 'file A size 4096 pages written', ONE_PAGE, 'thread T0 P0', 'munmap a0'),
];

function row(model: string, ...lines: readonly string[]): { model: string; text: string } {
  return { model, text: ['faultline input 1', ...lines, 'first T0', ''].join('\n') };
}

/** Workloads of the seeds on the models; and what the small sweep showed, as it was reviewed. */
function everythingSeen(): ReadonlySet<string> {
  const seen = new Set<string>();
  const seeds = readdirSync(path.join(PACKAGE_ROOT, 'corpus/seeds')).filter((name) =>
    /^[bf].*\.txt$/.test(name),
  );
  const flavours = [
    'v48-entry-lock:wake=one',
    'v48-entry-lock:writeback=cursor',
    'v48-entry-lock:write=iomap',
    'xfs-mmaplock-prezero:shift=4.4',
  ];
  for (const reference of [...new Set(BUGS.map(({ model }) => model)), ...flavours]) {
    const engine = new Engine(modelOf(reference));
    for (const name of seeds) {
      if (engine.lackingIn(seedNamed(name.replace('.txt', ''))) !== null) continue;
      for (const one of signaturesOf(engine, seedNamed(name.replace('.txt', '')))) seen.add(one);
    }
  }
  for (const { model, text } of RARE) {
    for (const one of signaturesOf(new Engine(modelOf(model)), parseInput(text, model))) {
      seen.add(one);
    }
  }
  const folder = path.join(PACKAGE_ROOT, 'test/golden/exhaustive/whole');
  for (const name of readdirSync(folder)) {
    const rows = readFileSync(path.join(folder, name), 'utf8').matchAll(/^ +\d+ {2}\w+ +(.*)$/gm);
    for (const row of rows) seen.add(row[1] ?? '');
  }
  return seen;
}

/** Rows of which only other designs show every pattern (workers/finds), or none that is built in yet. */
const ELSEWHERE =
  'B02 B06 B07 B08 B19 B23 B24 B26 B27 B29 B31 B32 B35 B36 B37 B38 B39 B40 B41 B52 B53 B54 B57 B58 B59 F03 F04 F05 F06 F07 F11 F12 F13 F14 F15'.split(
    ' ',
  );

test('every signature that tests show is in one row of the catalogue, and every pattern is shown', () => {
  const seen = everythingSeen();
  for (const signature of seen) {
    const rows = CATALOGUE.filter(({ signatures, onBuiltIn = [] }) =>
      [...signatures, ...onBuiltIn].some((one) => matches(one, signature)),
    );
    assert.equal(rows.length, 1, `${signature}: ${rows.map(({ id }) => id).join(' ') || 'new'}`);
  }
  const unseen = CATALOGUE.flatMap(({ id, signatures, onBuiltIn = [] }) =>
    [...signatures, ...onBuiltIn].some((pattern) => ![...seen].some((one) => matches(pattern, one)))
      ? [id]
      : [],
  );
  assert.deepEqual(unseen, ELSEWHERE);
});

test('distinct bugs have distinct signatures', () => {
  const patterns = CATALOGUE.flatMap(({ id, signatures }) =>
    signatures.map((pattern) => ({ id, pattern })),
  );
  for (const { id, pattern } of patterns) {
    // The shortest text that a pattern stands for is in no other row.
    const text = pattern.replaceAll('*', 'x');
    const rows = CATALOGUE.filter((row) => row.signatures.some((one) => matches(one, text)));
    assert.deepEqual(
      rows.map((row) => row.id),
      [id],
      pattern,
    );
  }
});
