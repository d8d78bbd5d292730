/** A queue client that takes nothing while jobs wait is replaced; if that does not help, the worker says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { queueName } from '../../corpus/exchange/keys.ts';
import { Consumer } from '../../workers/service/consumer.ts';
import { Watchdog } from '../../workers/service/watchdog.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { testDatabase } from './redis.ts';
import { BUILD, fuzzBatches, Rig } from './worker-rig.ts';

const skip = await skipReason('redis-server');
/** Passes where a test says so. */
const SILENT_MS = 1_000_000;
/** Where none helps. Two replacements must lie within four times as long. */
const HOPELESS_MS = 700;
const NEVER: Promise<never> = new Promise(() => {});

interface Parked {
  readonly how: string;
  readonly park: (blocking: Redis) => Promise<void>;
  /** So that its timers end before the test does. */
  readonly free: (blocking: Redis) => Promise<void>;
}

/** The states in which a connection has been seen to stay. */
const PARKED: readonly Parked[] = [
  {
    how: 'at its end',
    park: async (blocking) => {
      blocking.connect = () => NEVER;
      blocking.disconnect();
      await until('end of the connection', () => blocking.status === 'end');
    },
    free: async () => {},
  },
  {
    how: 'reconnecting for ever',
    park: async (blocking) => {
      blocking.options.retryStrategy = () => 1 << 30;
      blocking.stream.destroy();
      await until('try to reconnect', () => blocking.status === 'reconnecting');
    },
    free: (blocking) => blocking.connect(),
  },
  {
    how: 'ready but deaf',
    park: async (blocking) => {
      await until('blocking read', () => blocking.status === 'ready');
      blocking.stream.pause();
    },
    free: async (blocking) => {
      blocking.stream.resume();
    },
  },
];

function consumerInto(taken: string[], rig: Rig): Consumer {
  return new Consumer({
    redis: rig.client,
    keys: rig.keys,
    build: BUILD,
    room: 1,
    take: async ({ id }) => {
      taken.push(id);
    },
    trouble: () => {},
  });
}

describe('the watchdog', { skip, concurrency: true }, () => {
  for (const { how, park, free } of PARKED) {
    test(`replaces a client whose blocking connection is ${how}`, async (t) => {
      const rig = new Rig(t, await testDatabase(t), '{parked}');
      const [first, ...others] = fuzzBatches(3);
      assert.ok(first !== undefined);
      const taken: string[] = [];
      let replaced = 0;
      const consumer = consumerInto(taken, rig);
      t.after(() => consumer.abandon());
      let aheadMs = 0;
      const watchdog = new Watchdog({
        consumer,
        silentMs: SILENT_MS,
        nowMs: () => performance.now() + aheadMs,
        idle: () => {},
        replaced: () => {
          replaced += 1;
        },
        hopeless: () => assert.fail('one replacement is enough'),
      });
      t.after(() => watchdog.stop());
      await rig.queue.add([first]);
      await until('job', () => taken.length === 1);
      const { blocking } = consumer.client;
      await park(blocking);
      await rig.queue.add(others);
      await watchdog.look();
      assert.equal(replaced, 0);
      aheadMs = SILENT_MS;
      await watchdog.look();
      await until('jobs again', () => taken.length === 3);
      assert.deepEqual(taken, ['x0', 'x1', 'x2']);
      assert.equal(replaced, 1);
      await rig.emptied();
      watchdog.stop();
      await free(blocking);
      consumer.abandon();
    });
  }

  test('asks for another process where replacing does not help', async (t) => {
    const rig = new Rig(t, await testDatabase(t), '{paused}');
    const queue = `${rig.keys.prefix}:${queueName(BUILD)}`;
    await rig.client.hset(`${queue}:meta`, 'paused', '1');
    await rig.queue.add(fuzzBatches(1));
    const worker = rig.worker({ limits: { silentMs: HOPELESS_MS } });
    assert.equal(await worker.ended, 'restart');
    const { length } = worker.lines.filter(({ msg }) => /^replaced a queue client/.test(msg));
    // More where two of them were too far apart.
    assert.ok(length >= 2);
    assert.match(worker.warnings.at(-1) ?? '', /to be restarted/);
    assert.equal((await rig.queue.counts()).fuzz.waiting, 1);
  });
});

test('an outage that lasts longer is not taken for silence', async () => {
  let [nowMs, isUp, replaced] = [0, true, 0];
  const consumer = {
    hasRoom: true,
    lastMs: 0,
    waiting: async () => {
      if (isUp) return 1;
      throw new Error('Connection is closed.');
    },
    replace: () => {
      replaced += 1;
    },
  };
  const never = (): void => {};
  const watchdog = new Watchdog({
    consumer,
    silentMs: SILENT_MS,
    nowMs: () => nowMs,
    idle: never,
    replaced: never,
    hopeless: never,
  });
  await watchdog.look();
  isUp = false;
  for (nowMs of [0.5, 2, 4].map((times) => times * SILENT_MS)) await watchdog.look();
  isUp = true;
  await watchdog.look();
  assert.equal(replaced, 0);
  nowMs += SILENT_MS;
  await watchdog.look();
  assert.equal(replaced, 1);
  watchdog.stop();
});
