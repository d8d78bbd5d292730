/**
 * A coordinator that is none: whatever it streams, claims or withholds, the pull stops soon with a refusal, and
 * nothing is written (reliability.md S8).
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer as createHttp, type ServerResponse } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { parseAddress } from '../../daemon/pull/api-address.ts';
import { temporaryFolder } from '../store/sample.ts';
import { type PullChange, pullFrom } from './client.ts';
import {
  type Answerer,
  findingOf,
  hostile,
  json,
  listen,
  listOf,
  rowsOf,
  shelf,
} from './hostile-server.ts';

const MEBIBYTE = 1 << 20;
const BOMB = gzipSync(Buffer.alloc(8 * MEBIBYTE));

/** The refusal that ends it, with nothing written. */
async function refusalOf(url: string, dest: string, change: PullChange = {}): Promise<string> {
  const ended = await pullFrom(url, dest, change).then(
    (pulled) => pulled.broken,
    (error: unknown) => error,
  );
  assert.ok(ended instanceof Refusal, String(ended));
  assert.equal(ended.exit, 3);
  assert.doesNotMatch(ended.message, /[\p{C}]/u);
  assert.ok(ended.message.length < 400, ended.message);
  assert.deepEqual(readdirSync(dest), []);
  return ended.message;
}

/** As fast as it is taken, for ever. */
function pour(response: ServerResponse, part: string): void {
  const more = (): void => {
    while (!response.destroyed && response.write(part));
  };
  response.on('drain', more);
  more();
}

const endless: Answerer = (response) => pour(response, ' '.repeat(1 << 16));

type Bounds = NonNullable<PullChange['bounds']>;
type Bad = readonly [Answerer, RegExp, Bounds?];

