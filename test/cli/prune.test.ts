/** `prune`: what it lists, what it deletes when it is told to, and what it never touches. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import { setAside } from '../../corpus/store/set-aside.ts';
import { SweepFile } from '../../corpus/store/sweeps.ts';
import { buildDigest, engineDigest } from '../../daemon/cli/identity.ts';
import { setIn } from '../pull/client.ts';
import { sampleRecord, temporaryFolder } from '../store/sample.ts';
import { faultlineHere } from './faultline.ts';

const OTHER = 'e0'.repeat(32);
const DAY_S = 86_400;

/** A data directory with everything that may go, 40 days old, and beside each what stays. */
function filled(t: TestContext): {
  cwd: string;
  goes: readonly string[];
  stays: readonly string[];
} {
  const cwd = temporaryFolder(t);
  const data = path.join(cwd, '.faultline');
  const store = new FindingStore(data);
  const [kept, old, fresh] = ['unfenced punch', 'unfenced store', 'unfenced load'].map(
    (signature) => {
      const record = sampleRecord({ signature });
      store.put(record);
      return record;
    },
  );
  assert.ok(kept && old && fresh);
  new Marks(data).put(kept.finding.id, { as: 'known', of: null, note: null });
  const aside = [old, fresh].map(({ finding: { id, signature }, repro }) => {
    const said = { outcome: 'fixed', by: [], why: 'gone', model: 'm', engine: OTHER } as const;
    return setAside(data, store, repro, { id, signature, ...said }) ?? assert.fail();
  });
  const sweep = (engine: string): string => {
    const file = new SweepFile(data, { engine, form: 1 });
    file.write({ slice: 1 });
    return file.file;
  };
  const write = (name: string, text: string): string => {
    const file = path.join(data, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const report = (digit: string, build: string): string =>
    write(`spool/${digit.repeat(32)}.json`, JSON.stringify({ version: 1, build }));
  const goes = [
    aside[0] ?? '',
    sweep(OTHER),
    write('sweeps/torn.json', '{"key"'),
    path.dirname(write(`findings/.damaged-${'a'.repeat(64)}-1/repro.txt`, 'x'.repeat(2048))),
    write(`spool/${'d'.repeat(32)}.json.damaged`, 'x'),
    report('a', OTHER),
  ];
  const stays = [
    store.folderOf(kept.finding.id),
    aside[1] ?? '',
    sweep(engineDigest()),
    report('b', buildDigest()),
    write(`spool/${'c'.repeat(32)}.json`, 'not JSON'),
    write('campaign/log-1.ndjson', 'x'),
    write('campaign/.damaged-log-1.ndjson-1', 'x'),
    path.join(data, 'marks', `${kept.finding.id}.json`),
  ];
  const then = Date.now() / 1000 - 40 * DAY_S;
  for (const file of [...goes, ...stays]) utimesSync(file, then, then);
  utimesSync(path.join(aside[0] ?? '', 'superseded.json'), then, then);
  const names = (files: readonly string[]): readonly string[] =>
    files.map((file) => path.relative(cwd, file));
  return { cwd, goes: names(goes), stays: names(stays) };
}

test('it lists what may go and deletes nothing; --yes deletes that, and nothing else', async (t) => {
  const { cwd, goes, stays } = filled(t);
  const isThere = (file: string): boolean => existsSync(path.join(cwd, file));
  const before = setIn(path.join(cwd, '.faultline'));

  const listed = await faultlineHere(['prune', '--json'], cwd);
  const { dataDir, items, bytes, isDeleted } = JSON.parse(listed.stdout);
  assert.deepEqual([listed.exit, dataDir, isDeleted], [0, '.faultline', false]);
  const paths = items.map((item: { path: string }) => item.path);
  assert.deepEqual([...paths].sort(), [...goes].sort());
  assert.deepEqual(Object.keys(items[0]), ['path', 'why', 'bytes', 'changedAt']);
  assert.ok(bytes > 2048);
  assert.ok([...goes, ...stays].every(isThere));

  const plain = await faultlineHere(['prune'], cwd);
  assert.match(
    plain.stdout,
    /^ +\S+ \S+ +40 d {2}\.faultline\/superseded\/[0-9a-f]{64}: a finding that is fixed$/m,
  );
  assert.match(plain.stdout, /^6 items, .* may go; `faultline prune --yes` deletes them$/m);

  const { exit, stdout } = await faultlineHere(['prune', '--yes'], cwd);
  assert.equal(exit, 0);
  assert.match(stdout, /^6 items, .* in \.faultline deleted$/m);
  assert.deepEqual(goes.filter(isThere), []);
  assert.deepEqual(
    stays.filter((file) => !isThere(file)),
    [],
  );
  assert.deepEqual(setIn(path.join(cwd, '.faultline')), before);
});

test('--older: what has changed since stays', async (t) => {
  const { cwd, goes } = filled(t);
  const countOf = async (...args: readonly string[]): Promise<number> => {
    const { stdout } = await faultlineHere(['prune', '--json', ...args], cwd);
    return JSON.parse(stdout).items.length;
  };
  assert.equal(await countOf('--older', '41d'), 0);
  // With the one that was set aside just now.
  assert.equal(await countOf('--older', '0s'), goes.length + 1);
});

test('a link leads nowhere: it goes, and what it names stays', async (t) => {
  const cwd = temporaryFolder(t);
  const [target, data] = [path.join(cwd, 'precious'), path.join(cwd, '.faultline')];
  mkdirSync(target);
  writeFileSync(path.join(target, 'file'), 'x');
  mkdirSync(path.join(data, 'superseded'), { recursive: true });
  symlinkSync(target, path.join(data, 'superseded', 'a'.repeat(64)));
  symlinkSync(target, path.join(data, 'sweeps'));
  const { exit, stdout } = await faultlineHere(['prune', '--yes', '--older', '0s', '--json'], cwd);
  assert.equal(exit, 0);
  assert.equal(JSON.parse(stdout).items.length, 1);
  assert.ok(existsSync(path.join(target, 'file')));
  assert.ok(existsSync(path.join(data, 'sweeps')));
  assert.equal(existsSync(path.join(data, 'superseded', 'a'.repeat(64))), false);
});
