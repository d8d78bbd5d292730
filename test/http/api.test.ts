/** What scripts may rely on: paging that misses nothing, filters, tags, ids, refusals that name what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mark } from '../../corpus/store/marks.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { Random } from '../../corpus/vocabulary/random.ts';

import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import type { WorkerStatus } from '../../daemon/campaign/views.ts';
import type { ListPage, ShownFinding } from '../../daemon/http/listing.ts';
import { COMMON_HEADERS } from '../../daemon/http/problem.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { type Answer, type Asking, ask, askJson, problemIn } from './ask.ts';
import { serve, TOKEN, worker } from './showing.ts';

const FINDINGS = '/api/v1/findings';

test('whoever follows `next` has the latest of every finding, whatever is published meanwhile', async (t) => {
  const server = await serve(t);
  const random = new Random(RNG_SEED);
  const seen = new Map<string, ShownFinding>();
  let since = '0';
  let pages = 0;
  const read = async (): Promise<boolean> => {
    const { findings, next, revision } = await askJson<ListPage>(
      server,
      `${FINDINGS}?limit=${1 + random.below(5)}&since=${since}`,
      // The limit of requests is for a client; these are many.
      { from: `127.0.0.${2 + (pages++ % 8)}` },
    );
    for (const finding of findings) {
      assert.ok(finding.revision > Number(since), 'in order of revisions');
      assert.ok(finding.revision > (seen.get(finding.id)?.revision ?? 0), 'changed since');
      seen.set(finding.id, finding);
      since = String(finding.revision);
    }
    assert.equal(next, next === null ? null : since);
    if (next === null) since = String(revision);
    return next !== null;
  };
  for (let step = 0; step < 200; step++) {
    if (random.oneIn(3)) await read();
    else server.showing.publish(`stale-pte n${random.below(60)}`, { hits: step });
  }
  while (await read());
  const latest = server.showing.published().map(({ revision, hits }) => [revision, hits]);
  const got = [...seen.values()].map(({ revision, hits }) => [revision, hits]);
  assert.deepEqual(
    got.sort(([a = 0], [b = 0]) => a - b),
    latest,
  );
});

test('a finding is shown flat, with its links, and the next page is linked too', async (t) => {
  const server = await serve(t);
  const mark = { as: 'fixed', of: null, note: 'in 4.4' } as const;
  const published = server.showing.publish('stale-pte a', { notOn: ['canary'], hits: 4, mark });
  server.showing.publish('stale-pte b');
  const { headers, body } = await ask(server, `${FINDINGS}?known=true&limit=1`);
  const { findings, next, revision } = JSON.parse(body) as ListPage;
  const self = `${FINDINGS}/${published.finding.id}`;
  assert.deepEqual(findings, [
    {
      revision: 1,
      publishedAt: new Date(published.publishedMs).toISOString(),
      ...published.finding,
      notOn: ['canary'],
      hits: 4,
      reproDigest: published.reproDigest,
      mark,
      links: { self, repro: `${self}/repro`, columns: `${self}/columns` },
    },
  ]);
  assert.deepEqual([next, revision], ['1', 2]);
  assert.equal(headers.link, `<${FINDINGS}?known=true&limit=1&since=1>; rel="next"`);
  assert.equal(headers['content-type'], 'application/json');
});

test('the page has a row a bug, newest first, canaries last, with marks, locks and forms', async (t) => {
  const server = await serve(t);
  const publish = (name: string, known: string | null, mark: Mark | null = null): string => {
    const sites = [`${name}: i_mmap_rwsem under page lock`];
    const finding = { title: `title ${name}`, known, sites };
    const sample = mark === null ? { finding } : { finding, mark };
    return server.showing.publish(`stale-pte ${name}`, sample).finding.id;
  };
  publish('a', 'B12');
  publish('b', 'CANARY');
  publish('c', null);
  const marked = publish('d', 'B03', { as: 'fixed', of: null, note: 'in 4.4' });
  publish('e', 'B12');
  const { body } = await ask(server, '/');
  const titles = [...body.matchAll(/title ([a-e])(?: \[(.*?)\])?</g)].map((one) => one.slice(1, 3));
  assert.deepEqual(titles.map(([name]) => name).join(''), 'edcb');
  assert.equal(titles[1]?.[1], 'fixed: in 4.4');
  assert.match(body, /2 forms.*stale-pte e.*stale-pte a/s);
  const page = await ask(server, `/findings/${marked}`);
  assert.match(page.body, /fixed: in 4\.4/);
  assert.match(page.body, /d: i_mmap_rwsem under page lock/);
});

test('filters', async (t) => {
  const server = await serve(t);
  const publish = (name: string, finding: object): void => {
    server.showing.publish(`stale-pte ${name}`, { finding });
  };
  publish('a', { models: ['v42-immap-read', 'canary'], known: 'B12' });
  publish('b', { models: ['v42-immap-read:order=late'], known: null });
  publish('c', { models: ['v42-immap-read-not'], class: 'deadlock', known: 'CANARY' });
  for (const [search, revisions] of [
    ['', [1, 2, 3]],
    ['?model=v42-immap-read', [1, 2]],
    ['?model=v42-immap-read:order=late', [2]],
    ['?model=v42', []],
    ['?model=&class=', [1, 2, 3]],
    ['?class=deadlock', [3]],
    ['?class=deadlock&model=canary', []],
    ['?known=B12', [1]],
    ['?known=CANARY', [3]],
    ['?known=true', [1, 3]],
    ['?known=false', [2]],
    ['?since=1', [2, 3]],
    ['?since=3', []],
    ['?since=9', []],
    ['?limit=500&since=0', [1, 2, 3]],
  ] as const) {
    const { findings, revision } = await askJson<ListPage>(server, `${FINDINGS}${search}`);
    assert.deepEqual([findings.map((one) => one.revision), revision], [revisions, 3], search);
  }
});

test('a tag that still holds is answered with 304, and a change changes it', async (t) => {
  const server = await serve(t);
  const { id } = server.showing.publish('stale-pte a').finding;
  const paths = [FINDINGS, `${FINDINGS}/${id}`, `${FINDINGS}/${id}/repro`, '/api/v1/fleet'];
  for (const path of [...paths, '/api/v1/campaign', '/style.css']) {
    const tag = (await ask(server, path)).headers.etag ?? '';
    assert.match(tag, /^"[0-9a-f]{40}"$/, path);
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { status, body, headers } = await ask(server, path, {
        headers: { 'If-None-Match': header },
      });
      assert.deepEqual([status, body, headers.etag], [304, '', tag], path);
    }
    assert.equal((await ask(server, path, { headers: { 'If-None-Match': '"x"' } })).status, 200);
  }
  const before = (await ask(server, FINDINGS)).headers.etag ?? '';
  server.showing.publish('stale-pte a', { hits: 2 });
  const changed = await ask(server, FINDINGS, { headers: { 'If-None-Match': before } });
  assert.equal(changed.status, 200);
  const head = await ask(server, FINDINGS, { method: 'HEAD' });
  assert.deepEqual([head.status, head.body, head.headers.etag], [200, '', changed.headers.etag]);
});

test('one finding, by its id or the beginning of it', async (t) => {
  const server = await serve(t);
  const { finding, reproDigest } = server.showing.publish('stale-pte a');
  const twins = ['abcdef1', 'abcdef2'].map((begin) => begin.padEnd(64, '0'));
  for (const id of twins) server.showing.publish(`stale-pte ${id}`, { finding: { id } });
  for (const name of [finding.id, finding.id.slice(0, 12), finding.id.slice(0, 6)]) {
    const shown = await askJson<ShownFinding & { record: never }>(server, `${FINDINGS}/${name}`);
    assert.deepEqual([shown.id, shown.reproDigest], [finding.id, reproDigest]);
    assert.equal(unpackRecord(shown.record, 'record').repro.signature, finding.signature);
    const repro = await ask(server, `${FINDINGS}/${name}/repro`);
    assert.equal(sha256Hex(repro.body), reproDigest);
    assert.equal(repro.headers['content-type'], 'text/plain; charset=UTF-8');
    assert.equal(
      repro.headers['content-disposition'],
      `attachment; filename="faultline-${finding.id.slice(0, 12)}.txt"`,
    );
    const columns = await ask(server, `${FINDINGS}/${name}/columns`);
    assert.equal(columns.body, server.showing.render(finding.id, 'columns'));
    assert.equal(columns.headers['content-type'], 'text/plain; charset=UTF-8');
  }
  const ambiguous = await ask(server, `${FINDINGS}/abcdef`);
  assert.equal(ambiguous.status, 409);
  assert.deepEqual(problemIn(ambiguous).candidates, twins);
  assert.equal((await ask(server, `${FINDINGS}/abcdef1`)).status, 200);
});

test('a damaged finding is 503 for itself alone', async (t) => {
  const server = await serve(t);
  const { id } = server.showing.publish('stale-pte a').finding;
  server.showing.damage(id);
  for (const path of ['', '/repro', '/columns']) {
    const answer = await ask(server, `${FINDINGS}/${id}${path}`);
    assert.equal(answer.status, 503);
    assert.match(problemIn(answer).detail, /cannot be read/);
  }
  assert.equal((await askJson<ListPage>(server, FINDINGS)).findings.length, 1);
  assert.match((await ask(server, `/findings/${id}`)).body, /cannot be read/);
  assert.deepEqual(server.faults, []);
});

/** Request, status, and what the answer has to name. */
const REFUSED: readonly (readonly [string, Asking, number, RegExp])[] = [
  ['/api', {}, 404, /nothing here/],
  ['/api/v1/finding', {}, 404, /nothing here/],
  ['/../../etc/passwd', {}, 404, /nothing here/],
  ['//api/v1/findings', {}, 404, /nothing here/],
  [`${FINDINGS}/`, {}, 404, /nothing here/],
  [`${FINDINGS}/123456`, {}, 404, /begins 123456/],
  [`${FINDINGS}/12345`, {}, 400, /"12345" is not an id/],
  [`${FINDINGS}/ABCDEF`, {}, 400, /"ABCDEF" is not an id/],
  [`${FINDINGS}/${'0'.repeat(65)}`, {}, 400, /is not an id: an id is 6 to 64/],
  [`${FINDINGS}/..%2f..%2fx`, {}, 400, /is not an id/],
  [`${FINDINGS}/%00%e2%80%ae`, {}, 400, /"\\u\{0\}\\u\{202e\}" is not an id/],
  [`${FINDINGS}/%ff%`, {}, 400, /"%ff%" is not an id/],
  [`${FINDINGS}/123456/svg`, {}, 404, /nothing here/],
  [`${FINDINGS}?modell=x`, {}, 400, /unknown parameter "modell"; there are: model, class/],
  [`${FINDINGS}?__proto__=x`, {}, 400, /unknown parameter "__proto__"/],
  [`${FINDINGS}?model=/etc/passwd`, {}, 400, /model="\/etc\/passwd" is not a model/],
  [`${FINDINGS}?model=a&model=b`, {}, 400, /"model" is given twice/],
  [`${FINDINGS}?class=constructor`, {}, 400, /class="constructor" is not one of deadlock/],
  [`${FINDINGS}?known=yes`, {}, 400, /known="yes" is not true, false or a row/],
  [`${FINDINGS}?since=-1`, {}, 400, /since="-1" is not a revision/],
  [`${FINDINGS}?since=1e3`, {}, 400, /since="1e3"/],
  [`${FINDINGS}?since=9999999999999999`, {}, 400, /since=/],
  [`${FINDINGS}?limit=0`, {}, 400, /limit="0" is not a number from 1 to 500/],
  [`${FINDINGS}?limit=501`, {}, 400, /limit="501"/],
  [`${FINDINGS}?limit=`, {}, 400, /limit=""/],
  ['/livez?full=1', {}, 400, /unknown parameter "full"; there are: none/],
  ['/?class=x', {}, 400, /class="x"/],
  ['/?limit=5', {}, 400, /unknown parameter "limit"/],
  [FINDINGS, { method: 'POST' }, 405, /GET, HEAD/],
  [FINDINGS, { method: 'DELETE' }, 405, /GET, HEAD/],
  [FINDINGS, { method: 'OPTIONS' }, 405, /GET, HEAD/],
  [FINDINGS, { method: 'TRACE' }, 405, /GET, HEAD/],
  [`${FINDINGS}/123456`, { method: 'PUT' }, 405, /GET, HEAD/],
  ['/metrics', { method: 'PATCH' }, 405, /GET, HEAD/],
  ['/', { method: 'POST' }, 405, /GET, HEAD/],
  ['/api/v1/campaign/pause', {}, 405, /POST/],
  ['/api/v1/campaign/prune', { method: 'POST' }, 404, /nothing here/],
];

