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
import { type TestContext, test } from 'node:test';
import { Worker } from 'bullmq';
import { keysOf, queueName } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Batch } from '../../corpus/vocabulary/messages.ts';
import { readSubmission } from '../../daemon/cli/options/submission.ts';
import { logFolderOf } from '../../daemon/log/log-read.ts';
import { type Daemon, startDaemon } from '../../daemon/service/service.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { type TestRedis, testClient, testDatabase, testRedis } from '../queue/redis.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { BUILD, pin, SETTINGS } from './coordination.ts';

const skip = await skipReason('redis-server');
const PREFIX = '{faultline}';
const EXPECTATIONS = {
  expectedOf: () => ['B12'],
  standingOf,
  designOf: () => undefined,
  timelineOf: () => undefined,
};

/** Ends what a test began, the last thing first: neither a queue nor a coordinator ends well without its Redis. */
class Scene<Redis extends Pick<TestRedis, 'address'> = Pick<TestRedis, 'address'>> {
  readonly redis: Redis;
  readonly dataDir: string;
  private readonly endings: (() => Promise<unknown>)[];

  private constructor(redis: Redis, dataDir: string, endings: (() => Promise<unknown>)[]) {
    this.redis = redis;
    this.dataDir = dataDir;
    this.endings = endings;
  }

  static async of(t: TestContext): Promise<Scene> {
    return await Scene.at(t, testDatabase);
  }

  static async at<R extends Pick<TestRedis, 'address'>>(
    t: TestContext,
    redis: (t: TestContext) => Promise<R>,
  ): Promise<Scene<R>> {
    const endings: (() => Promise<unknown>)[] = [];
    t.after(async () => {
      for (const end of endings.reverse()) await end().catch(() => {});
    });
    return new Scene(await redis(t), temporaryFolder(t), endings);
  }

  after(end: () => Promise<unknown>): void {
    this.endings.push(end);
  }
}

interface Running {
  readonly daemon: Daemon;
  readonly url: string;
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

async function coordinator(
  scene: Scene,
  dataDir: string = scene.dataDir,
  build: string = BUILD,
): Promise<Running> {
  const lines: string[] = [];
  let url = '';
  const daemon = await startDaemon({
    dataDir,
    executors: { redis: scene.redis.address },
    prefix: PREFIX,
    build,
    version: '0.0.0',
    wanted: SETTINGS,
    drawn: { campaign: 'c1', rngSeed: 1 },
    isRestart: false,
    takesOver: false,
    seeds: [],
    canary: pin('canary'),
    expectations: EXPECTATIONS,
    readSubmission,
    http: { host: '127.0.0.1', port: 0, token: '', tls: null, isInsecureAllowed: false },
    say: (text) => lines.push(text),
    warn: (text) => lines.push(text),
    found: () => {},
    webhook: null,
    ready: (given) => {
      url = given;
    },
  });
  const stop = async (): Promise<void> => {
    daemon.stop();
    await daemon.finished.finally(() => daemon.close());
  };
  scene.after(stop);
  return { daemon, url, lines, stop };
}

/** Computes whatever is queued, as a worker would, in this thread. */
function hands(t: TestContext, scene: Scene): void {
  const exchange = new Exchange(testClient(t, scene.redis.address), keysOf(PREFIX));
  const runner = new WorkRunner(modelOf, sha256Hex('engine'));
  let done = 0;
  const connection = testClient(t, scene.redis.address);
  const worker = new Worker(
    queueName(BUILD),
    async ({ data }: { data: Batch }) => {
      const { version, id, build, campaign, work } = data;
      const result = runner.run(work);
      const report = {
        version,
        id,
        build,
        campaign,
        executor: `e.${done}`,
        milliseconds: 5000,
        result,
      };
      await exchange.ingest(id, JSON.stringify(report));
      done += 1;
      return 'ok';
    },
    { connection, prefix: PREFIX, drainDelay: 1 },
  );
  worker.on('error', () => {});
  // One that is closed while it connects keeps its connection, and with it this process.
  scene.after(async () => {
    await worker.waitUntilReady();
    await worker.close(true);
  });
}

interface Status {
  readonly runs: number;
  readonly state: string;
  readonly batches: { readonly folded: number; readonly quarantined: number };
  readonly findings: { readonly published: number };
}

async function statusOf({ url }: Running): Promise<Status> {
  // A connection that is kept may be closed by the server while this thread computes.
  const headers = { connection: 'close' };
  return (await (await fetch(`${url}/api/v1/campaign`, { headers })).json()) as Status;
}

async function untilPublished(running: Running, count: number): Promise<void> {
  await until(
    `${count} findings`,
    async () => (await statusOf(running)).findings.published >= count,
  );
}

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

test('a coordinator waits for a Redis that is not there yet', { skip }, async (t) => {
  const scene = await Scene.at(t, (t) => testRedis(t, ['--appendonly', 'yes']));
  await scene.redis.kill();
  const starting = coordinator(scene);
  await scene.redis.start();
  const running = await starting;
  await running.stop();
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
    ready: () => {},
  };
  await assert.rejects(startDaemon(options), new RegExp(`port ${address.port} is in use`));
  const running = await coordinator(scene);
  assert.equal((await statusOf(running)).state, 'running');
  assert.ok(existsSync(logFolderOf(dataDir)));
});
