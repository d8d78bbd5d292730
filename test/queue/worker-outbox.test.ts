/** A report on its way out: never in one place only, and never there longer than needed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { BATCH_VERSION, type Quarantined, type Result } from '../../corpus/vocabulary/messages.ts';
import { HeartbeatSender } from '../../workers/service/heartbeat.ts';
import { Outbox } from '../../workers/service/outbox.ts';
import { Repeats } from '../../workers/service/repeats.ts';
import { Spool } from '../../workers/service/spool.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { parseExposition } from '../support/exposition.ts';
import { until } from '../support/patience.ts';
import { testDatabase, testRedis } from './redis.ts';
import { BUILD, Rig, reportOf } from './worker-rig.ts';

const skip = await skipReason('redis-server');
const SPOOL = new URL('../../workers/service/spool.js', import.meta.url).href;
const STARTERS = 2;
const QUARANTINED: Quarantined = {
  kind: 'quarantined',
  work: 'canary',
  reason: `it says "result":{"kind":"canary"`,
  starts: 3,
};

/** Left by a worker that is gone; the name of its file. */
async function spooled(folder: string, id: string, text: string): Promise<string> {
  const spool = new Spool(folder);
  const name = spool.nameFor(id);
  await spool.put(name, text);
  return name;
}

class BatchHandler {
  readonly folder: string;
  readonly rig: Rig;
  readonly troubles: string[] = [];
  readonly outbox: Outbox;
  readonly exchange: Exchange;
  private readonly metrics = metricsFor('worker', { version: '0.0.0', build: BUILD });
  private readonly repeats: Repeats = new Repeats((line) => this.troubles.push(line));

  constructor(rig: Rig, folder: string) {
    this.rig = rig;
    this.folder = folder;
    this.exchange = new Exchange(rig.client, rig.keys);
    this.outbox = new Outbox({
      spool: new Spool(folder),
      exchange: this.exchange,
      metrics: this.metrics,
      troubles: this.repeats,
    });
  }

  static async at(t: TestContext, folder: string = temporaryFolder(t)): Promise<BatchHandler> {
    return new BatchHandler(new Rig(t, await testDatabase(t), '{outbox}'), folder);
  }

  async deliver(id: string, result?: Result): Promise<void> {
    const send = await this.outbox.keep(id, JSON.stringify(reportOf(id, result)));
    await send();
  }

  get files(): readonly string[] {
    return readdirSync(this.folder).sort();
  }

  /** As they are exported: how many reports, and their bytes. */
  async spooled(): Promise<readonly (number | undefined)[]> {
    const families = parseExposition(await this.metrics.text());
    return ['entries', 'bytes'].map(
      (name) => families.get(`faultline_worker_spool_${name}`)?.samples[0]?.value,
    );
  }

  beats(): HeartbeatSender {
    return new HeartbeatSender({
      exchange: this.exchange,
      outbox: this.outbox,
      warn: (line) => this.troubles.push(line),
      info: () => {},
      beatMs: 20,
      heartbeat: () => ({
        id: 'w',
        host: 'here',
        pid: 1,
        build: BUILD,
        version: '0.0.0',
        executors: 1,
        busy: 0,
        isDraining: false,
        runs: 0,
        metrics: null,
      }),
    });
  }
}

async function onDiskFirst(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  const send = await handler.outbox.keep('a', JSON.stringify(reportOf('a')));
  const [file = ''] = handler.files;
  assert.deepEqual(
    JSON.parse(readFileSync(path.join(handler.folder, file), 'utf8')),
    reportOf('a'),
  );
  assert.equal((await handler.rig.reports()).size, 0);
  const { size } = statSync(path.join(handler.folder, file));
  assert.deepEqual(await handler.spooled(), [1, size]);
  await send();
  assert.deepEqual([...(await handler.rig.reports()).values()], [reportOf('a')]);
  await handler.outbox.settle();
  assert.equal(handler.files.length, 1);
  // Redis has it: while no coordinator is there, it stays on the disk, and counts.
  assert.deepEqual(await handler.spooled(), [1, size]);
  await handler.rig.logged();
  assert.equal(handler.files.length, 1);
  await handler.outbox.settle();
  assert.deepEqual(handler.files, []);
  assert.deepEqual(await handler.spooled(), [0, 0]);
}

