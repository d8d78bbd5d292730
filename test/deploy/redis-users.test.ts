/**
 * The Redis of deploy/: a whole fleet works under its configuration and its users, and what a fleet does not need is refused.
 * What `node deploy/secrets.mjs` writes is what everything here logs in with.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { connectionOptions, parseRedisUrl, reachRedis } from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { MAIN } from '../cli/faultline.ts';
import { temporaryFolder } from '../store/sample.ts';
import { type DebianProgram, debianProgram, skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';

const skip = await skipReason('redis-server');
delete process.env.FAULTLINE_REDIS_URL;

const SECRETS = path.join(PACKAGE_ROOT, 'deploy/secrets.mjs');
const CONFIGURATION = path.join(PACKAGE_ROOT, 'deploy/redis/redis.conf');
const ADMIN_PASSWORD = 'of-this-test';

/** What no part of a fleet may do: read or change the server, see or remove what is not the fleet's. */
const FORBIDDEN: readonly (readonly [string, ...string[]])[] = [
  ['CONFIG', 'GET', '*'],
  ['FLUSHALL'],
  ['FLUSHDB'],
  ['KEYS', '*'],
  ['SCAN', '0'],
  ['RANDOMKEY'],
  ['MODULE', 'LIST'],
  ['SCRIPT', 'FLUSH'],
  ['FUNCTION', 'FLUSH'],
  ['SHUTDOWN', 'NOSAVE'],
  ['REPLICAOF', 'NO', 'ONE'],
  ['ACL', 'LIST'],
  ['CLIENT', 'KILL', 'ID', '1'],
  ['MONITOR'],
  ['SAVE'],
  ['GET', 'another-fleet'],
  ['SET', '{faultline', 'x'],
  ['PUBLISH', 'news', 'x'],
];

test('secrets are drawn once, and only their owner reaches them', (t) => {
  const folder = path.join(temporaryFolder(t), 'secrets');
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [SECRETS, ...args], { encoding: 'utf8' });
  assert.equal(run(folder).status, 0);
  const first = readFileSync(path.join(folder, 'redis-url'), 'utf8');
  assert.match(first, /^redis:\/\/faultline:[0-9a-f]{64}@redis:6379\n$/);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.match(
    readFileSync(path.join(folder, 'users.acl'), 'utf8'),
    /user faultline on #[0-9a-f]{64} /,
  );

  const again = run(folder);
  assert.equal(again.status, 3);
  assert.match(
    again.stderr,
    /secrets: .* has redis-url, users.acl, token, grafana-password already/,
  );
  assert.equal(readFileSync(path.join(folder, 'redis-url'), 'utf8'), first);
  for (const args of [[], ['--help'], [folder, 'a:1', 'b']]) assert.equal(run(...args).status, 2);
});

interface Fortress {
  /** Has the fleet's address. */
  readonly urlFile: string;
  readonly url: string;
  readonly admin: Redis;
}

/** As compose starts it, with one user more, who sees what was refused. */
async function fortress(t: TestContext): Promise<Fortress> {
  const program = await debianProgram('redis-server');
  assert.ok('path' in program);
  const folder = temporaryFolder(t);
  const secrets = path.join(folder, 'secrets');
  const place = `127.0.0.1:${await freePort()}`;
  execFileSync(process.execPath, [SECRETS, secrets, place]);
  const users = path.join(secrets, 'users.acl');
  execFileSync('chmod', ['u+w', users]);
  appendFileSync(users, `user admin on >${ADMIN_PASSWORD} ~* &* +@all\n`);

  const [host = '', port = ''] = place.split(':');
  const args = ['--dir', folder, '--aclfile', users, '--bind', host, '--port', port];
  await startedRedis(t, program, [CONFIGURATION, ...args]);
  const urlFile = path.join(secrets, 'redis-url');
  const url = readFileSync(urlFile, 'utf8').trim();
  const admin = await reachRedis(
    parseRedisUrl(`redis://admin:${ADMIN_PASSWORD}@${place}`),
    PATIENCE_MS,
  );
  t.after(() => admin.disconnect());
  return { urlFile, url, admin };
}

