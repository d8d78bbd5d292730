/**
 * A coordinator against a real Redis that loses things, holds garbage, belongs to somebody else, or is away; and
 * on a data directory that is damaged or full.
 */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { keysOf, queueName } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { readSubmission } from '../../daemon/cli/options/submission.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { startDaemon } from '../../daemon/service/service.ts';
import { worker } from '../http/showing.ts';
import { testClient, testRedis } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { BUILD, pin, SETTINGS } from './coordination.ts';
import {
  coordinator,
  EXPECTATIONS,
  hands,
  PREFIX,
  Scene,
  statusOf,
  untilPublished,
} from './scene.ts';

const skip = await skipReason('redis-server');

test('findings come out, and a restart goes on where it was', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const { dataDir } = scene;
  hands(t, scene);
  const first = await coordinator(scene);
  await untilPublished(first, 5);
  const { runs } = await statusOf(first);
  await first.stop();
  const stored = new FindingStore(dataDir).list();
  assert.ok(stored.findings.length >= 5 && stored.damaged.length === 0);
  const second = await coordinator(scene);
  const status = await statusOf(second);
  assert.ok(status.runs >= runs && status.findings.published >= stored.findings.length);
  assert.match(second.lines.join('\n'), /resumed/);
  await until('more runs', async () => (await statusOf(second)).runs > status.runs);
});

test('a Redis that is emptied is filled again', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const running = await coordinator(scene, temporaryFolder(t));
  const client = testClient(t, scene.redis.address);
  await until('batches', async () => (await client.keys(`*${queueName(BUILD)}*`)).length > 2);
  await client.flushdb();
  hands(t, scene);
  await untilPublished(running, 3);
  assert.match(running.lines.join('\n'), /emptied/);
});

// In one process: to the second, the first is a predecessor that had its number.
test('whoever starts later leads; the other one ends and says so', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const first = await coordinator(scene, temporaryFolder(t));
  const ended = assert.rejects(
    first.daemon.finished,
    /another coordinator has taken over this Redis/,
  );
  const second = await coordinator(scene, temporaryFolder(t));
  await ended;
  hands(t, scene);
  await untilPublished(second, 1);
});

test('what waits for another build is dropped by the build that follows', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const client = testClient(t, scene.redis.address);
  const queued = () => client.keys(`*${queueName(BUILD)}*`);
  const first = await coordinator(scene);
  await until('batches', async () => (await queued()).length > 2);
  await first.stop();
  await coordinator(scene, scene.dataDir, sha256Hex('newer'));
  await until('none', async () => (await queued()).length === 0);
});

test('workers of another build are said once, and are no executors of this one', {
  skip,
}, async (t) => {
  const scene = await Scene.of(t);
  const exchange = new Exchange(testClient(t, scene.redis.address), keysOf(PREFIX));
  const build = sha256Hex('another');
  for (const id of ['w-1', 'w-2']) {
    const { secondsSinceSeen: _, ...beat } = worker(id, { build });
    await exchange.beat(id, JSON.stringify(beat));
  }
  const running = await coordinator(scene);
  const metrics = async () => await (await fetch(`${running.url}/metrics`)).text();
  await until('they are seen', async () =>
    /^faultline_workers\{state="other_build"\} 2$/m.test(await metrics()),
  );
  assert.match(await metrics(), /^faultline_executors 0$/m);
  const said = running.lines.filter((line) => line.includes('take no batches of this build'));
  assert.equal(said.length, 1, running.lines.join('\n'));
  assert.match(said[0] ?? '', new RegExp(`^workers of build ${build.slice(0, 12)} .* w-1,`));
});

test('two coordinators do not write one log', { skip }, async (t) => {
  const scene = await Scene.of(t);
  await coordinator(scene);
  await assert.rejects(coordinator(scene), /another coordinator/);
});

test('what is no report is set aside, and harms nobody', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const running = await coordinator(scene, temporaryFolder(t));
  const exchange = new Exchange(testClient(t, scene.redis.address), keysOf(PREFIX));
  const garbage: readonly (readonly [string, string])[] = [
    ['not-json', '{"version":'],
    ['a-number', '7'],
    ['null', 'null'],
    ['empty', ''],
    ['deep', '['.repeat(50_000)],
    ['proto', '{"__proto__":{"polluted":1}}'],
    ['../../escape', '{}'],
    ['id with \u0007 and \u202e', '{}'],
    ['version', JSON.stringify({ version: 99 })],
    ['large', JSON.stringify('x'.repeat(9 << 20))],
    ['x'.repeat(5000), '{}'],
  ];
  for (const [id, json] of garbage) await exchange.ingest(id, json);
  hands(t, scene);
  await untilPublished(running, 1);
  await until(
    'set aside',
    async () => (await statusOf(running)).batches.quarantined === garbage.length,
  );
  assert.equal('polluted' in {}, false);
});