async function doubtful(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  await handler.deliver('a');
  const { exchange } = handler;
  const fates = exchange.fates.bind(exchange);
  // The connection is lost between the answer and what is made of it.
  exchange.fates = async (ids) => {
    const answer = await fates(ids);
    handler.outbox.doubt();
    return answer;
  };
  await handler.rig.logged();
  await handler.outbox.settle();
  assert.equal(handler.files.length, 1);
  await handler.outbox.sendLeft();
  assert.deepEqual([...(await handler.rig.reports()).keys()], ['a']);
}

/** Redis is emptied while no coordinator is there, and the connection holds. */
async function emptied(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  for (const id of ['a', 'b', 'c']) await handler.deliver(id);
  await handler.rig.client.flushdb();
  await handler.outbox.settle();
  assert.deepEqual([...(await handler.rig.reports()).keys()].sort(), ['a', 'b', 'c']);
  assert.equal(handler.files.length, 3);
  await handler.rig.logged();
  await handler.outbox.settle();
  assert.deepEqual(handler.files, []);
}

async function leftByOthers(t: TestContext): Promise<void> {
  const folder = temporaryFolder(t);
  await spooled(folder, 'left', JSON.stringify(reportOf('left')));
  const torn = await spooled(folder, 'torn', JSON.stringify(reportOf('torn')).slice(0, -9));
  const elsewhere = path.join(temporaryFolder(t), 'secret');
  writeFileSync(elsewhere, JSON.stringify(reportOf('secret')));
  symlinkSync(elsewhere, path.join(folder, `${'0'.repeat(32)}.json`));
  mkdirSync(path.join(folder, `${'1'.repeat(32)}.json`));
  writeFileSync(path.join(folder, 'notes.txt'), 'not ours');
  const handler = await BatchHandler.at(t, folder);
  await handler.outbox.sendLeft();
  assert.deepEqual([...(await handler.rig.reports()).keys()], ['left']);
  assert.ok(handler.files.includes(`${torn}.damaged`));
  assert.equal(handler.troubles.length, 1);
  assert.match(handler.troubles[0] ?? '', /damaged and set aside: it is not JSON/);
}

async function unreadableNow(t: TestContext): Promise<void> {
  const folder = temporaryFolder(t);
  const name = await spooled(folder, 'a', JSON.stringify(reportOf('a')));
  const handler = await BatchHandler.at(t, folder);
  const [file, elsewhere] = [path.join(folder, name), path.join(folder, 'elsewhere')];
  renameSync(file, elsewhere);
  symlinkSync('elsewhere', file);
  await handler.outbox.sendLeft();
  assert.deepEqual(handler.files, [name, 'elsewhere'].sort());
  assert.equal((await handler.rig.reports()).size, 0);
  assert.match(handler.troubles.join(), /^spool: cannot read .*ELOOP.*; it is tried again$/);
  renameSync(elsewhere, file);
  await handler.outbox.sendLeft();
  assert.deepEqual([...(await handler.rig.reports()).keys()], ['a']);
}

async function otherVersion(t: TestContext): Promise<void> {
  const folder = temporaryFolder(t);
  const report = { ...reportOf('a'), version: BATCH_VERSION + 1, more: 'than we know' };
  const name = await spooled(folder, 'a', JSON.stringify(report));
  const handler = await BatchHandler.at(t, folder);
  for (const _ of [1, 2]) await handler.outbox.sendLeft();
  assert.deepEqual(handler.files, [name]);
  assert.equal((await handler.rig.reports()).size, 0);
  assert.match(
    handler.troubles.join(),
    /^spool: \w+.json is left to a worker of its build: version/,
  );
}

/** All are in the constructor at the same time, which clears away what was never finished. */
async function startedTogether(t: TestContext): Promise<void> {
  const folder = temporaryFolder(t);
  for (let i = 0; i < 1000; i += 1) {
    const leftover = path.join(folder, `.new-${i}`);
    writeFileSync(leftover, '');
    utimesSync(leftover, 1, 1);
  }
  const program = `
    const { workerData } = require('node:worker_threads');
    const there = new Int32Array(workerData);
    import(${JSON.stringify(SPOOL)}).then(({ Spool }) => {
      Atomics.add(there, 0, 1);
      while (Atomics.load(there, 0) < ${STARTERS});
      new Spool(${JSON.stringify(folder)});
    });`;
  const workerData = new SharedArrayBuffer(4);
  const starters = Array.from(
    { length: STARTERS },
    () => new Worker(program, { eval: true, workerData }),
  );
  const codes = await Promise.all(
    starters.map(async (starter) => (await once(starter, 'exit'))[0]),
  );
  assert.deepEqual(
    codes,
    codes.map(() => 0),
  );
  assert.deepEqual(readdirSync(folder), []);
}

