/** Links that somebody planted in the destination, before the pull or during it: nothing outside is touched. */
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { writeFolder } from '../../corpus/disk/atomic.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { CURSORS_FILE } from '../../daemon/pull/pull-cursors.ts';
import { temporaryFolder } from '../store/sample.ts';
import { pullFrom, setIn } from './client.ts';
import { openShop, recordOf } from './shelf.ts';

const RECORD = recordOf(0);
const { id: ID } = RECORD.finding;
const FILES = ['repro.txt', 'finding.json', 'columns.txt', 'model.json', 'how-found.json'];
/** How many names a trap takes that would be tried next. */
const TAKEN = 60;

/** Somewhere that must stay as it is. */
interface Outside {
  readonly folder: string;
  readonly file: string;
  readonly nowhere: string;
}

type Trap = (dest: string, outside: Outside) => void;

const inFindings =
  (plant: (folder: string, outside: Outside) => void): Trap =>
  (dest, outside) => {
    const folder = path.join(dest, 'findings');
    mkdirSync(folder);
    plant(folder, outside);
  };
const inFinding = (file: string): Trap =>
  inFindings((folder, outside) => {
    new FindingStore(path.dirname(folder)).put(recordOf(0, { loads: 3 }));
    const name = path.join(folder, ID, file);
    rmSync(name);
    symlinkSync(outside.file, name);
  });
const atNext =
  (stem: string, to: keyof Outside): Trap =>
  (dest, outside) => {
    const folder = path.dirname(path.join(dest, stem));
    mkdirSync(folder, { recursive: true });
    const next = nextNumber(folder);
    for (let i = next; i < next + TAKEN; i += 1) {
      symlinkSync(outside[to], path.join(dest, `${stem}-${process.pid}-${i}`));
    }
  };

/** This process counts the names that it tries. */
function nextNumber(folder: string): number {
  const probe = writeFolder(folder, '.new-probe', {});
  rmSync(probe, { recursive: true });
  return Number(probe.slice(probe.lastIndexOf('-') + 1)) + 1;
}

/** Where the trap itself is, the pull may refuse; everywhere else it goes round it. */
const REFUSED: Readonly<Record<string, Trap>> = {
  'the folder of findings leads out': (dest, { folder }) =>
    symlinkSync(folder, path.join(dest, 'findings')),
  'the folder of findings leads nowhere': (dest, { nowhere }) =>
    symlinkSync(nowhere, path.join(dest, 'findings')),
  'the folder of findings is a file elsewhere': (dest, { file }) =>
    symlinkSync(file, path.join(dest, 'findings')),
};
const PASSED: Readonly<Record<string, Trap>> = {
  'a finding leads out': inFindings((at, { folder }) => symlinkSync(folder, path.join(at, ID))),
  'a finding leads to a file': inFindings((at, { file }) => symlinkSync(file, path.join(at, ID))),
  'a finding leads nowhere': inFindings((at, { nowhere }) =>
    symlinkSync(nowhere, path.join(at, ID)),
  ),
  'a finding leads to itself': inFindings((at) => symlinkSync(ID, path.join(at, ID))),
  'what a swap left aside leads out': inFindings((at, { folder }) =>
    symlinkSync(folder, path.join(at, `.old-${ID}-1-1`)),
  ),
  'what a swap left aside leads to a file': inFindings((at, { file }) =>
    symlinkSync(file, path.join(at, `.old-${ID}-1-1`)),
  ),
  ...Object.fromEntries(FILES.map((file) => [`${file} leads out`, inFinding(file)])),
  'the next names of a finding lead out': atNext(`findings/.new-${ID}`, 'folder'),
  'the next names of a finding lead nowhere': atNext(`findings/.new-${ID}`, 'nowhere'),
  'pull.json leads out': (dest, { file }) => symlinkSync(file, path.join(dest, CURSORS_FILE)),
  'pull.json leads nowhere': (dest, { nowhere }) =>
    symlinkSync(nowhere, path.join(dest, CURSORS_FILE)),
  'pull.json leads to a folder': (dest, { folder }) =>
    symlinkSync(folder, path.join(dest, CURSORS_FILE)),
  'the next names of pull.json lead out': atNext(`.new-${CURSORS_FILE}`, 'file'),
  'the next names of pull.json lead nowhere': atNext(`.new-${CURSORS_FILE}`, 'nowhere'),
};

