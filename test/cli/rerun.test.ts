/** Findings of an earlier version are listed, judged again and filed again, or named with the reason. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { readAside } from '../../corpus/store/set-aside.ts';
import { findingId } from '../../corpus/vocabulary/finding.ts';
import { engineDigest } from '../../daemon/cli/identity.ts';
import { isDigestOf, modelDigest } from '../../workers/models/registry.ts';
import { temporaryFolder } from '../store/sample.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { faultline, faultlineHere } from './faultline.ts';
import { DAMAGED, FIRST, fillOlder, GONE, OWN, RENAMED, SAME, SILENT, tree } from './older.ts';

interface Row {
  readonly id: string;
  readonly outcome: string;
  readonly model: string | null;
  readonly by: readonly string[];
  readonly why: string;
  readonly folder: string;
}

const EARLY = findingId('stale-data early fault/allocBlock');

function older(t: TestContext, withUnjudgeable = true): string {
  const folder = temporaryFolder(t);
  fillOlder(path.join(folder, '.faultline'), withUnjudgeable);
  return folder;
}

async function rerunIn(folder: string, ...more: readonly string[]) {
  const args = ['findings', '--rerun', '--json', '-q', ...more];
  const { exit, stdout, stderr } = await faultlineHere(args, folder);
  const { judged, unreadable, left } = JSON.parse(stdout);
  const rows: readonly Row[] = judged;
  return { exit, stderr, rows: new Map(rows.map((row) => [row.id, row])), unreadable, left };
}

test('each is listed, and what cannot be read is named with its folder', async (t) => {
  const folder = older(t);
  const listed = await faultlineHere(['findings', '--json'], folder);
  const ids = JSON.parse(listed.stdout).map(({ id }: Row) => id);
  assert.deepEqual(ids.sort(), [SAME, FIRST, RENAMED, SILENT, GONE, OWN].sort());
  assert.match(listed.stderr, /cannot read .faultline\/findings\/0{64}: /);
  assert.match(
    listed.stderr,
    /6 findings in .faultline are of another engine; `faultline findings --rerun` /,
  );
  const asked = await faultlineHere(['findings', '--unreadable', '--json'], folder);
  const [{ folder: where, why }] = JSON.parse(asked.stdout);
  assert.equal(where, `.faultline/findings/${DAMAGED}`);
  assert.match(why, /not a JSON object/);
});

test('each is shown as it was drawn and replayed with a verdict', async (t) => {
  const folder = older(t);
  for (const id of [SAME, RENAMED, SILENT, GONE, OWN]) {
    const shown = await faultlineHere(['show', id], folder);
    assert.equal(shown.exit, 0, shown.stderr);
    assert.match(shown.stdout, /^step /m);
    const { exit, stderr } = await faultlineHere(['replay', id], folder);
    assert.ok(exit === 1 || exit === 0 || exit === 125, `${id} ${exit} ${stderr}`);
  }
  const carried = await faultlineHere(['replay', SAME, '--recorded-model'], folder);
  assert.equal(carried.exit, 1, carried.stderr);
  assert.match(carried.stdout, /^reproduced on v43rc-immap-write: looks like B02/m);
});

test('judged again: the same, others, none, undecided', async (t) => {
  const folder = older(t);
  const { exit, rows, unreadable, left } = await rerunIn(folder);
  assert.equal(exit, 125);
  assert.equal(left, 0);
  assert.equal(unreadable.length, 1);
  const outcomes = [SAME, FIRST, RENAMED, SILENT, GONE, OWN].map((id) => rows.get(id)?.outcome);
  assert.deepEqual(outcomes, [
    'same',
    'superseded',
    'superseded',
    'fixed',
    'undecided',
    'superseded',
  ]);
  const store = new FindingStore(path.join(folder, '.faultline'));
  const again = store.record(SAME);
  assert.equal(again.repro.engine, engineDigest());
  assert.equal(again.finding.runsToFirst, 34);
  assert.deepEqual(again.repro.origin?.batch, 0);
  assert.ok(rows.get(RENAMED)?.by.includes(EARLY));
  assert.equal(store.record(EARLY).repro.engine, engineDigest());
  assert.deepEqual(rows.get(OWN)?.by, [SAME]);
  assert.match(rows.get(SILENT)?.why ?? '', /^none of \d+ states of its workload shows it/);
  assert.match(rows.get(GONE)?.why ?? '', /model "gone:x=1" is not in this build/);
  assert.ok(store.record(GONE).repro.modelJson === '{"name":"gone"}');
  for (const id of [FIRST, RENAMED, SILENT, OWN]) {
    const row = rows.get(id);
    assert.ok(row !== undefined && !store.idsOf(id).includes(id));
    assert.ok(existsSync(path.join(folder, row.folder, 'repro.txt')));
    const note = JSON.parse(readFileSync(path.join(folder, row.folder, 'superseded.json'), 'utf8'));
    assert.deepEqual([note.id, note.outcome, note.by], [id, row.outcome, row.by]);
  }
});

test('what was filed again replays, and what was set aside says where it lies', async (t) => {
  const folder = older(t);
  await rerunIn(folder);
  for (const id of [SAME, EARLY]) {
    const { exit, stdout, stderr } = await faultlineHere(['replay', id], folder);
    assert.equal(exit, 1, stderr);
    assert.match(stdout, /^reproduced on /m);
    assert.doesNotMatch(stderr, /is not/);
  }
  const { exit, stderr } = await faultlineHere(['show', RENAMED.slice(0, 12)], folder);
  assert.equal(exit, 4);
  assert.match(stderr, /was superseded by [0-9a-f]{12}.*: it lies in .faultline\/superseded\/4138/);
  assert.equal((await faultlineHere(['show', `.faultline/superseded/${RENAMED}`], folder)).exit, 0);
});

test('a second time nothing changes', async (t) => {
  const folder = older(t);
  await rerunIn(folder);
  const before = tree(folder);
  const { exit, rows } = await rerunIn(folder);
  assert.equal(exit, 125);
  assert.deepEqual([...rows.keys()], [GONE]);
  assert.deepEqual(tree(folder), before);
});

test('exit 0 where all were judged, 4 where there is nothing to do', async (t) => {
  const folder = older(t, false);
  assert.equal((await rerunIn(folder)).exit, 0);
  assert.equal((await rerunIn(folder)).exit, 4);
  const { stderr } = await faultlineHere(['findings'], folder);
  assert.match(stderr, /4 set aside in .faultline\/superseded/);
  assert.doesNotMatch(stderr, /another engine/);
});

test('a search that meets its bound decides nothing and moves nothing', async (t) => {
  const folder = older(t, false);
  const { exit, rows } = await rerunIn(folder, '--states', '5');
  assert.equal(exit, 125);
  assert.equal(rows.get(RENAMED)?.outcome, 'undecided');
  assert.match(rows.get(RENAMED)?.why ?? '', /--states allows for them/);
  assert.ok(existsSync(path.join(folder, '.faultline/findings', RENAMED)));
  assert.equal((await rerunIn(folder)).exit, 0);
});

test('set aside, found again and set aside again: both stay', async (t) => {
  const folder = older(t, false);
  const dataDir = path.join(folder, '.faultline');
  const old = new FindingStore(dataDir).record(SILENT);
  await rerunIn(folder);
  new FindingStore(dataDir).put(old);
  assert.equal((await rerunIn(folder)).rows.get(SILENT)?.outcome, 'fixed');
  assert.deepEqual(
    readAside(dataDir, SILENT).map(({ folder: there, note }) => [
      path.basename(there),
      note?.outcome,
    ]),
    [
      [SILENT, 'fixed'],
      [`${SILENT}-2`, 'fixed'],
    ],
  );
});

const RERUN = new URL('../../daemon/cli/rerun.js', import.meta.url).href;
const STORE = new URL('../../corpus/store/finding-store.js', import.meta.url).href;
const SURVEY = new URL('../../corpus/store/survey.js', import.meta.url).href;

/** In a process that gets a signal at the n-th change of the disk; true if it came to its end. */
function rerunAndSignal(dataDir: string, n: number, sent: 'SIGKILL' | 'SIGINT'): boolean {
  const program = `
    const { FindingStore } = await import(${JSON.stringify(STORE)});
    const { survey } = await import(${JSON.stringify(SURVEY)});
    const { rerun } = await import(${JSON.stringify(RERUN)});
    let changes = 0;
    const reached = () => ++changes === ${n} && process.kill(process.pid, '${sent}');
    const dataDir = ${JSON.stringify(dataDir)};
    const store = new FindingStore(dataDir, reached);
    const { findings, unreadable } = survey(store);
    const asked = { store, chosen: findings, unreadable, statesMax: 2e6, reached };
    await rerun(asked, { dataDir, isJson: true, isQuiet: true, isVerbose: false });`;
  const args = ['--input-type=module', '--eval', program];
  const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.ok(signal === 'SIGKILL' || status === 0, `${signal} ${stderr}`);
  return status === 0;
}