async function withoutDisk(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  rmSync(handler.folder, { recursive: true });
  for (const id of ['a', 'b', 'c']) await handler.deliver(id);
  assert.equal((await handler.rig.reports()).size, 3);
  assert.equal(handler.troubles.length, 1);
  assert.match(handler.troubles[0] ?? '', /^cannot write to .*no such file.*reports go to Redis/);
}

async function fullRedis(t: TestContext): Promise<void> {
  const rig = new Rig(t, await testRedis(t), '{outbox}');
  const handler = new BatchHandler(rig, temporaryFolder(t));
  await handler.rig.client.config('SET', 'maxmemory', '1');
  const delivered = handler.deliver('a');
  await until('trouble', () => handler.troubles.length === 1);
  assert.match(handler.troubles[0] ?? '', /^Redis does not take a report: .*OOM/);
  await handler.rig.client.config('SET', 'maxmemory', '0');
  await delivered;
  assert.deepEqual([...(await handler.rig.reports()).keys()], ['a']);
}

async function fullSpool(t: TestContext): Promise<void> {
  const spool = new Spool(temporaryFolder(t), 100);
  // What is still being written counts.
  const first = spool.put('a.json', 'x'.repeat(60));
  await assert.rejects(spool.put('b.json', 'x'.repeat(60)), (error) => {
    return (
      error instanceof Refusal && /1 undelivered reports already take 60 bytes/.test(error.message)
    );
  });
  await first;
  assert.equal(spool.entries, 1);
}

async function computedAfterAll(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  const results = async (): Promise<readonly string[]> => {
    return [...(await handler.rig.reports()).values()].map(({ result }) => result.kind);
  };
  await handler.deliver('a', QUARANTINED);
  assert.deepEqual(await results(), ['quarantined']);
  const epoch = Number(await handler.exchange.lead(0, 'test'));
  const [taken] = await handler.exchange.take(epoch, 9);
  assert.match(taken?.json ?? '', /"quarantined"/);
  await handler.deliver('a');
  assert.deepEqual(await results(), ['canary']);
  await handler.deliver('a', QUARANTINED);
  assert.deepEqual(await results(), ['canary']);
  // What the coordinator took is the quarantine: the result is still to be taken.
  await handler.exchange.settle(epoch, ['a']);
  const [later, ...more] = await handler.exchange.take(epoch, 9);
  assert.match(later?.json ?? '', /"canary"/);
  assert.deepEqual(more, []);
  await handler.exchange.settle(epoch, ['a']);
  assert.deepEqual(await results(), []);
  assert.deepEqual(await handler.exchange.take(epoch, 9), []);
}

/** A result that takes the place of a report is not logged before it was taken, too. */
async function replacedAfterTaken(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  await handler.deliver('a', QUARANTINED);
  const epoch = Number(await handler.exchange.lead(0, 'test'));
  await handler.exchange.take(epoch, 9);
  await handler.deliver('a');
  await handler.exchange.settle(epoch, ['a']);
  await handler.outbox.settle();
  assert.equal(handler.files.length, 1);
  await handler.exchange.settle(epoch, ['a']);
  await handler.outbox.settle();
  assert.deepEqual(handler.files, []);
}

async function beaten(t: TestContext): Promise<void> {
  const handler = await BatchHandler.at(t);
  const beats = handler.beats();
  await handler.deliver('a');
  await handler.rig.logged();
  await until('empty spool', () => handler.files.length === 0);
  assert.deepEqual(handler.troubles, []);
  await beats.leave();
  assert.equal(await handler.rig.client.hlen(handler.rig.keys.workers), 0);
}

describe('the outbox', { skip, concurrency: true }, () => {
  test('has a report on the disk before Redis hears of it, until the log has it', onDiskFirst);
  test('sends again what a lost connection makes doubtful', doubtful);
  test('delivers what others left, and sets aside what is damaged', leftByOthers);
  test('leaves what it cannot read now, and tries it again', unreadableNow);
  test('leaves what is of another version to a worker of its build', otherVersion);
  test('shares its folder with others that start at the same moment', startedTogether);
  test('has a result take the place of a report that the batch is quarantined', computedAfterAll);
  test('goes on without a disk, and says so once', withoutDisk);
  test('asks a Redis that is full again, and says so once', fullRedis);
  test('refuses a spool that grows without end', fullSpool);
  test('sends again what an emptied Redis knows nothing of', emptied);
  test('keeps the result until the log has it, and not what it replaced', replacedAfterTaken);
  test('drops it with the first beat after the log has it', beaten);
});
