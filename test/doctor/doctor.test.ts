/** The verb: one answer whatever is broken, within its time, with the exit code that scripts rely on. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Judgement } from '../../daemon/doctor/judgement.ts';
import { type Ended, MAIN } from '../cli/faultline.ts';
import { testRedis } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { server, silent } from './looking.ts';

type Row = Judgement & { readonly name: string; readonly ok: boolean };

const NAMES = [
  'node',
  'build',
  'cores',
  'memory',
  'data-dir',
  'disk',
  'open-files',
  'findings',
  'log',
  'spool',
  'leftovers',
  'token',
  'redis',
  'redis-memory',
  'port',
  'coordinator',
  'clock',
  'determinism',
  'tools',
  'terminal',
];
const HOSTILE = '\x1b]0;x\x07\u202e\n\u200b';
const skip = await skipReason('redis-server');

interface How {
  readonly cwd: string;
  readonly main?: string;
  /** For the shell, before it becomes the doctor. */
  readonly first?: string;
}

async function doctor(
  args: readonly string[],
  { cwd, main = MAIN, first = ':' }: How,
): Promise<Ended> {
  const { FAULTLINE_DATA_DIR: _, FAULTLINE_REDIS_URL: __, ...env } = process.env;
  // A machine that is only slow is not ill.
  const patience = args.includes('--timeout') ? [] : ['--timeout', `${PATIENCE_MS}ms`];
  const command = [process.execPath, main, 'doctor', ...args, ...patience];
  const options = { cwd, env, stdio: 'pipe' } as const;
  const child = spawn('sh', ['-c', `${first}; exec "$@"`, 'sh', ...command], options);
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exit] = (await ended) as [number | null];
  return { exit, stdout, stderr };
}

function rowsOf({ stdout, stderr }: Ended): ReadonlyMap<string, Row> {
  assert.match(stdout, /^[\x20-\x7e\n]*$/);
  const rows = JSON.parse(stdout) as readonly Row[];
  for (const row of rows) {
    assert.deepEqual(Object.keys(row), ['name', 'ok', 'level', 'detail', 'remedy']);
    assert.equal(row.ok, row.level !== 'fail', stderr);
    assert.ok(row.detail !== '', row.name);
    assert.equal(row.remedy !== '', row.level === 'warn' || row.level === 'fail', row.detail);
  }
  assert.deepEqual(
    rows.map(({ name }) => name),
    NAMES,
  );
  return new Map(rows.map((row) => [row.name, row]));
}

function levelsOf(rows: ReadonlyMap<string, Row>, ...names: readonly string[]): readonly string[] {
  return names.map((name) => `${name} ${rows.get(name)?.level}: ${rows.get(name)?.detail}`);
}

async function healthy(t: TestContext): Promise<void> {
  const cwd = temporaryFolder(t);
  const { url } = await testRedis(t, ['--appendonly', 'yes']);
  const args = ['--json', '--data-dir', 'new/data', '--redis', url, '--port', '0'];
  const ended = await doctor(args, { cwd });
  const rows = rowsOf(ended);
  const failed = [...rows.values()].filter(({ ok }) => !ok);
  assert.deepEqual([ended.exit, failed], [0, []]);
  for (const name of [
    'node',
    'build',
    'data-dir',
    'findings',
    'log',
    'redis',
    'redis-memory',
    'spool',
    'leftovers',
    'token',
    'port',
    'clock',
  ])
    assert.equal(rows.get(name)?.level, 'ok', rows.get(name)?.detail);
  assert.match(rows.get('determinism')?.detail ?? '', /3 times: the same/);
  assert.equal(rows.get('terminal')?.level, 'info');
  assert.match(ended.stderr, /^faultline: .*\d+ ok, 2 info.*\n$/);
  assert.deepEqual(readdirSync(cwd), []);
}

/** Opening a pipe stops a process until somebody writes to it; here nobody does. */
async function broken(t: TestContext): Promise<void> {
  const cwd = temporaryFolder(t);
  const dataDir = path.join(cwd, HOSTILE);
  for (const name of ['redis', `findings/${HOSTILE}`]) {
    mkdirSync(path.join(dataDir, name), { recursive: true });
  }
  execFileSync('mkfifo', [path.join(dataDir, 'redis/redis.pid')]);
  const port = await server(t, silent);
  const ended = await doctor(['--data-dir', HOSTILE, '--port', `${port}`, '--timeout', '700ms'], {
    cwd,
    first: 'ulimit -n 256',
  });
  assert.equal(ended.exit, 3, ended.stderr);
  assert.doesNotMatch(`${ended.stdout}${ended.stderr}`, /[^\n\P{C}]/u);
  const lines = ended.stdout.trimEnd().split('\n');
  const shape = /^(?:(?:ok {2}|info|warn|fail) {2}[a-z-]+ * {2}\S.*| {8}\S.*)$/;
  for (const line of lines) assert.match(line, shape);
  const said = lines.filter((line) => !line.startsWith(' '));
  assert.deepEqual(
    said.map((line) => line.split(/ +/)[1]),
    NAMES,
  );
  const columns = new Set(said.map((line) => line.search(/(?<=^.{6}[a-z-]+ +)[^ ]/)));
  assert.equal(columns.size, 1, ended.stdout);
  assert.match(ended.stdout, /^warn {2}open-files {4}256 open files.*\n {8}type `ulimit -n/m);
  assert.match(ended.stdout, /^warn {2}findings .*damaged: .*\\u\{1b\}.*\n {8}\S/m);
  assert.match(ended.stdout, /^fail {2}redis {9}no answer within 0.7 s\n {8}\S/m);
  assert.match(ended.stdout, new RegExp(`^fail {2}port .*port ${port} is in use.*\n {8}\\S`, 'm'));
  assert.match(ended.stdout, /^ok {4}coordinator {3}none runs here$/m);
}

/** As after a build that was interrupted: `npm run build` makes the bundle last. */
async function unbuilt(t: TestContext): Promise<void> {
  const cwd = temporaryFolder(t);
  const compiled = fileURLToPath(new URL('../..', import.meta.url));
  for (const room of ['corpus', 'daemon', 'workers']) {
    cpSync(path.join(compiled, room), path.join(cwd, 'dist', room), { recursive: true });
  }
  for (const name of ['package.json', 'tsconfig.json']) {
    cpSync(path.join(PACKAGE_ROOT, name), path.join(cwd, name));
  }
  symlinkSync(path.join(PACKAGE_ROOT, 'node_modules'), path.join(cwd, 'node_modules'));
  rmSync(path.join(cwd, 'dist/workers/service/executor-main.js'));
  const main = path.join(cwd, 'dist/daemon/cli/main.js');
  const ended = await doctor(['--json', '--port', '0'], { cwd, main });
  const rows = rowsOf(ended);
  assert.equal(ended.exit, 3);
  const [build = '', determinism = ''] = levelsOf(rows, 'build', 'determinism');
  assert.match(build, /^build fail: dist\/bundle\/main.js, .* is missing$/);
  assert.match(determinism, /^determinism fail: its process ended with status 70$/);
  assert.match(ended.stderr, /executors end before they have started/);
  assert.match(
    `${rows.get('build')?.remedy} ${rows.get('determinism')?.remedy}`,
    /npm run build.*`build` says so/,
  );
  assert.equal(rows.get('terminal')?.level, 'info');
}

describe('doctor', { concurrency: true }, () => {
  test('a healthy machine is told so, and nothing is left there', { skip }, healthy);
  test('what is broken is told in printable lines, and what hangs is given up', broken);
  test('a build that is not whole is no reason to say nothing', unbuilt);
});
