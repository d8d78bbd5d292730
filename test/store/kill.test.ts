/** kill -9 between any two changes of the disk: the finding is there, the old one or the new one, and whole. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { readStored } from '../../corpus/disk/read-bounded.ts';
import { FindingStore, type Point } from '../../corpus/store/finding-store.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { sampleRecord, temporaryFolder } from './sample.ts';

const STORE = new URL('../../corpus/store/finding-store.js', import.meta.url).href;
const SURVEY = new URL('../../corpus/store/survey.js', import.meta.url).href;
const SAMPLE = new URL('./sample.js', import.meta.url).href;

/** Puts a finding of so many loads in a process that dies at the point. */
function putAndDie(dataDir: string, loads: number, point: Point): void {
  const program = `
    const { FindingStore } = await import(${JSON.stringify(STORE)});
    const { sampleRecord } = await import(${JSON.stringify(SAMPLE)});
    const reached = (p) => p === '${point}' && process.kill(process.pid, 'SIGKILL');
    new FindingStore(${JSON.stringify(dataDir)}, reached).put(sampleRecord({ loads: ${loads} }));`;
  const args = ['--input-type=module', '--eval', program];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(signal, 'SIGKILL', stderr);
}

/** Operations of the finding that is there, checked to be whole; 0 if there is none. */
function operationsIn(dataDir: string): number {
  const { findings, damaged } = new FindingStore(dataDir).list();
  assert.deepEqual(damaged, []);
  const [finding] = findings;
  if (finding === undefined) return 0;
  const { input } = parseRepro(readStored(finding.file), 'repro');
  assert.equal(input.threads.flatMap(({ ops }) => ops).length, finding.operations);
  return finding.operations;
}

const NEW: Readonly<Partial<Record<Point, number>>> = { written: 0, placed: 3, done: 3 };
const REPLACED: Readonly<Record<Point, number>> = { written: 3, aside: 3, placed: 2, done: 2 };

for (const [point, operations] of Object.entries(NEW)) {
  test(`a first repro, killed when it is ${point}`, (t) => {
    const dataDir = temporaryFolder(t);
    putAndDie(dataDir, 2, point as Point);
    assert.equal(operationsIn(dataDir), operations);
    assert.equal(new FindingStore(dataDir).put(sampleRecord()).finding.operations, 2);
    assert.equal(operationsIn(dataDir), 2);
  });
}

for (const [point, operations] of Object.entries(REPLACED)) {
  test(`a better repro, killed when it is ${point}`, (t) => {
    const dataDir = temporaryFolder(t);
    new FindingStore(dataDir).put(sampleRecord({ loads: 2 }));
    putAndDie(dataDir, 1, point as Point);
    assert.equal(operationsIn(dataDir), operations);
    new FindingStore(dataDir).put(sampleRecord());
    assert.equal(operationsIn(dataDir), 2);
  });
}

test('a disk that takes a part and then no more leaves the old finding as it was', (t) => {
  const dataDir = temporaryFolder(t);
  new FindingStore(dataDir).put(sampleRecord({ loads: 2 }));
  const program = `
    const { FindingStore } = await import(${JSON.stringify(STORE)});
    const { sampleRecord } = await import(${JSON.stringify(SAMPLE)});
    const large = { ...sampleRecord(), columns: 'x'.repeat(1 << 20) };
    try { new FindingStore(${JSON.stringify(dataDir)}).put(large); } catch (error) {
      console.log(error.code + ' ' + error.message);
    }`;
  const run = `ulimit -f 64 && exec "$0" --input-type=module --eval "$1"`;
  const { stdout, status } = spawnSync('sh', ['-c', run, process.execPath, program], {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  const where = path.join(dataDir, 'findings');
  assert.match(stdout, /^DATA_DIR cannot write to .*: file too large \(EFBIG\)\n$/);
  assert.ok(stdout.includes(where));
  assert.equal(operationsIn(dataDir), 3);
});

test('writers of one finding at the same time leave a whole one', async (t) => {
  const dataDir = temporaryFolder(t);
  const program = `
    const { FindingStore } = await import(${JSON.stringify(STORE)});
    const { survey } = await import(${JSON.stringify(SURVEY)});
    const { sampleRecord } = await import(${JSON.stringify(SAMPLE)});
    const store = new FindingStore(${JSON.stringify(dataDir)});
    for (let i = 0; i < 40; i++) {
      // Another engine each time: every put replaces.
      store.put(sampleRecord({ loads: 1 + (i % 6), engine: String(process.pid * 100 + i).padStart(16, '0') }));
      if (store.list().damaged.length > 0) process.exit(1);
    }
    if (survey(store).unreadable.length > 0) process.exit(2);`;
  const args = ['--input-type=module', '--eval', program];
  const writers = [1, 2, 3].map(
    () =>
      new Promise((resolve) => {
        spawn(process.execPath, args, { stdio: 'inherit' }).on('exit', resolve);
      }),
  );
  assert.deepEqual(await Promise.all(writers), [0, 0, 0]);
  assert.ok(operationsIn(dataDir) >= 2);
});
