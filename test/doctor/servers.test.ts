/** Checks of Redis, port and coordinator, against real ones wherever there can be one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { RedisAddress } from '../../corpus/exchange/redis.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { lookAtCoordinator, lookAtPort } from '../../daemon/doctor/coordinator-checks.ts';
import { judgeClock, RedisLook, type RedisQuestion } from '../../daemon/doctor/redis-checks.ts';
import { cacheFolder } from '../../daemon/redis/redis-binary.ts';
import { PrivateRedis } from '../../daemon/redis/redis-server.ts';
import { serve } from '../http/showing.ts';
import { testClient, testRedis } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason, TEST_CACHE } from '../support/debian.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { assertJudged, bulk, redisThatSays, server, silent } from './looking.ts';

const skip = await skipReason('redis-server');
const NOBODY = { PATH: '', HOME: '/nonexistent' };

function look(t: TestContext, question: Partial<RedisQuestion>): RedisLook {
  const redis = new RedisLook({
    given: () => undefined,
    isWithout: () => false,
    prefix: '{faultline}',
    dataDir: '/nonexistent',
    env: NOBODY,
    waitMs: PATIENCE_MS,
    ...question,
  });
  t.after(() => redis.close());
  return redis;
}

function lookAt(t: TestContext, address: RedisAddress, prefix = '{faultline}'): RedisLook {
  return look(t, { given: () => address, prefix });
}

/** Settings of a server, the prefix we use there, and what is said of it. */
// biome-ignore format: a table
const FIT: readonly (readonly [string, string, readonly string[], string, RegExp, RegExp])[] = [
  ['ok', 'one with an append-only file', ['--appendonly', 'yes'], '{f}', /: Redis \d[\d.]+, \d+\.\d ms there and back$/, /^$/],
  ['warn', 'one without', [], '{f}', /append-only file.*\(not-durable\)$/, /CONFIG SET appendonly yes/],
  ['fail', 'one that evicts', ['--maxmemory-policy', 'allkeys-lru'], '{f}', /\(evicting\)/, /maxmemory-policy noeviction/],
  ['fail', 'a replica', ['--replicaof', '10.0.0.1 7000'], '{f}', /\(replica\)/, /10\.0\.0\.1:7000/],
  ['fail', 'a cluster, for a prefix without tag', ['--cluster-enabled', 'yes', '--cluster-port', '1'], 'f', /\(cluster-without-tag\)/, /\{f\}/],
];

describe('a Redis is judged', { skip, concurrency: true }, () => {
  for (const [level, name, settings, prefix, detail, remedy] of FIT) {
    test(`${name}: ${level}`, async (t) => {
      const { address } = await testRedis(t, settings);
      const redis = lookAt(t, address, prefix);
      await assertJudged(() => redis.redis(), level as 'ok', detail, remedy);
      await assertJudged(() => redis.clock(), 'ok', /^[01]\.\d+ s (?:behind|ahead of) Redis$/);
    });
  }

  test('one that lets us do too little', async (t) => {
    const { address } = await testRedis(t);
    const admin = testClient(t, address);
    await admin.acl('SETUSER', 'fleet', 'on', '>secret', '~other:*', '+@all', '-time');
    const redis = lookAt(t, { ...address, username: 'fleet', password: 'secret' });
    await assertJudged(() => redis.redis(), 'fail', /\(forbidden\)$/, /ACL SETUSER/);
    await assertJudged(() => redis.clock(), 'fail', /not tell its time: NOPERM/, /\+time/);
  });

  test('the private one of an `up`, and none where it has ended', async (t) => {
    const dataDir = temporaryFolder(t);
    const server = await PrivateRedis.start({ dataDir, cacheDir: TEST_CACHE, say: () => {} });
    t.after(() => server.stop());
    const redis = look(t, { dataDir });
    const who = new RegExp(`^the private one \\(process ${server.pid}\\): Redis \\d`);
    await assertJudged(() => redis.redis(), 'ok', who);
    await assertJudged(() => redis.clock(), 'ok', /^[01]\.\d+ s/);
    const number = readFileSync(path.join(dataDir, 'redis/redis.pid'), 'utf8');
    await server.stop();
    writeFileSync(path.join(dataDir, 'redis/redis.pid'), number);
    const after = look(t, { dataDir });
    await assertJudged(() => after.redis(), 'fail', /^there is no redis-server/);
    await assertJudged(() => after.clock(), 'ok', /^no Redis to compare with$/);
  });
});

test('a Redis that is too old, silent, not there or not an address', async (t) => {
  const info = bulk('# Server\r\nredis_version:5.0.7\r\nloading:0\r\nrole:master\r\n');
  const hello = '-ERR unknown command `HELLO`\r\n';
  const old = await server(t, redisThatSays({ info, hello }));
  const host = '127.0.0.1';
  await assertJudged(
    () => lookAt(t, { host, port: old }).redis(),
    'fail',
    /Redis 5.0.7 is older than 6.2 \(too-old\)/,
    /install Redis/,
  );
  const hanging = await server(t, silent);
  const hung = look(t, { given: () => ({ host, port: hanging }), waitMs: 1000 });
  await assertJudged(() => hung.redis(), 'fail', /does not answer within 1 s$/, /start it/);
  await assertJudged(() => hung.clock(), 'ok', /^no Redis to compare with$/);
  await assertJudged(() => lookAt(t, { host, port: 1 }).redis(), 'fail', /ECONNREFUSED/, /start/);
  const wrong = look(t, {
    given: () => {
      throw fail('REDIS_URL', { url: 'ftp://x\x1b', place: '' });
    },
  });
  await assertJudged(
    () => wrong.redis(),
    'fail',
    /"ftp:\/\/x\\u\{1b\}" is no address/,
    /redis:\/\//,
  );
  await assertJudged(() => wrong.clock(), 'ok', /^no Redis/);
});

