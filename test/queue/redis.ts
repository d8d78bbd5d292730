/** A Redis of its own for a test: on a socket in a temporary folder, with any settings, killed and started at will. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectionOptions, type RedisAddress, reachRedis } from '../../corpus/exchange/redis.ts';
import { debianProgram } from '../support/debian.ts';

type Cleanup = Pick<TestContext, 'after'>;

const START_TIME_LIMIT_MS = 10_000;
const ASKED_MS = 5;

export interface TestRedis {
  readonly address: RedisAddress;
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
  return { address, url: `unix:${address.path}`, kill, start };
}

async function answers(address: RedisAddress, isRunning: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + START_TIME_LIMIT_MS;
  for (;;) {
    try {
      const client = await reachRedis(address, START_TIME_LIMIT_MS);
      client.disconnect();
      return;
    } catch (error) {
      if (!isRunning() || performance.now() > deadlineMs) throw error;
      await sleep(ASKED_MS);
    }
  }
}

/** A client that goes when the test ends. */
export function testClient(t: Cleanup, address: RedisAddress): Redis {
  const client = new Redis(connectionOptions(address));
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}
