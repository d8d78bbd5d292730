/** The coordinator's process: from flags to a daemon, and from signals to its end. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { writeAtomically } from '../../corpus/disk/atomic.ts';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { seedTexts } from '../../corpus/store/seeds.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import { CANARY_MODEL, modelOf, pinnedModel } from '../../workers/models/registry.ts';
import { standingOf } from '../../workers/reproduce/naming.ts';
import { ExecutorPool } from '../../workers/service/executors.ts';
import { DAEMON_FILE } from '../pull/api-address.ts';
import { type DaemonOptions, startDaemon } from '../service/service.ts';
import { designOf } from './design.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { PACKAGE_ROOT, VERSION } from './installation.ts';
import { type CampaignFlags, jobsByDefault } from './options/campaign-options.ts';
import { type HttpFlags, httpOf, webhookOf } from './options/http-options.ts';
import {
  isWithoutRedis,
  type RedisFlags,
  redisPrefix,
  requireRedis,
} from './options/redis-choice.ts';
import type { Settings } from './options/settings.ts';
import { readSubmission } from './options/submission.ts';
import { pinOf, wantedOf } from './options/wanted-campaign.ts';
import { otherEnginesText } from './output/other-engines.ts';
import { logger } from './output/process-log.ts';
import { onInterrupt } from './signals.ts';
import { isSupervised, onOrphaned, RESTARTED_VARIABLE, tellSupervisor } from './supervised.ts';
import { timelineOf } from './timeline.ts';

/** What is in hand is written within milliseconds; longer means that Redis or the disk hangs. */
const STOP_MS = 3000;

type DaemonFlags = CampaignFlags &
  HttpFlags &
  RedisFlags & { readonly jobs?: number; readonly stay?: boolean };

export async function runDaemon(flags: DaemonFlags, settings: Settings): Promise<void> {
  const { dataDir } = settings;
  const log = logger('daemon', settings);
  const others = otherEnginesText(dataDir);
  if (others !== null) log.warn(others);
  const { tokenFile, ...http } = httpOf(flags, dataDir);
  const webhook = webhookOf(flags);
  const options: DaemonOptions = {
    dataDir,
    executors: executorsOf(flags),
    prefix: redisPrefix(PREFIX_DEFAULT),
    build: buildDigest(),
    version: VERSION,
    wanted: wantedOf(flags, settings),
    drawn: {
      campaign: `c${randomBytes(4).toString('hex')}`,
      rngSeed: randomBytes(4).readUInt32LE(),
    },
    isRestart: flags.stay === true || process.env[RESTARTED_VARIABLE] === '1',
    takesOver: flags.takeOver === true,
    seeds: seedTexts(PACKAGE_ROOT),
    canary: pinOf(modelOf(CANARY_MODEL)),
    expectations: { expectedOf, standingOf, designOf, timelineOf },
    readSubmission,
    http,
    say: (text) => log.info(text),
    warn: (text) => log.warn(text),
    found: (news) => log.info(news, 'new finding'),
    webhook,
    serving: (url) => {
      const where = { pid: process.pid, tokenFile: path.resolve(tokenFile), url };
      writeAtomically(dataDir, DAEMON_FILE, `${JSON.stringify(where)}\n`);
      log.info({ url }, 'serving');
    },
    ready: (url) => tellSupervisor({ kind: 'ready', url }),
  };
  const stopping = new AbortController();
  const { signal } = stopping;
  // Before it begins anything, so that no signal ends it in the middle.
  const release = isSupervised()
    ? onOrphaned(() => stopping.abort())
    : onInterrupt(() => stopping.abort());
  try {
    await runUntilTold(options, signal, flags.stay === true, log);
  } finally {
    // Last: a signal that comes twice (`signals.ts`) must not end it in between.
    release();
  }
  log.info('stopped');
}

async function runUntilTold(
  options: DaemonOptions,
  signal: AbortSignal,
  stays: boolean,
  log: Logger,
): Promise<void> {
  if (signal.aborted) return;
  const told = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      log.info('stopping');
      // Redis may be what hangs: what is not settled there comes again at the next start.
      setTimeout(() => process.exit(), STOP_MS).unref();
      resolve();
    });
  });
  const running = await startDaemon(options);
  if (signal.aborted) running.stop();
  signal.addEventListener('abort', () => running.stop());
  try {
    await running.finished.catch((error: unknown) => {
      // Another coordinator leads: whoever comes back would only take its turn away.
      const isRefused = error instanceof Refusal && error.code === 'ENVIRONMENT';
      if (isRefused) tellSupervisor({ kind: 'refused' });
      throw error;
    });
    if (!signal.aborted) log.info('the campaign has come to its end');
    // The process that started it looks once more before everything ends.
    if (isSupervised()) tellSupervisor({ kind: 'finished' });
    if (isSupervised() || stays) await told;
  } finally {
    // First: whoever comes next writes its own.
    rmSync(path.join(options.dataDir, DAEMON_FILE), { force: true });
    await running.close();
  }
}

function executorsOf({ jobs, ...flags }: DaemonFlags): DaemonOptions['executors'] {
  if (!isWithoutRedis(flags)) return { redis: requireRedis(flags) };
  const name = `local-${randomBytes(4).toString('hex')}`;
  const count = jobs ?? jobsByDefault();
  return { pool: () => new ExecutorPool({ count, engine: engineDigest(), name }) };
}

/** A campaign may go on with models that this build no longer reads. */
function expectedOf(pin: ModelPin): readonly string[] {
  try {
    return pinnedModel(pin).expect.find;
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}