test('a damaged log and a damaged finding are named, and the rest is there', {
  skip,
}, async (t) => {
  const scene = await Scene.of(t);
  const { dataDir } = scene;
  hands(t, scene);
  const first = await coordinator(scene);
  await untilPublished(first, 4);
  await first.stop();
  const { findings } = new FindingStore(dataDir).list();
  const [victim] = findings;
  assert.ok(victim !== undefined);
  writeFileSync(path.join(path.dirname(victim.file), 'finding.json'), '{"id": 7}');
  const folder = logFolderOf(dataDir);
  const snapshot = readdirSync(folder).find((name) => name.startsWith('snapshot-'));
  assert.ok(snapshot !== undefined);
  const text = readFileSync(path.join(folder, snapshot));
  text[text.length >> 1] = (text[text.length >> 1] ?? 0) ^ 1;
  writeFileSync(path.join(folder, snapshot), text);
  const log = readdirSync(folder).find((name) => name.startsWith('log-'));
  if (log !== undefined) appendFileSync(path.join(folder, log), 'nonsense\n');
  const second = await coordinator(scene);
  const said = second.lines.join('\n');
  assert.match(said, new RegExp(`skipped in the campaign log: ${snapshot}`));
  await until('it is said', () =>
    second.lines.join('\n').includes(`cannot read ${path.join(dataDir, 'findings', victim.id)}`),
  );
  await untilPublished(second, findings.length);
});

test('a Redis that goes away is waited for, with one line', { skip }, async (t) => {
  const scene = await Scene.at(t, (t) => testRedis(t, ['--appendonly', 'yes']));
  const running = await coordinator(scene, temporaryFolder(t));
  hands(t, scene);
  await untilPublished(running, 1);
  await scene.redis.kill();
  await until(
    'readiness says so',
    async () => (await fetch(`${running.url}/readyz`)).status === 503,
  );
  assert.equal((await fetch(`${running.url}/livez`)).status, 200);
  await scene.redis.start();
  const { runs } = await statusOf(running);
  await until('it goes on', async () => (await statusOf(running)).runs > runs);
  await until('it is said', () => running.lines.filter((line) => /Redis/.test(line)).length > 1);
  const about = running.lines.filter((line) => /Redis/.test(line));
  assert.equal(about.length, 2, about.join('\n'));
});

test('a Redis that nothing new can reach is not ready, and is said once', { skip }, async (t) => {
  const scene = await Scene.at(t, (t) => testRedis(t, ['--appendonly', 'yes']));
  const running = await coordinator(scene, temporaryFolder(t));
  const readiness = async (): Promise<string> => {
    const answer = await fetch(`${running.url}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  await until('it is ready', async () => (await readiness()).startsWith('200'));
  rmSync(scene.redis.socket);
  await until('it is not', async () => (await readiness()).startsWith('503'));
  assert.match(await readiness(), /no Redis at .*: no such file or directory/);
  const about = running.lines.filter((line) => /restart that Redis/.test(line));
  assert.equal(about.length, 1, running.lines.join('\n'));
  await scene.redis.kill();
  await scene.redis.start();
  await until('it is again', async () => (await readiness()).startsWith('200'));
});

test('a disk that is full stops nothing for good', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const { dataDir } = scene;
  const running = await coordinator(scene);
  hands(t, scene);
  await untilPublished(running, 1);
  // A file in the place of the folder refuses as a full disk does, whoever asks.
  const findings = path.join(dataDir, 'findings');
  const aside = path.join(dataDir, 'aside');
  const { renameSync } = await import('node:fs');
  renameSync(findings, aside);
  writeFileSync(findings, '');
  await until('it is said', () => running.lines.some((line) => line.includes('cannot write')));
  const unstored = async (): Promise<number> => {
    const metrics = await (await fetch(`${running.url}/metrics`)).text();
    return Number(/^faultline_findings_unstored (\d+)$/m.exec(metrics)?.[1]);
  };
  await until('it is counted', async () => (await unstored()) > 0);
  rmSync(findings);
  renameSync(aside, findings);
  await until('all are stored', async () => {
    const { published } = (await statusOf(running)).findings;
    return new FindingStore(dataDir).list().findings.length >= published && published > 1;
  });
  await until('none is left', async () => (await unstored()) === 0);
  const again = running.lines.filter((line) => line.startsWith('the disk takes findings again'));
  assert.equal(again.length, 1, running.lines.join('\n'));
});

test('a port in use is an error, and leaves the log free', { skip }, async (t) => {
  const scene = await Scene.of(t);
  const { dataDir } = scene;
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await new Promise((resolve) => holder.once('listening', resolve));
  const address = holder.address();
  assert.ok(typeof address === 'object' && address !== null);
  mkdirSync(dataDir, { recursive: true });
  const options = {
    dataDir,
    executors: { redis: scene.redis.address },
    prefix: PREFIX,
    build: BUILD,
    version: '0.0.0',
    wanted: SETTINGS,
    drawn: { campaign: 'c1', rngSeed: 1 },
    isRestart: false,
    takesOver: false,
    seeds: [],
    canary: pin('canary'),
    expectations: EXPECTATIONS,
    readSubmission,
    http: { host: '127.0.0.1', port: address.port, token: '', tls: null, isInsecureAllowed: false },
    say: () => {},
    warn: () => {},
    found: () => {},
    webhook: null,
    serving: () => {},
    ready: () => {},
  };
  await assert.rejects(startDaemon(options), new RegExp(`port ${address.port} is in use`));
  const running = await coordinator(scene);
  assert.equal((await statusOf(running)).state, 'running');
  assert.ok(existsSync(logFolderOf(dataDir)));
});
