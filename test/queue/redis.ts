/** A Redis of its own for a test: on a socket in a temporary folder, with any settings, killed and started at will. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectionOptions, type RedisAddress, reachRedis } from '../../corpus/exchange/redis.ts';
import { debianProgram } from '../support/debian.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** What a test context does; the runner has one too. */
export interface Cleanup {
  after(end: () => unknown): void;
}

const ASKED_MS = 5;

export interface TestRedis {
  readonly address: RedisAddress;
  readonly socket: string;
  readonly url: string;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Again, with the same folder and settings; resolves when it answers. */
  start(): Promise<void>;
}

/**
 * Runs until the test ends. Keeps nothing on disk unless told to (`--appendonly yes`).
 *
 * @param socket where another folder than its own is asked for
 */
export async function testRedis(
  t: Cleanup,
  settings: readonly string[] = [],
  socket?: string,
): Promise<TestRedis> {
  const folder = mkdtempSync(path.join(tmpdir(), 'faultline-redis-'));
  const address = { path: socket ?? path.join(folder, 'redis.sock') };
  const places = ['--port', '0', '--unixsocket', address.path, '--dir', folder, '--save', ''];
  let child: ChildProcess | undefined;
  const isRunning = (): boolean => child?.exitCode === null && child.signalCode === null;
  const kill = async (): Promise<void> => {
    if (child === undefined || !isRunning()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async (): Promise<void> => {
    const program = await debianProgram('redis-server');
    assert.ok('path' in program, 'a test that needs Redis asks for skipReason first');
    const options = { env: program.env, cwd: folder, stdio: 'ignore' } as const;
    child = spawn(program.path, [...places, ...settings], options);
    await answers(address, isRunning);
  };
  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return { address, socket: address.path, url: `unix:${address.path}`, kill, start };
}

async function answers(address: RedisAddress, isRunning: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const client = await reachRedis(address, PATIENCE_MS);
      client.disconnect();
      return;
    } catch (error) {
      if (!isRunning() || performance.now() > deadlineMs) throw error;
      await sleep(ASKED_MS);
    }
  }
}

/** A client that goes when the test ends, and its duplicates with it: BullMQ blocks on one, and may leave it behind. */
export function testClient(t: Cleanup, address: RedisAddress): Redis {
  return mortal(t, new Redis(connectionOptions(address)));
}

function mortal(t: Cleanup, client: Redis): Redis {
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override) => mortal(t, duplicate(override));
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}

/** Names the socket of the one Redis that the runner keeps for all suites. */
const SHARED_VARIABLE = 'FAULTLINE_TEST_REDIS';
const DATABASES = 4096;

/** Started by the runner; every process that it starts finds it. */
export async function shareRedis(t: Cleanup): Promise<void> {
  const { socket } = await testRedis(t, ['--databases', String(DATABASES)]);
  process.env[SHARED_VARIABLE] = socket;
}

/** An empty database, for tests that neither kill nor configure its Redis; one of their own in a file run by hand. */
export async function testDatabase(t: Cleanup): Promise<Pick<TestRedis, 'address'>> {
  const socket = process.env[SHARED_VARIABLE];
  if (socket === undefined) return await testRedis(t);
  const counting = new Redis(connectionOptions({ path: socket }));
  const number = await counting.incr('databases');
  const address = { path: socket, db: 1 + (number % (DATABASES - 1)) };
  await counting.select(address.db);
  await counting.flushdb();
  counting.disconnect();
  return { address };
}
