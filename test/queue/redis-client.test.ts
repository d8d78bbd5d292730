/** Where Redis is, how it is refused when it is not there or unfit, and what is said of an outage. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import {
  describe as addressText,
  connectionOptions,
  parseRedisUrl,
  type RedisAddress,
  reachRedis,
  watchOutages,
} from '../../corpus/exchange/redis.ts';
import { requireFit, unfitness } from '../../corpus/exchange/redis-fitness.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { server as serverPort } from '../doctor/looking.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';
import { testClient, testRedis } from './redis.ts';

const skip = await skipReason('redis-server');

const ADDRESSES: readonly (readonly [string, RedisAddress, string?])[] = [
  ['redis://localhost', { host: 'localhost', port: 6379 }, 'redis://localhost:6379'],
  ['redis://[::1]:7000/', { host: '::1', port: 7000 }, 'redis://[::1]:7000'],
  ['redis://10.0.0.1:7000/3', { host: '10.0.0.1', port: 7000, db: 3 }],
  ['redis://:se%40cret@a.b:1', { host: 'a.b', port: 1, password: 'se@cret' }, 'redis://a.b:1'],
  [
    'rediss://me:secret@a.b/0',
    { host: 'a.b', port: 6379, db: 0, username: 'me', password: 'secret', tls: true },
    'rediss://me@a.b:6379/0',
  ],
  ['unix:/run/redis.sock', { path: '/run/redis.sock' }],
  ['unix:///run/a b@c.sock', { path: '/run/a b@c.sock' }, 'unix:/run/a b@c.sock'],
];

const NO_ADDRESSES: readonly (readonly [string, string?])[] = [
  [''],
  ['localhost:6379'],
  ['http://a.b'],
  ['redis://'],
  ['redis://a.b:0'],
  ['redis://a.b:70000'],
  ['redis://a.b/x'],
  ['redis://a.b/12345'],
  ['redis://a.b?family=6'],
  ['unix:redis.sock'],
  ['unix://host/redis.sock'],
  ['unix:/run/'],
  ['redis://me:secret@a.b:x', 'redis://***@a.b:x'],
  ['redis://me:se@cret@a.b/x', 'redis://***@a.b/x'],
  ['http://me:secret@a.b', 'http://***@a.b'],
  ['redis://me:%zz@a.b', 'redis://***@a.b'],
  ['redis://a.b\x1b[31m', 'redis://a.b\\u{1b}[31m'],
];

/** What a replica says to a write and to a script that writes, of Redis 7 and of Redis 6; and what is none of it. */
const ANSWERS: readonly (readonly [string, 2 | false])[] = [
  ["READONLY You can't write against a read only replica.", 2],
  ["READONLY You can't write against a read only replica. script: 1f, on @user_script:1.", 2],
  [
    "ERR Error running script (call to f_1f): @user_script:1: @user_script: 1: -READONLY You can't write",
    2,
  ],
  ['LOADING Redis is loading the dataset in memory', false],
  ['STALE epoch', false],
];

test('a primary that has become a replica is left, and the command sent again', () => {
  for (const [answer, expected] of ANSWERS) {
    const { reconnectOnError } = connectionOptions({ path: '/s' });
    assert.equal(reconnectOnError(new Error(answer)), expected, answer);
  }
});

test('an address is read as it was meant and shown without its password', () => {
  for (const [text, address, shown] of ADDRESSES) {
    assert.deepEqual(parseRedisUrl(text), address, text);
    assert.equal(addressText(address), shown ?? text);
  }
});

test('what is no address is refused, and its password is not repeated', () => {
  for (const [text, shown] of NO_ADDRESSES) {
    const expected = `"${shown ?? text}" is no address of a Redis`;
    assert.throws(() => parseRedisUrl(text), { code: 'REDIS_URL', exit: 2, message: expected });
  }
});

/** For those who never answer. */
const SHORT_MS = 2000;

/** @returns why it cannot be reached, which must be said */
async function whyNot(address: RedisAddress, limitMs = PATIENCE_MS): Promise<string> {
  try {
    (await reachRedis(address, limitMs)).disconnect();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.deepEqual([error.code, error.exit], ['REDIS_UNREACHABLE', 3]);
    assert.ok(!/[^ -~]|secret/.test(error.message), error.message);
    return error.message;
  }
  assert.fail('it was reached');
}

/** A server that does with a connection what it is told. */
async function server(t: TestContext, act: (socket: Socket) => void): Promise<RedisAddress> {
  return { host: '127.0.0.1', port: await serverPort(t, act) };
}

