/** `worker`: takes batches of a fleet and computes them, until it is told to end. One or many, on any machine. */
import { availableParallelism, hostname } from 'node:os';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import type { RedisAddress } from '../../corpus/exchange/redis.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { MetricsPlace } from '../../workers/service/metrics-server.ts';
import { runWorker } from '../../workers/service/worker.ts';
import { isLoopback, reachedAs } from '../http/bind.ts';
import { serverIn } from '../redis/redis-home.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { VERSION } from './installation.ts';
import { type Endpoint, parseEndpoint, parseJobs } from './options/quantities.ts';
import {
  givenRedis,
  HOW_TO_NAME_ONE,
  REDIS_FILE_FLAG,
  REDIS_FILE_TEXT,
  REDIS_VARIABLE,
  type RedisFlags,
  redisPrefix,
} from './options/redis-choice.ts';
import { type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { logger } from './output/process-log.ts';
import { onInterrupt } from './signals.ts';
import { isSupervised, onOrphaned, tellSupervisor } from './supervised.ts';

/** Set to 1, SIGUSR2 kills one executor: for tests of what follows. */
const FAULTS_VARIABLE = 'FAULTLINE_TEST_FAULTS';

interface Flags extends RedisFlags {
  readonly jobs?: number | undefined;
  readonly metrics?: Endpoint | undefined;
  readonly insecureHttp?: boolean | undefined;
}

export function workerCommand(): CommandUnknownOpts {
  const command = new Command('worker')
    .description('take batches of a fleet from its Redis and compute them')
    .option('--redis <url>', `the fleet's Redis (${REDIS_VARIABLE}; else that of an \`up\` here)`)
    .option(REDIS_FILE_FLAG, REDIS_FILE_TEXT)
    .option('--jobs <n>', 'executor threads (default: all cores)', parseJobs)
    .addOption(
      new Option(
        '--metrics <host:port>',
        'serve /metrics, /livez and /readyz there (default: any free port of 127.0.0.1)',
      )
        .env('FAULTLINE_METRICS')
        .argParser(parseEndpoint),
    )
    .option('--insecure-http', 'serve them beyond this machine; they have no TLS and no token')
    .action(async (flags, self) => {
      await work(flags, settingsOf(self));
    });
  return withCommonOptions(command);
}

async function work(flags: Flags, settings: Settings): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  if (isSupervised()) onOrphaned(stop);
  else onInterrupt(stop);
  const metrics = metricsOf(flags);
  const ending = await runWorker({
    metrics,
    redis: redisOf(flags, settings),
    prefix: redisPrefix(PREFIX_DEFAULT),
    jobs: flags.jobs ?? availableParallelism(),
    build: buildDigest(),
    engine: engineDigest(),
    version: VERSION,
    dataDir: settings.dataDir,
    host: hostname(),
    log: logger('worker', settings),
    stop: stopping.signal,
    working: () => tellSupervisor({ kind: 'working' }),
    mayBeHurt: process.env[FAULTS_VARIABLE] === '1',
  });
  // BullMQ waits for a Redis that is away as long as it takes.
  process.exit(ending === 'done' ? EXIT.done : EXIT.restart);
}

/** @throws Refusal USAGE where other machines could reach it and no flag says that they may */
function metricsOf({ metrics, insecureHttp }: Flags): MetricsPlace {
  const { host, port } = metrics ?? { host: '127.0.0.1', port: 0 };
  if (!isLoopback(host) && insecureHttp !== true) {
    const what = `other machines can reach ${host}, so serving metrics there needs --insecure-http, where the network is trusted`;
    throw fail('USAGE', { what });
  }
  return { host, port, name: reachedAs(host, hostname()) };
}

function redisOf(flags: RedisFlags, { dataDir }: Settings): RedisAddress {
  const given = givenRedis(flags);
  if (given !== undefined) return given;
  const own = serverIn(dataDir);
  if (own !== null) return { path: own.socket };
  const here = `no \`faultline up\` runs in ${dataDir}`;
  const what = `no Redis is named and ${here}: ${HOW_TO_NAME_ONE}`;
  throw fail('USAGE', { what });
}
