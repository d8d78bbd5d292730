/** 100 000 tiny batches leave neither Redis nor the worker any larger. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { testRedis } from './redis.ts';
import { pour, quickFolder, redisBytes } from './worker-pour.ts';
import { Rig } from './worker-rig.ts';

const skip = await skipReason('redis-server');
const TENTHS = 10;
const TENTH = 10_000;
/** Queues and event streams are full and every path is compiled. */
const WARM = 3;
const KIB = 1024;
const REDIS_GROWTH_MAX = 512 * KIB;
/** What V8 leaves to the next large collection. */
const WORKER_GROWTH_MAX = 24 * KIB * KIB;

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return KIB * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

test('100 000 tiny batches leave memory flat', { skip }, async (t) => {
  const rig = new Rig(t, await testRedis(t), '{memory}');
  const worker = await rig.child({ dataDir: quickFolder(t) }).started();
  const redis: number[] = [];
  const resident: number[] = [];
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    await pour(rig, tenth * TENTH, TENTH);
    redis.push(await redisBytes(rig));
    resident.push(residentBytes(worker.pid));
    t.diagnostic(`Redis ${redis.at(-1)} B, worker ${resident.at(-1)} B`);
  }
  const growth = (bytes: readonly number[]): number =>
    Math.max(...bytes.slice(WARM)) - Math.max(...bytes.slice(0, WARM));
  assert.ok(growth(redis) < REDIS_GROWTH_MAX, `Redis grew: ${redis}`);
  assert.ok(growth(resident) < WORKER_GROWTH_MAX, `the worker grew: ${resident}`);
  assert.equal(worker.spooled.length < TENTH, true);
});
