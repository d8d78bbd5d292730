/** `doctor`: whether this machine can run Faultline, and what to type where it cannot. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { reportsOfOtherBuilds } from '../../workers/service/spool.ts';
import { answer, lookApart } from '../doctor/apart.ts';
import { lookAtCoordinator, lookAtPort, lookAtToken } from '../doctor/coordinator-checks.ts';
import {
  lookAtDataDir,
  lookAtDisk,
  lookAtFindings,
  lookAtLeftovers,
  lookAtLog,
  lookAtSpool,
} from '../doctor/data-dir-checks.ts';
import type { Check, Judgement, Level } from '../doctor/judgement.ts';
import {
  judgeMemory,
  judgeNode,
  lookAtCores,
  lookAtOpenFiles,
  lookAtTools,
} from '../doctor/machine-checks.ts';
import { RedisLook } from '../doctor/redis-checks.ts';
import { lookAtBuild, lookAtDeterminism } from './doctor-engine.ts';
import { buildDigest, engineDigest } from './identity.ts';
import { PORT_DEFAULT } from './options/http-options.ts';
import { parseDuration, parsePort } from './options/quantities.ts';
import {
  givenRedis,
  isWithoutRedis,
  NO_REDIS,
  REDIS_FILE_FLAG,
  REDIS_FILE_TEXT,
  REDIS_VARIABLE,
  type RedisFlags,
  redisPrefix,
} from './options/redis-choice.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { EXIT } from './output/endings.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';
import { isSupervised } from './supervised.ts';

/** Names of checks, for the process that looks. */
const CHECKS_VARIABLE = 'FAULTLINE_DOCTOR_CHECKS';
const TIMEOUT_DEFAULT_MS = 10_000;
/** No check waits longer than this part of its time for a server; a Redis is given half of it for all questions. */
const WAITS = 4;

interface Flags extends RedisFlags {
  readonly port: number;
  readonly timeoutMs: number;
}

const TERMINAL = 'terminal';

/** A row of the answer. */
interface Row extends Judgement {
  readonly name: string;
  /** Whether it is no reason to end with 3. */
  readonly ok: boolean;
}

export function doctorCommand(): CommandUnknownOpts {
  const command = new Command('doctor')
    .description('check this machine, its disk and its Redis; says what to type where it is unfit')
    .option(
      '--redis <url>',
      `the Redis to look at (${REDIS_VARIABLE}; else that of an \`up\` here), or ${NO_REDIS}`,
    )
    .option(REDIS_FILE_FLAG, REDIS_FILE_TEXT)
    .option('--port <n>', `port of the page (default: ${PORT_DEFAULT})`, parsePort)
    .option('--timeout <duration>', 'for each check (default: 10s)', parseDuration)
    .action(async ({ port, timeout, ...redis }, self) => {
      const flags = {
        ...redis,
        port: port ?? PORT_DEFAULT,
        timeoutMs: timeout ?? TIMEOUT_DEFAULT_MS,
      };
      const settings = settingsOf(self);
      const checks = checksOf(flags, settings);
      const asked = process.env[CHECKS_VARIABLE];
      if (asked !== undefined && isSupervised()) await answer(checks, asked.split(','));
      else endWith(await doctor(checks, flags, settings));
    });
  return withCommonOptions(command);
}

/** From what everything needs to what few do. */
function checksOf(flags: Flags, { dataDir }: Settings): readonly Check[] {
  const waitMs = flags.timeoutMs / WAITS;
  const redis = new RedisLook({
    given: () => givenRedis(flags),
    isWithout: () => isWithoutRedis(flags),
    prefix: redisPrefix(PREFIX_DEFAULT),
    dataDir,
    env: process.env,
    waitMs,
  });
  return [
    { name: 'node', look: () => judgeNode(process.versions.node) },
    { name: 'build', look: lookAtBuild },
    { name: 'cores', look: lookAtCores },
    { name: 'memory', look: () => judgeMemory(process.availableMemory(), availableParallelism()) },
    { name: 'data-dir', look: () => lookAtDataDir(dataDir) },
    { name: 'disk', look: () => lookAtDisk(dataDir) },
    { name: 'open-files', look: lookAtOpenFiles },
    { name: 'findings', look: () => lookAtFindings(dataDir) },
    { name: 'log', look: () => lookAtLog(dataDir) },
    { name: 'spool', look: () => lookAtSpool(dataDir, () => spooledByOthers(dataDir)) },
    { name: 'leftovers', look: () => lookAtLeftovers(dataDir, engineDigest) },
    { name: 'token', look: () => lookAtToken(dataDir) },
    { name: 'redis', look: () => redis.redis() },
    { name: 'redis-memory', look: () => redis.memory() },
    { name: 'port', look: () => lookAtPort(flags.port, dataDir, waitMs) },
    { name: 'coordinator', look: () => lookAtCoordinator(dataDir, waitMs) },
    { name: 'clock', look: () => redis.clock() },
    { name: 'determinism', look: lookAtDeterminism },
    { name: 'tools', look: () => lookAtTools(process.env.PATH ?? '') },
  ];
}

function spooledByOthers(dataDir: string): readonly string[] {
  return reportsOfOtherBuilds(path.join(dataDir, 'spool'), buildDigest());
}

/** Of this process: one that looks for us has none. */
function lookAtTerminal(stream: NodeJS.WriteStream): Judgement {
  const detail = stream.isTTY
    ? `${stream.columns} columns, ${2 ** stream.getColorDepth()} colours`
    : 'the answer goes to a file or a pipe';
  return { level: 'info', detail, remedy: '' };
}

async function doctor(
  checks: readonly Check[],
  { timeoutMs }: Flags,
  settings: Settings,
): Promise<number> {
  const rows: Row[] = [];
  const told = (name: string, { level, detail, remedy }: Judgement): void => {
    const row = { name, ok: level !== 'fail', level, detail, remedy };
    rows.push(row);
    if (!settings.isJson) say(rendered(row, checks));
  };
  const stop = new AbortController();
  const release = onInterrupt(() => stop.abort());
  const [, program = '', ...args] = process.argv;
  await lookApart(
    checks.map(({ name }) => name),
    {
      limitMs: timeoutMs,
      stop: stop.signal,
      // Only we print answers.
      start: (names) =>
        fork(program, args, {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
          env: { ...process.env, [CHECKS_VARIABLE]: names.join(',') },
        }),
      told,
    },
  );
  release();
  told(TERMINAL, lookAtTerminal(process.stdout));
  if (settings.isJson) sayDocument(rows);
  progress(settings, summaryOf(rows));
  return rows.every(({ ok }) => ok) ? EXIT.done : EXIT.environment;
}

const LEVELS: readonly Level[] = ['ok', 'info', 'warn', 'fail'];

function rendered({ name, level, detail, remedy }: Row, checks: readonly Check[]): string {
  const width = Math.max(...checks.map((check) => check.name.length));
  const line = `${level.padEnd(4)}  ${name.padEnd(width)}  ${detail}`;
  return remedy === '' ? line : `${line}\n        ${remedy}`;
}

function summaryOf(rows: readonly Row[]): string {
  const counts = LEVELS.map((level) => ({
    level,
    count: rows.filter((row) => row.level === level).length,
  }));
  return counts
    .filter(({ count }) => count > 0)
    .map(({ level, count }) => `${count} ${level}`)
    .join(', ');
}
