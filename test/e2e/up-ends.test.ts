/** `up` in trouble: however it ends, it says why, and leaves no process behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { kill, Up } from '../chaos/up.ts';
import { skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';

const skip = await skipReason('redis-server');
/** What is computed is not the point. */
const LITTLE = ['--jobs', '1', '--model', 'xfs-mmaplock-prezero'];

/** One whose worker stands still from its first moment, so that a drain takes its time. */
async function slowToEnd(t: TestContext): Promise<{ readonly up: Up; readonly worker: number }> {
  const up = await Up.start(t, LITTLE);
  let worker: number | undefined;
  await up.until('a worker', async () => {
    worker = up.pidOf('worker');
    return worker !== undefined;
  });
  assert.ok(worker !== undefined);
  kill(worker, 'SIGSTOP');
  return { up, worker };
}

/** By then the coordinator has told `up` so. */
async function ready(up: Up): Promise<void> {
  await up.until('a coordinator', async () => (await up.status()) !== undefined);
}

/** After a second Ctrl-C, what is left ends by itself: a worker may have a batch in hand. */
async function gone(up: Up): Promise<void> {
  await until('its processes to be gone', () => up.processes().length === 0);
}

test('Ctrl-C before the coordinator serves: what it says later starts nothing', {
  skip,
}, async (t) => {
  const { up, worker } = await slowToEnd(t);
  up.signal('SIGINT');
  // Told in time, the coordinator never serves.
  await ready(up).catch(() => up.ended());
  kill(worker, 'SIGCONT');
  assert.equal((await up.ended()).exit, 0, up.said);
  assert.doesNotMatch(up.said, /page and findings/);
  assert.deepEqual(up.processes(), []);
});

test('a second Ctrl-C ends it at once, and its Redis too', { skip }, async (t) => {
  const { up, worker } = await slowToEnd(t);
  await ready(up);
  // Until it is not the echo of the first one.
  await until('its end', () => {
    up.signal('SIGINT');
    return up.hasEnded;
  });
  assert.equal((await up.ended()).exit, 130, up.said);
  kill(worker, 'SIGCONT');
  await gone(up);
});

test('its logs are gone, its worker is told to end: so does everything, with a word', {
  skip,
}, async (t) => {
  const up = await Up.start(t, LITTLE);
  await up.until('runs', async () => ((await up.status())?.runs ?? 0) > 0);
  rmSync(path.join(up.dataDir, 'log'), { recursive: true });
  const worker = up.pidOf('worker');
  assert.ok(worker !== undefined);
  kill(worker, 'SIGTERM');
  assert.equal((await up.ended()).exit, 0, up.said);
  assert.match(up.said, /worker was told to end/);
  assert.match(up.said, /^\d+ findings? in /m);
  assert.deepEqual(up.processes(), []);
});

test('its port is taken: one document says so', { skip }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const up = await Up.start(t, ['--json', '-q', '--port', String(port)]);
  assert.equal((await up.ended()).exit, 3, up.said);
  const { error } = JSON.parse(
    up.said.slice(up.said.search(/^\{$/m), up.said.lastIndexOf('}') + 1),
  );
  assert.equal(error.message, `port ${port} is in use on 127.0.0.1`);
  assert.match(error.hint, /--port/);
  assert.deepEqual(up.processes(), []);
});
