/** What goes into the store comes out, the better repro stays, and what is damaged is named and skipped. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { findingId } from '../../corpus/vocabulary/finding.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { SIGNATURE, sampleRecord, temporaryFolder } from './sample.ts';

const ID = findingId(SIGNATURE);
const FILES = ['columns.txt', 'finding.json', 'how-found.json', 'model.json', 'repro.txt'];

function namesIn(dataDir: string): readonly string[] {
  return readdirSync(path.join(dataDir, 'findings')).sort();
}

test('a finding is a folder of plain files and reads back as it was', (t) => {
  const dataDir = temporaryFolder(t);
  const record = sampleRecord();
  const { outcome, finding } = new FindingStore(dataDir).put(record);
  assert.equal(outcome, 'new');
  assert.deepEqual(finding, { ...record.finding, file: finding.file });
  assert.deepEqual(readdirSync(path.dirname(finding.file)).sort(), FILES);
  assert.deepEqual(parseRepro(readFileSync(finding.file, 'utf8'), 'repro'), record.repro);
  assert.deepEqual(new FindingStore(dataDir).list(), { findings: [finding], damaged: [] });
  assert.deepEqual(namesIn(dataDir), [ID]);
});

test('a data directory that is not there has no findings and stays away', (t) => {
  const dataDir = path.join(temporaryFolder(t), 'none');
  assert.deepEqual(new FindingStore(dataDir).list(), { findings: [], damaged: [] });
  assert.deepEqual(new FindingStore(dataDir).idsOf('00'), []);
  assert.ok(!existsSync(dataDir));
});

test('the smaller repro stays, whichever comes first', (t) => {
  for (const order of [
    [1, 3, 2],
    [3, 2, 1],
    [2, 1, 3],
  ] as const) {
    const store = new FindingStore(temporaryFolder(t));
    const outcomes = order.map((loads) => store.put(sampleRecord({ loads })).outcome);
    const [finding] = store.list().findings;
    assert.equal(finding?.operations, 2, order.join());
    const better = order.map((loads, i) => loads < Math.min(...order.slice(0, i)));
    const expected = better.map((is, i) => (i === 0 ? 'new' : is ? 'replaced' : 'kept'));
    assert.deepEqual(outcomes, expected);
  }
});

test('a repro of another build gives way, and models add up', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord({ engine: '01'.repeat(8), model: 'v43' }));
  assert.equal(store.put(sampleRecord({ loads: 2 })).outcome, 'replaced');
  assert.equal(store.put(sampleRecord({ loads: 3, model: 'a-model' })).outcome, 'kept');
  const [finding] = store.list().findings;
  assert.equal(finding?.operations, 3);
  assert.equal(finding?.model, 'v42-immap-read');
  assert.deepEqual(finding?.models, ['a-model', 'v42-immap-read', 'v43']);
  assert.deepEqual(namesIn(dataDir), [ID]);
});

test('findings are listed in order and found by the beginning of their ids', (t) => {
  const store = new FindingStore(temporaryFolder(t));
  const signatures = Array.from({ length: 20 }, (_, i) => `deadlock V${i}.W`);
  for (const signature of signatures) store.put(sampleRecord({ signature }));
  const ids = signatures.map(findingId).sort();
  assert.deepEqual(
    store.list().findings.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(store.idsOf(ids[3]?.slice(0, 8) ?? ''), [ids[3]]);
  assert.deepEqual(store.idsOf(''), ids);
});

/** Each takes the folder of a good finding and spoils it. */
const DAMAGES: Readonly<Record<string, readonly [(folder: string) => void, RegExp]>> = {
  'no finding.json': [(f) => rmSync(path.join(f, 'finding.json')), /no such file/],
  'no repro': [(f) => rmSync(path.join(f, 'repro.txt')), /repro.txt is missing/],
  'half a finding.json': [(f) => edit(f, (text) => text.slice(0, 100)), /not a JSON object/],
  'a class that we do not know': [
    (f) => edit(f, (text) => text.replace('"class":"stale-pte"', '"class":"constructor"')),
    /class: not a class of violation/,
  ],
  'a signature that was changed': [
    (f) => edit(f, (text) => text.replace('unfenced punch', 'unfenced zero')),
    /id: not that of the signature/,
  ],
  'a key that reaches a prototype': [
    (f) => edit(f, (text) => text.replace('{', '{"__proto__":{"x":1},')),
    /not a JSON object/,
  ],
  'a count below zero': [
    (f) => edit(f, (text) => text.replace('"threads":2', '"threads":-2')),
    /threads: Too small/,
  ],
  'another finding under its name': [
    (f) => edit(f, () => readFileSync(path.join(f, '../../other.json'), 'utf8')),
    /of another finding/,
  ],
  'a link for a finding.json': [
    (f) => {
      renameSync(path.join(f, 'finding.json'), path.join(f, '../../real.json'));
      symlinkSync('../../real.json', path.join(f, 'finding.json'));
    },
    /ELOOP/,
  ],
  'a link for a folder': [
    (f) => {
      renameSync(f, path.join(f, '../../elsewhere'));
      symlinkSync('../elsewhere', f);
    },
    /not a folder/,
  ],
  'a file for a folder': [
    (f) => {
      rmSync(f, { recursive: true });
      writeFileSync(f, '');
    },
    /not a folder/,
  ],
  'a name that is no hash': [
    (f) => renameSync(f, path.join(f, '../My Finding')),
    /not the hash of a signature/,
  ],
};