test('a Redis that is not there is refused in one line and in time', async (t) => {
  const folder = temporaryFolder(t);
  const silent = await server(t, (socket) => socket.resume());
  const web = await server(t, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  const closing = await server(t, (socket) => socket.end());
  const full = await server(t, (socket) =>
    socket.end('-ERR max number of clients\x1b reached\r\n'),
  );
  const nowhere = { host: 'no.such.host.invalid', port: 6379, password: 'secret' };
  const cases: readonly (readonly [RedisAddress, RegExp, number?])[] = [
    [
      { host: '127.0.0.1', port: 1 },
      /^no Redis at redis:\/\/127.0.0.1:1: .*refused \(ECONNREFUSED\)$/,
    ],
    [{ path: path.join(folder, 'none.sock') }, /no such file or directory \(ENOENT\)$/],
    [{ path: folder }, /\(ECONNREFUSED\)$/],
    [nowhere, /\(ENOTFOUND\)$|\(EAI_AGAIN\)$|no connection within 2 s$/, SHORT_MS],
    [silent, /it takes the connection, but does not answer within 2 s$/, SHORT_MS],
    [web, /what answers there is not Redis$/],
    [closing, /it closed the connection at once$/],
    [full, /max number of clients\\u\{1b\} reached$/],
    [{ ...silent, tls: true }, /does not answer|no connection/, SHORT_MS],
  ];
  const told = cases.map(async ([address, why, limitMs]) => {
    assert.match(await whyNot(address, limitMs), why);
  });
  await Promise.all(told);
});

test('a Redis that wants another password is refused', { skip }, async (t) => {
  const { address } = await testRedis(t);
  await testClient(t, address).config('SET', 'requirepass', 'right');
  assert.match(await whyNot(address), /it wants a password, and the address has none$/);
  assert.match(
    await whyNot({ ...address, password: 'secret' }),
    /it refuses this user and password$/,
  );
  const client = await reached(t, { ...address, password: 'right' });
  assert.equal(await client.ping(), 'PONG');
});

/** A client that goes with the test, whatever becomes of it. */
async function reached(t: TestContext, address: RedisAddress): Promise<Redis> {
  const client = await reachRedis(address, PATIENCE_MS);
  t.after(() => client.disconnect());
  return client;
}

/** How long the connection holds that is lost again: long enough for a line too early, and far from a real return. */
const HELD_MS = 5;

test('an outage is one line when it begins and one when it is over', { skip }, async (t) => {
  const redis = await testRedis(t, ['--appendonly', 'yes']);
  const client = await reached(t, redis.address);
  const said: string[] = [];
  const say = (line: string): unknown => said.push(line);
  const log = watchOutages(client, say, say);
  let tries = 0;
  client.on('reconnecting', () => tries++);
  assert.deepEqual([log.isUp, log.outages], [true, 0]);
  await client.set('a', '17');
  await redis.kill();
  await until('a word', () => said.length > 0);
  assert.deepEqual([log.isUp, log.outages], [false, 1]);
  const answer = client.get('a');
  await until('three tries', () => tries >= 3);
  // Lost again before it was really back: that is no outage of its own.
  let triesBefore = Number.POSITIVE_INFINITY;
  client.once('ready', async () => {
    await sleep(HELD_MS);
    triesBefore = tries;
    client.stream.destroy();
  });
  await redis.start();
  assert.equal(await answer, '17', 'a command waits for its Redis');
  await until('another loss', () => tries > triesBefore);
  await until('its end', () => said.length > 1 && log.isUp);
  const ended = once(client, 'end');
  client.disconnect();
  await Promise.all([ended, redis.kill()]);
  assert.deepEqual([log.isUp, log.outages], [false, 1]);
  const name = `the Redis at ${redis.url}`;
  assert.equal(said[0], `lost ${name}; going on when it is back`);
  assert.match(said[1] ?? '', new RegExp(`^${name} is back after \\d+\\.\\d s$`));
  assert.equal(said.length, 2);
});

async function codes(client: Redis, prefix = '{faultline}'): Promise<readonly string[]> {
  return (await unfitness(client, prefix)).map(({ code }) => code);
}

/** Of the least that BullMQ was seen to need, what is asked for here. */
const LEAST_COMMANDS =
  'hello auth ping quit info client|setname client|list eval evalsha set get del';

const UNFIT: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  async 'nothing is wrong with a fresh one, but that it keeps nothing'(t) {
    const { address } = await testRedis(t);
    const client = testClient(t, address);
    const [warning, ...others] = await requireFit(client, '{faultline}', address);
    assert.deepEqual([warning?.code, others], ['not-durable', []]);
    const here = `redis-cli -s ${'path' in address ? address.path : ''}`;
    const command = 'CONFIG SET appendonly yes`';
    assert.ok(warning?.remedy.startsWith(`type \`${here} ${command}, and`), warning?.remedy);
    assert.deepEqual(await client.keys('*'), []);
    await client.config('SET', 'appendonly', 'yes');
    assert.deepEqual(await requireFit(client, '{faultline}', address), []);
  },

  async 'one that evicts'(t) {
    const { address } = await testRedis(t, ['--maxmemory-policy', 'allkeys-lru']);
    const client = testClient(t, address);
    assert.deepEqual(await codes(client), ['evicting']);
    await assert.rejects(requireFit(client, '{faultline}', address), (error) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.code, error.exit], ['REDIS_UNFIT', 3]);
      assert.match(error.message, /is unfit: it throws keys away .* allkeys-lru\) \(evicting\)$/);
      assert.match(error.hint, /^type `redis-cli -s .* CONFIG SET maxmemory-policy noeviction`$/);
      return true;
    });
  },

  async 'a replica, with all else that is wrong'(t) {
    const settings = ['--replicaof', '10.0.0.1 7000', '--maxmemory-policy', 'allkeys-lru'];
    const { address } = await testRedis(t, settings);
    const problems = await unfitness(testClient(t, address), '{faultline}');
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['evicting', 'replica'],
    );
    assert.equal(problems[1]?.remedy, 'use its primary, redis://10.0.0.1:7000');
  },

  async 'a cluster, unless the prefix has a hash tag'(t) {
    const bus = await server(t, () => {});
    assert.ok('port' in bus);
    const settings = ['--cluster-enabled', 'yes', '--bind', '127.0.0.2', '--cluster-port'];
    const { address } = await testRedis(t, [...settings, String(bus.port)]);
    const client = testClient(t, address);
    assert.ok((await codes(client, 'faultline')).includes('cluster-without-tag'));
    assert.ok((await codes(client, '{}faultline')).includes('cluster-without-tag'));
    // No node has its slots.
    assert.deepEqual(await codes(client), ['read-only']);
  },

  async 'one that is too old'(t) {
    const address = await server(t, oldRedis);
    const client = testClient(t, address);
    const [problem] = await unfitness(client, '{faultline}');
    assert.deepEqual([problem?.code, problem?.what], ['too-old', 'Redis 5.0.7 is older than 6.2']);
  },

  async 'one that lets us do too little'(t) {
    const { address } = await testRedis(t);
    const admin = testClient(t, address);
    const rules = (commands: string): readonly string[] =>
      ['on', 'reset', 'on', '>secret', '~{faultline}:*', '-@all'].concat(
        commands.split(' ').map((command) => `+${command}`),
      );
    const may = async (commands: string): Promise<readonly string[]> => {
      await admin.acl('SETUSER', 'fleet', ...rules(commands));
      return await codes(await reached(t, { ...address, username: 'fleet', password: 'secret' }));
    };
    assert.deepEqual(await may(LEAST_COMMANDS), []);
    for (const command of ['info', 'set', 'eval', 'del']) {
      const fewer = LEAST_COMMANDS.replace(new RegExp(` ${command}(?= |$)`), '');
      assert.deepEqual(await may(fewer), ['forbidden'], command);
    }
    await admin.acl('SETUSER', 'fleet', 'resetkeys', '~other:*', '+@all');
    const client = testClient(t, { ...address, username: 'fleet', password: 'secret' });
    assert.deepEqual(await codes(client), ['forbidden']);
  },

  async 'one that has no room left'(t) {
    const { address } = await testRedis(t, ['--maxmemory', '1']);
    const [problem] = await unfitness(testClient(t, address), '{faultline}');
    assert.deepEqual([problem?.code, problem?.remedy], ['read-only', 'raise its maxmemory']);
    assert.match(problem?.what ?? '', /^it answers "OOM command not allowed/);
  },
};

/** Answers as a Redis before RESP3 would: an array of bulk strings comes in, one line or bulk goes out. */
function oldRedis(socket: Socket): void {
  const info = '# Server\r\nredis_version:5.0.7\r\nloading:0\r\nrole:master\r\n';
  socket.on('data', (data) => {
    for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
      const command = name.toLowerCase();
      if (command === 'info') socket.write(`$${info.length}\r\n${info}\r\n`);
      else if (command === 'hello') socket.write(`-ERR unknown command \`${name}\`\r\n`);
      else socket.write('+OK\r\n');
    }
  });
}

describe('a Redis that is unfit is told from', { skip, concurrency: true }, () => {
  for (const [name, run] of Object.entries(UNFIT)) test(name, run);
});