/** Answers that are the same bad thing whatever was asked. */
const ANYWHERE: Readonly<Record<string, Bad>> = {
  'streams for ever': [endless, /longer than 2097152 bytes/],
  'streams on after the end that it said': [
    (response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n${' '.repeat(1 << 22)}`);
    },
    /no HTTP/,
  ],
  'says that 3 GiB come': [
    (response) => {
      response.writeHead(200, { 'Content-Length': String(3 * 2 ** 30) });
      response.write('{');
    },
    /longer than/,
  ],
  'says that more comes than does': [
    (response) => {
      response.writeHead(200, { 'Content-Length': '4000' });
      response.write('{}');
      response.socket?.end();
    },
    /ended the connection|cut short/,
  ],
  'a length and chunks': [
    (response) => {
      response.socket?.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      );
    },
    /no HTTP/,
  ],
  'a bomb in gzip': [
    (response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      response.end(BOMB);
    },
    /compressed/,
  ],
  'a coding that nobody knows': [
    (response) => void response.writeHead(200, { 'Content-Encoding': 'identity, x' }).end('{}'),
    /compressed/,
  ],
  'a redirect to itself': [
    (response, { url = '' }) => void response.writeHead(307, { Location: url }).end(),
    /elsewhere/,
  ],
  'headers without end': [
    (response) => {
      const { socket } = response;
      socket?.write('HTTP/1.1 200 OK\r\n');
      for (let i = 0; i < 4000; i += 1) socket?.write(`X-${i}: ${'y'.repeat(100)}\r\n`);
    },
    /no HTTP \(HPE_HEADER_OVERFLOW\)/,
  ],
  'answers that are none, without end': [
    (response) => {
      for (let i = 0; i < 1000; i += 1) response.writeProcessing();
    },
    /answers that are none/,
  ],
  'another protocol': [
    (response) =>
      void response.socket?.write('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    /ended the connection/,
  ],
  garbage: [(response) => void response.socket?.end('\0\x1b[31mSSH-2.0\r\n\r\n'), /no HTTP/],
  'ends the connection': [(response) => void response.socket?.destroy(), /ended the connection/],
};

/** One short bound each, so that after a stall of the machine it is still known which of the two ends it. */
const IDLE: Bounds = { idleMs: 300 };
const WHOLE: Bounds = { answerMs: 400 };
const DRIP: Bounds = { dripMs: 400 };
/** Time to ask twice, a second apart. */
const AGAIN: Bounds = { answerMs: 1900 };

/** And those that only time can end. */
const SLOW: typeof ANYWHERE = {
  'says nothing': [() => {}, /nothing came for 0.3 s/, IDLE],
  'says nothing after the head': [
    (response) => {
      response.writeHead(200);
      response.flushHeaders();
    },
    /nothing came for 0.3 s/,
    IDLE,
  ],
  'a byte now and then': [
    (response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    /no whole answer within 0.4 s/,
    WHOLE,
  ],
  'a head byte now and then': [
    ({ socket }) => {
      const bytes = [...'HTTP/1.1 200 OK\r\nX: ', ...'y'.repeat(10_000)];
      const timer = setInterval(() => socket?.write(bytes.shift() ?? ''), 20);
      socket?.on('close', () => clearInterval(timer));
    },
    /less than 4096 bytes of an answer in 0.4 s/,
    DRIP,
  ],
  'a body byte now and then': [
    (response) => {
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    /less than 4096 bytes of an answer in 0.4 s/,
    DRIP,
  ],
  'asks us to wait, always': [
    (response) => void response.writeHead(429, { 'Retry-After': '0' }).end(),
    /too seldom/,
    AGAIN,
  ],
  'asks us to wait for a year': [
    (response) => void response.writeHead(429, { 'Retry-After': '31536000' }).end(),
    /too seldom/,
    AGAIN,
  ],
};

async function stopsAnywhere(t: TestContext, [answer, says, bounds = {}]: Bad): Promise<void> {
  const stops = (['campaign', 'list', 'finding'] as const).map(async (at) => {
    const { url } = await hostile(t, { [at]: answer });
    assert.match(await refusalOf(url, temporaryFolder(t), { bounds }), says, at);
  });
  await Promise.all(stops);
}

for (const [what, bad] of Object.entries(ANYWHERE)) {
  test(`${what}: refused, for the campaign, the list and a finding`, async (t) => {
    await stopsAnywhere(t, bad);
  });
}

test(`${Object.keys(SLOW).join('; ')}: refused when its time is over`, async (t) => {
  await Promise.all(Object.values(SLOW).map((bad) => stopsAnywhere(t, bad)));
});

const [FIRST] = rowsOf(shelf());
const row = (revision: number): unknown => ({ ...(FIRST as object), revision });
const rows = (count: number, from = 1): unknown[] =>
  Array.from({ length: count }, (_, i) => row(from + i));
const list = (findings: unknown[], next: unknown = null, revision: unknown = 999): Answerer =>
  json({ findings, next, revision });

/** Lists that lead nowhere, or too far. */
const LISTS: Readonly<Record<string, readonly [Answerer, RegExp]>> = {
  'no JSON': [json('<html>'), /not JSON/],
  'no object': [json([]), /not JSON/],
  'no list': [json({ findings: {}, next: null, revision: 1 }), /not one of findings/],
  'no revision': [list(rows(1), null, '1'), /not one of findings/],
  'deeply nested': [json(`{"findings":${'['.repeat(MEBIBYTE)}`), /not JSON/],
  'very many parts': [json(`{"findings":[${'0,'.repeat(200_000)}0]}`), /not JSON/],
  'a fraction': [list([row(1.5)]), /not JSON/],
  'not UTF-8': [
    (response) => void response.end(Buffer.from([0x22, 0xff, 0x22])),
    /damaged on the way/,
  ],
  'more rows than asked for': [list(rows(101)), /more rows/],
  'the same revision twice': [list([row(1), row(1)]), /go forward/],
  backwards: [list([row(2), row(1)]), /go forward/],
  'a revision below zero': [list([row(-1)]), /go forward/],
  'more to come, but nothing here': [list([], '7'), /lead on/],
  'more to come from where we are': [list(rows(2), '1'), /lead on/],
  'more to come from far ahead': [list(rows(2), '900'), /lead on/],
  'ends after its last revision': [list(rows(2), null, 1), /lead on/],
  'the first page again and again': [list(rows(2), '2'), /go forward/],
  'not modified, though nobody asked': [
    (response) => void response.writeHead(304).end(),
    /with 304/,
  ],
  'an error, with hostile words': [
    (response) => {
      response.writeHead(500);
      json({ detail: `\x1b]0;x\x07\u202e${'x'.repeat(5000)}` })(response, {} as never);
    },
    /with 500: \\u\{1b\}/,
  ],
};

for (const [what, [answer, says]] of Object.entries(LISTS)) {
  test(`a list: ${what}: refused`, async (t) => {
    const { url, asked } = await hostile(t, { list: answer, finding: json('x') });
    const dest = temporaryFolder(t);
    const message = await refusalOf(url, dest);
    assert.match(message, says);
    assert.ok(asked.length < 12, `${asked.length} requests`);
  });
}

/** Pages without end, each leading on. */
const forever: Answerer = (response, { url = '' }) => {
  const since = Number(new URL(url, 'http://x').searchParams.get('since'));
  list(rows(100, since + 1), String(since + 100))(response, {} as never);
};

test('rows without end: stopped at the bound', async (t) => {
  const { url, asked } = await hostile(t, { list: forever });
  const since = { publishedMs: Number.MAX_SAFE_INTEGER };
  const message = await refusalOf(url, temporaryFolder(t), { rowsMax: 1000, since });
  assert.match(message, /over 1000 rows/);
  assert.ok(asked.length < 14, `${asked.length} requests`);
});

test('bytes without end, in answers that are each small: stopped at the bound', async (t) => {
  const { url } = await hostile(t, { finding: json(' '.repeat(MEBIBYTE)) });
  const bounds = { allBytes: 2 * MEBIBYTE };
  assert.match(await refusalOf(url, temporaryFolder(t), { bounds }), /2097152 bytes in all/);
});

test('findings that are none, without end: not believed after a hundred', async (t) => {
  const { url, asked } = await hostile(t, { list: forever, finding: json('{}') });
  assert.match(await refusalOf(url, temporaryFolder(t)), /100 findings of it are not/);
  assert.ok(asked.length < 110, `${asked.length} requests`);
});

test('a redirect elsewhere, and links: nobody else is asked', async (t) => {
  let visits = 0;
  const elsewhere = await listen(
    t,
    createHttp((_, response) => {
      visits += 1;
      response.end();
    }),
  );
  for (const status of [301, 302, 303, 307, 308]) {
    const redirect: Answerer = (response) =>
      void response.writeHead(status, { Location: `${elsewhere}/x` }).end();
    for (const at of ['campaign', 'list', 'finding'] as const) {
      const { url } = await hostile(t, { [at]: redirect });
      await refusalOf(url, temporaryFolder(t));
    }
  }
  const records = shelf();
  const links = { self: `${elsewhere}/a`, repro: `${elsewhere}/b`, columns: 'file:///etc/passwd' };
  const { url, asked } = await hostile(t, {
    list: listOf(records, (one) => ({ ...one, links })),
    finding: findingOf(records, (one) => ({ ...one, links })),
  });
  const pulled = await pullFrom(url, temporaryFolder(t));
  assert.deepEqual([pulled.added.length, pulled.skipped.length], [3, 0]);
  assert.ok(asked.every((path) => /^\/api\/v1\/(?:campaign$|findings[?/])/.test(path)));
  assert.equal(visits, 0);
});

test('a proxy of the environment is not asked', async (t) => {
  let visits = 0;
  const proxy = await listen(
    t,
    createTcp((socket): void => {
      visits += 1;
      socket.destroy();
    }),
  );
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
  const saved = names.map((name) => process.env[name]);
  t.after(() =>
    names.forEach((name, i) => {
      if (saved[i] === undefined) delete process.env[name];
      else process.env[name] = saved[i];
    }),
  );
  for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy;
  const { url } = await hostile(t, {});
  assert.equal((await pullFrom(url, temporaryFolder(t))).added.length, 3);
  assert.equal(visits, 0);
});

// biome-ignore format: a table
const ADDRESSES: readonly (readonly [text: string, isInsecureAllowed: boolean, says: RegExp | null])[] = [
  ['http://127.0.0.1:7077', false, null],
  ['http://127.8.9.10:1', false, null],
  ['http://localhost:7077/', false, null],
  ['http://[::1]:7077', false, null],
  ['http://0x7f.1:7077', false, null],
  ['https://lab.example:7077', false, null],
  ['http://lab.example:7077', true, null],
  ['http://lab.example:7077', false, /lab.example:7077 is another machine/],
  ['http://127.0.0.1.lab.example', false, /another machine/],
  ['http://localhost.lab.example', false, /another machine/],
  ['http://0.0.0.0:7077', false, /another machine/],
  ['http://[::ffff:10.0.0.1]:7077', false, /another machine/],
  ['http://me:hunter2@127.0.0.1:7077', false, /leave user and password out/],
  ['https://me@lab.example', false, /leave user and password out/],
  ['http://127.0.0.1:7077/api/v1', false, /more than an address/],
  ['http://127.0.0.1:7077/?a=1', false, /more than an address/],
  ['127.0.0.1:7077', false, /must begin with http/],
  ['lab:7077', false, /must begin with http/],
  ['file:///etc/passwd', false, /must begin with http/],
  ['ftp://127.0.0.1/', true, /must begin with http/],
  ['data:application/json,{}', true, /must begin with http/],
  ['', false, /must begin with http/],
];

test('addresses: only what nobody on the way can read or change', () => {
  for (const [text, isInsecureAllowed, says] of ADDRESSES) {
    if (says === null) {
      assert.equal(parseAddress(text, isInsecureAllowed).origin, new URL(text).origin);
      continue;
    }
    assert.throws(
      () => parseAddress(text, isInsecureAllowed),
      (error) =>
        error instanceof Refusal &&
        error.exit === 2 &&
        says.test(error.message) &&
        !error.message.includes('hunter2'),
      text,
    );
  }
});
