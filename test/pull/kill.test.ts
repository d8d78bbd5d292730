/**
 * A pull that is killed, and a connection that flips bits: what is here is whole and right at every moment, and
 * the next pull brings the rest (reliability.md R17).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer as createTcp } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { temporaryFolder } from '../store/sample.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { countsOf, pullFrom, setIn } from './client.ts';
import {
  type Answerer,
  findingOf,
  hostile,
  listen,
  listOf,
  rowsOf,
  shelf,
} from './hostile-server.ts';
import { openShop, recordOf } from './shelf.ts';

const CLIENT = new URL('./client.js', import.meta.url).href;
const KILLS = 15;
const FLIPS = 20;
/** A finding is on disk some 5 ms after it was asked for. */
const FINDING_MS = 6;

/** What is random here comes from the seed that the run prints. */
function numbers(count: number, max: number): readonly number[] {
  return fc.sample(fc.nat(max), { numRuns: count, seed: RNG_SEED });
}

/** After how many findings were asked for, and how much later. */
interface Moment {
  readonly transfers: number;
  readonly delayMs: number;
}

function pullInChild(url: string, dest: string): ReturnType<typeof spawn> {
  const program = `
    const { pullFrom } = await import(${JSON.stringify(CLIENT)});
    const { broken, skipped } = await pullFrom(${JSON.stringify(url)}, ${JSON.stringify(dest)});
    if (broken !== null || skipped.length > 0) process.exit(1);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
}

/** @returns how many of the pulls were killed before they had ended by themselves */
async function killOften(t: TestContext, moments: readonly Moment[]): Promise<number> {
  const { url, showing } = await openShop(t, 0);
  const dest = temporaryFolder(t);
  const published = new Map<string, Set<string>>();
  let killed = 0;
  for (const [round, { transfers, delayMs }] of moments.entries()) {
    // Four more, and two that got better.
    for (let i = 0; i < 4; i += 1) showing.put(recordOf(4 * round + i, { loads: 3 }));
    for (let i = 0; i < 2; i += 1) showing.put(recordOf(4 * round - 2 * i - 1, { loads: 2 }));
    for (const [id, repro] of Object.entries(showing.set())) {
      published.set(id, (published.get(id) ?? new Set()).add(repro));
    }
    const child = pullInChild(url, dest);
    let left = transfers;
    showing.transferred = () => {
      left -= 1;
      if (left < 0) setTimeout(() => child.kill('SIGKILL'), delayMs);
    };
    const [code, signal] = await once(child, 'exit');
    assert.ok(signal === 'SIGKILL' || code === 0, `${code} ${signal}`);
    if (signal === 'SIGKILL') killed += 1;
    for (const [id, repro] of Object.entries(setIn(dest))) {
      assert.ok(published.get(id)?.has(repro), `not one that was published: ${id}`);
    }
  }
  showing.transferred = () => {};
  const last = await pullFrom(url, dest);
  assert.deepEqual([last.broken, last.skipped], [null, []]);
  assert.deepEqual(setIn(dest), showing.set());
  showing.transfers.length = 0;
  await pullFrom(url, dest);
  assert.deepEqual(showing.transfers, []);
  return killed;
}

test(`killed at ${KILLS} moments: only whole findings, and in the end the same set`, async (t) => {
  const [transfers, delays] = [numbers(KILLS, 4), numbers(KILLS, FINDING_MS)];
  const moments = transfers.map((count, i) => ({ transfers: count, delayMs: delays[i] ?? 0 }));
  // Two at a time, each into its own folder.
  const halves = [moments.slice(0, KILLS / 2), moments.slice(KILLS / 2)];
  const [one = 0, other = 0] = await Promise.all(halves.map((half) => killOften(t, half)));
  assert.ok(one + other > KILLS / 2, `${one + other} kills`);
});

/** A proxy under whose name the server may be asked; it passes on what the answer says of itself. */
async function passingOn(t: TestContext, origin: string): Promise<string> {
  const server = createHttp(async (request, response) => {
    const asked = await fetch(new URL(request.url ?? '', origin), {
      headers: { 'If-None-Match': request.headers['if-none-match'] ?? '""' },
    });
    const body = Buffer.from(await asked.arrayBuffer());
    for (const name of ['content-digest', 'etag']) {
      const value = asked.headers.get(name);
      if (value !== null) response.setHeader(name, value);
    }
    response.writeHead(asked.status);
    response.end(asked.status === 304 ? undefined : body);
  });
  return listen(t, server);
}

interface Flipper {
  readonly url: string;
  /** Bytes that went to the client so far. */
  readonly passed: () => number;
}

/** Passes everything on, but flips a bit of one byte that goes to the client. */
async function flipping(t: TestContext, origin: string, at: number, bit: number): Promise<Flipper> {
  let passed = 0;
  const server = createTcp((client) => {
    const upstream = connect(Number(new URL(origin).port), '127.0.0.1');
    upstream.on('data', (part: Buffer) => {
      const index = at - passed;
      if (index >= 0 && index < part.length) part[index] = (part[index] ?? 0) ^ (1 << bit);
      passed += part.length;
      client.write(part);
    });
    upstream.on('end', () => client.end()).on('error', () => client.destroy());
    client.on('data', (part) => upstream.write(part));
    client.on('end', () => upstream.end()).on('close', () => upstream.destroy());
  });
  return { url: await listen(t, server), passed: () => passed };
}

/** Every file of every finding. */
function filesIn(dest: string): Readonly<Record<string, string>> {
  const findings = path.join(dest, 'findings');
  const folders = readdirSync(findings).filter((name) => !name.startsWith('.'));
  const names = folders.flatMap((folder) =>
    readdirSync(path.join(findings, folder)).map((name) => path.join(folder, name)),
  );
  const files = names.sort().map((name) => [name, readFileSync(path.join(findings, name), 'utf8')]);
  return Object.fromEntries(files);
}

test(`${FLIPS} bits flipped on the way: nothing wrong is kept, and the next pull is whole`, async (t) => {
  const shop = await openShop(t, 2);
  const origin = await passingOn(t, shop.url);
  // A length that has become too large is waited for in vain.
  const bounds = { idleMs: 400 };
  const right = temporaryFolder(t);
  const none = await flipping(t, origin, -1, 0);
  await pullFrom(none.url, right);
  const [places, bits] = [numbers(FLIPS, none.passed() - 1), numbers(FLIPS, 7)];
  for (const [flip, at] of places.entries()) {
    const dest = temporaryFolder(t);
    const { url } = await flipping(t, origin, at, bits[flip] ?? 0);
    await pullFrom(url, dest, { bounds }).catch((error: unknown) => {
      assert.ok(error instanceof Refusal, String(error));
    });
    for (const id of Object.keys(setIn(dest))) assert.ok(Object.hasOwn(setIn(right), id), id);
    const again = await pullFrom(url, dest);
    assert.deepEqual([again.broken, again.skipped], [null, []], `byte ${at}`);
    assert.deepEqual(filesIn(dest), filesIn(right), `byte ${at}`);
    shop.showing.transfers.length = 0;
    assert.deepEqual(countsOf(await pullFrom(url, dest)), [0, 0, 2, 0]);
    assert.deepEqual(shop.showing.transfers, []);
  }
});

/** Said with the digest of what it was before a letter of its title became another. */
function withFlip(value: object): Answerer {
  return (response) => {
    const body = JSON.stringify(value);
    const digest = createHash('sha256').update(body).digest('base64');
    response.setHeader('Content-Digest', `sha-512=:AAAA:, sha-256=:${digest}:`);
    response.end(body.replaceAll('stale pte after', 'stale pte afuer'));
  };
}

test('a letter that no hash of a repro covers: its answer is known to be damaged', async (t) => {
  const records = shelf(recordOf(0));
  const [row] = rowsOf(records);
  const record = { ...(row as object), record: records.record(recordOf(0).finding.id) };
  const dest = temporaryFolder(t);
  const one = await hostile(t, { list: listOf(records), finding: withFlip(record) });
  const pulled = await pullFrom(one.url, dest);
  assert.match(pulled.skipped[0]?.why ?? '', /was damaged on the way/);
  const list = { findings: [row], next: null, revision: 1 };
  const other = await hostile(t, { list: withFlip(list), finding: findingOf(records) });
  await assert.rejects(pullFrom(other.url, dest), /was damaged on the way/);
  assert.deepEqual(setIn(dest), {});
});
