/** What is taken from the private Redis of `up` while it runs: it mends that by itself, and what was found stays. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { kill, Up } from '../chaos/up.ts';
import { skipReason } from '../support/debian.ts';

const skip = await skipReason('redis-server');

/** How each is taken from it, and what `up` says of it. */
const LOSSES: readonly (readonly [string, (up: Up, redis: number) => void, RegExp])[] = [
  [
    'its socket',
    ({ dataDir }) => rmSync(path.join(dataDir, 'redis/redis.sock')),
    /no Redis at .*no such file.*; the private Redis is ended/,
  ],
  [
    'its folder',
    ({ dataDir }) => rmSync(path.join(dataDir, 'redis'), { recursive: true }),
    /no Redis at .*no such file.*; the private Redis is ended/,
  ],
  ['its process', (_, redis) => kill(redis), /the private Redis ended and is started again/],
];

test('up mends its Redis, whatever of it is removed, and goes on', { skip }, async (t) => {
  const up = await Up.start(t, ['--jobs', '1', '--model', 'xfs-mmaplock-prezero']);
  const published = async (): Promise<number> => (await up.status())?.findings.published ?? 0;
  await up.until('a finding', async () => (await published()) > 0);
  for (const [what, take, said] of LOSSES) {
    const before = up.pidOf('redis');
    const saidBefore = up.said.length;
    assert.ok(before !== undefined, what);
    take(up, before);
    await up.until(`another Redis after ${what}`, async () => {
      const now = up.pidOf('redis');
      return now !== undefined && now !== before && (await up.get('/readyz'))?.ok === true;
    });
    assert.match(up.said.slice(saidBefore), said);
    const { runs = 0 } = (await up.status()) ?? {};
    await up.until('more runs', async () => ((await up.status())?.runs ?? 0) > runs);
    assert.ok((await published()) > 0, what);
  }
  up.signal('SIGINT');
  assert.equal((await up.ended()).exit, 0, up.said);
  assert.deepEqual(up.processes(), []);
});
