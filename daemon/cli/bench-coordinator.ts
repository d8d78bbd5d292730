/**
 * `bench coordinator`: what a coordinator with 2000 findings costs: its first start, a list by HTTP, and a fleet of a
 * thousand stand-in workers. A real `daemon` and a real Redis are measured from outside: processor time by /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { connectionOptions } from '../../corpus/exchange/redis.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { type FindingRecord, findingId } from '../../corpus/vocabulary/finding.ts';
import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import type { Result } from '../../workers/bench/measure.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { ownAddressIn } from '../pull/api-address.ts';
import { cacheFolder } from '../redis/redis-binary.ts';
import { PrivateRedis } from '../redis/redis-server.ts';
import { MAIN, temporary, ticksOf } from './bench-processes.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { VERSION } from './installation.ts';
import { StandIns } from './stand-ins.ts';

export interface CoordinatorBenchOptions {
  readonly model: string;
  readonly rngSeed: number;
  readonly timeMs: number;
  readonly findings: number;
  readonly workers: number;
  readonly began: (what: string) => void;
}

const READY_MS = 120_000;
const ASKED_MS = 20;
/** Ticks of /proc are hundredths of a second. */
const TICKS_A_SECOND = 100;
const PERCENT = 100;
const MEGABYTE = 1e6;
const LISTS = 200;
const LISTS_A_SECOND = 50;
/** Features are known and comparisons made. */
const WARM_UP_MS = 20_000;
/** A run of any seed that shows a row. */
const WITNESS_RUNS = 8192;

