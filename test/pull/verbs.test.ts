/** `pull` and `status` as people and scripts meet them: exit codes, documents, and nothing hostile on a terminal. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { FindingStore } from '../../corpus/store/finding-store.ts';
import type { FindingRecord } from '../../corpus/vocabulary/finding.ts';
import { silenceInWords } from '../../daemon/campaign/silence.ts';
import { modelDigest, modelJson, modelOf } from '../../workers/models/registry.ts';
import { faultline, MAIN } from '../cli/faultline.ts';
import { MemoryShowing, serve, worker } from '../http/showing.ts';
import { temporaryFolder } from '../store/sample.ts';
import { setIn } from './client.ts';
import { type Answers, findingOf, hostile, json, listOf, shelf } from './hostile-server.ts';
import { openShop, recordOf } from './shelf.ts';
import { runVerbs } from './verb-runner.ts';

/** Everything but lines of what can be seen. */
const UNSEEN = /[^\n\P{C}]|\p{Zl}|\p{Zp}/u;
const RACY = 'v42-immap-read';

/** A finding whose model is one of this build. */
function ownRecord(number: number): FindingRecord {
  const model = modelOf(RACY);
  const record = recordOf(number);
  const own = { modelJson: modelJson(model), modelDigest: modelDigest(model) };
  return { ...record, repro: { ...record.repro, ...own } };
}

// biome-ignore format: a table
const REFUSALS: readonly (readonly [line: string, exit: number, says: RegExp])[] = [
  ['pull', 3, /no coordinator runs on \.faultline\nhint: start one with `faultline up`, or name one/],
  ['status', 3, /no coordinator runs on \.faultline\nhint: start one with `faultline up`/],
  ['pull http://127.0.0.1:1', 3, /no coordinator answers at http:\/\/127.0.0.1:1: connection refused/],
  ['status http://127.0.0.1:1', 3, /no coordinator answers at .*\nhint: start one/],
  ['status http://localhost:1', 3, /no coordinator answers at .*ECONNREFUSED.*\nhint: start one/],
  ['status http://127.0.0.1:1 --watch', 3, /no coordinator answers/],
  ['status --watch --json', 2, /give one/],
  ['pull http://lab.example:7077', 2, /another machine.*--insecure-http/],
  ['status http://lab.example:7077', 2, /another machine.*--insecure-http/],
  ['pull http://me:hunter2@127.0.0.1:1', 2, /leave user and password out/],
  ['pull http://127.0.0.1:1 --since yesterday', 2, /like 90m, 2h, 7d, 2026-03-01 or a revision/],
  ['pull http://127.0.0.1:1 --since 2026-13-45', 2, /like 90m/],
  ['pull http://127.0.0.1:1 --class funny', 2, /Allowed choices are deadlock/],
  ['pull http://127.0.0.1:1 --model ../x', 2, /must be a reference such as v42-immap-read/],
  ['pull --data-dir damaged', 3, /damaged\/daemon.json has no address in it/],
  ['pull http://127.0.0.1:1 --data-dir file', 3, /cannot read file/],
  ['status --data-dir file', 3, /no coordinator runs on file/],
];

/** All that cannot be seen, or that moves what can be, in strings that fit where they are put. */
const EVIL: readonly string[] = evilStrings();

function evilStrings(): readonly string[] {
  const points = [
    ...Array(0x3000).keys(),
    0xd800,
    0xdfff,
    0xe000,
    0xfeff,
    0xfff9,
    0xe0041,
    0xf0000,
  ];
  const unseen = points
    .map((point) => String.fromCodePoint(point))
    .filter((one) => UNSEEN.test(one));
  const assigned = unseen.filter((one) => one === '\n' || !/\p{Cn}/u.test(one));
  const sequences = [
    '\x1b]0;title\x07',
    '\x1b[2J\x1b[31m',
    '\x9b31m',
    '\r\x1b[A hidden',
    '\n hidden',
  ];
  const all = [...sequences, ...assigned];
  return Array.from({ length: 3 }, (_, i) => all.filter((_, at) => at % 3 === i).join(''));
}

