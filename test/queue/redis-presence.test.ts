/** Whether a Redis to which connections are open has lost what a new one, or the next start, needs. */
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { whatIsGone } from '../../corpus/exchange/redis-presence.ts';
import { skipReason } from '../support/debian.ts';
import { type TestRedis, testClient, testRedis } from './redis.ts';

const skip = await skipReason('redis-server');
const DURABLE = ['--appendonly', 'yes'];

function folderOf({ socket }: TestRedis): string {
  return path.dirname(socket);
}

async function healthy(t: TestContext, settings: readonly string[]): Promise<TestRedis> {
  const redis = await testRedis(t, settings);
  assert.equal(await whatIsGone(redis.address), null);
  return redis;
}

test('a socket that was removed', { skip }, async (t) => {
  const redis = await healthy(t, []);
  const open = testClient(t, redis.address);
  assert.equal(await open.ping(), 'PONG');
  rmSync(redis.socket);
  assert.equal(await open.ping(), 'PONG');
  assert.match((await whatIsGone(redis.address)) ?? '', /^no Redis at .*: no such file/);
});

test('an append-only file that was removed, where the folder is known', { skip }, async (t) => {
  const redis = await healthy(t, DURABLE);
  rmSync(path.join(folderOf(redis), 'appendonlydir'), { recursive: true, force: true });
  rmSync(path.join(folderOf(redis), 'appendonly.aof'), { force: true });
  const gone = /^the append-only file of Redis is gone \(.*appendonly\.aof/;
  assert.match((await whatIsGone(redis.address)) ?? '', gone);
  assert.match((await whatIsGone(redis.address, folderOf(redis))) ?? '', gone);
});

test('a folder that was removed, with the socket elsewhere', { skip }, async (t) => {
  const elsewhere = await testRedis(t);
  const socket = path.join(folderOf(elsewhere), 'other.sock');
  const redis = await testRedis(t, DURABLE, socket);
  // Its folder might be one of another machine: without being told, nothing is concluded from its files.
  assert.equal(await whatIsGone(redis.address), null);
  const client = testClient(t, redis.address);
  const [, folder = ''] = (await client.config('GET', 'dir')) as string[];
  rmSync(path.join(folder, 'appendonlydir'), { recursive: true, force: true });
  rmSync(path.join(folder, 'appendonly.aof'), { force: true });
  assert.equal(await whatIsGone(redis.address), null);
  assert.match((await whatIsGone(redis.address, folder)) ?? '', /append-only file/);
  rmSync(folder, { recursive: true });
  assert.match((await whatIsGone(redis.address)) ?? '', /^the data folder of Redis is gone/);
});

test('nothing, where it may not be asked', { skip }, async (t) => {
  const redis = await healthy(t, DURABLE);
  const admin = testClient(t, redis.address);
  await admin.acl('SETUSER', 'fleet', 'on', '>secret', '~*', '+@all', '-config');
  const account = { ...redis.address, username: 'fleet', password: 'secret' };
  renameSync(path.join(folderOf(redis), 'appendonlydir'), path.join(folderOf(redis), 'aside'));
  assert.equal(await whatIsGone(account), null);
  assert.match((await whatIsGone(redis.address)) ?? '', /append-only/);
});
