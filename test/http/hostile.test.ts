/**
 * Who may reach the server and who may write (reliability.md S1 to S3): binds, tokens, names of other sites and
 * pages of other sites.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import path from 'node:path';
import { test } from 'node:test';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { CONTROLS } from '../../daemon/campaign/views.ts';
import {
  bindProblem,
  isLoopback,
  listenRefusal,
  namesOf,
  tokenProblem,
  urlOf,
} from '../../daemon/http/bind.ts';
import { startServer } from '../../daemon/http/server.ts';
import { temporaryFolder } from '../store/sample.ts';
import { type Asking, ask, exchange, problemIn } from './ask.ts';
import { MemoryShowing, serve, TOKEN } from './showing.ts';

const FINDINGS = '/api/v1/findings';
const OPTIONS = {
  showing: new MemoryShowing(),
  host: '127.0.0.1',
  port: 0,
  token: TOKEN,
  tls: null,
  isInsecureAllowed: false,
  version: '0',
};
/** Columns: token, TLS, insecure HTTP allowed; then what loopback, all addresses and one address lack. */
const BINDS: readonly (readonly [boolean, boolean, boolean, RegExp | null])[] = [
  [
    false,
    false,
    false,
    /needs a token \(--token-file\) and TLS \(--tls-cert and --tls-key\), or --insecure-http/,
  ],
  [false, false, true, /needs a token \(--token-file\)$/],
  [false, true, false, /needs a token \(--token-file\)$/],
  [false, true, true, /needs a token \(--token-file\)$/],
  [true, false, false, /needs TLS \(--tls-cert and --tls-key\), or --insecure-http/],
  [true, false, true, null],
  [true, true, false, null],
  [true, true, true, null],
];

test('S1: beyond loopback only with a token, and TLS or consent', async () => {
  let rows = 0;
  for (const [hasToken, hasTls, isInsecureAllowed, lacks] of BINDS) {
    for (const host of ['127.0.0.1', '0.0.0.0', '192.0.2.7']) {
      const problem = bindProblem({ host, hasToken, hasTls, isInsecureAllowed });
      const row = JSON.stringify([host, hasToken, hasTls, isInsecureAllowed]);
      if (host === '127.0.0.1' || lacks === null) assert.equal(problem, null, row);
      else assert.match(problem ?? '', lacks, row);
      rows += 1;
    }
  }
  assert.equal(rows, 24);
  const bind = startServer({ ...OPTIONS, host: '0.0.0.0' });
  await assert.rejects(bind, refusal('USAGE', /can reach 0\.0\.0\.0, .*--tls-cert/));
});

test('S1: what is loopback, and what a token is', async () => {
  for (const host of ['127.0.0.1', '127.9.8.7', '::1', '[::1]', 'localhost']) {
    assert.equal(isLoopback(host), true, host);
  }
  const others = [
    '',
    '0',
    '0.0.0.0',
    '::',
    '127.1',
    '127.0.0.1.example',
    'localhost.',
    '::ffff:8.8.8.8',
  ];
  for (const host of [...others, '2130706433', 'LOCALHOST.example', '128.0.0.1']) {
    assert.equal(isLoopback(host), false, host);
  }
  assert.equal(tokenProblem(''), null);
  assert.equal(tokenProblem('x'.repeat(43)), null);
  const weak = startServer({ ...OPTIONS, token: 'hunter2' });
  await assert.rejects(weak, refusal('USAGE', /7 characters.*openssl rand -hex 32/));
  assert.equal(urlOf('::', 7077, false), 'http://localhost:7077');
  assert.equal(urlOf('::1', 7077, true), 'https://[::1]:7077');
});