/** A coordinator that says it in each field of a finding, of a record, of an error. */
function evilFindings(evil: string): readonly Answers[] {
  const records = shelf(...Array.from({ length: 4 }, (_, number) => ownRecord(number)));
  const fields = ['title', 'signature', 'model', 'known', 'class', 'id', 'publishedAt'];
  const lists = fields.map((field) => ({
    list: listOf(records, (row) => ({ ...row, [field]: evil })),
  }));
  const record = { finding: findingOf(records, (answer) => ({ ...answer, record: evil })) };
  const error: Answers = {
    list: (response, request) => {
      response.writeHead(500);
      json({ detail: evil })(response, request);
    },
  };
  return [...lists, record, error];
}

/** One that says it in each field of the campaign and of a worker. */
function evilStatus(evil: string): Answers {
  // As much of it as a name may have.
  const name = evil.slice(0, 250);
  const status = new MemoryShowing().status();
  const [model] = status.models;
  const models = [{ ...model, model: name }];
  const campaign = json({ ...status, campaign: name, version: name, build: name, models });
  const facts = { host: name, version: name, build: name, metrics: name };
  return { campaign, finding: json({ workers: [worker(name, facts)] }) };
}

// Most of the time is that of children, so the tests of a group go side by side.
describe('pull: answers and refusals', { concurrency: true }, () => {
  test('what was pulled is counted, and shown by its id', async (t) => {
    const { url, showing } = await openShop(t, 0);
    showing.put(ownRecord(0));
    const cwd = temporaryFolder(t);
    const [pulled] = await runVerbs([`pull ${url}`], cwd);
    assert.equal(pulled?.exit, 0, pulled?.stderr);
    assert.equal(pulled?.stdout, '1 new, 0 improved, 0 unchanged, 0 skipped in .faultline\n');
    const [[id, repro] = ['', '']] = Object.entries(showing.set());
    const shown = await faultline(['show', id.slice(0, 12), '--as', 'text'], cwd);
    assert.equal(shown.stdout, repro);
  });

  test('pull: exit codes and a document', async (t) => {
    const [none, some] = [await openShop(t, 0), await openShop(t, 0)];
    const bad = ownRecord(2);
    for (const number of [0, 1]) some.showing.put(ownRecord(number));
    // Its model digest is a lie, which only the workers can tell.
    some.showing.put({ ...bad, repro: { ...bad.repro, modelDigest: 'd1'.repeat(32) } });
    const cwd = temporaryFolder(t);
    const from = `pull ${some.url} --dest mine`;
    const lines = [`pull ${none.url}`, `${from} --json`, from, `${from} --model nonesuch`];
    const [empty, first, second, other] = await runVerbs(lines, cwd);
    assert.equal(empty?.exit, 4, empty?.stderr);
    assert.match(empty?.stderr ?? '', /has no finding\nhint: `faultline status http/);

    const document = JSON.parse(first?.stdout ?? '');
    assert.deepEqual(Object.keys(document), [
      'url',
      'dest',
      'new',
      'improved',
      'unchanged',
      'skipped',
    ]);
    assert.equal(document.new[0].signature, ownRecord(0).finding.signature);
    assert.match(
      readFileSync(path.join(cwd, document.new[0].file), 'utf8'),
      /^faultline repro 1\n/,
    );
    assert.equal(document.skipped[0].id, bad.finding.id);

    assert.equal(second?.exit, 3);
    assert.match(second?.stderr ?? '', /skipped finding [0-9a-f]{12}: model-digest is not that of/);
    assert.equal(second?.stdout, '0 new, 0 improved, 2 unchanged, 1 skipped in mine\n');
    assert.equal(other?.exit, 4);
    assert.match(other?.stderr ?? '', /has no finding of that model and class/);
  });

  test('what cannot be is refused, with what to do', async (t) => {
    const cwd = temporaryFolder(t);
    mkdirSync(path.join(cwd, 'damaged'));
    writeFileSync(path.join(cwd, 'damaged/daemon.json'), '{"url":"ftp://x"}');
    writeFileSync(path.join(cwd, 'file'), '');
    const all = await runVerbs(
      REFUSALS.map(([line]) => line),
      cwd,
    );
    for (const [i, [line, exit, says]] of REFUSALS.entries()) {
      const { stdout = '', stderr = '', exit: given } = all[i] ?? {};
      assert.equal(given, exit, `${line}: ${stderr}`);
      assert.match(stderr, says);
      assert.match(stderr, /^hint: \S/m);
      assert.doesNotMatch(`${stdout}${stderr}`, /hunter2/);
    }
  });
});

describe('status, and the coordinator of a folder', { concurrency: true }, () => {
  test('the coordinator of a folder: found by its file, and what it has is here already', async (t) => {
    const { url, showing } = await openShop(t, 0);
    for (const number of [0, 1]) showing.put(ownRecord(number));
    const cwd = temporaryFolder(t);
    const dest = path.join(cwd, '.faultline');
    mkdirSync(dest);
    const store = new FindingStore(dest);
    for (const number of [0, 1]) store.put(ownRecord(number));
    writeFileSync(path.join(dest, 'daemon.json'), JSON.stringify({ url, pid: 1, tokenFile: '/x' }));
    const lines = [
      'pull',
      'pull --class deadlock',
      'pull --json',
      'pull --dest copy',
      'status --json',
    ];
    const [here, none, document, copy, status] = await runVerbs(lines, cwd);
    assert.equal(here?.exit, 0, here?.stderr);
    assert.match(here?.stdout ?? '', /^already here: 2 findings in \.faultline, where http/);
    assert.equal(none?.exit, 4);
    assert.equal(JSON.parse(document?.stdout ?? '').unchanged, 2);
    assert.match(copy?.stdout ?? '', /^2 new/);
    assert.deepEqual(setIn(path.join(cwd, 'copy')), showing.set());
    assert.deepEqual(Object.keys(JSON.parse(status?.stdout ?? '')), ['campaign', 'fleet']);
  });

  test('status: what runs, in lines and as a document', async (t) => {
    const { url, showing } = await openShop(t, 0);
    const build = 'b2'.repeat(32);
    showing.workers = [
      worker('w-1'),
      worker('w-2', { busy: 1, isDraining: true }),
      worker('w-3', { busy: 0, build }),
    ];
    showing.facts = { redis: { isUp: false, outages: 2 } };
    const [lines, document] = await runVerbs([`status ${url}`, `status ${url} --json`], '/');
    const said = lines?.stdout ?? '';
    assert.equal(lines?.exit, 0, lines?.stderr);
    for (const part of [
      `campaign  c-1 on ${url}: running, up 1 h 2 min, rng-seed 7`,
      'runs      1.23M, 48.1k runs/s; 98.8M steps, 12 inconclusive',
      'coverage  6.42k features, 308 workloads kept',
      'batches   130 planned, 126 folded, 0 quarantined',
      'findings  3 published, 1 under way, 0 refuted',
      'redis     down, 2 outages',
      'workers   2 workers, 3 of 4 executors busy; 1 worker of another build',
      '  w-2 (lab-3, pid 4242)  1 of 2 busy, 600k runs, seen 0 s ago, draining',
      '  w-3 (lab-3, pid 4242)  0 of 2 busy, 600k runs, seen 0 s ago, other build (b2b2b2b2b2b2): takes no batches of this one',
      '  v42-immap-read  2 findings, 4.32k features, 210 workloads kept',
      `    ${silenceInWords(showing.status().models[0] ?? assert.fail())}`,
    ]) {
      assert.ok(said.includes(`${part}\n`) || said.endsWith(`${part}\n`), `${part} in\n${said}`);
    }
    const { campaign, fleet } = JSON.parse(document?.stdout ?? '');
    assert.deepEqual(campaign, showing.status());
    assert.deepEqual(fleet, showing.fleet());
  });
});

test('the coordinator of a folder was killed, and somebody else has its port since', async (t) => {
  const { url, showing } = await openShop(t, 0);
  showing.put(ownRecord(0));
  const cwd = temporaryFolder(t);
  const { pid } = spawnSync(process.execPath, ['--version']);
  mkdirSync(path.join(cwd, '.faultline'));
  writeFileSync(path.join(cwd, '.faultline/daemon.json'), JSON.stringify({ url, pid }));
  const lines = [`pull ${url}`, 'pull', 'status'];
  const [brought, ...refused] = await runVerbs(lines, cwd);
  assert.match(brought?.stdout ?? '', /^1 new/);
  for (const { exit, stderr } of refused) {
    assert.equal(exit, 3);
    assert.match(stderr, new RegExp(`daemon.json names \\(process ${pid}\\) is gone\nhint: start`));
  }
});

describe('on the way', { concurrency: true }, () => {
  test('https: only with a certificate that is trusted, whatever the environment says', async (t) => {
    const cwd = temporaryFolder(t);
    const [keyFile, certFile] = [path.join(cwd, 'key.pem'), path.join(cwd, 'cert.pem')];
    const subject = '-subj /CN=lab -addext subjectAltName=IP:127.0.0.1 -days 1';
    const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${keyFile} -out ${certFile} ${subject}`;
    const made = spawnSync('openssl', args.split(' '));
    if (made.error !== undefined) return t.skip('openssl is not installed');
    const { url } = await serve(t, { tls: { certFile, keyFile } });
    const lax = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
    const [refused] = await runVerbs([`status ${url}`], cwd, lax);
    assert.equal(refused?.exit, 3);
    assert.match(
      refused?.stderr ?? '',
      /is not trusted: self-signed .*\nhint: NODE_EXTRA_CA_CERTS/,
    );
    // It names the number only.
    const lines = [`status ${url}`, `status ${url.replace('127.0.0.1', 'localhost')}`];
    const [said, other] = await runVerbs(lines, cwd, { NODE_EXTRA_CA_CERTS: certFile });
    assert.match(said?.stdout ?? '', /^campaign {2}c-1 on https:/);
    assert.match(other?.stderr ?? '', /is for other names: .*\nhint: reach it by a name/);
  });

  test('status --watch: a line, and Ctrl-C ends it with 0', async (t) => {
    const { url } = await openShop(t, 0);
    const child = spawn(process.execPath, [MAIN, 'status', url, '--watch'], { stdio: 'pipe' });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(createInterface(child.stdout), 'line');
    assert.match(line, /^\d\d:\d\d:\d\dZ {2}running, 1.23M runs \(48.1k\/s\), 6.42k features, /);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

describe('what goes on outside', { concurrency: true }, () => {
  test('Ctrl-C during a pull: what was brought is whole, the exit code is 0', async (t) => {
    const { url, showing } = await openShop(t, 0);
    for (let number = 0; number < 40; number += 1) showing.put(ownRecord(number));
    const dest = temporaryFolder(t);
    const child = spawn(process.execPath, [MAIN, 'pull', url, '--data-dir', dest], {
      stdio: 'pipe',
    });
    t.after(() => child.kill('SIGKILL'));
    showing.transferred = () => {
      if (showing.transfers.length === 3) child.kill('SIGINT');
    };
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.match(said, /^\d+ new, .*stopped, pull again to go on\n$/);
    const count = Object.keys(setIn(dest)).length;
    assert.ok(count >= 2 && count < 40, `${count} findings`);
  });

  test('nothing that a coordinator says reaches a terminal as anything but text', async (t) => {
    const pulls: string[] = [];
    const statuses: string[] = [];
    for (const evil of EVIL) {
      for (const answers of evilFindings(evil)) {
        pulls.push(`pull ${(await hostile(t, answers)).url} --dest evil`);
      }
      const { url } = await hostile(t, evilStatus(evil));
      statuses.push(`status ${url}`, `status ${url} --json`);
    }
    const lines = [...pulls, ...statuses, 'findings --data-dir evil'];
    const all = await runVerbs(lines, temporaryFolder(t));
    for (const [i, { exit, stdout, stderr }] of all.entries()) {
      const said = `${stdout}${stderr}`;
      assert.equal(exit, i < pulls.length ? 3 : 0, `${lines[i]}: ${said}`);
      assert.ok(said.length > 10, lines[i]);
      assert.doesNotMatch(said, UNSEEN, lines[i]);
      // What they say cannot pretend to be a line of ours.
      assert.doesNotMatch(said, /^ hidden/m);
    }
  });
});
