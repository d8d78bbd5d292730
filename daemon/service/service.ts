/** The coordinator process: its parts, put together and taken apart again in the right order. */
import path from 'node:path';
import type { Redis } from 'ioredis';
import { keysOf } from '../../corpus/exchange/keys.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import {
  describe,
  type OutageLog,
  type RedisAddress,
  reachRedis,
  watchOutages,
} from '../../corpus/exchange/redis.ts';
import { requireFit } from '../../corpus/exchange/redis-fitness.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import { MeasuredPace } from '../campaign/pace.ts';
import type { Expectations } from '../campaign/silence.ts';
import { beginOrResume, type Wanted } from '../coordinator/begin.ts';
import { Coordinator } from '../coordinator/coordinator.ts';
import { Fleet } from '../coordinator/fleet.ts';
import { CoordinatorMetrics } from '../coordinator/metrics.ts';
import { Publisher } from '../coordinator/publisher.ts';
import { BatchQueues } from '../coordinator/queue.ts';
import { RedisProbe } from '../coordinator/redis-probe.ts';
import { RedisTransport } from '../coordinator/redis-transport.ts';
import { type RunningServer, type ServerOptions, startServer } from '../http/server.ts';
import { SYSTEM_CLOCK } from '../log/clock.ts';
import { LogWriter } from '../log/writer.ts';
import { LiveStatus } from './live-status.ts';

export interface DaemonOptions {
  readonly dataDir: string;
  readonly redis: RedisAddress;
  readonly prefix: string;
  readonly build: string;
  readonly version: string;
  readonly wanted: Wanted;
  readonly drawn: { readonly campaign: string; readonly rngSeed: number };
  readonly isRestart: boolean;
  readonly seeds: readonly string[];
  readonly canary: ModelPin;
  readonly expectations: Expectations;
  readonly http: Omit<ServerOptions, 'showing' | 'version' | 'onFault'>;
  /** One line for people. */
  say(text: string): void;
  /** It serves and leads. */
  ready(url: string): void;
}

export interface Daemon {
  /** The campaign has come to its end, or was stopped; what there is to see is still served. */
  readonly finished: Promise<void>;
  stop(): void;
  /** To be called once it has finished. */
  close(): Promise<void>;
}

/** A Redis that does not answer a first ping within this time is not there. */
const REACH_MS = 3000;

/** @throws Refusal for whatever the environment lacks, before anything is changed */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { redis: address, prefix, say } = options;
  const redis = await reachRedis(address, REACH_MS);
  try {
    const outages = watchOutages(redis, say);
    for (const { what, remedy } of await requireFit(redis, prefix, address)) {
      say(`the Redis at ${describe(address)}: ${what}; ${remedy}`);
    }
    return await serveLedger(options, redis, outages);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

async function serveLedger(
  options: DaemonOptions,
  redis: Redis,
  outages: OutageLog,
): Promise<Daemon> {
  const { log, figures } = openLog(options);
  try {
    const store = new FindingStore(options.dataDir);
    return await serve(options, { redis, outages, log, figures, store });
  } catch (error) {
    log.close();
    throw error;
  }
}

function openLog({ dataDir, version, build, wanted, say }: DaemonOptions) {
  const models = wanted.models.map(({ reference }) => reference);
  const metrics = metricsFor('coordinator', { version, build, models });
  const log = new LogWriter(path.join(dataDir, 'ledger'), SYSTEM_CLOCK, {
    committed: (seconds) => metrics.observe('ledger_commit_seconds', {}, seconds),
    said: say,
  });
  const figures = new CoordinatorMetrics(metrics, log.state);
  for (const { where, why } of log.damaged) say(`skipped in the ledger: ${where}: ${why}`);
  figures.damaged(log.damaged.length, 0);
  return { log, figures };
}

function begin({ wanted, drawn, isRestart, say }: DaemonOptions, log: LogWriter): void {
  const how = beginOrResume(log, wanted, drawn, isRestart);
  const { campaign, plan, runs } = log.state;
  say(`campaign ${campaign} ${how}: rng-seed ${plan?.rngSeed}, ${runs} runs so far`);
}

interface Opened {
  readonly redis: Redis;
  readonly outages: OutageLog;
  readonly log: LogWriter;
  readonly figures: CoordinatorMetrics;
  readonly store: FindingStore;
}

async function serve(options: DaemonOptions, opened: Opened): Promise<Daemon> {
  const { build, version, seeds, canary, say } = options;
  const { redis, outages, log, figures, store } = opened;
  const { state } = log;
  const clock = SYSTEM_CLOCK;
  const keys = keysOf(options.prefix);
  const exchange = new Exchange(redis, keys);
  const queues = new BatchQueues(redis, keys, build);
  const fleet = new Fleet(exchange, clock, build);
  const probe = new RedisProbe(redis, queues, clock);
  const watcher = {
    said: say,
    folded: figures.folded.bind(figures),
    published: figures.published.bind(figures),
    damaged: (files: number) => figures.damaged(0, files),
  };
  const publisher = new Publisher({ state, log, store, clock, watcher });
  const transport = new RedisTransport({ exchange, queues, fleet, build, said: say });
  const pace = new MeasuredPace();
  const parts = { log, transport, pace, clock, build, seeds, canary };
  const coordinator = new Coordinator({ ...parts, publisher, watcher });
  const shown = new LiveStatus({
    ...{ state, log, coordinator, fleet, probe, publisher, figures, outages, clock },
    version,
    build,
    expectations: options.expectations,
    marks: new Marks(options.dataDir),
  });
  const onFault = (error: unknown): void => say(`a bug in answering HTTP: ${String(error)}`);
  const server = await startServer({ ...options.http, showing: shown, version, onFault });
  try {
    // Nothing is begun before all that could be refused has been accepted.
    begin(options, log);
    publisher.adoptStore();
    probe.start();
    shown.start();
    options.ready(server.url);
  } catch (error) {
    await closeServer({ server, shown, probe });
    throw error;
  }
  return {
    finished: coordinator.run(),
    stop: () => coordinator.stop(),
    close: () => close({ server, shown, probe, queues, redis, log }),
  };
}

interface Serving {
  readonly server: RunningServer;
  readonly shown: LiveStatus;
  readonly probe: RedisProbe;
}

interface Closing extends Serving {
  readonly queues: BatchQueues;
  readonly redis: Redis;
  readonly log: LogWriter;
}

async function close(parts: Closing): Promise<void> {
  const { queues, redis, log } = parts;
  try {
    log.finish();
  } finally {
    log.close();
    await closeServer(parts);
    await queues.close();
    redis.disconnect();
  }
}

async function closeServer({ server, shown, probe }: Serving): Promise<void> {
  shown.stop();
  probe.stop();
  await server.close();
}