/** A destination, and something beside it that is looked at afterwards. */
function trapped(t: Parameters<typeof temporaryFolder>[0]): {
  readonly dest: string;
  readonly outside: Outside;
  readonly check: () => void;
} {
  const parent = temporaryFolder(t);
  const dest = path.join(parent, 'dest');
  const folder = path.join(parent, 'outside');
  const [file, nowhere] = [path.join(folder, 'file'), path.join(parent, 'nowhere')];
  mkdirSync(dest);
  mkdirSync(folder);
  writeFileSync(file, 'as it was');
  const check = (): void => {
    assert.deepEqual(readdirSync(parent).sort(), ['dest', 'outside']);
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.equal(readFileSync(file, 'utf8'), 'as it was');
    assert.ok(!existsSync(nowhere));
  };
  return { dest, outside: { folder, file, nowhere }, check };
}

for (const [what, plant] of Object.entries(REFUSED)) {
  test(`${what}: refused, nothing outside is touched`, async (t) => {
    const { url } = await openShop(t, 2);
    const { dest, outside, check } = trapped(t);
    plant(dest, outside);
    await assert.rejects(pullFrom(url, dest), (error) => {
      assert.ok(error instanceof Refusal && error.exit === 3, String(error));
      return true;
    });
    check();
  });
}

for (const [what, plant] of Object.entries(PASSED)) {
  test(`${what}: not followed, and the findings are brought`, async (t) => {
    const { url, showing } = await openShop(t, 2);
    const { dest, outside, check } = trapped(t);
    plant(dest, outside);
    assert.equal((await pullFrom(url, dest)).broken, null);
    assert.deepEqual(setIn(dest), showing.set());
    assert.ok(lstatSync(path.join(dest, 'findings', ID)).isDirectory());
    assert.ok(lstatSync(path.join(dest, CURSORS_FILE)).isFile());
    check();
  });
}

/** Puts links where the pull is about to write, as fast as it can, until it is told to stop. */
const RACER = `
  const { existsSync, renameSync, rmSync, symlinkSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  const { names, to, stop } = workerData;
  const turns = new Int32Array(stop);
  const attempt = (act) => { try { act(); } catch {} };
  parentPort.postMessage('ready');
  while (Atomics.load(turns, 0) === 0) {
    for (const name of names) {
      attempt(() => symlinkSync(to, name));
      attempt(() => rmSync(name));
      Atomics.add(turns, 1, 1);
    }
  }`;

test('links that come and go during the pull: nothing outside is touched', async (t) => {
  const { url, showing } = await openShop(t, 8);
  const { dest, outside, check } = trapped(t);
  mkdirSync(path.join(dest, 'findings'));
  const stop = new SharedArrayBuffer(8);
  const ids = showing.published().map(({ finding }) => path.join(dest, 'findings', finding.id));
  const names = [...ids, path.join(dest, CURSORS_FILE)];
  const racer = new Worker(RACER, { eval: true, workerData: { names, to: outside.folder, stop } });
  t.after(() => racer.terminate());
  await new Promise((resolve) => racer.once('message', resolve));
  for (let i = 0; i < 4; i += 1) {
    // It may be refused where a link was in the way at that moment; then it says so and ends.
    await pullFrom(url, dest, { since: { revision: 0 } }).catch((error: unknown) => {
      assert.ok(error instanceof Refusal, String(error));
    });
    check();
  }
  const turns = new Int32Array(stop);
  Atomics.store(turns, 0, 1);
  assert.ok((turns[1] ?? 0) > 100, `${turns[1]} turns`);
  await new Promise((resolve) => racer.once('exit', resolve));
  await pullFrom(url, dest, { since: { revision: 0 } });
  assert.deepEqual(setIn(dest), showing.set());
  check();
});
