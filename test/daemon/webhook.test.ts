/** The webhook against real servers: one that listens, and those that fail, hang, lead elsewhere, drip, or are away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { newsOf, Webhook, type WebhookBounds } from '../../daemon/service/webhook.ts';
import { sampleRecord } from '../store/sample.ts';
import { until } from '../support/patience.ts';

type Answerer = (response: ServerResponse, request: IncomingMessage, tries: number) => void;

const BOUNDS: WebhookBounds = { tryMs: 60_000, pausesMs: [1, 1, 1], waitingMax: 10 };
const [NEWS, OTHER] = ['unfenced punch', 'unfenced store'].map((signature) =>
  newsOf(sampleRecord({ signature }).finding, 'http://127.0.0.1:7077'),
);
assert.ok(NEWS !== undefined && OTHER !== undefined);

interface Scene {
  readonly webhook: Webhook;
  readonly bodies: string[];
  readonly said: string[];
  failures(): number;
}

async function scene(
  t: TestContext,
  answer: Answerer,
  bounds: Partial<WebhookBounds> = {},
): Promise<Scene> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('error', () => {});
    void text(request).then(
      (body) => {
        bodies.push(body);
        answer(response, request, bodies.length);
      },
      () => {},
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { bodies, ...listening(t, `http://127.0.0.1:${port}/hooks/s3cret`, bounds) };
}

function listening(t: TestContext, url: string, bounds: Partial<WebhookBounds> = {}) {
  const said: string[] = [];
  let failures = 0;
  const failed = (): void => {
    failures += 1;
  };
  const parts = {
    url: new URL(url),
    version: '0.1.0',
    said: (line: string) => said.push(line),
    failed,
  };
  const webhook = new Webhook(parts, { ...BOUNDS, ...bounds });
  t.after(() => webhook.close());
  return { webhook, said, failures: () => failures };
}

test('a new finding is one POST of a small JSON', async (t) => {
  const heads: IncomingMessage[] = [];
  const { webhook, bodies, failures } = await scene(t, (response, request) => {
    heads.push(request);
    response.writeHead(204).end();
  });
  webhook.send(NEWS);
  webhook.send(OTHER);
  await until('both', () => bodies.length === 2);
  assert.deepEqual(
    bodies.map((body) => JSON.parse(body)),
    [NEWS, OTHER],
  );
  assert.deepEqual(Object.keys(NEWS), ['id', 'title', 'row', 'model', 'class', 'standing', 'url']);
  assert.equal(NEWS.url, `http://127.0.0.1:7077/findings/${NEWS.id.slice(0, 12)}`);
  const [{ method, url, headers } = assert.fail()] = heads;
  assert.deepEqual(
    [method, url, headers['content-type']],
    ['POST', '/hooks/s3cret', 'application/json'],
  );
  assert.equal(failures(), 0);
});

test('a server that fails is asked again', async (t) => {
  const { webhook, bodies, failures, said } = await scene(t, (response, _, tries) => {
    response.writeHead(tries <= 2 ? 500 : 200).end();
  });
  webhook.send(NEWS);
  await until('it is told', () => bodies.length === 3);
  assert.deepEqual(new Set(bodies.map((body) => JSON.parse(body).id)), new Set([NEWS.id]));
  assert.deepEqual([failures(), said], [0, []]);
});

test('while a finding waits for its next try, others are told', async (t) => {
  const hour = 3_600_000;
  const { webhook, bodies, failures } = await scene(
    t,
    (response, _, tries) => {
      // The first hangs.
      if (tries > 1) response.writeHead(204).end();
    },
    { tryMs: 200, pausesMs: [hour] },
  );
  webhook.send(NEWS);
  webhook.send(OTHER);
  await until('the other', () => bodies.length === 2);
  assert.deepEqual(
    bodies.map((body) => JSON.parse(body).id),
    [NEWS.id, OTHER.id],
  );
  assert.equal(failures(), 0);
});

// biome-ignore format: a table
const FAILING: Readonly<Record<string, readonly [answer: Answerer, tries: number, says: RegExp, bounds?: Partial<WebhookBounds>]>> = {
  'answers 500 always': [(response) => void response.writeHead(500).end(), 4, /it answers 500$/],
  'answers 429 always': [(response) => void response.writeHead(429).end(), 4, /it answers 429$/],
  'answers 404': [(response) => void response.writeHead(404).end(), 1, /it answers 404$/],
  'leads elsewhere': [(response, { url = '' }) => void response.writeHead(307, { Location: url }).end(), 1, /answers 307, and no redirect is followed$/],
  hangs: [() => {}, 4, /no answer within 0.2 s$/, { tryMs: 200 }],
  'drips its head': [({ socket }) => {
    const timer = setInterval(() => socket?.write('x'), 10);
    socket?.on('close', () => clearInterval(timer));
  }, 4, /HPE_INVALID|no answer/, { tryMs: 200 }],
  'ends the connection': [({ socket }) => void socket?.destroy(), 4, /connection|ECONNRESET/],
  'sends headers without end': [({ socket }) => {
    socket?.write('HTTP/1.1 200 OK\r\n');
    for (let i = 0; i < 4000; i += 1) socket?.write(`X-${i}: ${'y'.repeat(100)}\r\n`);
  }, 4, /HPE_HEADER_OVERFLOW/],
};

for (const [what, [answer, tries, says, bounds = {}]] of Object.entries(FAILING)) {
  test(`a server that ${what}: ${tries} tries, one failure, and its secret is not said`, async (t) => {
    const { webhook, bodies, failures, said } = await scene(t, answer, bounds);
    webhook.send(NEWS);
    await until('a failure', () => failures() === 1);
    assert.equal(bodies.length, tries);
    assert.match(said.join('\n'), says);
    assert.match(
      said.join('\n'),
      /^the webhook at 127.0.0.1:\d+ was not told of finding [0-9a-f]{12}: /,
    );
    assert.doesNotMatch(said.join('\n'), /s3cret/);
  });
}

test('an answer without end is not read', async (t) => {
  const { webhook, failures, bodies } = await scene(t, (response) => {
    const timer = setInterval(() => response.write('x'.repeat(1 << 16)), 1);
    response.on('close', () => {
      clearInterval(timer);
      bodies.push('closed');
    });
  });
  webhook.send(NEWS);
  await until('it ends', () => bodies.includes('closed'));
  assert.equal(failures(), 0);
});

test('no server is there', async (t) => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  const { webhook, failures, said } = listening(t, `http://127.0.0.1:${port}/s3cret`);
  webhook.send(NEWS);
  await until('a failure', () => failures() === 1);
  assert.match(said.join(), /connection refused \(ECONNREFUSED\)$/);
});

test('what waits is bounded, and given up at the end; neither holds anybody up', async (t) => {
  const { webhook, failures, said, bodies } = await scene(t, () => {}, { waitingMax: 2 });
  webhook.send(NEWS);
  await until('the first is on its way', () => bodies.length === 1);
  for (let i = 0; i < 4; i += 1) webhook.send(OTHER);
  assert.equal(failures(), 3);
  assert.match(said[0] ?? '', /2 others wait already$/);
  webhook.close();
  await until('all are given up', () => failures() === 5);
  assert.match(said.at(-1) ?? '', /the coordinator ends$/);
  webhook.send(NEWS);
  assert.equal(failures(), 5);
});