/** A third of the moments, which third is drawn; `test:seeds` and the nightly lane draw the others. */
const MOMENTS = 3;

test('kill -9 between two changes of the disk loses nothing', async (t) => {
  const start = older(t, false);
  const whole = path.join(temporaryFolder(t), 'whole');
  cpSync(start, whole, { recursive: true });
  await rerunIn(whole);
  const expected = tree(whole);
  for (let n = 1 + (RNG_SEED % MOMENTS); ; n += MOMENTS) {
    const folder = path.join(temporaryFolder(t), 'killed');
    cpSync(start, folder, { recursive: true });
    const dataDir = path.join(folder, '.faultline');
    const isWhole = rerunAndSignal(dataDir, n, 'SIGKILL');
    const store = new FindingStore(dataDir);
    assert.deepEqual(store.list().damaged, []);
    const aside = readAside(dataDir).map(({ note }) => note?.id);
    for (const id of [SAME, FIRST, RENAMED, SILENT, OWN]) {
      assert.ok(aside.includes(id) !== store.idsOf(id).includes(id), `${id} after ${n}`);
    }
    if (!isWhole) assert.ok([0, 4].includes((await rerunIn(folder)).exit ?? -1));
    assert.deepEqual(tree(folder), expected, `after ${n}`);
    rmSync(folder, { recursive: true });
    if (isWhole) break;
  }
});