export async function benchCoordinator(
  options: CoordinatorBenchOptions,
): Promise<readonly Result[]> {
  const folder = temporary();
  const dataDir = path.join(folder, 'data');
  try {
    options.began(`${options.findings} findings`);
    const signatures = putFindings(dataDir, options);
    const read = secondsOf(() => new FindingStore(dataDir).records());
    const redis = await PrivateRedis.start({
      dataDir: folder,
      cacheDir: cacheFolder(process.env, folder),
      say: options.began,
    });
    try {
      options.began('first start');
      const empty = await MeasuredDaemon.start(redis.url, path.join(folder, 'empty'), options);
      await empty.stop();
      const daemon = await MeasuredDaemon.start(redis.url, dataDir, options);
      try {
        const starts = startsOf(read, empty.readySeconds, daemon.readySeconds);
        options.began(`lists at ${LISTS_A_SECOND} a second`);
        const lists = await measureLists(daemon);
        options.began(`${options.workers} stand-in workers`);
        return [...starts, ...lists, ...(await measureFleet(daemon, redis, options, signatures))];
      } finally {
        await daemon.stop();
      }
    } finally {
      await redis.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startsOf(read: number, empty: number, full: number): readonly Result[] {
  const taken = Math.max(full - empty, Number.MIN_VALUE);
  return [
    { name: 'start.read', value: read, unit: 's' },
    { name: 'start.empty', value: empty, unit: 's' },
    { name: 'start.full', value: full, unit: 's' },
    { name: 'start.ratio', value: (PERCENT * read) / taken, unit: '%' },
  ];
}

/**
 * Copies of one that the model really shows, each under a signature of its own.
 *
 * @param areBugs three of four are in no row of the catalogue, so that each is a bug of its own
 */
export function putFindings(
  dataDir: string,
  { model, rngSeed, findings }: CoordinatorBenchOptions,
  areBugs = false,
): readonly string[] {
  const store = new FindingStore(dataDir);
  const record = minimized(model, rngSeed);
  const signatures = Array.from({ length: findings }, (_, i) => `unfenced bench${i}`);
  for (const [i, signature] of signatures.entries()) {
    const row = areBugs && i % 4 > 0 ? { known: null, looksLike: null } : {};
    const finding = { ...record.finding, ...row, id: findingId(signature), signature };
    store.put({ ...record, finding, repro: { ...record.repro, signature } });
  }
  return signatures;
}

function minimized(model: string, rngSeed: number): FindingRecord {
  const runner = new WorkRunner(modelOf, engineDigest());
  const found = runner.run({
    ...{ kind: 'fuzz', index: 0, model, rngSeed, runs: WITNESS_RUNS },
    ...{ sources: [{ kind: 'fresh' }], settledDigest: null, settled: [], featuresDigest: null },
  });
  const [witness] = found.kind === 'fuzz' ? found.witnesses : [];
  if (witness === undefined) {
    const what = `${model} shows nothing within ${WITNESS_RUNS} runs`;
    throw fail('ENVIRONMENT', { what, remedy: 'name another with --model' });
  }
  const { signature, text, scheduler, run } = witness;
  const origin = { rngSeed, batch: 0, run, model };
  const work = { kind: 'minimize', model, text, signature, scheduler, origin } as const;
  const result = runner.run({ ...work, runsToFirst: run, testsMax: WITNESS_RUNS });
  assert(result.kind === 'minimize' && result.record !== null, 'a witness that can be shown again');
  return unpackRecord(result.record, 'bench');
}

async function measureLists(daemon: MeasuredDaemon): Promise<readonly Result[]> {
  const list = `${daemon.url}/api/v1/findings`;
  await ask(list);
  const before = daemon.cpuSeconds();
  for (let i = 0; i < LISTS; i++) await ask(list);
  const each = ((daemon.cpuSeconds() - before) * 1000) / LISTS;
  const waits: Promise<number>[] = [];
  for (let i = 0; i < LISTS; i++) {
    waits.push(secondsToAsk(list));
    await sleep(1000 / LISTS_A_SECOND);
  }
  const longest = Math.max(...(await Promise.all(waits))) * 1000;
  return [
    { name: 'list.cpu', value: each, unit: 'ms' },
    { name: 'list.rate', value: 1000 / Math.max(each, 1e-3), unit: 'lists/s' },
    { name: 'list.longest', value: longest, unit: 'ms' },
  ];
}

async function measureFleet(
  daemon: MeasuredDaemon,
  redis: PrivateRedis,
  { workers, timeMs }: CoordinatorBenchOptions,
  signatures: readonly string[],
): Promise<readonly Result[]> {
  const [build, engine] = [buildDigest(), engineDigest()];
  const { address } = redis;
  const told = { redis: address, prefix: PREFIX_DEFAULT, build, engine, version: VERSION };
  const fleet = new StandIns({ ...told, count: workers, signatures });
  try {
    await fleet.start();
    await sleep(WARM_UP_MS);
    const before = { cpu: daemon.cpuSeconds(), answered: fleet.answered, atMs: performance.now() };
    const serverBefore = ticksOf(redis.pid) / TICKS_A_SECOND;
    await sleep(timeMs);
    const seconds = (performance.now() - before.atMs) / 1000;
    const cpu = daemon.cpuSeconds() - before.cpu;
    const server = ticksOf(redis.pid) / TICKS_A_SECOND - serverBefore;
    const batches = fleet.answered - before.answered;
    return [
      { name: 'fleet.workers', value: await daemon.workers(), unit: '' },
      { name: 'fleet.batches', value: batches / seconds, unit: 'batches/s' },
      { name: 'fleet.each', value: (cpu * 1000) / Math.max(1, batches), unit: 'ms' },
      { name: 'fleet.cpu', value: (PERCENT * cpu) / seconds, unit: '%' },
      { name: 'fleet.spare', value: PERCENT - (PERCENT * cpu) / seconds, unit: '%' },
      { name: 'fleet.redis.cpu', value: (PERCENT * server) / seconds, unit: '%' },
      { name: 'fleet.redis', value: (await memoryOf(redis)) / MEGABYTE, unit: 'MB' },
    ];
  } finally {
    fleet.stop();
  }
}

async function memoryOf({ address }: PrivateRedis): Promise<number> {
  const client = new Redis(connectionOptions(address));
  try {
    return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
  } finally {
    client.disconnect();
  }
}

export class MeasuredDaemon {
  readonly url: string;
  /** From its start until it was ready. */
  readonly readySeconds: number;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, url: string, readySeconds: number) {
    this.child = child;
    this.url = url;
    this.readySeconds = readySeconds;
  }

  static async start(
    redis: string,
    dataDir: string,
    { model, rngSeed }: CoordinatorBenchOptions,
  ): Promise<MeasuredDaemon> {
    const args = ['daemon', '--redis', redis, '--data-dir', dataDir, '--port', '0', '-q'];
    const flags = ['--model', model, '--rng-seed', String(rngSeed)];
    const startedMs = performance.now();
    const child = spawn(process.execPath, [MAIN, ...args, ...flags], { stdio: 'ignore' });
    while (performance.now() - startedMs < READY_MS) {
      const url = ownAddressIn(dataDir)?.origin;
      const isReady = url !== undefined && (await isOk(`${url}/readyz`));
      if (isReady) return new MeasuredDaemon(child, url, (performance.now() - startedMs) / 1000);
      await sleep(ASKED_MS);
    }
    child.kill('SIGKILL');
    const what = `no coordinator was ready within ${READY_MS / 1000} s`;
    throw fail('ENVIRONMENT', { what, remedy: 'see `faultline doctor`' });
  }

  cpuSeconds(): number {
    return ticksOf(this.child.pid ?? 0) / TICKS_A_SECOND;
  }

  async workers(): Promise<number> {
    const answer = await fetch(`${this.url}/api/v1/fleet`);
    return ((await answer.json()) as { workers: readonly unknown[] }).workers.length;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await ended;
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function ask(url: string): Promise<void> {
  await (await fetch(url)).arrayBuffer();
}

async function secondsToAsk(url: string): Promise<number> {
  const startedMs = performance.now();
  await ask(url);
  return (performance.now() - startedMs) / 1000;
}

function secondsOf(act: () => unknown): number {
  const startedMs = performance.now();
  act();
  return (performance.now() - startedMs) / 1000;
}