async function startedRedis(
  t: TestContext,
  { path: file, env }: DebianProgram,
  args: readonly string[],
): Promise<void> {
  const child = spawn(file, args, {
    env,
    cwd: temporaryFolder(t),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const isUp = (): boolean => said.includes('Ready to accept connections');
  await until('Redis', () => isUp() || child.exitCode !== null, { said: () => said });
  assert.ok(isUp(), said);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

/** One process of the fleet, and what it says. */
function fleetProcess(
  t: TestContext,
  urlFile: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly said: () => string } {
  const env = { ...process.env, FAULTLINE_REDIS_URL_FILE: urlFile };
  const child = spawn(process.execPath, [MAIN, ...args, '--data-dir', temporaryFolder(t)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return { child, said: () => said };
}

async function findingsAt(url: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/findings`);
  const { findings } = (await answer.json()) as { findings: readonly unknown[] };
  return findings.length;
}

/** Ends as under an orchestrator. */
async function drained({ child, said }: ReturnType<typeof fleetProcess>): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null], said());
}

/** What was refused, as ACL LOG tells it. */
async function refusals(admin: Redis): Promise<readonly string[]> {
  const rows = (await admin.call('ACL', 'LOG', '100')) as readonly (readonly unknown[])[];
  return rows.map((row) => `${row[7]} of ${row[9]}, ${row[3]}`);
}

describe('the Redis of deploy/', { skip }, () => {
  test('a fleet works under its users', async (t) => {
    const { urlFile, url, admin } = await fortress(t);
    const daemon = ['daemon', '--port', '0', '--model', 'v42-immap-read', '--rng-seed', '1'];
    const coordinator = fleetProcess(t, urlFile, daemon);
    const worker = fleetProcess(t, urlFile, ['worker', '--jobs', '1']);
    const said = (): string => coordinator.said() + worker.said();
    const page = (): string | undefined =>
      /http:\/\/127\.0\.0\.1:\d+/.exec(coordinator.said())?.[0];
    await until('the page', () => page() !== undefined, { said });
    const isRefused = async (): Promise<boolean> => (await refusals(admin)).length > 0;
    const hasFound = async (): Promise<boolean> => (await findingsAt(page() ?? '')) > 0;
    await until('a finding', async () => (await hasFound()) || (await isRefused()), { said });
    assert.deepEqual(await refusals(admin), []);
    await drained(worker);
    await drained(coordinator);

    // What a coordinator of another build does, and a worker whose queue client is silent.
    const connection = new Redis(connectionOptions(parseRedisUrl(url)));
    t.after(() => connection.disconnect());
    const queue = new Queue('fuzz-of-another-build', { connection, prefix: PREFIX_DEFAULT });
    await queue.add('fuzz', {}, { jobId: 'b1' });
    await queue.obliterate({ force: true });
    await queue.close();
    assert.deepEqual(await refusals(admin), []);
    assert.ok(!said().includes(new URL(url).password));
  });

  test('what a fleet does not need is refused, and so are others', async (t) => {
    const { url, admin } = await fortress(t);
    const fleet = await reachRedis(parseRedisUrl(url), PATIENCE_MS);
    t.after(() => fleet.disconnect());
    for (const [name, ...args] of FORBIDDEN)
      await assert.rejects(fleet.call(name, ...args), /NOPERM/, name);
    assert.equal((await refusals(admin)).length, FORBIDDEN.length);

    const { hostname, port } = new URL(url);
    const health = await reachRedis(
      parseRedisUrl(`redis://health:none@${hostname}:${port}`),
      PATIENCE_MS,
    );
    t.after(() => health.disconnect());
    await assert.rejects(health.call('GET', '{faultline}:epoch'), /NOPERM/);
    const stranger = reachRedis(parseRedisUrl(`redis://${hostname}:${port}`), PATIENCE_MS);
    await assert.rejects(stranger, { code: 'REDIS_UNREACHABLE' });
  });
});

test('what doctor and the runbook have one type makes it durable again', { skip }, async (t) => {
  const { url, admin } = await fortress(t);
  const redis = await debianProgram('redis-server');
  assert.ok('path' in redis);
  const { hostname, port, password } = new URL(url);
  /** As typed, with the password at its prompt. */
  const typed = (line: string, user: string): string => {
    const [program = '', ...args] = line.replace(' NAME ', ` ${user} `).split(' ');
    const file = path.join(path.dirname(redis.path), program);
    const input = `${user === 'admin' ? ADMIN_PASSWORD : password}\n`;
    return execFileSync(file, args, { env: redis.env, encoding: 'utf8', input });
  };
  const address = parseRedisUrl(url);
  const fleet = await reachRedis(address, PATIENCE_MS);
  t.after(() => fleet.disconnect());
  const judged = () => requireFit(fleet, PREFIX_DEFAULT, address);
  assert.deepEqual(await judged(), []);
  await admin.config('SET', 'appendonly', 'no');
  const [warning] = await judged();
  assert.equal(warning?.code, 'not-durable');
  const [, printed = ''] = /type `([^`]*)`/.exec(warning.remedy) ?? [];
  assert.match(typed(printed, 'faultline'), /NOPERM/);
  assert.match(typed(printed, 'admin'), /OK/);
  assert.deepEqual(await judged(), []);

  const guide = readFileSync(path.join(PACKAGE_ROOT, 'dashboards/docs/runbooks.md'), 'utf8');
  const lines = (guide.match(/^redis-cli .*(?=#)/gm) ?? []).map((line) =>
    line.trim().replace('HOST', hostname).replace('PORT', port),
  );
  assert.deepEqual(
    lines.map((line) => line.replace(/.* --askpass /, '')),
    ['CONFIG SET appendonly yes', 'INFO persistence'],
  );
  await admin.acl('SETUSER', 'default', 'on', `>${ADMIN_PASSWORD}`, '~*', '+@all');
  assert.match(lines.map((line) => typed(line, 'admin')).join(), /OK[\s\S]*aof_enabled:1/);
});

test('the Redis that how-to.md has one start is found fit', { skip }, async (t) => {
  const redis = await debianProgram('redis-server');
  assert.ok('path' in redis);
  const guide = readFileSync(path.join(PACKAGE_ROOT, 'dashboards/docs/how-to.md'), 'utf8');
  const [line = ''] = /^redis-server .*$/m.exec(guide) ?? [];
  const port = await freePort();
  const args = line.replace('6379', String(port)).replace("''", '').split(' ').slice(1);
  await startedRedis(t, redis, args);
  const address = parseRedisUrl(`redis://:PASSWORD@127.0.0.1:${port}`);
  const client = await reachRedis(address, PATIENCE_MS);
  t.after(() => client.disconnect());
  assert.deepEqual(await requireFit(client, PREFIX_DEFAULT, address), []);
});
