/**
 * The private Redis of `up`: on a unix socket that only this user can open, with its files in the data folder. It
 * outlives a coordinator that dies, and the next one adopts it: two servers on one append-only file would ruin it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asRefusal, codeOf } from '../../corpus/disk/atomic.ts';
import { isAlive, withLock } from '../../corpus/disk/lock.ts';
import { type RedisAddress, reachRedis } from '../../corpus/exchange/redis.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { findRedisServer, type RedisBinary } from './redis-binary.ts';
import { type Home, homeBelow, isServerOf, leaveHome, OpenLog, pidIn } from './redis-home.ts';

export interface RedisPlace {
  readonly dataDir: string;
  /** Where a redis-server is unpacked to, if none is installed. */
  readonly cacheDir: string;
  readonly say: (line: string) => void;
}

/** A start takes 20 ms; reading back a queue of 100 MB takes seconds. */
const START_TIME_LIMIT_MS = 20_000;
/** How long one that is there may keep silent before it counts as hung. */
const SILENCE_MS = 5000;
/** Longer than an adoption and a start together. */
const LOCK_STALE_MS = 60_000;
/** From the polite signal to the other one; a shutdown takes 100 ms. */
const KILL_AFTER_MS = 3000;
const ASKED_MS = 5;
/** How soon the end of a server that is not our child is seen. */
const WATCHED_MS = 200;

interface Running {
  readonly pid: number;
  readonly wasAdopted: boolean;
  readonly exited: Promise<void>;
}

export class PrivateRedis {
  readonly address: RedisAddress;
  readonly url: string;
  readonly pid: number;
  /** It was there already, left behind by a coordinator that died. */
  readonly wasAdopted: boolean;
  /** Resolves when the server is gone, for whatever reason; keeps no process alive. */
  readonly exited: Promise<void>;
  /** Where its data are. */
  readonly folder: string;
  private readonly home: Home;

  private constructor(home: Home, { pid, wasAdopted, exited }: Running) {
    this.home = home;
    this.folder = home.folder;
    this.address = { path: home.socket };
    this.url = `unix:${home.socket}`;
    this.pid = pid;
    this.wasAdopted = wasAdopted;
    this.exited = exited;
  }

  /** @throws Refusal REDIS_START, REDIS_MISSING or DATA_DIR */
  static async start(place: RedisPlace): Promise<PrivateRedis> {
    const home = homeBelow(place.dataDir);
    try {
      const running = (await adopt(home, place)) ?? (await launchAlone(home, place));
      return new PrivateRedis(home, running);
    } catch (error) {
      throw asRefusal(error, home.folder);
    }
  }

  /** Ends the server, its files whole on disk; resolves when it is gone. */
  async stop(): Promise<void> {
    await end(this.home, this.pid);
    leaveHome(this.home);
  }

  /** Tells the server to end, for a process that has no time to wait for it. */
  dismiss(): void {
    if (isThere(this.home, this.pid)) signal(this.pid, 'SIGTERM');
  }
}

/** The server that is there, if there is one; what hangs there is ended. */
async function adopt(home: Home, { say }: RedisPlace): Promise<Running | null> {
  const deadlineMs = performance.now() + SILENCE_MS;
  for (;;) {
    const pid = await answering(home, SILENCE_MS);
    if (pid !== null) return { pid, wasAdopted: true, exited: gone(pid) };
    // One that has just been started by somebody else has its number on disk before it answers.
    const silent = pidIn(home);
    if (silent === null) return null;
    if (performance.now() >= deadlineMs - ASKED_MS) {
      say(`the Redis of an earlier run (process ${silent}) does not answer; ending it`);
      await end(home, silent);
      return null;
    }
    await sleep(ASKED_MS);
  }
}

async function launchAlone(home: Home, place: RedisPlace): Promise<Running> {
  const binary = await findRedisServer(place.cacheDir, place.say);
  return await withLock(home.folder, LOCK_STALE_MS, async () => {
    return (await adopt(home, place)) ?? (await launch(home, binary));
  });
}

/**
 * The process that answers on the socket.
 *
 * @throws Refusal REDIS_START if it serves another folder
 */
async function answering(home: Home, timeLimitMs: number): Promise<number | null> {
  if (!existsSync(home.socket)) return null;
  try {
    const client = await reachRedis({ path: home.socket }, timeLimitMs);
    try {
      const dir = ((await client.config('GET', 'dir')) as readonly string[])[1];
      if (dir !== home.folder) {
        throw fail('REDIS_START', {
          why: `another server answers at ${home.socket}`,
          log: home.log,
          dir: home.folder,
        });
      }
      return Number(/^process_id:(\d+)/m.exec(await client.info('server'))?.[1]);
    } finally {
      client.disconnect();
    }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'REDIS_UNREACHABLE') return null;
    throw error;
  }
}

async function launch(home: Home, { binary, libraryPath }: RedisBinary): Promise<Running> {
  // Left by a server that was killed.
  for (const file of [home.socket, home.pidFile]) rmSync(file, { force: true });
  const log = new OpenLog(home);
  const child = spawn(binary, argumentsFor(home), {
    cwd: home.folder,
    // In a session of its own: a terminal's Ctrl-C is for us, who still need it to finish.
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor],
    // It may outlive us by days, so it gets nothing else of ours.
    env: {
      PATH: process.env.PATH,
      LD_LIBRARY_PATH: libraryPath ?? process.env.LD_LIBRARY_PATH,
    },
  });
  log.close();
  child.unref();
  // It does so itself, later: should we die before, the next one must know of it.
  if (child.pid !== undefined) writeFileSync(home.pidFile, `${child.pid}\n`);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const pid = await started(home, child);
  if (pid !== null) return { pid, wasAdopted: false, exited };
  child.kill('SIGKILL');
  throw log.refusal(endOf(child));
}

/** @returns null if it ended, or was silent for too long */
async function started(home: Home, child: ChildProcess): Promise<number | null> {
  const deadlineMs = performance.now() + START_TIME_LIMIT_MS;
  while (isRunning(child) && performance.now() < deadlineMs) {
    const pid = await answering(home, START_TIME_LIMIT_MS);
    if (pid !== null) return pid;
    await sleep(ASKED_MS);
  }
  return null;
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

function endOf(child: ChildProcess): string {
  if (child.pid === undefined) return `${child.spawnfile} cannot be run`;
  if (isRunning(child)) return `no answer within ${START_TIME_LIMIT_MS / 1000} s`;
  return `it ended with ${child.signalCode ?? `status ${child.exitCode}`}`;
}

function argumentsFor({ folder, socket, pidFile, log }: Home): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    pidfile: pidFile,
    logfile: log,
    daemonize: 'no',
    // After a kill of Redis nothing is lost; after one of the machine, the last second.
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** SIGTERM is SHUTDOWN without a connection: what was acknowledged is synced, then it ends. */
async function end(home: Home, pid: number): Promise<void> {
  const deadlineMs = performance.now() + KILL_AFTER_MS;
  if (isThere(home, pid)) signal(pid, 'SIGTERM');
  while (isThere(home, pid)) {
    if (performance.now() > deadlineMs) signal(pid, 'SIGKILL');
    await sleep(ASKED_MS);
  }
}

/** Never a process that has got the number since. */
function isThere(home: Home, pid: number): boolean {
  return isAlive(pid) && isServerOf(home, pid) !== false;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has just ended by itself.
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

function gone(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(pid)) return;
      clearInterval(timer);
      resolve();
    }, WATCHED_MS);
    timer.unref();
  });
}
