/**
 * The worker process: it takes batches from the queue of its build, has its executors compute them, and reports. It keeps
 * nothing but the reports that are on their way, so it may be killed at any moment, and be one of many.
 *
 * This thread owns Redis, BullMQ, the spool and the metrics server; executors do nothing but compute, so that locks are
 * renewed meanwhile.
 */

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isNotConnectionError } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Heartbeat } from '../../corpus/exchange/heartbeat.ts';
import { type Keys, keysOf } from '../../corpus/exchange/keys.ts';
import { type Metrics, metricsFor } from '../../corpus/exchange/metrics.ts';
import { unpackFeatures, unpackSettled } from '../../corpus/exchange/named-lists.ts';
import {
  awaitRedis,
  connectionOptions,
  describe,
  type OutageLog,
  type RedisAddress,
  watchOutages,
} from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { BatchHandler } from './batch-handler.ts';
import { Consumer } from './consumer.ts';
import { ExecutorPool, type Loss } from './executors.ts';
import { HeartbeatSender } from './heartbeat.ts';
import { ListCache } from './list-cache.ts';
import { type MetricsPlace, type MetricsServer, serveMetrics } from './metrics-server.ts';
import { Outbox } from './outbox.ts';
import { Repeats } from './repeats.ts';
import { Spool } from './spool.ts';
import { SILENT_MS, Watchdog } from './watchdog.ts';

export interface WorkerConfig {
  readonly redis: RedisAddress;
  readonly prefix: string;
  /** Executors. */
  readonly jobs: number;
  /** SHA-256 of all that determines a report: whose batches it takes. */
  readonly build: string;
  /** SHA-256 of the engine, as repros name it. */
  readonly engine: string;
  readonly version: string;
  /** Its spool is kept here. */
  readonly dataDir: string;
  readonly host: string;
  /** Where its metrics are served; null serves none. */
  readonly metrics: MetricsPlace | null;
  readonly log: Logger;
  /** Aborted when it is to finish what it has in hand and end. */
  readonly stop: AbortSignal;
  /** Called when it takes batches. */
  readonly working?: () => void;
  readonly limits?: Limits;
  /** Whether SIGUSR2 kills an executor, for tests of what follows. */
  readonly mayBeHurt?: boolean;
}

/** What tests make smaller. */
export interface Limits {
  /** Work that takes longer hangs. */
  readonly hangMs?: number;
  /** Megabytes of heap an executor may fill. */
  readonly heapMb?: number;
  /** How long the queue client may be silent while jobs wait. */
  readonly silentMs?: number;
  /** How long batches in hand may take at the end. */
  readonly drainMs?: number;
}

/** `restart`: it cannot go on; another process in its place can. */
export type Ending = 'done' | 'restart';

/** A Redis that can be worked with answers in milliseconds. */
const REACH_MS = 5000;
/** Batches are worth 1-5 s; an orchestrator gives 10 s to 30 s. */
const DRAIN_MS = 8000;
/** Of a host's name in the names of executors. */
const HOST_LENGTH_MAX = 40;
/** How often an end is looked for. */
const DRAIN_LOOK_MS = 50;

/**
 * Works until it is stopped. Resolves when all that it began is reported, on its disk at least, or left to be
 * found stalled by others. BullMQ may still hold on to a Redis that is away, so the process is to be ended.
 *
 * @throws Refusal REDIS_UNREACHABLE, REDIS_UNFIT, DATA_DIR, or ENVIRONMENT if its port is taken
 */
export async function runWorker(config: WorkerConfig): Promise<Ending> {
  const spool = new Spool(path.join(config.dataDir, 'spool'));
  const worker = new FleetWorker(config, spool);
  try {
    await worker.open();
    return await worker.end;
  } finally {
    await worker.drain();
  }
}

/** Waits for it. @returns false if it was told to stop before */
async function isRedisThere({ redis, prefix, log, stop }: WorkerConfig): Promise<boolean> {
  const client = await awaitRedis(redis, REACH_MS, stop, (line) => log.warn(line));
  if (client === null) return false;
  try {
    for (const { what, remedy } of await requireFit(client, prefix, redis)) {
      log.warn({ remedy }, `the Redis at ${describe(redis)}: ${what}`);
    }
    return true;
  } finally {
    client.disconnect();
  }
}

