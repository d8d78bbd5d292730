/** S4 of reliability.md: bounds on everything that is sent, and honest readers who notice nothing of a flood. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Random } from '../../corpus/vocabulary/random.ts';
import { BOUNDS } from '../../daemon/http/bounds.ts';
import { RateLimit } from '../../daemon/http/rate-limit.ts';
import { figure, until } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { type Answer, ask, exchange, openSocket, problemIn } from './ask.ts';
import { garbage } from './garbage.ts';
import { serve, TOKEN } from './showing.ts';
import { follow } from './stream.ts';

const GARBAGE = 2000;
/** So that the limit of requests does not hide the rest: each sends 50. */
const ADDRESSES = 40;
const AT_ONCE = 4;
const DRIPPING = 200;
/** How often somebody honest asks, in milliseconds. */
const HONEST_MS = 10;
/** So many requests of attackers may be answered before an honest one is, at the 99th percentile. */
const OVERTAKEN_MAX = 100;

test('2000 garbled requests and 200 that never end: nobody honest waits, nothing breaks', async (t) => {
  const server = await serve(t);
  const { port, showing } = server;
  for (let n = 1; n <= 20; n++) showing.publish(`stale-pte n${n}`);
  const dripping = await drip(port);
  let sent = 0;
  const honest = ['127.0.0.1', '127.0.4.1', '127.0.4.2'].map(
    (from) => new Honest(port, from, () => sent),
  );
  const statuses = new Map<number, number>();
  const random = new Random(RNG_SEED).fork('garbage');
  const attack = async (): Promise<void> => {
    while (sent < GARBAGE) {
      const from = `127.0.1.${1 + (sent++ % ADDRESSES)}`;
      const bytes = garbage(random, `localhost:${port}`);
      const answer = await exchange(port, bytes, { from });
      for (const [, status] of answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, attack));
  const waits = (await Promise.all(honest.map((one) => one.end()))).flat();
  const overtaken = rankOf(waits, 'overtaken', 0.99);
  for (const socket of dripping) socket.destroy();

  const strange = [...statuses.keys()].filter((status) => status >= 500 && status !== 503);
  assert.deepEqual(strange, [], `statuses ${JSON.stringify([...statuses])}`);
  assert.ok(
    (statuses.get(200) ?? 0) > 100 && (statuses.get(400) ?? 0) > 100,
    'both sides of the door',
  );
  assert.ok((statuses.get(403) ?? 0) > 20, 'as far as the token');
  const seen = `${waits.length} honest requests amid ${GARBAGE}: p99 overtaken by ${overtaken}`;
  const [p99, median] = [rankOf(waits, 'wallMs', 0.99), rankOf(waits, 'wallMs', 0.5)];
  figure(`${seen}, p99 ${p99.toFixed(1)} ms, median ${median.toFixed(1)} ms`);
  assert.ok(waits.length > 100 && overtaken < OVERTAKEN_MAX, seen);
  assert.deepEqual([showing.controls, server.faults], [[], []]);
  assert.equal((await ask(server, '/readyz')).status, 200);
});

/** Requests whose headers go on for ever, a byte at a time. */
async function drip(port: number): Promise<readonly Socket[]> {
  const opening = Array.from({ length: DRIPPING }, (_, n) => openSocket(port, `127.0.2.${n + 1}`));
  const sockets = await Promise.all(opening);
  const timer = setInterval(() => {
    const open = sockets.filter(({ writable }) => writable);
    for (const socket of open) socket.write('x');
    if (open.length === 0) clearInterval(timer);
  }, 200);
  for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ');
  return sockets;
}

interface Wait {
  /** Requests of attackers that were begun meanwhile: whether the server is fair, however slow it is. */
  readonly overtaken: number;
  readonly wallMs: number;
}

function rankOf(waits: readonly Wait[], what: keyof Wait, rank: number): number {
  const sorted = waits.map((wait) => wait[what]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * rank)] ?? Number.POSITIVE_INFINITY;
}

/** Asks again and again, as a page would that is looked at. */
class Honest {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly port: number;
  private readonly from: string;
  private readonly attacks: () => number;
  private readonly waits: Wait[] = [];
  private readonly asking: Promise<void>;
  private hasEnded = false;

  constructor(port: number, from: string, attacks: () => number) {
    this.port = port;
    this.from = from;
    this.attacks = attacks;
    this.asking = this.ask();
  }

  /** @returns how long each answer took */
  async end(): Promise<readonly Wait[]> {
    this.hasEnded = true;
    await this.asking;
    this.agent.destroy();
    return this.waits;
  }

  private async ask(): Promise<void> {
    while (!this.hasEnded) {
      const [begun, begunMs] = [this.attacks(), performance.now()];
      assert.equal(await this.once(), 200);
      this.waits.push({
        overtaken: this.attacks() - begun,
        wallMs: performance.now() - begunMs,
      });
      await new Promise((resolve) => setTimeout(resolve, HONEST_MS));
    }
  }

  private once(): Promise<number> {
    const { port, agent, from } = this;
    return new Promise((resolve, reject) => {
      const path = '/api/v1/findings?limit=5';
      request({ host: '127.0.0.1', port, localAddress: from, agent, path }, (incoming) => {
        incoming.resume();
        incoming.once('end', () => resolve(incoming.statusCode ?? 0));
      })
        .once('error', reject)
        .end();
    });
  }
}

