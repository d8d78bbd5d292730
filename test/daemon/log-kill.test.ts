/** Other processes: killed at any moment, started at once, and with a disk that is full. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { holderOf, takeLock, withLock } from '../../corpus/disk/lock.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import {
  contentsOf,
  LOCK_MODULE,
  LOG_MODULE,
  lockByTheDead,
  logFolder,
  numbers,
  relock,
} from './log-support.ts';

const BEGINNING = `
  import { writeSync } from 'node:fs';
  const { Log } = await import(${LOG_MODULE});
  const say = (text) => writeSync(1, text + '\\n');
`;

function argumentsOf(program: string): readonly string[] {
  return ['--input-type=module', '--eval', BEGINNING + program];
}

function run(program: string): ChildProcess {
  return spawn(process.execPath, argumentsOf(program), { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Goes on from what there is, for ever: groups of records, each said when it is committed, and snapshots. */
const writerOf = (folder: string): string => `
  const { log, snapshot, records } = Log.open(${JSON.stringify(folder)});
  const all = [...(snapshot ?? []), ...records];
  say(String(all.length));
  for (let i = 1; ; i++) {
    for (let k = 0; k <= i % 4; k++) {
      all.push(all.length + 1);
      log.append(all.length);
    }
    log.commit();
    say(String(all.length));
    if (i % 5 === 0) log.snapshot(all);
  }`;

/** Kills it when it has said so many lines, and returns the last of them. */
async function killAfter(lines: number, program: string): Promise<number> {
  const child = run(program);
  const closed = once(child, 'close');
  let said = 0;
  let last = 0;
  if (lines === 0) await once(child, 'spawn').then(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout ?? assert.fail() })) {
    last = Number(line);
    said += 1;
    if (said === lines) child.kill('SIGKILL');
  }
  assert.deepEqual(await closed, [null, 'SIGKILL']);
  return last;
}

test('a writer killed at any moment loses nothing that it has said, and writes nothing twice', async (t) => {
  const folder = logFolder(t);
  const rng = new Random(RNG_SEED, 2);
  for (let kill = 0; kill < 20; kill++) {
    const said = await killAfter(rng.below(30), writerOf(folder));
    const { records, damaged } = contentsOf(folder);
    assert.deepEqual(records, numbers(1, records.length), `kill ${kill}`);
    assert.deepEqual(damaged, []);
    assert.ok(records.length >= said, `kill ${kill}: ${records.length} records of ${said} said`);
  }
});

/**
 * Takes folder after folder, each when the other starter has come to it too, and says which ones it has. It
 * keeps them until both are through, for the dead have nothing.
 */
const starterOf = (folders: readonly string[], me: string, other: string): string => `
  import { existsSync, readSync, writeFileSync } from 'node:fs';
  const { takeLock } = await import(${LOCK_MODULE});
  const won = [];
  for (const folder of ${JSON.stringify(folders)}) {
    writeFileSync(folder + '-${me}', '');
    while (!existsSync(folder + '-${other}'));
    try {
      takeLock(folder);
      won.push(folder);
    } catch (error) {
      if (error.code !== 'ENVIRONMENT' || !/another coordinator/.test(error.message)) throw error;
    }
  }
  say(won.join(' '));
  readSync(0, Buffer.alloc(1));`;

test('of starters at once one has the folder, if it is new or its owner is dead', async (t) => {
  const parent = logFolder(t);
  const folders = numbers(0, 120).map((n) => path.join(parent, String(n)));
  mkdirSync(parent);
  takeLock(parent);
  lockByTheDead(parent);
  const lock = path.join(parent, 'lock');
  for (const [i, folder] of folders.entries()) {
    mkdirSync(folder);
    if (i % 8 !== 0) cpSync(lock, path.join(folder, 'lock'), { recursive: true });
  }
  const starters = [starterOf(folders, 'one', 'two'), starterOf(folders, 'two', 'one')].map(run);
  t.after(() => starters.forEach((starter) => void starter.kill('SIGKILL')));
  const said = starters.map(async ({ stdout }) => {
    const { value } = await createInterface({ input: stdout ?? assert.fail() })
      [Symbol.asyncIterator]()
      .next();
    assert.equal(typeof value, 'string', 'a starter has died');
    return String(value).split(' ');
  });
  const won = (await Promise.all(said)).flat().filter((folder) => folder !== '');
  assert.deepEqual(won.sort(), [...folders].sort());
  for (const folder of folders) assert.deepEqual(readdirSync(folder), ['lock']);
});