class FleetWorker {
  /** What makes it end. */
  readonly end: Promise<Ending>;
  private readonly config: WorkerConfig;
  private readonly id: string;
  private readonly log: Logger;
  private readonly metrics: Metrics<'worker'>;
  private readonly troubles: Repeats;
  private readonly keys: Keys;
  /** For everything but blocking reads. */
  private readonly redis: Redis;
  private readonly exchange: Exchange;
  private readonly outages: OutageLog;
  private readonly pool: ExecutorPool;
  private readonly outbox: Outbox;
  private readonly handler: BatchHandler;
  private consumer: Consumer | null = null;
  private watchdog: Watchdog | null = null;
  private beats: HeartbeatSender | null = null;
  private metricsServer: MetricsServer | null = null;
  private outagesCounted = 0;
  /** On the clock of `performance.now()`, which no setting of the time changes. */
  private progressMs = performance.now();
  private isDraining = false;
  private giveUp: () => void = () => {};
  private readonly hurt = (): void => this.pool.killOne();
  private readonly warn = (line: string): void => this.log.warn(line);
  private readonly info = (line: string): void => this.log.info(line);

  constructor(config: WorkerConfig, spool: Spool) {
    const { redis, prefix, build, version, stop } = config;
    this.config = config;
    this.id = workerId(config.host);
    this.log = config.log.child({ worker: this.id });
    this.metrics = metricsFor('worker', { version, build });
    this.troubles = new Repeats(this.warn);
    this.keys = keysOf(prefix);
    this.redis = connect(redis);
    this.outages = watchOutages(this.redis, this.warn, this.info);
    this.pool = this.startPool();
    const { metrics, troubles, pool } = this;
    this.exchange = new Exchange(this.redis, this.keys);
    const { exchange } = this;
    this.outbox = new Outbox({ spool, exchange, metrics, troubles });
    this.handler = new BatchHandler({
      pool,
      featureLists: new ListCache(exchange, unpackFeatures),
      settledLists: new ListCache(exchange, unpackSettled),
      outbox: this.outbox,
      metrics,
      build,
      troubles,
      finished: () => this.progressed(),
      saw: (batch, signatures) => this.log.debug({ batch, signatures }, 'witnesses'),
    });
    this.end = new Promise((resolve) => {
      this.giveUp = () => resolve('restart');
      if (stop.aborted) resolve('done');
      stop.addEventListener('abort', () => resolve('done'), { once: true });
    });
  }

  /** Takes batches from now on. */
  async open(): Promise<void> {
    const { jobs, metrics: place } = this.config;
    // First: who looks after it learns that it waits for Redis.
    if (place !== null) this.metricsServer = await this.serveMetrics(place);
    if (!(await isRedisThere(this.config))) return;
    // Where it is gone again it is waited for, as later.
    await this.redis.connect().catch(() => {});
    this.redis.on('close', () => this.outbox.doubt());
    this.redis.on('ready', () => this.resume());
    this.resume();
    const consumer = this.openConsumer();
    this.consumer = consumer;
    this.watchdog = this.startWatchdog(consumer);
    if (this.config.mayBeHurt === true) process.on('SIGUSR2', this.hurt);
    this.beats = new HeartbeatSender({
      exchange: this.exchange,
      outbox: this.outbox,
      warn: this.warn,
      info: this.info,
      heartbeat: () => this.heartbeat(),
    });
    const { redis, build } = this.config;
    const metrics =
      this.metricsServer === null ? null : `http://${this.metricsServer.address}/metrics`;
    this.log.info({ redis: describe(redis), executors: jobs, build, metrics }, 'takes batches');
    this.config.working?.();
  }

  /** Ends what is in hand and leaves. Never takes much longer than its deadline, whatever Redis does. */
  async drain(): Promise<void> {
    const { drainMs = DRAIN_MS } = this.config.limits ?? {};
    this.isDraining = true;
    this.watchdog?.stop();
    let isClosed = this.consumer === null;
    void this.consumer?.close().then(() => {
      isClosed = true;
    });
    const deadlineMs = performance.now() + drainMs;
    // Without Redis a report on the disk is as far as one can get.
    const isEnough = (): boolean => isClosed || (!this.outages.isUp && this.handler.underway === 0);
    while (!isEnough() && performance.now() < deadlineMs) await delay(DRAIN_LOOK_MS);
    const { underway } = this.handler;
    if (this.consumer !== null) this.log.info({ leftToOthers: underway }, 'leaves');
    await this.beats?.leave();
    this.release();
    await this.pool.close();
  }

  private release(): void {
    process.off('SIGUSR2', this.hurt);
    this.outbox.close();
    this.consumer?.abandon();
    this.redis.disconnect();
    this.metricsServer?.close();
  }