test('where it cannot listen it says what to do', async (t) => {
  const { port } = await serve(t);
  const taken = startServer({ ...OPTIONS, port });
  await assert.rejects(taken, refusal('ENVIRONMENT', new RegExp(`port ${port} is in use`)));
  await assert.rejects(taken, (error) => error instanceof Refusal && /--port/.test(error.hint));
  const elsewhere = startServer({ ...OPTIONS, host: '192.0.2.7', isInsecureAllowed: true });
  await assert.rejects(elsewhere, refusal('ENVIRONMENT', /cannot listen on 192\.0\.2\.7/));
  const denied = Object.assign(new Error(), { code: 'EACCES', syscall: 'listen' });
  assert.match(listenRefusal(denied, '127.0.0.1', 80).message, /port 80 needs rights/);
});

test('over TLS it answers to its own name; a file that is no certificate is refused', async (t) => {
  const folder = temporaryFolder(t);
  const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const made = spawnSync('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' '),
    ...['-subj', '/CN=localhost', '-keyout', keyFile, '-out', certFile],
  ]);
  if (made.error !== undefined) return t.skip('openssl is not installed');
  const { port, url } = await serve(t, { tls: { certFile, keyFile } });
  assert.equal(url, `https://127.0.0.1:${port}`);
  const origin = { Origin: `https://127.0.0.1:${port}` };
  assert.equal(await statusOverTls(port, origin), 200);
  assert.equal(await statusOverTls(port, { Origin: `http://127.0.0.1:${port}` }), 403);
  const plain = await exchange(port, 'GET / HTTP/1.1\r\n\r\n');
  assert.doesNotMatch(plain, /200 OK/);

  const junk = path.join(folder, 'junk.pem');
  writeFileSync(junk, 'junk');
  const bad = startServer({ ...OPTIONS, tls: { certFile: junk, keyFile } });
  await assert.rejects(bad, refusal('FILE_UNREADABLE', /junk\.pem: it is not a certificate/));
  const missing = startServer({ ...OPTIONS, tls: { certFile, keyFile: path.join(folder, 'no') } });
  await assert.rejects(missing, refusal('FILE_UNREADABLE', /ENOENT/));
});

function statusOverTls(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port, headers, rejectUnauthorized: false, agent: false } as const;
    get({ host: '127.0.0.1', path: '/livez', ...options }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    }).once('error', reject);
  });
}

/** What `Authorization` says, and the answer. */
const TOKENS: readonly (readonly [string | undefined, number])[] = [
  [`Bearer ${TOKEN}`, 202],
  [`bearer ${TOKEN}`, 202],
  [undefined, 401],
  ['', 401],
  ['Bearer', 401],
  ['Bearer ', 401],
  [TOKEN, 401],
  [`Basic ${TOKEN}`, 401],
  [`Bearer ${TOKEN} ${TOKEN}`, 401],
  [`Bearer ${TOKEN}, Bearer x`, 401],
  ['Bearer undefined', 403],
  [`Bearer ${TOKEN.slice(1)}`, 403],
  [`Bearer ${TOKEN}0`, 403],
  [`Bearer ${TOKEN.toUpperCase()}`, 403],
  [`Bearer ${'a'.repeat(9000)}`, 403],
];

test('S2: whoever has the token may write, on loopback too, and nobody else', async (t) => {
  const server = await serve(t);
  for (const control of CONTROLS) {
    const path = `/api/v1/campaign/${control}`;
    // One that is what it is told to be is told nothing.
    server.showing.facts = { state: control === 'resume' ? 'paused' : 'running' };
    for (const [authorization, status] of TOKENS) {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const answer = await ask(server, path, { method: 'POST', headers });
      assert.equal(answer.status, status, `${control} ${authorization}`);
      if (status === 401) assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer /);
      assert.doesNotMatch(answer.body + JSON.stringify(answer.headers), new RegExp(TOKEN));
    }
    // Not in the address, where logs would keep it, and not with a method that a link can have.
    const inQuery = await ask(server, `${path}?token=${TOKEN}`, { method: 'POST' });
    assert.deepEqual([inQuery.status, (await ask(server, path)).status], [400, 405]);
  }
  assert.deepEqual(
    server.showing.controls,
    CONTROLS.flatMap((control) => [control, control]),
  );
  const closed = await serve(t, { token: '' });
  for (const authorization of ['Bearer ', 'Bearer undefined', `Bearer ${TOKEN}`]) {
    const asking = { method: 'POST', headers: { Authorization: authorization } };
    const { status } = await ask(closed, '/api/v1/campaign/stop', asking);
    assert.ok(status === 401 || status === 403);
  }
  assert.deepEqual(closed.showing.controls, []);
});