test('a request that does not arrive in time is given up', async (t) => {
  const server = await serve(t, {}, { headerMs: 1000 });
  const host = `Host: localhost:${server.port}\r\n`;
  const stop = `POST /api/v1/campaign/stop HTTP/1.1\r\n${host}Authorization: Bearer ${TOKEN}\r\n`;
  const half = 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{';
  const begun = ['GET / HT', `GET / HTTP/1.1\r\n${host}`, `${stop}${half}`];
  const answers = await Promise.all(begun.map((bytes) => heldOpen(server.port, bytes)));
  const late = /^HTTP\/1\.1 408 .*did not arrive in time/s;
  assert.match(answers[0] ?? '', late);
  assert.match(answers[1] ?? '', late);
  // Where the body is missing, the request is being answered already.
  assert.equal(answers[2], '');
  assert.deepEqual([server.showing.controls, server.faults], [[], []]);
});

/** What comes until the other side ends, while this one only waits. */
async function heldOpen(port: number, bytes: string): Promise<string> {
  const socket = await openSocket(port);
  let answer = '';
  socket.on('data', (part) => {
    answer += part.toString();
  });
  socket.write(bytes);
  await until('the end', () => socket.closed);
  return answer;
}

test('what is too large is refused, however it is sent', async (t) => {
  const server = await serve(t);
  const { port, showing } = server;
  const stop = '/api/v1/campaign/stop';
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const large = ' '.repeat(BOUNDS.bodyBytes + 1);
  for (const isChunked of [false, true]) {
    const answer = await ask(server, stop, { method: 'POST', headers, body: large, isChunked });
    assert.deepEqual([answer.status, problemIn(answer).status], [413, 413]);
  }
  const fits = `{${large.slice(3)}}`;
  assert.equal((await ask(server, stop, { method: 'POST', headers, body: fits })).status, 202);
  assert.deepEqual(showing.controls, ['stop']);
  const told = 'Content-Length: 99999999\r\nConnection: close\r\n\r\n';
  const unsent = `GET /livez HTTP/1.1\r\nHost: localhost:${port}\r\n${told}`;
  assert.match(await exchange(port, unsent), /^HTTP\/1\.1 413 /);

  const long = 'x'.repeat(BOUNDS.headerBytes);
  for (const text of [
    `GET /${long} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: ${long}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\n${'Name: value\r\n'.repeat(5000)}\r\n`,
  ]) {
    const answer = await exchange(port, text);
    assert.match(answer, /^HTTP\/1\.1 431 .*Content-Security-Policy: default-src 'none'/s);
  }
  assert.equal((await ask(server, '/livez')).status, 200);
});

test('one address gets so many answers a second, and another one still gets its own', async (t) => {
  const requestsPerSecond = 10;
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const server = await serve(t, { clock }, { requestsPerSecond });
  const flood = async (): Promise<readonly Answer[]> =>
    Promise.all(Array.from({ length: 50 }, () => ask(server, '/livez', { from: '127.0.3.1' })));
  for (const wait of [0, 1000, 300]) {
    nowMs += wait;
    const answers = await flood();
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(answers.length - refused.length, wait === 300 ? 3 : requestsPerSecond);
    for (const answer of refused) {
      assert.deepEqual([answer.status, answer.headers['retry-after']], [429, '1']);
      assert.match(problemIn(answer).detail, /too many requests/);
    }
  }
  assert.equal((await ask(server, '/livez', { from: '127.0.3.2' })).status, 200);
});

test('the limit of requests fills with time, and remembers so many addresses', () => {
  const limit = new RateLimit(100);
  const asked = (address: string, nowMs: number, times: number): number =>
    Array.from({ length: times }, () => limit.ask(address, nowMs)).filter((wait) => wait === 0)
      .length;
  assert.equal(asked('a', 0, 500), 100);
  assert.ok(Math.abs(limit.ask('a', 0) - 0.01) < 1e-9);
  assert.equal(asked('a', 50, 500), 5);
  assert.equal(asked('a', 9000, 500), 100);
  assert.equal(asked('b', 9000, 500), 100);
  for (let n = 0; n < 100_000; n++) limit.ask(`n${n}`, 9000);
  assert.equal(limit.size, 4096);
  assert.equal(asked('n99999', 9000, 500), 99);
});

test('those who only hold connections give way to those who ask', async (t) => {
  const server = await serve(t, {}, { connections: 12 });
  const readers = [await follow(server), await follow(server)];
  const idle: Socket[] = [];
  for (let n = 0; n < 50; n++) idle.push(await openSocket(server.port));
  for (let n = 0; n < 20; n++) assert.equal((await ask(server, '/livez')).status, 200);
  await until('the first to be closed', () => idle[0]?.destroyed === true);
  server.showing.publish('stale-pte a');
  for (const reader of readers) await reader.has(1);
  assert.ok(readers.every(({ hasEnded }) => !hasEnded));

  const full = await serve(t, {}, { connections: 2 });
  const held = [await follow(full), await follow(full)];
  await assert.rejects(ask(full, '/livez'), /ECONNRESET|socket hang up/);
  held[0]?.incoming.destroy();
  await until('room', () =>
    ask(full, '/livez').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
});
