/** The coordinator process: its parts, put together and taken apart again in the right order. */

import { metricsFor } from '../../corpus/exchange/metrics.ts';
import type { RedisAddress } from '../../corpus/exchange/redis.ts';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Marks } from '../../corpus/store/marks.ts';
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import { MeasuredPace } from '../campaign/pace.ts';
import type { Expectations } from '../campaign/views.ts';
import { beginOrResume, type Wanted } from '../coordinator/begin.ts';
import { Coordinator } from '../coordinator/coordinator.ts';
import { CoordinatorMetrics } from '../coordinator/metrics.ts';
import { Publisher } from '../coordinator/publisher.ts';
import { type RunningServer, type ServerOptions, startServer } from '../http/server.ts';
import type { SubmissionText } from '../http/showing.ts';
import { SYSTEM_CLOCK } from '../log/clock.ts';
import { logFolderOf } from '../log/log-read.ts';
import { LogWriter } from '../log/writer.ts';
import { type Link, type LocalPool, localLink, redisLink } from './link.ts';
import { LiveStatus } from './live-status.ts';
import { SubmissionDesk, type SubmissionRead } from './submission-desk.ts';
import { type News, newsOf, Webhook } from './webhook.ts';

export interface DaemonOptions {
  readonly dataDir: string;
  /** Those of the workers at a Redis, or of this process. */
  readonly executors: { readonly redis: RedisAddress } | { readonly pool: () => LocalPool };
  readonly prefix: string;
  readonly build: string;
  readonly version: string;
  readonly wanted: Wanted;
  readonly drawn: { readonly campaign: string; readonly rngSeed: number };
  readonly isRestart: boolean;
  /** Whether another coordinator that leads the Redis has to give way. */
  readonly takesOver: boolean;
  readonly seeds: readonly string[];
  readonly canary: ModelPin;
  readonly expectations: Expectations;
  /** @throws Refusal for what is no input, no model, or does not fit the other */
  readSubmission(asked: SubmissionText): SubmissionRead;
  readonly http: Omit<ServerOptions, 'showing' | 'version' | 'onFault'>;
  /** One line of what happens, and one of what a person may act on. */
  say(text: string): void;
  warn(text: string): void;
  /** Told of each new finding, once it is on the disk. */
  found(news: News): void;
  /** The server that is told of it, too. */
  readonly webhook: URL | null;
  /** It serves what the log has, whether Redis is there or not. */
  serving(url: string): void;
  /** The campaign goes on. */
  ready(url: string): void;
}

export interface Daemon {
  /**
   * The campaign has come to its end, or was stopped; what there is to see is still served. It rejects with a Refusal for
   * what Redis lacks, before anything is changed.
   */
  readonly finished: Promise<void>;
  stop(): void;
  /** To be called once it has finished. */
  close(): Promise<void>;
}

/** @throws Refusal for what the environment lacks, Redis apart, before anything is changed */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const link = linkOf(options);
  try {
    return await serveLog(options, link);
  } catch (error) {
    await link.close();
    throw error;
  }
}

function linkOf(options: DaemonOptions): Link {
  const { executors } = options;
  return 'pool' in executors
    ? localLink(executors.pool(), options)
    : redisLink(executors.redis, options);
}

async function serveLog(options: DaemonOptions, link: Link): Promise<Daemon> {
  const { log, figures } = openLog(options);
  try {
    const store = new FindingStore(options.dataDir);
    return await serve(options, { link, log, figures, store });
  } catch (error) {
    log.close();
    throw error;
  }
}

function openLog({ dataDir, version, build, wanted, warn }: DaemonOptions) {
  const models = wanted.models.map(({ reference }) => reference);
  const metrics = metricsFor('coordinator', { version, build, models });
  const log = new LogWriter(logFolderOf(dataDir), SYSTEM_CLOCK, {
    committed: (seconds) => metrics.observe('log_commit_seconds', {}, seconds),
    said: warn,
  });
  const figures = new CoordinatorMetrics(metrics, log.state);
  for (const { where, why } of log.damaged) warn(`skipped in the campaign log: ${where}: ${why}`);
  figures.damaged(log.damaged.length, 0);
  return { log, figures };
}

function begin({ wanted, drawn, isRestart, say }: DaemonOptions, log: LogWriter): void {
  const how = beginOrResume(log, wanted, drawn, isRestart);
  const { campaign, settings, runs } = log.state;
  say(`campaign ${campaign} ${how}: rng-seed ${settings?.rngSeed}, ${runs} runs so far`);
}

interface Opened {
  readonly link: Link;
  readonly log: LogWriter;
  readonly figures: CoordinatorMetrics;
  readonly store: FindingStore;
}

async function serve(options: DaemonOptions, opened: Opened): Promise<Daemon> {
  const { build, version, seeds, canary, say, warn } = options;
  const { link, log, figures, store } = opened;
  const { state } = log;
  const clock = SYSTEM_CLOCK;
  const watcher = {
    said: say,
    warned: warn,
    received: figures.received.bind(figures),
    published: (finding: StoredFinding, seconds: number) => {
      figures.published(finding, seconds);
      const news = newsOf(finding, server.url);
      options.found(news);
      webhook?.send(news);
    },
    damaged: (files: number) => figures.damaged(0, files),
  };
  const failed = (): void => figures.webhookFailed();
  const webhook =
    options.webhook === null
      ? null
      : new Webhook({ url: options.webhook, version, said: warn, failed });
  const publisher = new Publisher({ state, log, store, clock, watcher });
  const pace = new MeasuredPace();
  const parts = { log, transport: link.transport, pace, clock, build, seeds, canary };
  const coordinator = new Coordinator({ ...parts, publisher, watcher });
  const desk = new SubmissionDesk({
    state,
    build,
    read: (asked) => options.readSubmission(asked),
    isFinished: () => coordinator.isFinished(),
    submit: (question) => coordinator.submit(question),
  });
  const shown = new LiveStatus({
    ...link,
    ...{ state, log, coordinator, publisher, figures, desk, clock },
    version,
    build,
    expectations: options.expectations,
    marks: new Marks(options.dataDir),
  });
  const onFault = (error: unknown): void => warn(`a bug in answering HTTP: ${String(error)}`);
  const server = await startServer({ ...options.http, showing: shown, version, onFault });
  const stopping = new AbortController();
  let isBegun = false;
  const lead = async (): Promise<void> => {
    if (!(await link.open(stopping.signal))) return;
    // Nothing is begun before all that could be refused has been accepted.
    begin(options, log);
    isBegun = true;
    publisher.adoptStore();
    shown.start();
    options.ready(server.url);
    await coordinator.run();
  };
  try {
    options.serving(server.url);
  } catch (error) {
    await closeServer({ server, shown, link, webhook });
    throw error;
  }
  return {
    finished: lead(),
    stop: () => {
      stopping.abort();
      coordinator.stop();
    },
    close: () => close({ server, shown, link, webhook, log }, isBegun),
  };
}

interface Serving {
  readonly server: RunningServer;
  readonly shown: LiveStatus;
  readonly link: Link;
  readonly webhook: Webhook | null;
}

async function close(
  { log, ...serving }: Serving & { readonly log: LogWriter },
  isBegun: boolean,
): Promise<void> {
  try {
    if (isBegun) log.finish();
  } finally {
    log.close();
    await closeServer(serving);
    await serving.link.close();
  }
}

async function closeServer({ server, shown, link, webhook }: Serving): Promise<void> {
  webhook?.close();
  shown.stop();
  link.stop();
  await server.close();
}