test('what is to be done is in the path: a body is empty JSON or refused', async (t) => {
  const server = await serve(t);
  const pause = (body: string, type?: string): Promise<number> => {
    const headers = { Authorization: `Bearer ${TOKEN}`, ...(type && { 'Content-Type': type }) };
    const asking = { method: 'POST', headers, body };
    return ask(server, '/api/v1/campaign/pause', asking).then(({ status }) => status);
  };
  assert.equal(await pause('{}', 'application/json'), 202);
  assert.equal(await pause(' { } ', 'application/json; charset=utf-8'), 202);
  for (const body of ['{"now":true}', '[]', 'null', '{', '{"__proto__":{}}', '0']) {
    assert.equal(await pause(body, 'application/json'), 400, body);
  }
  for (const type of [undefined, 'text/plain', 'application/json5', 'multipart/form-data']) {
    assert.equal(await pause('{}', type), 415, type);
  }
  assert.equal(server.showing.controls.length, 2);
});

/** Names that are not ours, whatever leads there; PORT is ours. */
const STRANGE_HOSTS: readonly string[] = [
  ...['evil.example', 'evil.example:PORT', '127.0.0.1.evil.example:PORT', 'localhost.evil.example'],
  ...['localhost.:PORT', 'localhost', '127.0.0.1', 'localhost:1', '127.0.0.1:PORT0', 'localhost:'],
  ...[
    '0.0.0.0:PORT',
    '[::]:PORT',
    '127.1:PORT',
    '2130706433:PORT',
    '0x7f.1:PORT',
    '127.0.0.2:PORT',
  ],
  ...['192.168.0.1:PORT', 'user@localhost:PORT', 'localhost:PORT/', 'localhost:PORT,evil.example'],
  ...['localhost:PORT evil', '*', '[::1', 'l%6fcalhost:PORT', 'localhost\u00ad:PORT', '_:PORT'],
];
/** Headers of a page that is not ours. */
const STRANGE_PAGES: readonly Readonly<Record<string, string>>[] = [
  { Origin: 'http://evil.example' },
  { Origin: 'null' },
  { Origin: '' },
  { Origin: 'http://localhost' },
  { Origin: 'http://localhost:1' },
  { Origin: 'https://127.0.0.1:PORT' },
  { Origin: 'http://localhost:PORT' },
  { Origin: 'http://127.0.0.1:PORT.evil.example' },
  { Origin: 'http://127.0.0.1:PORT, http://evil.example' },
  { Origin: 'file://' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' },
  { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
  { 'Sec-Fetch-Site': 'none, same-origin' },
];

test('S3: 71 requests by strange names and from strange pages are refused', async (t) => {
  const server = await serve(t);
  const ours = (text: string): string => text.replaceAll('PORT', String(server.port));
  const asPage = (headers: Readonly<Record<string, string>>): Asking['headers'] =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, ours(value)]));
  const authorization = { Authorization: `Bearer ${TOKEN}` };
  const requests: (readonly [string, Asking])[] = [];
  for (const host of STRANGE_HOSTS) {
    const headers = { Host: Buffer.from(ours(host)).toString('latin1') };
    requests.push([FINDINGS, { headers }]);
  }
  for (const headers of STRANGE_PAGES) {
    const asking = { headers: { ...authorization, ...asPage(headers) } };
    requests.push(['/api/v1/campaign/stop', { ...asking, method: 'POST' }]);
    requests.push(['/api/v1/events', asking]);
  }
  for (const type of FORM_TYPES) {
    const headers = { ...authorization, 'Content-Type': type };
    requests.push(['/api/v1/campaign/stop', { headers, method: 'POST', body: '{}' }]);
  }
  // One asks before it writes, and is not told that it may.
  const preflight = { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' };
  requests.push(['/api/v1/campaign/stop', { method: 'OPTIONS', headers: preflight }]);
  for (const [path, asking] of requests) {
    const answer = await ask(server, path, asking);
    const { detail } = problemIn(answer);
    assert.ok(answer.status >= 400 && answer.status < 500, `${JSON.stringify(asking)}: ${detail}`);
    assert.notEqual(answer.status, 429);
    const cors = Object.keys(answer.headers).filter((name) => name.includes('access-control'));
    assert.deepEqual(cors, []);
  }
  for (const lines of RAW) {
    const answer = await exchange(server.port, ours(`${lines.join('\r\n')}\r\n\r\n`));
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, lines.join(' '));
  }
  assert.equal(requests.length + RAW.length, 71);
  assert.deepEqual(server.showing.controls, []);
});

