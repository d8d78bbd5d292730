/** A report on its way out: never in one place only, and never there longer than needed. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { decodeReport } from '../../corpus/exchange/codec.ts';
import { metricsFor } from '../../corpus/exchange/metrics.ts';
import { Exchange } from '../../corpus/exchange/scripts.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  BATCH_VERSION,
  type Explored,
  FEATURES_VERSION,
  type Report,
  type Result,
} from '../../corpus/vocabulary/messages.ts';
import { Outbox } from '../../workers/service/outbox.ts';
import { Pulse } from '../../workers/service/pulse.ts';
import { Repeats } from '../../workers/service/repeats.ts';
import { reasonText, reportId, reportText } from '../../workers/service/reports.ts';
import { Spool } from '../../workers/service/spool.ts';
import { temporaryFolder } from '../store/sample.ts';
import { skipReason } from '../support/debian.ts';
import { testRedis } from './redis.ts';
import { BUILD, MODEL, Rig, SEED_TEXT, until } from './worker-rig.ts';

const skip = await skipReason('redis-server');

function reportOf(
  id: string,
  result: Result = { kind: 'canary', digest: BUILD, found: [] },
): Report {
  return {
    version: BATCH_VERSION,
    id,
    build: BUILD,
    campaign: 'test',
    executor: 'here.1',
    milliseconds: 1,
    result,
  };
}

class Desk {
  readonly folder: string;
  readonly rig: Rig;
  readonly troubles: string[] = [];
  readonly outbox: Outbox;
  readonly exchange: Exchange;
  private readonly repeats: Repeats = new Repeats((line) => this.troubles.push(line));

  constructor(rig: Rig, folder: string) {
    this.rig = rig;
    this.folder = folder;
    this.exchange = new Exchange(rig.client, rig.keys);
    this.outbox = new Outbox({
      spool: new Spool(folder),
      exchange: this.exchange,
      metrics: metricsFor('worker', { version: '0.0.0', build: BUILD }),
      troubles: this.repeats,
    });
  }

  static async at(t: TestContext, folder: string = temporaryFolder(t)): Promise<Desk> {
    return new Desk(new Rig(t, await testRedis(t), '{outbox}'), folder);
  }

  deliver(id: string): Promise<void> {
    return this.outbox.keep(id, JSON.stringify(reportOf(id)))();
  }

  get files(): readonly string[] {
    return readdirSync(this.folder).sort();
  }

  pulse(): Pulse {
    return new Pulse({
      redis: this.rig.client,
      exchange: this.exchange,
      outbox: this.outbox,
      troubles: this.repeats,
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
  const desk = await Desk.at(t);
  const send = desk.outbox.keep('a', JSON.stringify(reportOf('a')));
  const [file = ''] = desk.files;
  assert.deepEqual(JSON.parse(readFileSync(path.join(desk.folder, file), 'utf8')), reportOf('a'));
  assert.equal((await desk.rig.reports()).size, 0);
  await send();
  assert.deepEqual([...(await desk.rig.reports()).values()], [reportOf('a')]);
  assert.equal(desk.files.length, 1);
  desk.outbox.settle(desk.outbox.taken());
  assert.deepEqual(desk.files, []);
}

async function doubtful(t: TestContext): Promise<void> {
  const desk = await Desk.at(t);
  await desk.deliver('a');
  const promised = desk.outbox.taken();
  desk.outbox.doubt();
  // Another Redis, which never heard of it.
  await desk.rig.client.flushall();
  desk.outbox.settle(promised);
  assert.equal(desk.files.length, 1);
  await desk.outbox.sendLeft();
  assert.deepEqual([...(await desk.rig.reports()).keys()], ['a']);
}

async function leftByOthers(t: TestContext): Promise<void> {
  const folder = temporaryFolder(t);
  const spool = new Spool(folder);
  spool.put('left', JSON.stringify(reportOf('left')));
  const torn = spool.put('torn', JSON.stringify(reportOf('torn')).slice(0, -9));
  const elsewhere = path.join(temporaryFolder(t), 'secret');
  writeFileSync(elsewhere, JSON.stringify(reportOf('secret')));
  symlinkSync(elsewhere, path.join(folder, `${'0'.repeat(32)}.json`));
  mkdirSync(path.join(folder, `${'1'.repeat(32)}.json`));
  writeFileSync(path.join(folder, 'notes.txt'), 'not ours');
  const desk = await Desk.at(t, folder);
  await desk.outbox.sendLeft();
  assert.deepEqual([...(await desk.rig.reports()).keys()], ['left']);
  assert.ok(desk.files.includes(`${torn}.damaged`));
  assert.equal(desk.troubles.length, 1);
  assert.match(desk.troubles[0] ?? '', /damaged and set aside: it is not JSON/);
}

async function withoutDisk(t: TestContext): Promise<void> {
  const desk = await Desk.at(t);
  rmSync(desk.folder, { recursive: true });
  for (const id of ['a', 'b', 'c']) await desk.deliver(id);
  assert.equal((await desk.rig.reports()).size, 3);
  assert.equal(desk.troubles.length, 1);
  assert.match(desk.troubles[0] ?? '', /^cannot write to .*no such file.*reports go to Redis/);
}

async function fullRedis(t: TestContext): Promise<void> {
  const desk = await Desk.at(t);
  await desk.rig.client.config('SET', 'maxmemory', '1');
  const delivered = desk.deliver('a');
  await until('trouble', () => desk.troubles.length === 1);
  assert.match(desk.troubles[0] ?? '', /^Redis does not take a report: .*OOM/);
  await desk.rig.client.config('SET', 'maxmemory', '0');
  await delivered;
  assert.deepEqual([...(await desk.rig.reports()).keys()], ['a']);
}

function fullSpool(t: TestContext): void {
  const spool = new Spool(temporaryFolder(t), 100);
  spool.put('a', 'x'.repeat(60));
  assert.throws(
    () => spool.put('b', 'x'.repeat(60)),
    (error) => {
      return (
        error instanceof Refusal &&
        /1 undelivered reports already take 60 bytes/.test(error.message)
      );
    },
  );
  assert.equal(spool.entries, 1);
}

async function keptForTwoSeconds(t: TestContext): Promise<void> {
  const desk = await Desk.at(t);
  const pulse = desk.pulse();
  const startedMs = performance.now();
  await desk.deliver('a');
  await until('empty spool', () => desk.files.length === 0);
  assert.ok(performance.now() - startedMs >= 2000);
  assert.deepEqual(desk.troubles, []);
  await pulse.leave();
  assert.equal(await desk.rig.client.hlen(desk.rig.keys.workers), 0);
}

async function droppedAtOnce(t: TestContext): Promise<void> {
  const desk = await Desk.at(t);
  // Redis 7.2 answers how many disks have it; older ones do not know the command.
  const answers = [
    [0, 0],
    [0, 0],
    [1, 0],
  ];
  const asked: unknown[] = [];
  desk.rig.client.call = async (...command: unknown[]) => {
    asked.push(command[0]);
    return answers.shift() ?? [1, 0];
  };
  await desk.deliver('a');
  const startedMs = performance.now();
  const pulse = desk.pulse();
  await until('empty spool', () => desk.files.length === 0);
  assert.ok(performance.now() - startedMs < 2000);
  assert.deepEqual(asked, ['WAITAOF', 'WAITAOF', 'WAITAOF']);
  await pulse.leave();
}

describe('the outbox', { skip, concurrency: true }, () => {
  test(
    'has a report on the disk before Redis hears of it, until Redis has it for good',
    onDiskFirst,
  );
  test('sends again what a lost connection makes doubtful', doubtful);
  test('delivers what others left, and sets aside what is damaged', leftByOthers);
  test('goes on without a disk, and says so once', withoutDisk);
  test('asks a Redis that is full again, and says so once', fullRedis);
  test('refuses a spool that grows without end', fullSpool);
  test('keeps a file for two seconds where Redis cannot be asked', keptForTwoSeconds);
  test('drops it as soon as Redis says that it is on its disk', droppedAtOnce);
});

describe('a report', () => {
  const explored: Explored = {
    kind: 'explore',
    index: 0,
    model: MODEL,
    runs: 1,
    steps: 1,
    inconclusive: 0,
    features: FEATURES_VERSION,
    candidates: Array.from({ length: 100 }, (_, i) => ({ text: SEED_TEXT, features: [i] })),
    witnesses: ['a b', 'c d'].map((signature, run) => {
      return { signature, text: SEED_TEXT, run, scheduler: 'surw' };
    }),
    hits: { 'a b': { count: 1, first: 0 } },
  };

  test('that is too large loses candidates first, then witnesses', () => {
    const whole = reportOf('x', explored);
    assert.equal(reportText(whole), JSON.stringify(whole));
    const sizeWith = (candidates: number, witnesses: number): number => {
      const cut = {
        ...explored,
        candidates: explored.candidates.slice(0, candidates),
        witnesses: explored.witnesses.slice(0, witnesses),
      };
      return JSON.stringify(reportOf('x', cut)).length;
    };
    for (const [candidates, witnesses] of [
      [99, 2],
      [50, 2],
      [0, 2],
      [0, 1],
      [0, 0],
    ] as const) {
      // Room for what is asked for and not for one more.
      const sizeMax = sizeWith(candidates, witnesses) + 9;
      const text = reportText(whole, sizeMax);
      assert.ok(text.length <= sizeMax);
      const { value } = decodeReport(text);
      assert.ok(value?.result.kind === 'explore');
      assert.equal(value.result.candidates.length, candidates);
      assert.equal(value.result.witnesses.length, witnesses);
      assert.deepEqual(value.result.hits, explored.hits);
    }
  });

  test('says why in one printable line, under an id that is a word', () => {
    assert.equal(
      reasonText('Error: no\u001b[2J\n  at x (file:///é)\nb\nc\nd'),
      'Error: no\\u{1b}[2J at x (file:///?) b c',
    );
    assert.equal(reasonText('x'.repeat(5000)).length, 1024);
    assert.equal(reportId('b-1/2'), 'b-1/2');
    assert.match(reportId('b 1'), /^q-[0-9a-f]{16}$/);
    assert.notEqual(reportId('b 1'), reportId('b 2'));
  });
});
