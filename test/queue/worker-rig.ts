/** What tests of the worker need: a Redis, batches in it, worker processes, and the reports that come of them. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { decodeReport } from '../../corpus/exchange/codec.ts';
import { type Keys, keysOf } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import {
  BATCH_VERSION,
  type Batch,
  type FuzzBatch,
  type ModelPin,
  type Report,
  type Result,
  type Work,
} from '../../corpus/vocabulary/messages.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { BatchQueue } from '../../daemon/coordinator/queue.ts';
import type { Model } from '../../workers/kernel/path.ts';
import {
  canonicalReference,
  modelDigest,
  modelJson,
  modelOf,
} from '../../workers/models/registry.ts';
import { type Ending, type Limits, runWorker } from '../../workers/service/worker.ts';
import { temporaryFolder } from '../store/sample.ts';
import { until } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from '../workers/support/search.ts';
import { type TestRedis, testClient } from './redis.ts';
import type { Told } from './worker-process.ts';

export const BUILD: string = 'b'.repeat(64);
export const ENGINE: string = 'e'.repeat(64);
export const MODEL = 'v42-immap-read';
export const SEED_TEXT: string = printInput({
  ...seedNamed('b12-fault-vs-punch'),
  schedule: EMPTY_SCHEDULE,
});
const CHILD = fileURLToPath(new URL('./worker-process.js', import.meta.url));

export function fuzzBatch(index: number, change: Partial<FuzzBatch> = {}): FuzzBatch {
  return {
    kind: 'fuzz',
    index,
    model: MODEL,
    rngSeed: RNG_SEED,
    runs: 256,
    sources: [
      { kind: 'given', texts: [SEED_TEXT], statesMax: 0, schedules: 32 },
      { kind: 'fresh' },
    ],
    settledDigest: null,
    settled: [],
    featuresDigest: null,
    ...change,
  };
}

export function pinOf(reference: string): ModelPin {
  return { reference, digest: modelDigest(modelOf(reference)) };
}

/** Of a model that is not built in. */
export function ownPin(model: Model): ModelPin {
  return {
    reference: canonicalReference(model),
    digest: modelDigest(model),
    json: modelJson(model),
  };
}

export function batchOf(id: string, work: Work, models: readonly string[] = [MODEL]): Batch {
  const pins = models.map(pinOf);
  return {
    version: BATCH_VERSION,
    id,
    build: BUILD,
    campaign: 'test',
    epoch: 1,
    models: pins,
    work,
  };
}

export function reportOf(
  id: string,
  result: Result = { kind: 'canary', digest: BUILD, found: [] },
): Report {
  return {
    version: BATCH_VERSION,
    id,
    build: BUILD,
    campaign: 'test',
    executor: 'here.1',
    milliseconds: 1,
    result,
  };
}

/** Fuzz batches as batches, named in order. */
export function fuzzBatches(count: number, change: Partial<FuzzBatch> = {}): readonly Batch[] {
  return Array.from({ length: count }, (_, i) => batchOf(`x${i}`, fuzzBatch(i, change)));
}

export interface WorkerOptions {
  readonly jobs?: number;
  readonly limits?: Limits;
  readonly dataDir?: string;
  readonly mayBeHurt?: boolean;
}

/** One campaign in one Redis. */
export class Rig {
  readonly redis: Pick<TestRedis, 'address'>;
  readonly client: Redis;
  readonly keys: Keys;
  readonly queue: BatchQueue;
  private readonly t: TestContext;

  constructor(t: TestContext, redis: Pick<TestRedis, 'address'>, prefix: string) {
    this.t = t;
    this.redis = redis;
    this.client = testClient(t, redis.address);
    this.keys = keysOf(prefix);
    this.queue = new BatchQueue(this.client, this.keys, BUILD);
  }

  /** A worker in this process. */
  worker(options: WorkerOptions = {}): WorkerHere {
    return new WorkerHere(this.t, this.told(options));
  }

  /** A worker that can be killed. */
  child(options: WorkerOptions = {}): WorkerChild {
    return new WorkerChild(this.t, this.told(options));
  }

  private told({ jobs = 2, limits = {}, dataDir, mayBeHurt = false }: WorkerOptions): Told {
    return {
      redis: this.redis.address,
      prefix: this.keys.prefix,
      jobs,
      build: BUILD,
      engine: ENGINE,
      version: '0.0.0',
      dataDir: dataDir ?? temporaryFolder(this.t),
      host: 'here',
      metrics: { host: '127.0.0.1', port: 0, name: '127.0.0.1' },
      limits,
      mayBeHurt,
    };
  }