const FORM_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain; application/json',
];
const RAW = [
  ['GET / HTTP/1.1'],
  ['GET / HTTP/1.0'],
  ['GET / HTTP/1.1', 'Host: localhost:PORT', 'Host: evil.example'],
  ['GET / HTTP/1.1', 'Host: evil.example', 'Host: localhost:PORT'],
  ['GET / HTTP/1.1', 'Host:'],
  ['GET http://evil.example/ HTTP/1.1', 'Host: localhost:PORT'],
  ['GET http://localhost:PORT/ HTTP/1.1', 'Host: evil.example'],
  ['GET @evil.example/ HTTP/1.1', 'Host: localhost:PORT'],
  ['OPTIONS * HTTP/1.1', 'Host: localhost:PORT'],
  ['GET /\\evil.example HTTP/1.1', 'Host: localhost:PORT'],
];

test('S3: our own names, our own pages and links from elsewhere are let in', async (t) => {
  const server = await serve(t, { hosts: ['Proxy.example', 'proxy.example:8443'] });
  const { port } = server;
  const ok = async (path: string, headers: Record<string, string>): Promise<void> => {
    const { status, body } = await ask(server, path, { headers });
    assert.equal(status, 200, `${JSON.stringify(headers)}: ${body}`);
  };
  for (const host of [`localhost:${port}`, `LocalHost:${port}`, `127.0.0.1:${port}`]) {
    await ok('/', { Host: host });
    await ok('/', { Host: host, Origin: `http://${host.toLowerCase()}` });
  }
  for (const host of [`[::1]:${port}`, `proxy.example:${port}`, 'proxy.example:8443']) {
    await ok('/', { Host: host });
  }
  for (const site of ['same-origin', 'none']) await ok('/', { 'Sec-Fetch-Site': site });
  const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
  await ok('/', { ...link, 'Sec-Fetch-Dest': 'document' });
  assert.ok(namesOf('::1', 80, false, []).has('[::1]'));
  assert.ok(namesOf('lab.example', 443, true, ['fd00::7']).has('[fd00::7]:443'));
  assert.ok(!namesOf('0.0.0.0', 80, false, []).has('0.0.0.0'));
});

test('on all addresses it answers to the one that was asked', async (t) => {
  const server = await serve(t, { host: '0.0.0.0', isInsecureAllowed: true });
  const { status } = await ask(server, '/livez', { headers: { Host: `127.0.0.1:${server.port}` } });
  assert.equal(status, 200);
  const far = await exchange(
    server.port,
    `GET /livez HTTP/1.1\r\nHost: 127.0.0.9:${server.port}\r\nConnection: close\r\n\r\n`,
    { to: '127.0.0.9' },
  );
  assert.match(far, /^HTTP\/1\.1 200 /);
  const other = { headers: { Host: `127.0.0.9:${server.port}` } };
  assert.equal((await ask(server, '/livez', other)).status, 421);
});

function refusal(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}
