/** Checks of the machine, its disk and what lies there, each made to be content and to complain. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { SweepFile } from '../../corpus/store/sweeps.ts';
import { judgeResults } from '../../daemon/cli/doctor-engine.ts';
import { lookAtToken } from '../../daemon/doctor/coordinator-checks.ts';
import {
  judgeDisk,
  judgeSpool,
  lookAtDataDir,
  lookAtDisk,
  lookAtFindings,
  lookAtLeftovers,
  lookAtLog,
  lookAtSpool,
} from '../../daemon/doctor/data-dir-checks.ts';
import { bytesText, type Judgement } from '../../daemon/doctor/judgement.ts';
import {
  coresAllowed,
  judgeCores,
  judgeMemory,
  judgeNode,
  lookAtTools,
} from '../../daemon/doctor/machine-checks.ts';
import { judgeRedisMemory } from '../../daemon/doctor/redis-checks.ts';
import { Log } from '../../daemon/log/log.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { sampleRecord, temporaryFolder } from '../store/sample.ts';
import { assertJudged, contentsOf } from './looking.ts';

const NO_LIMIT = Number.POSITIVE_INFINITY;

test('Node, cores, memory and disk have thresholds', async () => {
  await assertJudged(() => judgeNode('20.19.0'), 'ok', /^Node 20.19.0 on /);
  await assertJudged(() => judgeNode('22.1.0'), 'ok', /22/);
  await assertJudged(() => judgeNode('20.18.3'), 'fail', /older than 20.19$/, /nvm install/);
  await assertJudged(() => judgeCores(8, NO_LIMIT), 'ok', /^8 cores$/);
  await assertJudged(() => judgeCores(1, NO_LIMIT), 'warn', /^1 core$/, /two or more/);
  await assertJudged(() => judgeCores(8, 0.5), 'warn', /control group allows 0.5$/, /two or more/);
  await assertJudged(() => judgeCores(8, 2.5), 'warn', /allows 2.5$/, /--jobs 2/);
  await assertJudged(() => judgeMemory(400e6, 2), 'ok', /^400 MB free; 2 executors take about 400/);
  await assertJudged(() => judgeMemory(399e6, 2), 'warn', /^399 MB free/, /--jobs 1\b/);
  await assertJudged(() => judgeMemory(249e6, 1), 'fail', /1 executor takes about 250 MB/);
  await assertJudged(() => judgeDisk(1e9, 50), 'ok', /^1.0 GB free, 50.0 ms/);
  await assertJudged(() => judgeDisk(999e6, 1), 'warn', /^999 MB free/, /df -h/);
  await assertJudged(() => judgeDisk(1e9, 51), 'warn', /51.0 ms/, /^name a --data-dir on a faster/);
  await assertJudged(() => judgeDisk(999e6, 51), 'warn', /./, /df -h.*; .*faster/);
  await assertJudged(() => judgeDisk(49e6, 0), 'fail', /^49 MB free$/, /df -h/);
  assert.deepEqual([0, 999, 2_500_000].map(bytesText), ['0.0 kB', '1.0 kB', '2.5 MB']);
});

test('what waits, what is of no use, who may read the token, what is missing', async (t) => {
  await assertJudged(() => judgeSpool(0, 0, 0), 'ok', /^0 undelivered reports$/);
  await assertJudged(() => judgeSpool(1, 0, 299_000), 'ok', /^1 undelivered report$/);
  await assertJudged(
    () => judgeSpool(2, 0, 301_000),
    'warn',
    /oldest of 5 minutes$/,
    /start a worker/,
  );
  await assertJudged(() => judgeSpool(2, 1, 301_000), 'warn', /; 1 of another build$/, /prune/);
  await assertJudged(() => judgeRedisMemory(47e6, 0), 'ok', /uses 47 MB, without a limit/);
  await assertJudged(() => judgeRedisMemory(80e6, 100e6), 'ok', /uses 80 MB of 100 MB$/);
  await assertJudged(() => judgeRedisMemory(81e6, 100e6), 'warn', /81 MB/, /CONFIG SET maxmemory/);

  const dataDir = temporaryFolder(t);
  const file = path.join(dataDir, 'token');
  chmodSync(dataDir, 0o755);
  const token = (text: string, mode: number): void => {
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode });
  };
  await assertJudged(() => lookAtToken(dataDir), 'ok', /^none yet/);
  token('5e'.repeat(32), 0o600);
  await assertJudged(() => lookAtToken(dataDir), 'ok', /token is for its owner only$/);
  token('5e'.repeat(32), 0o644);
  await assertJudged(() => lookAtToken(dataDir), 'fail', /can read it \(mode 644\)/, /chmod 600/);
  chmodSync(dataDir, 0o700);
  await assertJudged(() => lookAtToken(dataDir), 'ok', /token is for its owner only$/);
  token('abc', 0o600);
  await assertJudged(() => lookAtToken(dataDir), 'fail', /has 3 characters/, /`rm .*token`/);

  const look = (): Judgement => lookAtLeftovers(dataDir, () => 'e1'.repeat(32));
  await assertJudged(look, 'ok', /^nothing that is of no use$/);
  new SweepFile(dataDir, { engine: 'e0'.repeat(32) }).write({});
  await assertJudged(look, 'info', /^1 of no use any more, .*`faultline prune`$/);
  const spool = path.join(dataDir, 'spool');
  await assertJudged(() => lookAtSpool(dataDir, () => assert.fail()), 'ok', /^none yet$/);
  mkdirSync(spool);
  writeFileSync(path.join(spool, 'a.json'), '');
  utimesSync(path.join(spool, 'a.json'), 1, 1);
  await assertJudged(() => lookAtSpool(dataDir, () => ['a.json']), 'warn', /^1 undelivered .*1 of/);

  writeFileSync(path.join(dataDir, 'git'), '');
  await assertJudged(
    () => lookAtTools(`/none:${dataDir}`),
    'info',
    /^there: git; no spin \(for .*; no gcc/,
  );
  await assertJudged(() => lookAtTools(''), 'info', /^no git/);
});

test('the limit of a control group is read, of version 2, 1 or none', (t) => {
  const root = temporaryFolder(t);
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  assert.equal(coresAllowed(root), NO_LIMIT);
  write('proc/self/cgroup', '2:cpu,cpuacct:/pod\n1:memory:/pod\n0::/user/pod\n');
  assert.equal(coresAllowed(root), NO_LIMIT);
  write('sys/fs/cgroup/cpu.max', 'max 100000\n');
  assert.equal(coresAllowed(root), NO_LIMIT);
  write('sys/fs/cgroup/user/pod/cpu.max', '150000 100000\n');
  assert.equal(coresAllowed(root), 1.5);
  write('sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us', '100000\n');
  write('sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us', '-1\n');
  assert.equal(coresAllowed(root), 1.5);
  write('sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us', '50000\n');
  assert.equal(coresAllowed(root), 0.5);
});

test('a data directory is tried and left as it was', async (t) => {
  const folder = temporaryFolder(t);
  const fresh = path.join(folder, 'not/yet');
  await assertJudged(
    () => lookAtDataDir(fresh),
    'ok',
    /not\/yet is not there yet and can be made$/,
  );
  await assertJudged(() => lookAtDisk(fresh), 'ok', / free, \d+\.\d ms until a write is on/);
  await assertJudged(() => lookAtFindings(fresh), 'ok', /^0 findings$/);
  await assertJudged(() => lookAtLog(fresh), 'ok', /^none yet$/);
  assert.deepEqual(readdirSync(folder), []);
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const before = contentsOf(folder);
  await assertJudged(() => lookAtDataDir(folder), 'ok', / takes files$/);
  await assertJudged(() => lookAtDisk(folder), 'ok', / free/);
  assert.deepEqual(contentsOf(folder), before);
  symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'link'));
  for (const taken of [file, path.join(file, 'below'), '/proc/self/x', path.join(folder, 'link')]) {
    const cannot = /^cannot write to .*\((?:ENOTDIR|ENOENT|EACCES|EEXIST)\)$/;
    await assertJudged(() => lookAtDataDir(taken), 'fail', cannot, /--data-dir/);
    await assertJudged(() => lookAtDisk(taken), 'fail', cannot, /--data-dir/);
  }
  await assertJudged(() => lookAtFindings(file), 'fail', /not a directory/, /--data-dir/);
  await assertJudged(() => lookAtLog(file), 'fail', /not a directory/, /--data-dir/);
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'link']);
});

test('damaged findings are named, the others counted', async (t) => {
  const dataDir = temporaryFolder(t);
  const store = new FindingStore(dataDir);
  store.put(sampleRecord());
  await assertJudged(() => lookAtFindings(dataDir), 'ok', /^1 finding$/);
  const { id } = store.put(sampleRecord({ signature: 'lock-self pageLock' })).finding;
  writeFileSync(path.join(store.folderOf(id), 'finding.json'), '{}');
  const damaged = new RegExp(`^1 finding, and damaged: ${id} \\(finding.json: .*\\)$`);
  await assertJudged(() => lookAtFindings(dataDir), 'warn', damaged, new RegExp(`mv .*${id}`));
  for (const name of ['a', 'b', 'c\x1b[31m']) mkdirSync(path.join(dataDir, 'findings', name));
  await assertJudged(() => lookAtFindings(dataDir), 'warn', /, 1 more$/);
});

test('a log is only looked at: who writes it, how large it is, what is damaged', async (t) => {
  const dataDir = temporaryFolder(t);
  const folder = logFolderOf(dataDir);
  const { log } = Log.open(folder);
  log.append({ kind: 'row' });
  log.append({ kind: 'row' });
  log.commit();
  const whole = contentsOf(folder);
  await assertJudged(
    () => lookAtLog(dataDir),
    'ok',
    new RegExp(`^\\d\\.\\d kB, process ${process.pid} writes it$`),
  );
  assert.deepEqual(contentsOf(folder), whole);
  log.close();
  await assertJudged(() => lookAtLog(dataDir), 'ok', /, nobody writes it$/);
  const lock = path.join(folder, 'lock');
  const hold = (name: string): void => renameSync(path.join(lock, held), path.join(lock, name));
  let held = 'free';
  const gone = `999999999.abc_1.${hostname().replace(/[^\w.-]/g, '_')}`;
  hold(gone);
  await assertJudged(() => lookAtLog(dataDir), 'ok', /, nobody writes it$/);
  held = gone;
  hold('17.abc_1.elsewhere');
  await assertJudged(
    () => lookAtLog(dataDir),
    'warn',
    /, process 17 on elsewhere writes it$/,
    /rm -r .*lock`/,
  );
  held = '17.abc_1.elsewhere';
  hold('free');
  writeFileSync(path.join(folder, 'log-1.ndjson'), 'rubbish\nrubbish\n');
  await assertJudged(() => lookAtLog(dataDir), 'warn', /damaged: log-1.ndjson/, /cp -r/);
  assert.deepEqual(readdirSync(folder).sort(), ['lock', 'log-1.ndjson']);
});

test('runs that differ, and a canary that is not met, are told', async () => {
  const seen = { kind: 'canary', digest: 'd1', found: ['lock-leak inodeLock punch'] } as const;
  await assertJudged(() => judgeResults([seen, seen, seen]), 'ok', /3 times: the same/);
  await assertJudged(
    () => judgeResults([seen, seen, { ...seen, digest: 'd2' }]),
    'fail',
    /^3 times the same runs, 2 results$/,
  );
  const deaf = { ...seen, found: ['lock-self pageLock'] };
  await assertJudged(() => judgeResults([deaf, deaf]), 'fail', /canary.* not met$/, /npm run/);
});