test('a dead owner whom its parent has not noticed is dead', {
  timeout: PATIENCE_MS,
}, async (t) => {
  const folder = logFolder(t);
  const program = `
    Log.open(${JSON.stringify(folder)}).log.append(1);
    say('open');
    process.kill(process.pid, 'SIGKILL');`;
  // The shell becomes a program that never asks how its children are.
  const script = '"$0" "$@" & exec cat';
  const child = spawn('sh', ['-c', script, process.execPath, ...argumentsOf(program)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'open');
  for (;;) {
    try {
      assert.deepEqual(contentsOf(folder).records, []);
      return;
    } catch (error) {
      // It is about to die; the test's own time limit ends this.
      if (!(error instanceof Refusal) || error.code !== 'ENVIRONMENT') throw error;
      await setTimeout(1);
    }
  }
});

test('who waits for a lock has it after its holder, or in its stead when that is dead or stale', async (t) => {
  const folder = logFolder(t);
  mkdirSync(folder);
  const release = takeLock(folder);
  const order: string[] = [];
  const waiting = withLock(folder, PATIENCE_MS, async () => void order.push('second'));
  await setTimeout(1);
  order.push('first');
  release();
  await waiting;
  assert.deepEqual(order, ['first', 'second']);
  assert.equal(holderOf(folder), null);

  takeLock(folder);
  assert.deepEqual(holderOf(folder), { pid: process.pid, host: null });
  lockByTheDead(folder);
  assert.equal(holderOf(folder), null);
  await withLock(folder, PATIENCE_MS, async () => void order.push('third'));

  takeLock(folder);
  relock(folder, () => '7.b00t_7.elsewhere');
  assert.deepEqual(holderOf(folder), { pid: 7, host: 'elsewhere' });
  utimesSync(path.join(folder, 'lock'), 0, 0);
  await withLock(folder, PATIENCE_MS, async () => void order.push('fourth'));
  assert.deepEqual(order, ['first', 'second', 'third', 'fourth']);
});

/** Appends records of 1 KB until the disk has had enough: 64 blocks of 512 or 1024 bytes. */
const fillerOf = (folder: string, then: string): string => `
  import { spawnSync } from 'node:child_process';
  const { log } = Log.open(${JSON.stringify(folder)});
  let n = 0;
  const add = () => log.append({ n: ++n, text: 'x'.repeat(1000) });
  const commit = () => {
    try {
      log.commit();
      return true;
    } catch (error) {
      say(error.code + ' ' + error.message);
      return false;
    }
  };
  do { for (let i = 0; i < 5; i++) add(); } while (commit());
  say(String(n - 5));
  ${then}`;

function runOnSmallDisk(program: string): { readonly lines: readonly string[] } {
  const script = 'ulimit -S -f 64 && exec "$0" "$@"';
  const run = ['-c', script, process.execPath, ...argumentsOf(program)];
  const { stdout, stderr } = spawnSync('sh', run, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return { lines: stdout.split('\n').slice(0, -1) };
}

const rowNumbers = (folder: string): readonly number[] => {
  const { records, damaged } = contentsOf(folder);
  assert.deepEqual(damaged, []);
  return records.map((record) => (record as { readonly n: number }).n);
};

test('a full disk is refused, and what it refused is written when there is room', (t) => {
  const folder = logFolder(t);
  const then = `
    add();
    commit();
    const { status } = spawnSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:']);
    if (status !== 0) throw new Error('no room can be made');
    add();
    say(String(commit()));
    say(String(n));`;
  const { lines } = runOnSmallDisk(fillerOf(folder, then));
  const [first, committed, second, isWritten, count] = lines;
  assert.match(first ?? '', /^DATA_DIR cannot write to .*campaign: file too large \(EFBIG\)$/);
  assert.equal(second, first);
  assert.equal(isWritten, 'true');
  assert.equal(Number(count), Number(committed) + 5 + 2);
  assert.deepEqual(rowNumbers(folder), numbers(1, Number(count)));
});

test('who dies with a full disk leaves what was committed, and whole records', (t) => {
  const folder = logFolder(t);
  const { lines } = runOnSmallDisk(fillerOf(folder, "process.kill(process.pid, 'SIGKILL');"));
  const records = rowNumbers(folder);
  assert.deepEqual(records, numbers(1, records.length));
  const committed = Number(lines[1]);
  assert.ok(committed > 20 && committed <= records.length && records.length < committed + 5);
});