test('Ctrl-C ends it after the finding under way, and the next one goes on', async (t) => {
  const folder = older(t, false);
  const dataDir = path.join(folder, '.faultline');
  assert.ok(rerunAndSignal(dataDir, 1, 'SIGINT'));
  const engines = new FindingStore(dataDir).idsOf('').filter((id) => {
    return new FindingStore(dataDir).record(id).repro.engine === engineDigest();
  });
  assert.deepEqual(engines, [SAME]);
  assert.deepEqual(readAside(dataDir), []);
  const { exit, rows, left } = await rerunIn(folder);
  assert.deepEqual([exit, left], [0, 0]);
  assert.deepEqual([...rows.keys()].sort(), [FIRST, RENAMED, SILENT, OWN].sort());
});

test('a digest of the first recipe is that of its model, and of no other', (t) => {
  const { repro } = new FindingStore(path.join(older(t, false), '.faultline')).record(SAME);
  const model = JSON.parse(repro.modelJson);
  assert.notEqual(modelDigest(model), repro.modelDigest);
  assert.ok(isDigestOf(model, repro.modelDigest));
  assert.ok(!isDigestOf({ ...model, durability: !model.durability }, repro.modelDigest));
});

test('two at the same time lose nothing and come to the same', async (t) => {
  const folder = older(t, false);
  const args = ['findings', '--rerun', '--json', '-q'];
  const both = await Promise.all([faultline(args, folder), faultline(args, folder)]);
  for (const { exit, stderr } of both) assert.ok(exit === 0 || exit === 4, stderr);
  const dataDir = path.join(folder, '.faultline');
  const aside = readAside(dataDir).map(({ note }) => note?.id);
  assert.deepEqual(aside.sort(), [FIRST, RENAMED, SILENT, OWN].sort());
  assert.deepEqual(new FindingStore(dataDir).list().damaged, []);
  assert.ok(new FindingStore(dataDir).idsOf('').includes(EARLY));
});

test('check and fuzz say in one line that there are findings of another engine', async (t) => {
  const folder = older(t, false);
  const says =
    /^faultline: 5 findings in .faultline are of another engine; `faultline findings --rerun` judges again$/m;
  const seed = path.join(PACKAGE_ROOT, 'corpus/seeds/b12-fault-vs-punch.txt');
  const check = await faultlineHere(['check', seed, '--model', 'xfs-mmaplock-prezero'], folder);
  assert.match(check.stderr, says);
  const fuzz = await faultline(
    ['fuzz', '--model', 'xfs-mmaplock-prezero', '--runs', '32', '--rng-seed', '1', '--jobs', '1'],
    folder,
  );
  assert.match(fuzz.stderr, says);
});