  /** All reports that wait for a coordinator. */
  async reports(): Promise<ReadonlyMap<string, Report>> {
    const texts = await this.client.hgetall(this.keys.reports);
    return new Map(
      Object.entries(texts).map(([id, text]) => {
        const { value, problem } = decodeReport(text);
        assert.ok(value !== null, `report ${id}: ${problem}`);
        assert.equal(value.id, id);
        return [id, value];
      }),
    );
  }

  /** Waits until each batch has its report. */
  async reported(ids: readonly string[]): Promise<ReadonlyMap<string, Report>> {
    await until(`reports of ${ids}`, () => this.haveReports(ids));
    return await this.reports();
  }

  private async haveReports(ids: readonly string[]): Promise<boolean> {
    const there = await this.client.hmget(this.keys.reports, ...ids);
    return there.every((text) => text !== null);
  }

  /** As a coordinator does: takes what has been reported, and says that its log has it. */
  async logged(): Promise<void> {
    const exchange = new Exchange(this.client, this.keys);
    const epoch = Number(await exchange.lead(0, 'test'));
    const taken = await exchange.take(epoch, 1000);
    await exchange.settle(
      epoch,
      taken.map(({ id }) => id),
    );
  }

  /** Waits until nothing is in the queues. */
  async emptied(): Promise<void> {
    await until('empty queues', async () => (await this.inQueues()) === 0);
  }

  /** Waits until a worker has taken all that was in the queues. */
  async taken(): Promise<void> {
    await until('batches in hand', async () => {
      const counts = Object.values(await this.queue.counts());
      return counts.every(({ waiting }) => waiting === 0);
    });
  }

  async inQueues(): Promise<number> {
    const counts = Object.values(await this.queue.counts());
    return counts.reduce((sum, { waiting, active }) => sum + waiting + active, 0);
  }
}

/** What a worker logs of an event. */
interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly reason?: string;
}

/** A worker that one can watch. */
abstract class Watched {
  readonly dataDir: string;
  protected text = '';

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  abstract get hasEnded(): boolean;

  get lines(): readonly LogLine[] {
    const lines = this.text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Of warnings and worse. */
  get warnings(): readonly string[] {
    return this.lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
  }

  /** Files of reports on its disk. */
  get spooled(): readonly string[] {
    const spool = path.join(this.dataDir, 'spool');
    return readdirSync(spool).filter((name) => name.endsWith('.json'));
  }

  async hasSaid(pattern: RegExp): Promise<this> {
    const holds = (): boolean => pattern.test(this.text) || this.hasEnded;
    await until(`${pattern} from a worker`, holds);
    assert.match(this.text, pattern);
    return this;
  }

  async started(): Promise<this> {
    return await this.hasSaid(/takes batches/);
  }

  /** What it exports at this moment, by name with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const rows = (await (await this.get('/metrics')).text()).split('\n');
    const cells = rows.map((row) => row.split(' '));
    return new Map(cells.map(([name = '', value]) => [name, Number(value)]));
  }

  async get(route: string): Promise<Response> {
    const [, page = ''] = /"metrics":"(http:[/\d.:]+)\/metrics"/.exec(this.text) ?? [];
    return await fetch(page + route);
  }

  async isBusy(executors: number): Promise<void> {
    await until(`${executors} busy executors`, async () => {
      return (await this.metrics()).get('faultline_worker_executors_busy') === executors;
    });
  }
}

/** In this process; ended with the test at the latest. */
export class WorkerHere extends Watched {
  readonly ended: Promise<Ending>;
  private readonly stopping = new AbortController();
  private isOver = false;

  constructor(t: TestContext, told: Told) {
    super(told.dataDir);
    const stream = {
      write: (line: string): void => {
        this.text += line;
      },
    };
    const log = pino({ level: 'info' }, stream);
    this.ended = runWorker({ ...told, log, stop: this.stopping.signal }).finally(() => {
      this.isOver = true;
    });
    t.after(() => this.stop());
  }

  get hasEnded(): boolean {
    return this.isOver;
  }

  stop(): Promise<Ending> {
    this.stopping.abort();
    return this.ended;
  }
}

/** A process; killed with the test at the latest. */
export class WorkerChild extends Watched {
  readonly pid: number;
  private readonly child: ChildProcess;

  constructor(t: TestContext, told: Told) {
    super(told.dataDir);
    this.child = spawn(process.execPath, [CHILD, JSON.stringify(told)], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    this.pid = this.child.pid ?? 0;
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    t.after(async () => {
      this.signal('SIGKILL');
      await this.exit();
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Its exit code, once it has ended; null after a signal. */
  async exit(): Promise<number | null> {
    if (!this.hasEnded) await once(this.child, 'exit');
    return this.child.exitCode;
  }
}