function edit(folder: string, change: (text: string) => string): void {
  const file = path.join(folder, 'finding.json');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

for (const [what, [spoil, why]] of Object.entries(DAMAGES)) {
  test(`damaged: ${what}; the rest is listed, and the next put repairs it`, (t) => {
    const dataDir = temporaryFolder(t);
    const store = new FindingStore(dataDir);
    const other = store.put(sampleRecord({ signature: 'deadlock V.W' })).finding;
    const text = readFileSync(path.join(path.dirname(other.file), 'finding.json'), 'utf8');
    writeFileSync(path.join(dataDir, 'other.json'), text);
    const { file } = store.put(sampleRecord()).finding;
    spoil(path.dirname(file));
    const listing = store.list();
    assert.deepEqual(listing.findings, [other]);
    assert.equal(listing.damaged.length, 1);
    assert.match(listing.damaged[0]?.why ?? '', why);
    store.put(sampleRecord());
    assert.deepEqual(
      store.list().findings.map(({ id }) => id),
      [ID, other.id].sort(),
    );
  });
}

test('what could not be read makes room and stays, for it may be of a newer build', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  const { file } = store.put(sampleRecord()).finding;
  const newer = readFileSync(file, 'utf8').replace('faultline repro 1', 'faultline repro 2');
  writeFileSync(file, newer);
  store.put(sampleRecord());
  const aside = namesIn(dataDir).find((name) => name.startsWith('.damaged-')) ?? '';
  assert.equal(readFileSync(path.join(dataDir, 'findings', aside, 'repro.txt'), 'utf8'), newer);
  assert.equal(store.list().findings.length, 1);
});

test('a link for the folder of findings is not followed', (t) => {
  const dataDir = temporaryFolder(t);
  mkdirSync(path.join(dataDir, 'elsewhere'));
  symlinkSync('elsewhere', path.join(dataDir, 'findings'));
  const store = new FindingStore(dataDir);
  const isRefused = (code: string) => (error: unknown) =>
    error instanceof Refusal && error.code === code && /link is not followed/.test(error.message);
  assert.throws(() => store.put(sampleRecord()), isRefused('DATA_DIR'));
  assert.throws(() => store.list(), isRefused('ENVIRONMENT'));
  assert.deepEqual(readdirSync(path.join(dataDir, 'elsewhere')), []);
});

test('a folder of findings that goes away while it is read is refused, not thrown at the reader', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord());
  const isUnreadable = (error: unknown) =>
    error instanceof Refusal && error.code === 'FILE_UNREADABLE' && error.message.includes(ID);
  renameSync(path.join(dataDir, 'findings'), path.join(dataDir, 'aside'));
  assert.throws(() => store.record(ID), isUnreadable);
  writeFileSync(path.join(dataDir, 'findings'), '');
  assert.throws(() => store.record(ID), isUnreadable);
  assert.throws(() => store.put(sampleRecord()), Refusal);
  rmSync(path.join(dataDir, 'findings'));
  renameSync(path.join(dataDir, 'aside'), path.join(dataDir, 'findings'));
  assert.deepEqual(store.record(ID), sampleRecord());
});

test('a finding that is being swapped is waited for, and one that is not there is not', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  const folder = path.dirname(store.put(sampleRecord()).finding.file);
  const aside = path.join(path.dirname(folder), `.old-${ID}-1-1`);
  renameSync(folder, aside);
  const wait = t.mock.method(Atomics, 'wait', () => {
    renameSync(aside, folder);
    return 'timed-out';
  });
  assert.deepEqual(store.record(ID), sampleRecord());
  assert.equal(wait.mock.callCount(), 1);
  assert.throws(() => store.record('0'.repeat(64)), /no such file/);
  assert.equal(wait.mock.callCount(), 1);
});

test('a data directory that cannot be is refused, with the reason and what to do', (t) => {
  const file = path.join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => new FindingStore(file).put(sampleRecord()),
    (error) =>
      error instanceof Refusal &&
      error.exit === 3 &&
      /not a directory|already exists/.test(error.message) &&
      /--data-dir/.test(error.hint),
  );
});

test('leftovers are cleared when nobody can be writing them any more', (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord());
  const leftovers = [`.new-${ID}-1-1`, `.old-${ID}-1-2`].map((name) => {
    const folder = path.join(dataDir, 'findings', name);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'repro.txt'), 'half');
    return folder;
  });
  store.list();
  assert.equal(namesIn(dataDir).length, 3);
  for (const folder of leftovers) utimesSync(folder, 1, 1);
  store.list();
  assert.deepEqual(namesIn(dataDir), [ID]);
});

test('ways into a cycle of locks add up, and a deadlock takes the place of its inversion', (t) => {
  const store = new FindingStore(temporaryFolder(t));
  const signature = 'lock-cycle iMmapRwsem pageLock';
  const { finding, ...record } = sampleRecord({ signature, loads: 1 });
  const foretold = { ...finding, class: 'lock-order', sites: ['store: a under b'] } as const;
  store.put({ ...record, finding: foretold });
  const larger = sampleRecord({ signature, loads: 3 });
  const sites = ['load: b under a'];
  const deadlock = { ...larger, finding: { ...larger.finding, class: 'deadlock', sites } } as const;
  assert.equal(store.put(deadlock).outcome, 'replaced');
  assert.equal(store.put({ ...record, finding: foretold }).outcome, 'kept');
  const [kept] = store.list().findings;
  assert.deepEqual(
    [kept?.class, kept?.sites],
    ['deadlock', ['load: b under a', 'store: a under b']],
  );
});