test('what cannot be answered is a problem that names it', async (t) => {
  const server = await serve(t);
  for (const [path, asking, status, named] of REFUSED) {
    const answer = await ask(server, path, asking);
    const detail = problemIn(answer).detail;
    assert.equal(answer.status, status, `${path}: ${detail}`);
    assert.match(detail, named, path);
    if (status === 405) assert.match(answer.headers.allow ?? '', named);
  }
  assert.deepEqual(server.faults, []);
});

test('a person gets the refusal of a page as a page', async (t) => {
  const server = await serve(t);
  const headers = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  for (const [path, status] of [
    ['/findings/123456', 404],
    ['/?class=x', 400],
    ['/nowhere', 404],
  ] as const) {
    const answer = await ask(server, path, { headers });
    assert.deepEqual(
      [answer.status, answer.headers['content-type']],
      [status, 'text/html; charset=utf-8'],
    );
    assert.match(answer.body, new RegExp(`<h1>${status} `));
  }
  problemIn(await ask(server, `${FINDINGS}/123456`, { headers }));
});

test('all answers carry the headers that keep a browser in', async (t) => {
  const server = await serve(t);
  const { id } = server.showing.publish('stale-pte a').finding;
  const answers: Answer[] = [];
  const paths = [
    '/livez',
    '/readyz',
    '/metrics',
    '/',
    `/findings/${id}`,
    '/style.css',
    '/icon.svg',
  ];
  const api = ['findings', `findings/${id}`, `findings/${id}/repro`, `findings/${id}/columns`];
  const rest = ['campaign', 'fleet', 'sd'];
  for (const path of [...paths, ...[...api, ...rest].map((name) => `/api/v1/${name}`)]) {
    const answer = await ask(server, path);
    assert.equal(answer.status, 200, path);
    answers.push(answer);
  }
  const authorization = `Bearer ${TOKEN}`;
  const control = { method: 'POST', headers: { authorization } };
  answers.push(await ask(server, '/api/v1/campaign/resume', control));
  answers.push(await ask(server, '/nowhere'), await ask(server, '/', { method: 'PUT' }));
  answers.push(await ask(server, '/', { headers: { Host: 'elsewhere.example' } }));
  answers.push(await ask(server, '/api/v1/events', { method: 'HEAD' }));
  for (const { headers } of answers) {
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      if (name === 'Cache-Control') assert.match(headers['cache-control'] ?? '', /^no-/);
      else assert.equal(headers[name.toLowerCase()], value);
    }
    assert.equal(headers['set-cookie'], undefined);
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
});

