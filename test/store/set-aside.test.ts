/** A finding that is set aside is whole, with its note; what another process filed meanwhile stays in its place. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import {
  type AsideNote,
  type AsidePoint,
  isSetAside,
  readAside,
  setAside,
} from '../../corpus/store/set-aside.ts';
import { countOfOtherEngines, survey } from '../../corpus/store/survey.ts';
import { findingId } from '../../corpus/vocabulary/finding.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { SIGNATURE, sampleRecord, temporaryFolder } from './sample.ts';

const ID = findingId(SIGNATURE);
const NOTE: AsideNote = {
  id: ID,
  signature: SIGNATURE,
  outcome: 'fixed',
  by: [],
  why: 'none of 12 states of its workload shows it',
  model: 'v42-immap-read',
  engine: 'e1'.repeat(32),
};

test('it lies aside with its note, and is known again by its repro', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  const { repro } = sampleRecord();
  store.put(sampleRecord());
  const folder = setAside(dataDir, store, repro, NOTE);
  assert.equal(folder, path.join(dataDir, 'superseded', ID));
  assert.deepEqual(store.list(), { findings: [], damaged: [] });
  assert.deepEqual(readAside(dataDir), [{ folder, note: NOTE }]);
  const { engine } = NOTE;
  assert.ok(isSetAside(dataDir, ID, engine, (text) => text === printRepro(repro)));
  assert.ok(!isSetAside(dataDir, ID, engine, () => false));
  assert.ok(!isSetAside(dataDir, ID, '01'.repeat(8), () => true), 'another engine may show it');
  assert.equal(setAside(dataDir, store, repro, NOTE), null, 'it is there once');
});

test('a repro that another process filed meanwhile stays, at whatever moment it came', (t) => {
  const other = sampleRecord({ engine: '01'.repeat(8) });
  for (const point of ['before', 'noted'] as const) {
    const dataDir = temporaryFolder(t);
    const store = new FindingStore(dataDir);
    store.put(sampleRecord());
    const file = (): unknown => new FindingStore(dataDir).put(other);
    if (point === 'before') file();
    const reached = (at: AsidePoint): void => {
      if (at === point) file();
    };
    assert.equal(setAside(dataDir, store, sampleRecord().repro, NOTE, reached), null, point);
    assert.equal(store.record(ID).repro.engine, other.repro.engine, point);
    assert.deepEqual(readAside(dataDir), [], point);
  }
});

const STORE = new URL('../../corpus/store/finding-store.js', import.meta.url).href;
const ASIDE = new URL('../../corpus/store/set-aside.js', import.meta.url).href;
const SAMPLE = new URL('./sample.js', import.meta.url).href;

for (const [point, places] of Object.entries({ noted: [1, 0], moved: [0, 1] })) {
  test(`killed when it is ${point}, it is whole in one place`, (t) => {
    const dataDir = temporaryFolder(t);
    const store = new FindingStore(dataDir);
    store.put(sampleRecord());
    const program = `
      const { FindingStore } = await import(${JSON.stringify(STORE)});
      const { setAside } = await import(${JSON.stringify(ASIDE)});
      const { sampleRecord } = await import(${JSON.stringify(SAMPLE)});
      const dataDir = ${JSON.stringify(dataDir)};
      const reached = (at) => at === '${point}' && process.kill(process.pid, 'SIGKILL');
      setAside(dataDir, new FindingStore(dataDir), sampleRecord().repro, ${JSON.stringify(NOTE)}, reached);`;
    const args = ['--input-type=module', '--eval', program];
    const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(signal, 'SIGKILL', stderr);
    const { findings, damaged } = store.list();
    assert.deepEqual([damaged, findings.length, readAside(dataDir).length], [[], ...places]);
    setAside(dataDir, store, sampleRecord().repro, NOTE);
    assert.deepEqual(readAside(dataDir)[0]?.note, NOTE);
    assert.deepEqual(store.idsOf(''), []);
  });
}

test('a note that is damaged hides nothing', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord());
  const folder = setAside(dataDir, store, sampleRecord().repro, NOTE) ?? '';
  writeFileSync(path.join(folder, 'superseded.json'), '{"by":');
  assert.deepEqual(readAside(dataDir), [{ folder, note: null }]);
});

test('a survey names what a listing alone does not read, and counts other engines', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  assert.deepEqual(survey(store), { findings: [], unreadable: [] });
  const signatures = ['deadlock V.W', 'deadlock V.X', 'deadlock V.Y', 'deadlock V.Z'];
  for (const signature of signatures) store.put(sampleRecord({ signature }));
  const [newer = '', broken = '', halved = ''] = signatures.map((one) =>
    store.folderOf(findingId(one)),
  );
  writeFileSync(path.join(newer, 'repro.txt'), 'faultline repro 2\n');
  writeFileSync(path.join(broken, 'repro.txt'), printRepro(sampleRecord().repro).slice(0, 300));
  rmSync(path.join(halved, 'columns.txt'));
  const madeRoom = path.join(dataDir, 'findings', `.damaged-${ID}-1-1`);
  mkdirSync(madeRoom);
  const { findings, unreadable } = survey(store);
  assert.deepEqual(
    findings.map(({ finding }) => finding.signature),
    ['deadlock V.Z'],
  );
  const whys = new Map(unreadable.map(({ folder, why }) => [folder, why]));
  assert.match(whys.get(newer) ?? '', /format repro 2 is newer than repro 1/);
  assert.match(whys.get(broken) ?? '', /expected/);
  assert.match(whys.get(halved) ?? '', /no such file/);
  assert.match(whys.get(madeRoom) ?? '', /took its place/);
  assert.equal(countOfOtherEngines(store, 'e0'.repeat(8)), 0);
  assert.equal(countOfOtherEngines(store, 'e1'.repeat(8)), 3);
});
