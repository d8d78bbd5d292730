/** A Redis that refuses a worker's heartbeats: said once an outage, with what follows; and how long a spool has waited. */
import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { keysOf } from '../../corpus/exchange/keys.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { HeartbeatSender } from '../../workers/service/heartbeat.ts';
import { Outbox } from '../../workers/service/outbox.ts';
import { Repeats } from '../../workers/service/repeats.ts';
import { Spool } from '../../workers/service/spool.ts';
import { BUILD } from '../daemon/coordination.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { testClient, testRedis } from './redis.ts';

const skip = await skipReason('redis-server');
const HEARTBEAT = {
  id: 'w',
  host: 'here',
  pid: 1,
  build: BUILD,
  version: '0.0.0',
  executors: 1,
  busy: 0,
  isDraining: false,
  runs: 0,
  metrics: null,
};

test('what is refused is said once, and once that it is over', { skip }, async (t) => {
  const { address } = await testRedis(t);
  const admin = testClient(t, address);
  await admin.acl('SETUSER', 'fleet', 'on', '>secret', '~*', '+@all');
  const client = testClient(t, { ...address, username: 'fleet', password: 'secret' });
  const exchange = new Exchange(client, keysOf('{refused}'));
  const [warnings, words]: [string[], string[]] = [[], []];
  const outbox = new Outbox({
    spool: new Spool(temporaryFolder(t)),
    exchange,
    metrics: metricsFor('worker', { version: '0.0.0', build: BUILD }),
    troubles: new Repeats((line) => warnings.push(line)),
  });
  // Redis has it and no log does: each beat asks for it.
  await (await outbox.keep('a', '{}'))();
  let beats = 0;
  const heartbeat = () => {
    beats += 1;
    return HEARTBEAT;
  };
  const warn = (line: string): unknown => warnings.push(line);
  const info = (line: string): unknown => words.push(line);
  const sender = new HeartbeatSender({ exchange, outbox, heartbeat, warn, info, beatMs: 5 });
  for (const outage of [1, 2]) {
    await until('a beat', async () => (await admin.keys('*seen*')).length > 0);
    await admin.acl('SETUSER', 'fleet', '-eval');
    await until('a word of each', () => warnings.length === 2 * outage);
    const from = beats;
    await until('more beats', () => beats > from + 10);
    assert.equal(warnings.length, 2 * outage, warnings.join('\n'));
    await admin.acl('SETUSER', 'fleet', '+eval');
    await until('the end of both', () => words.length === 2 * outage);
  }
  const plain = warnings.map((line) => line.replace(/NOPERM.*/, 'NOPERM'));
  const twice = [
    "Redis refuses this worker's heartbeats, so the coordinator plans nothing for it: ReplyError: NOPERM",
    'Redis refuses to say which reports the log has, so they stay in the spool: ReplyError: NOPERM',
  ];
  // Which of the two is refused first is chance.
  assert.deepEqual(plain.sort(), [...twice, ...twice].sort());
  assert.match(
    words.join('\n'),
    /^Redis no longer refuses this worker's heartbeats, after \d+\.\d s$/m,
  );
  await sender.leave();
  assert.equal(warnings.length, 4, 'nothing is refused at the end');
});

test('the oldest report of a spool counts from when it came to the disk', async (t) => {
  const folder = temporaryFolder(t);
  const first = new Spool(folder);
  assert.equal(first.oldestSeconds(), 0);
  const [old, young] = [first.nameFor('old'), first.nameFor('young')];
  writeFileSync(path.join(folder, old), '{}');
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(path.join(folder, old), hourAgo, hourAgo);
  const spool = new Spool(folder);
  await spool.put(young, '{}');
  await spool.put(old, '{ }');
  assert.ok(spool.oldestSeconds() >= 3600, 'written again it is no younger');
  spool.remove(old);
  assert.ok(spool.oldestSeconds() < 3600);
  spool.leave(young);
  assert.deepEqual([spool.oldestSeconds(), spool.entries], [0, 1]);
  const later = Date.now() / 1000 + 3600;
  utimesSync(path.join(folder, young), later, later);
  assert.equal(new Spool(folder).oldestSeconds(), 0, 'of a clock that was set back');
});
