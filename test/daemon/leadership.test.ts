/** One coordinator leads a Redis: which other one gives way, which is waited for, and which is refused. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { type TestContext, test } from 'node:test';
import { keysOf } from '../../corpus/exchange/keys.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { Leadership } from '../../daemon/coordinator/leadership.ts';
import type { Clock } from '../../daemon/log/clock.ts';
import { testClient, testDatabase } from '../queue/redis.ts';
import { skipReason } from '../support/debian.ts';

const skip = await skipReason('redis-server');
const PREFIX = '{leadership}';
/** No process has it. */
const GONE_PID = 0x7fffffff;

/** Seconds go by between two looks at it. */
class FastClock implements Clock {
  private nowMs = 0;

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    this.nowMs += 7000;
    return this.nowMs;
  }
}

async function scene(t: TestContext, takesOver = false) {
  const client = testClient(t, (await testDatabase(t)).address);
  const keys = keysOf(PREFIX);
  const exchange = new Exchange(client, keys);
  const lines: string[] = [];
  const said = (line: string): void => void lines.push(line);
  const leadership = new Leadership({ exchange, clock: new FastClock(), takesOver, said });
  const leads = (name: string, ...args: ['EX', number] | []) =>
    client.set(keys.leader, name, ...(args as ['EX', number]));
  return { client, keys, exchange, lines, leadership, leads };
}

test('who leads a Redis that another has led is higher by one', { skip }, async (t) => {
  const { leadership, leads, lines } = await scene(t);
  assert.equal(await leadership.take(4), 5);
  assert.equal(await leadership.stay(), true);
  assert.equal(await leadership.take(5), 6);
  // A predecessor of this machine that died, and one that had this process's number.
  for (const pid of [GONE_PID, process.pid]) {
    await leads(`${hostname()}/${pid}/abcd`);
    assert.equal(await leadership.stay(), false);
    assert.ok((await leadership.take(0)) > 6);
  }
  assert.deepEqual(lines, []);
});

test('another that lives is waited for, and then refused', { skip }, async (t) => {
  const { client, keys, leadership, leads, lines } = await scene(t);
  await leads('elsewhere/7/abcd');
  await assert.rejects(leadership.take(0), (error: Error) => {
    assert.match(error.message, /another coordinator \(process 7 on elsewhere\) leads this Redis/);
    assert.match(String(Object(error).hint), /--take-over/);
    return true;
  });
  assert.match(lines.join('\n'), /^another coordinator .* leads this Redis; waiting \d+ s for it$/);
  assert.equal(await client.get(keys.leader), 'elsewhere/7/abcd');
  assert.equal(await client.get(keys.epoch), null);
});

test('one that is silent leads no longer', { skip }, async (t) => {
  const { client, keys, leadership, leads } = await scene(t);
  await leads('elsewhere/7/abcd');
  await client.pexpire(keys.leader, 1);
  assert.equal(await leadership.take(0), 1);
  assert.ok((await client.ttl(keys.leader)) > 0);
  await leadership.resign();
  assert.equal(await client.get(keys.leader), null);
  assert.equal(await leadership.stay(), false);
});

test('one that is told to takes over', { skip }, async (t) => {
  const { leadership, leads } = await scene(t, true);
  await leads('elsewhere/7/abcd', 'EX', 100);
  assert.equal(await leadership.take(0), 1);
  await leads('elsewhere/8/abcd', 'EX', 100);
  await leadership.resign();
  assert.equal(await leadership.stay(), false);
});