test('health, metrics, campaign and workers', async (t) => {
  const server = await serve(t);
  const { showing } = server;
  assert.equal((await ask(server, '/livez')).body, 'alive\n');
  assert.equal((await ask(server, '/readyz')).body, 'ready\n');
  showing.ready = { isReady: false, why: 'Redis has been away for 3 s' };
  const unready = await ask(server, '/readyz');
  assert.deepEqual(
    [unready.status, problemIn(unready).detail],
    [503, 'Redis has been away for 3 s'],
  );
  assert.equal((await ask(server, '/livez')).status, 200);
  const metrics = await ask(server, '/metrics');
  assert.equal(metrics.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(metrics.body, await showing.metrics());
  assert.deepEqual(await askJson(server, '/api/v1/campaign'), showing.status());
  const { workers } = await askJson<{ workers: WorkerStatus[] }>(server, '/api/v1/fleet');
  assert.deepEqual(workers, showing.fleet());
});

test('Prometheus is told of the workers that serve metrics, at addresses it can take', async (t) => {
  const server = await serve(t);
  const metrics = [null, '10.0.0.7:9100', '[fd00::7]:9100', 'lab-3:9', 'x', 'a b:1', 'x:1/?y', ''];
  server.showing.workers = metrics.map((address, index) =>
    worker(`w-${index}`, { metrics: address }),
  );
  const labels = { role: 'worker' };
  const expected = ['10.0.0.7:9100', '[fd00::7]:9100', 'lab-3:9'];
  assert.deepEqual(
    await askJson(server, '/api/v1/sd'),
    expected.map((target) => ({ targets: [target], labels })),
  );
  server.showing.workers = [];
  assert.deepEqual(await askJson(server, '/api/v1/sd'), []);
});

test('a bug of ours is 503, is reported, and tells the outside nothing', async (t) => {
  const server = await serve(t);
  server.showing.metrics = () => Promise.reject(new Error('secret'));
  server.showing.fleet = () => {
    throw new Error('secret');
  };
  for (const path of ['/metrics', '/api/v1/fleet', '/']) {
    const answer = await ask(server, path);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.body, /secret/);
  }
  assert.deepEqual(server.faults.map(String), Array(3).fill('Error: secret'));
  assert.equal((await ask(server, '/livez')).status, 200);
});
