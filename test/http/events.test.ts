/** Server-sent events: nothing is missed, nothing comes twice, and nobody can hold the server up. */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { EventStreams } from '../../daemon/http/events.ts';
import { PATIENCE_MS, until } from '../support/patience.ts';
import { ask, openSocket, problemIn } from './ask.ts';
import { MemoryShowing, serve } from './showing.ts';
import { follow } from './stream.ts';

/** Some 8 MB of events, more than the system keeps for a connection. */
const COUNT = 1000;
const LARGE = {
  finding: { models: Array.from({ length: 200 }, (_, n) => `v42:a=${n}`.padEnd(38, '0')) },
};

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('a reader is told the state at once, and findings as they are published', async (t) => {
  const server = await serve(t);
  const { showing } = server;
  showing.publish('stale-pte before');
  const reader = await follow(server);
  assert.equal(reader.incoming.headers['content-type'], 'text/event-stream; charset=utf-8');
  await until('the state', () => reader.seen.length === 1);
  assert.deepEqual(reader.seen, [{ event: 'status', id: 1, data: showing.status() }]);

  const { finding } = showing.publish('stale-pte after');
  await reader.has(2);
  assert.equal(reader.last.data.id, finding.id);
  showing.tell({ kind: 'status', status: { ...showing.status(), state: 'paused' } });
  await until('the pause', () => reader.seen.length === 3);
  const { event, id, data } = reader.last;
  assert.deepEqual([event, id, data.state], ['status', 2, 'paused']);
});

test('a reader that was away goes on where it was', async (t) => {
  const server = await serve(t);
  for (let n = 1; n <= 9; n++) server.showing.publish(`stale-pte n${n}`);
  for (const [headers, search, missed] of [
    [{ 'Last-Event-ID': '4' }, '', numbers(5, 9)],
    [{ 'Last-Event-ID': '0' }, '', numbers(1, 9)],
    [{ 'Last-Event-ID': '9' }, '', []],
    [{}, '?since=7', [8, 9]],
    // What the browser itself remembers is newer than its first question.
    [{ 'Last-Event-ID': '8' }, '?since=2', [9]],
    // Of another campaign, or of nobody.
    [{ 'Last-Event-ID': '900' }, '', numbers(1, 9)],
    [{ 'Last-Event-ID': 'x' }, '', []],
    [{}, '', []],
  ] as const) {
    const reader = await follow(server, headers, search);
    server.showing.publish('stale-pte n9');
    const revision = server.showing.published().at(-1)?.revision ?? 0;
    await reader.has(revision);
    // n9 is the one that changed: its older revisions are gone.
    const expected = [...missed.filter((one) => one < 9), ...(revision > 9 ? [revision] : [])];
    const past = reader.findings.filter((one) => one < 9 || one === revision);
    assert.deepEqual(past, expected, JSON.stringify([headers, search]));
    reader.incoming.destroy();
  }
});

test('what a reader does not take is not kept for it', async (t) => {
  const showing = new MemoryShowing();
  const streams = new EventStreams(showing, 1, 60_000);
  let written: ServerResponse | undefined;
  const server = createServer((_, outgoing) => {
    written = outgoing;
    streams.open(outgoing, null);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => streams.close());
  t.after(() => server.close());
  const reader = await follow(server.address() as AddressInfo);
  reader.incoming.pause();
  for (let n = 1; n <= COUNT; n++) {
    showing.publish(`stale-pte n${n}`, LARGE);
    assert.ok((written?.writableLength ?? 0) < 64 << 10);
  }
  assert.equal(written?.writableNeedDrain, true);
  reader.incoming.resume();
  await reader.has(COUNT);
  assert.deepEqual(reader.findings, numbers(1, COUNT));
});

test('a reader that has stopped is dropped, and the others are not', async (t) => {
  // Four signs of life in the time that ends a stream: a stall may swallow some.
  const server = await serve(t, {}, { idleMs: 2000, keepAliveMs: 500, streams: 2 });
  const [dead, quick] = [await follow(server), await follow(server)];
  dead.incoming.pause();
  for (let n = 1; n <= COUNT; n++) {
    server.showing.publish(`stale-pte n${n}`, LARGE);
    // The other one is to have its turn.
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until('its place', async () => {
    const { status, incoming } = await follow(server);
    incoming.destroy();
    return status === 200;
  });
  dead.incoming.resume();
  await until('the end of what had come', () => dead.hasEnded);
  assert.ok(dead.findings.length < COUNT);
  await quick.has(COUNT);
  assert.deepEqual(quick.findings, numbers(1, COUNT));
  assert.equal(quick.hasEnded, false);
});

test('there is room for so many readers, and again when one leaves', async (t) => {
  const server = await serve(t, {}, { streams: 3 });
  const readers = [await follow(server), await follow(server), await follow(server)];
  const refused = await ask(server, '/api/v1/events');
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '30']);
  assert.match(problemIn(refused).detail, /as many follow/);
  assert.equal((await ask(server, '/api/v1/events', { method: 'HEAD' })).status, 200);
  readers[0]?.incoming.destroy();
  await until('room', async () => {
    const { status, incoming } = await follow(server);
    incoming.destroy();
    return status === 200;
  });
  assert.deepEqual(server.faults, []);
});

test('a quiet stream shows signs of life', async (t) => {
  const server = await serve(t, {}, { keepAliveMs: 20 });
  const reader = await follow(server);
  await until('two comments', () => reader.comments.length >= 2);
  assert.ok(reader.comments.every((comment) => comment.startsWith(':')));
});

test('close ends streams, half a request and everything else', async (t) => {
  const server = await serve(t, {}, { closeMs: 100, idleMs: 2 * PATIENCE_MS });
  const readers = [await follow(server), await follow(server)];
  readers[1]?.incoming.pause();
  for (let n = 1; n <= 2000; n++) server.showing.publish(`stale-pte n${n}`);
  const half = await openSocket(server.port);
  half.write('GET / HTTP/1.1\r\nHost: ');
  assert.equal(server.showing.listening, 1);
  await Promise.all([server.close(), server.close()]);
  assert.equal(server.showing.listening, 0);
  await until('the first reader to end', () => readers[0]?.hasEnded === true);
  await assert.rejects(ask(server, '/livez'), /ECONNREFUSED/);
  assert.ok(
    half.destroyed || (await new Promise((resolve) => half.once('close', () => resolve(true)))),
  );
});
