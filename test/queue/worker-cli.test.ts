/** `faultline worker`: what it refuses, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readHeartbeat } from '../../corpus/exchange/heartbeat.ts';
import { keysOf, PREFIX_DEFAULT } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { faultline, faultlineHere, MAIN } from '../cli/faultline.ts';
import { Talking } from '../e2e/fuzz.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { type Cleanup, testClient, testRedis } from './redis.ts';

const skip = await skipReason('redis-server');
delete process.env.FAULTLINE_REDIS_URL;

describe('faultline worker', { skip, concurrency: true }, () => {
  for (const [what, args, exit, pattern] of [
    ['no Redis', [], 2, /no Redis is named and no `faultline up` runs in .*: give --redis URL/],
    ['an address that is none', ['--redis', 'nowhere'], 2, /"nowhere" is no address of a Redis/],
    [
      'metrics for everybody',
      ['--metrics', '0.0.0.0:0'],
      2,
      /other machines can reach 0.0.0.0.* needs --insecure-http/,
    ],
    ['metrics nowhere', ['--metrics', 'http://x'], 2, /must be HOST:PORT, such as 127.0.0.1:9101/],
    ['too many executors', ['--jobs', '1M'], 2, /It must be at most 1024/],
  ] as const) {
    test(`refuses ${what}`, async (t) => {
      const ended = await faultlineHere(['worker', ...args], temporaryFolder(t));
      assert.match(ended.stderr, pattern);
      assert.equal(ended.exit, exit);
      assert.equal(ended.stdout, '');
    });
  }

  test('refuses a port that is taken', async (t) => {
    const { url } = await testRedis(t);
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const args = ['worker', '--redis', url, '--metrics', `${address.port}`];
    const ended = await faultline(args, temporaryFolder(t));
    assert.match(
      ended.stderr,
      /cannot serve metrics on 127.0.0.1 port \d+: address already in use/,
    );
    assert.equal(ended.exit, 3);
  });

  test('works until Ctrl-C, and leaves nothing but an empty spool; a password is not said', async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'redis.url');
    writeFileSync(file, `${await urlWithPassword(t, 'hunter2')}\n`, { mode: 0o600 });
    const worker = new Talking([MAIN, 'worker', '--redis-file', file, '--jobs', '1'], folder);
    await worker.until(/takes batches/);
    worker.interrupt();
    const { exit, stdout, stderr } = await worker.ended();
    assert.equal(exit, 0);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    assert.ok(existsSync(`${folder}/.faultline/spool`));
  });

  test('ends when its supervisor is gone', async (t) => {
    const { url } = await testRedis(t);
    const args = [MAIN, 'worker', '--redis', url, '--jobs', '1'];
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    const child = spawn(process.execPath, args, { cwd: temporaryFolder(t), stdio: [...stdio] });
    t.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child.stderr ?? child, 'data');
    child.disconnect();
    assert.deepEqual(await exited, [0, null]);
  });
});

test('a worker waits for a Redis that is not there yet, and says so to probes', {
  skip,
}, async (t) => {
  const redis = await testRedis(t);
  await redis.kill();
  const port = await freePort();
  const args = ['--redis', redis.url, '--jobs', '1', '--metrics', String(port)];
  const worker = new Talking([MAIN, 'worker', ...args], temporaryFolder(t));
  t.after(() => worker.interrupt());
  await worker.until(/no Redis at unix:.*; waiting for it/);
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  assert.equal((await ask('/livez')).status, 200);
  const unready = await ask('/readyz');
  assert.equal(unready.status, 503);
  assert.match(await unready.text(), /^not ready: it waits for the Redis at unix:/);
  assert.match(await (await ask('/metrics')).text(), /^faultline_worker_ready 0$/m);
  await redis.start();
  await worker.until(/takes batches/);
  assert.equal((await ask('/readyz')).status, 200);
  worker.interrupt();
  assert.equal((await worker.ended()).exit, 0);
});

test('a worker that waits for a Redis ends at the first signal', { skip }, async (t) => {
  const redis = await testRedis(t);
  await redis.kill();
  // The second is deaf: it takes connections, and never answers.
  const deaf = createServer().listen(0, '127.0.0.1');
  t.after(() => deaf.close());
  await once(deaf, 'listening');
  const { port } = deaf.address() as AddressInfo;
  const connected = once(deaf, 'connection');
  const [away, silent] = [redis.url, `redis://127.0.0.1:${port}`].map(
    (url) => new Talking([MAIN, 'worker', '--redis', url, '--jobs', '1'], temporaryFolder(t)),
  );
  assert.ok(away !== undefined && silent !== undefined);
  await away.until(/waiting for it/);
  await connected;
  for (const worker of [away, silent]) {
    worker.interrupt();
    const { exit, stderr } = await worker.ended();
    assert.equal(exit, 0);
    assert.doesNotMatch(stderr, /within 5 s/);
  }
});

test('metrics on all addresses are announced by the name of the machine', { skip }, async (t) => {
  const { url, address } = await testRedis(t);
  const args = ['--redis', url, '--jobs', '1', '--metrics', '0.0.0.0:0', '--insecure-http'];
  const worker = new Talking([MAIN, 'worker', ...args], temporaryFolder(t));
  await worker.until(/takes batches/);
  const exchange = new Exchange(testClient(t, address), keysOf(PREFIX_DEFAULT));
  let told: string | null = null;
  await until('a heartbeat', async () => {
    const [beat] = await exchange.fleet();
    told = readHeartbeat(beat?.json ?? '')?.metrics ?? null;
    return told !== null;
  });
  const port = new RegExp(`^${hostname()}:(\\d+)$`).exec(told ?? '')?.[1];
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.match(await answer.text(), /^faultline_worker_ready/m);
  worker.interrupt();
  assert.equal((await worker.ended()).exit, 0);
});

/** A password goes with a host only. */
async function urlWithPassword(t: Cleanup, password: string): Promise<string> {
  const { address } = await testRedis(t);
  const port = await freePort();
  const client = testClient(t, address);
  await client.config('SET', 'port', port);
  await client.config('SET', 'requirepass', password);
  return `redis://:${password}@127.0.0.1:${port}`;
}

/** Free now. */
async function freePort(): Promise<number> {
  const looking = createServer().listen(0, '127.0.0.1');
  await once(looking, 'listening');
  const { port } = looking.address() as AddressInfo;
  looking.close();
  await once(looking, 'close');
  return port;
}