  private startPool(): ExecutorPool {
    const { jobs, engine, limits } = this.config;
    const { hangMs, heapMb } = limits ?? {};
    return new ExecutorPool({
      count: jobs,
      engine,
      name: this.id,
      ...(hangMs === undefined ? {} : { hangMs }),
      ...(heapMb === undefined ? {} : { heapMb }),
      replaced: (loss) => this.noteReplaced(loss),
      counted: (work, { runs, steps }) => {
        if (work.kind !== 'fuzz') return;
        this.metrics.inc('worker_runs_total', { model: work.model }, runs);
        this.metrics.inc('worker_steps_total', { model: work.model }, steps);
      },
    });
  }

  private noteReplaced(cause: Loss): void {
    this.log.warn({ cause }, 'replaced an executor');
    this.metrics.inc('worker_restarts_total', { cause });
  }

  private openConsumer(): Consumer {
    const { redis, keys, handler } = this;
    return new Consumer({
      redis,
      keys,
      build: this.config.build,
      room: this.config.jobs,
      take: (job) => handler.take(job),
      trouble: (error) => this.noteTrouble(error),
    });
  }

  private noteTrouble(error: Error): void {
    if (isPassing(error)) this.log.debug(error.message);
    else this.troubles.tell(error.message);
  }

  private startWatchdog(consumer: Consumer): Watchdog {
    const { metrics, log } = this;
    return new Watchdog({
      consumer,
      silentMs: this.config.limits?.silentMs ?? SILENT_MS,
      idle: () => this.progressed(),
      replaced: () => {
        // It has mended itself; the next step says more.
        log.info('replaced a queue client that took nothing');
        metrics.inc('worker_restarts_total', { cause: 'replaced' });
      },
      hopeless: () => {
        log.error('takes nothing from the queue, even with a new client; to be restarted');
        this.giveUp();
      },
    });
  }

  private progressed(): void {
    this.progressMs = performance.now();
  }

  /** Redis is there, perhaps again, perhaps another one. */
  private resume(): void {
    this.watchdog?.pardon();
    void this.outbox.sendLeft();
  }

  private serveMetrics(place: MetricsPlace): Promise<MetricsServer> {
    return serveMetrics(place, {
      metrics: () => this.metricsText(),
      metricsType: this.metrics.contentType,
      trouble: () => this.trouble(),
    });
  }

  /** Why it takes no batches, or null. */
  private trouble(): string | null {
    if (this.isDraining) return 'it ends';
    if (!this.outages.isUp) return `it waits for the Redis at ${describe(this.config.redis)}`;
    return this.consumer === null ? 'it is starting' : null;
  }

  private metricsText(): Promise<string> {
    const { metrics, outages, pool } = this;
    metrics.set('worker_ready', {}, this.trouble() === null ? 1 : 0);
    metrics.set('worker_progress_age_seconds', {}, (performance.now() - this.progressMs) / 1000);
    metrics.set('worker_executors', {}, pool.count);
    metrics.set('worker_executors_busy', {}, pool.busy);
    metrics.set('worker_spool_oldest_seconds', {}, this.outbox.oldestSeconds());
    metrics.set('worker_redis_up', {}, outages.isUp ? 1 : 0);
    metrics.inc('worker_redis_outages_total', {}, outages.outages - this.outagesCounted);
    this.outagesCounted = outages.outages;
    return metrics.text();
  }

  private heartbeat(): Heartbeat {
    const { host, build, version } = this.config;
    return {
      id: this.id,
      host: hostWord(host),
      pid: process.pid,
      build,
      version,
      executors: this.pool.count,
      busy: this.pool.busy,
      isDraining: this.isDraining,
      runs: this.pool.totals.runs,
      metrics: this.metricsServer?.address ?? null,
    };
  }
}

function connect(address: RedisAddress): Redis {
  const client = new Redis(connectionOptions(address));
  // What becomes of the connection is said by `watchOutages`.
  client.on('error', () => {});
  return client;
}

function hostWord(host: string): string {
  return host.replace(/[^\w.-]/g, '-').slice(0, HOST_LENGTH_MAX) || 'host';
}

/** No two processes have the same, and it may begin the names of executors. */
function workerId(host: string): string {
  return `${hostWord(host)}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

/**
 * What comes and goes with a connection, which is said elsewhere, and what BullMQ says of a lock that was lost
 * with it (its answers carry a code): the batch is run again.
 */
function isPassing(error: Error): boolean {
  const isOfConnection = !isNotConnectionError(error) || error.message.startsWith('Socket timeout');
  return isOfConnection || 'code' in error || error.message.startsWith('could not renew lock');
}
