/**
 * Tiny batches through one coordinator, by the hundred thousand: neither its memory nor that of Redis grows with them,
 * and the log is cut back. The workers are pretended, so that the coordinator is what is busy.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Worker } from 'bullmq';
import { keysOf, queueName } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { type Batch, FEATURES_VERSION, type Result } from '../../corpus/vocabulary/messages.ts';
import type { CampaignStatus } from '../../daemon/campaign/views.ts';
import { MAIN } from '../cli/faultline.ts';
import { type TestRedis, testClient, testRedis } from '../queue/redis.ts';
import { figure, until } from '../support/patience.ts';

const PREFIX = '{faultline}';
/** By then everything has been compiled and every cache is full. */
const WARM = 30_000;
const EXECUTORS = 200;
/** Megabytes by which a heap may swing between two looks. */
const SWING_MB = 40;
const REDIS_SWING_MB = 8;

/** @param batches in all; a data directory of an earlier run goes on where it was */
export async function leavesNoTrace(
  t: TestContext,
  dataDir: string,
  batches: number,
): Promise<void> {
  const redis = await testRedis(t, ['--appendonly', 'yes']);
  const place = ['--redis', redis.url, '--data-dir', dataDir, '--port', '0'];
  const seed = ['--model', 'canary', '--rng-seed', '1'];
  const daemon = spawn(process.execPath, [MAIN, 'daemon', ...place, ...seed], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => daemon.kill('SIGKILL'));
  let log = '';
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const url = await addressIn(dataDir, daemon, () => log);
  const status = await statusOf(url);
  const { folded } = status.batches;
  const close = await pretendWorkers(t, redis, status);
  const early = await untilFolded(url, redis, daemon, folded + WARM, t);
  const late = await untilFolded(url, redis, daemon, Math.max(batches, folded + 2 * WARM), t);
  await close();
  figure(
    `from ${folded}: after ${WARM} batches ${JSON.stringify(early)} MB, ` +
      `after ${batches} in all ${JSON.stringify(late)} MB`,
  );
  assert.ok(late.daemon < early.daemon + SWING_MB, 'the coordinator grows');
  assert.ok(late.redis < early.redis + REDIS_SWING_MB, 'Redis grows');
  daemon.kill('SIGTERM');
  const [exit] = await once(daemon, 'close');
  assert.equal(exit, 0, log);
}

/** One that was killed leaves its address behind. */
async function addressIn(
  dataDir: string,
  { pid }: ChildProcess,
  log: () => string,
): Promise<string> {
  const file = path.join(dataDir, 'daemon.json');
  type Said = { readonly pid: number; readonly url: string };
  const said = (): Said => JSON.parse(readFileSync(file, 'utf8')) as Said;
  await until('an address', () => existsSync(file) && said().pid === pid, { said: log });
  return said().url;
}

async function statusOf(url: string): Promise<CampaignStatus> {
  return (await (await fetch(`${url}/api/v1/campaign`)).json()) as CampaignStatus;
}

/** A fleet that answers at once, with nothing new. */
async function pretendWorkers(
  t: TestContext,
  redis: TestRedis,
  { build }: CampaignStatus,
): Promise<() => Promise<void>> {
  const exchange = new Exchange(testClient(t, redis.address), keysOf(PREFIX));
  const worker = {
    host: 'here',
    pid: 1,
    build,
    version: '0',
    executors: EXECUTORS,
    busy: 0,
    runs: 0,
  };
  const beat = (): Promise<void> =>
    exchange.beat('w', JSON.stringify({ id: 'w', ...worker, isDraining: false, metrics: null }));
  await beat();
  const timer = setInterval(() => void beat().catch(() => {}), 2000);
  const connection = testClient(t, redis.address);
  // As the workers' own client does: the queue keeps a job until they say that it goes.
  const goes = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };
  const options = { connection, prefix: PREFIX, concurrency: 64, ...goes };
  const hands = new Worker(queueName(build), ({ data }) => answer(exchange, data), options);
  return async () => {
    clearInterval(timer);
    await hands.close(true);
  };
}

async function answer(exchange: Exchange, batch: Batch): Promise<string> {
  const { version, id, build, campaign, work } = batch;
  const result: Result =
    work.kind === 'fuzz'
      ? {
          kind: 'fuzz',
          index: work.index,
          model: work.model,
          runs: work.runs,
          steps: work.runs,
          inconclusive: 0,
          featuresVersion: FEATURES_VERSION,
          candidates: [],
          witnesses: [],
          hits: {},
        }
      : { kind: 'canary', digest: '0'.repeat(64), found: ['lock-leak inodeLock punch'] };
  const report = { version, id, build, campaign, executor: 'e.1', milliseconds: 1000, result };
  await exchange.ingest(id, JSON.stringify(report));
  return 'ok';
}

interface Megabytes {
  readonly daemon: number;
  readonly redis: number;
}

async function untilFolded(
  url: string,
  redis: TestRedis,
  daemon: ChildProcess,
  count: number,
  t: TestContext,
): Promise<Megabytes> {
  for (let folded = 0; folded < count; ) {
    const before = folded;
    const isMore = async (): Promise<boolean> => {
      folded = (await statusOf(url)).batches.folded;
      return folded > before;
    };
    await until(`more than ${before} of ${count} batches`, isMore, { askedMs: 500 });
  }
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  const client = testClient(t, redis.address);
  const info = await client.info('memory');
  // What is settled is remembered for a minute: the faster the machine, the more of it there is.
  const remembered = (await client.memory('USAGE', keysOf(PREFIX).logged, 'SAMPLES', 0)) ?? 0;
  const used = Number(/used_memory:(\d+)/.exec(info)?.[1]) - remembered;
  return {
    daemon: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
    redis: Math.round(used / 2 ** 20),
  };
}
