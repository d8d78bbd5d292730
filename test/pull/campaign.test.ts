/** `campaign pause`, `resume`, `stop`: told to a server, with its token and without, and what each state allows. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CampaignPhase } from '../../daemon/campaign/views.ts';
import { MemoryShowing, serve, TOKEN } from '../http/showing.ts';
import { temporaryFolder } from '../store/sample.ts';
import { hostile } from './hostile-server.ts';
import { runVerbs } from './verb-runner.ts';

/** A campaign that does what it is told. */
class Obeying extends MemoryShowing {
  override control(control: 'pause' | 'resume' | 'stop'): void {
    super.control(control);
    const states = { pause: 'paused', resume: 'running', stop: 'draining' } as const;
    this.facts = { state: states[control] };
  }
}

/** A folder that names the coordinator and where its token lies; `wrong.txt` holds another. */
function folderOf(t: TestContext, url: string): string {
  const cwd = temporaryFolder(t);
  const secret = (name: string, text: string): string => {
    writeFileSync(path.join(cwd, name), `${text}\n`, { mode: 0o600 });
    return path.join(cwd, name);
  };
  secret('wrong.txt', '5f'.repeat(32));
  secret('short.txt', 'abc');
  secret('empty.txt', '');
  const tokenFile = secret('elsewhere.txt', TOKEN);
  mkdirSync(path.join(cwd, '.faultline'));
  const own = JSON.stringify({ url, pid: process.pid, tokenFile });
  writeFileSync(path.join(cwd, '.faultline/daemon.json'), own);
  return cwd;
}

test('pause, resume and stop reach the coordinator of the folder, once each', async (t) => {
  const showing = new Obeying();
  const { url } = await serve(t, { showing });
  const cwd = folderOf(t, url);
  const told = await runVerbs(
    [
      'campaign pause',
      'campaign pause',
      `campaign resume ${url} --token-file elsewhere.txt --json`,
      'campaign stop',
      'campaign stop --json',
      'campaign resume',
    ],
    cwd,
  );
  assert.deepEqual(showing.controls, ['pause', 'resume', 'stop']);
  assert.deepEqual(
    told.map(({ exit }) => exit),
    [0, 0, 0, 0, 0, 4],
  );
  const said = told.map(({ stdout }) => stdout);
  assert.equal(said[0], `campaign c-1 on ${url}: paused, was running\n`);
  assert.equal(said[1], `campaign c-1 on ${url}: paused already\n`);
  const resumed = { url, campaign: 'c-1', was: 'paused', state: 'running' };
  assert.deepEqual(JSON.parse(said[2] ?? ''), resumed);
  assert.equal(said[3], `campaign c-1 on ${url}: draining, was running\n`);
  assert.deepEqual(JSON.parse(said[4] ?? ''), { ...resumed, was: 'draining', state: 'draining' });
  assert.match(
    told[5]?.stderr ?? '',
    /is draining: there is nothing to resume\nhint: `faultline up/,
  );
});

test('a token that is wrong, missing or none: refused, and nothing is done', async (t) => {
  const { url, showing } = await serve(t);
  const cwd = folderOf(t, url);
  const cases: readonly (readonly [line: string, exit: number, says: RegExp])[] = [
    // It runs: there is nothing to do, and who may not is told so all the same.
    ['campaign resume --token-file wrong.txt', 2, /does not take this token: name the one/],
    ['campaign resume --token-file empty.txt', 2, /empty.txt is empty/],
    ['campaign resume --token-file none.txt', 2, /cannot read none.txt: no such file/],
    ['campaign pause --token-file wrong.txt', 2, /does not take this token: name the one/],
    ['campaign pause --token-file short.txt', 2, /has 3 characters, and 256 random bits have 43/],
    ['campaign pause --token-file empty.txt', 2, /empty.txt is empty/],
    ['campaign pause --token-file none.txt', 2, /cannot read none.txt: no such file/],
    [`campaign pause ${url} --data-dir other`, 2, /no token in other\/token: name .*--token-file/],
    ['campaign pause --data-dir other', 3, /no coordinator runs on other/],
    ['campaign pause http://127.0.0.1:1', 3, /no coordinator answers/],
    ['campaign pause http://lab.example:7077', 2, /another machine.*--insecure-http/],
    ['campaign halt', 2, /Allowed choices are pause, resume, stop/],
  ];
  const ended = await runVerbs(
    cases.map(([line]) => line),
    cwd,
  );
  for (const [i, [line, exit, says]] of cases.entries()) {
    assert.equal(ended[i]?.exit, exit, `${line}: ${ended[i]?.stderr}`);
    assert.match(ended[i]?.stderr ?? '', says);
    assert.doesNotMatch(ended[i]?.stderr ?? '', /5f5f5f|5e5e5e/);
  }
  assert.deepEqual(showing.controls, []);
});

test('a campaign that has ended can be told nothing', async (t) => {
  const { url, showing } = await serve(t);
  showing.facts = { state: 'finished' satisfies CampaignPhase };
  const lines = ['pause', 'resume', 'stop'].map((word) => `campaign ${word}`);
  for (const { exit, stderr } of await runVerbs(lines, folderOf(t, url))) {
    assert.equal(exit, 4, stderr);
    assert.match(stderr, /is finished: there is nothing to/);
  }
});

test('a token goes nowhere else: a redirect is not followed', async (t) => {
  const thief = await serve(t);
  const { url } = await hostile(t, {
    finding: (response, { url: asked = '' }) => {
      response.writeHead(307, { Location: `${thief.url}${asked}` }).end();
    },
  });
  const [ended] = await runVerbs(['campaign stop'], folderOf(t, url));
  assert.equal(ended?.exit, 3, ended?.stderr);
  assert.match(ended?.stderr ?? '', /sends us elsewhere/);
  assert.deepEqual(thief.showing.controls, []);
});