test('none, where `--redis none` says so', async (t) => {
  const redis = look(t, { isWithout: () => true, given: () => assert.fail('it is no address') });
  await assertJudged(() => redis.redis(), 'ok', /^none is wanted/);
  await assertJudged(() => redis.memory(), 'ok', /^no Redis/);
  await assertJudged(() => redis.clock(), 'ok', /^no Redis/);
});

test('a clock that is not that of Redis', async (t) => {
  const info = bulk('# Server\r\nredis_version:7.0.15\r\nloading:0\r\nrole:master\r\n');
  const hello = '-ERR unknown command `HELLO`\r\n';
  const port = await server(
    t,
    redisThatSays({
      info,
      hello,
      // As it is when it is asked.
      get time() {
        const seconds = String(Math.floor(Date.now() / 1000) + 3600);
        return `*2\r\n${bulk(seconds)}${bulk('0')}`;
      },
    }),
  );
  const redis = lookAt(t, { host: '127.0.0.1', port });
  await assertJudged(
    () => redis.clock(),
    'warn',
    /^(?:359\d|360\d)\.\d s behind Redis$/,
    /timedatectl/,
  );
  await assertJudged(() => judgeClock(-2001), 'warn', /^2.0 s ahead of Redis$/);
  await assertJudged(() => judgeClock(1999), 'ok', /^2.0 s behind Redis$/);
});

test('without a Redis, it is told where the first one will come from, and nothing is brought', async (t) => {
  const folder = temporaryFolder(t);
  const program = (name: string, text: string): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  };
  const home = path.join(folder, 'home');
  const dataDir = path.join(folder, 'data');
  const env = { PATH: '', HOME: home };
  await assertJudged(
    () => look(t, { env, dataDir }).redis(),
    'fail',
    /no apt-get/,
    /apt-get install/,
  );
  for (const tool of ['apt-get', 'apt-cache', 'dpkg', 'dpkg-deb']) {
    program(`bin/${tool}`, `touch ${folder}/was-run`);
  }
  const debian = { ...env, PATH: path.join(folder, 'bin') };
  const would = /first `up` would unpack one/;
  await assertJudged(() => look(t, { env: debian, dataDir }).redis(), 'ok', would);
  assert.deepEqual(readdirSync(folder), ['bin']);
  const unpacked = `redis-server-${process.arch}-7/usr/bin/redis-server`;
  for (const cache of [path.join(dataDir, 'cache'), cacheFolder(env, dataDir)]) {
    program(path.relative(folder, path.join(cache, unpacked)), 'exit 0');
    const found = new RegExp(`\`up\` starts ${path.join(cache, unpacked)}$`);
    await assertJudged(() => look(t, { env, dataDir }).redis(), 'ok', found);
  }
  program('bin/valkey-server', 'exit 0');
  const found = /starts .*\/bin\/valkey-server$/;
  await assertJudged(() => look(t, { env: debian, dataDir }).redis(), 'ok', found);
  assert.equal(existsSync(path.join(folder, 'was-run')), false);
});

test('a port is free, our own or somebody else’s', async (t) => {
  const dataDir = temporaryFolder(t);
  await assertJudged(() => lookAtPort(0, dataDir, PATIENCE_MS), 'ok', /^any that is free$/);
  const taken = await server(t, silent);
  const inUse = new RegExp(`^port ${taken} is in use on 127.0.0.1$`);
  const byWhom = new RegExp(`--port.*ss -ltnp 'sport = :${taken}'`);
  await assertJudged(() => lookAtPort(taken, dataDir, PATIENCE_MS), 'fail', inUse, byWhom);
  const daemon = (pid: number, port: number): void => {
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(path.join(dataDir, 'daemon.json'), JSON.stringify({ pid, url }));
  };
  // The process is there, the port is somebody else's.
  daemon(process.pid, taken);
  await assertJudged(() => lookAtPort(taken, dataDir, 200), 'fail', inUse);
  // A coordinator answers, but ours was killed.
  const { port, url } = await serve(t);
  daemon(spawnSync(process.execPath, ['--version']).pid, port);
  await assertJudged(() => lookAtPort(port, dataDir, PATIENCE_MS), 'fail', /is in use/);
  daemon(process.pid, port);
  const own = new RegExp(`^${port} is that of our own coordinator, ${url}$`);
  await assertJudged(() => lookAtPort(port, dataDir, PATIENCE_MS), 'ok', own);
});

test('a coordinator is ready, is not, is gone, or never was', async (t) => {
  const dataDir = temporaryFolder(t);
  const file = path.join(dataDir, 'daemon.json');
  const looked = () => lookAtCoordinator(dataDir, PATIENCE_MS);
  await assertJudged(looked, 'ok', /^none runs here$/);
  writeFileSync(file, '{}');
  await assertJudged(looked, 'warn', /has no address in it$/, new RegExp(`rm ${file}`));
  const running = await serve(t);
  writeFileSync(file, JSON.stringify({ url: running.url }));
  await assertJudged(looked, 'ok', new RegExp(`^${running.url} is ready$`));
  running.showing.ready = { isReady: false, why: 'Redis is away' };
  await assertJudged(looked, 'warn', /answered with 503: Redis is away$/, /faultline status/);
  await running.close();
  await assertJudged(looked, 'warn', /no coordinator answers.*ECONNREFUSED/, /faultline up/);
});
