/** S12: 300 hostile texts in every field that somebody else has written stay text: on pages, in JSON, text and events. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { markText } from '../../corpus/store/marks.ts';
import type { Published } from '../../daemon/campaign/views.ts';
import { inPath, visible } from '../../daemon/http/layout.ts';
import { type ListPage, shownFinding } from '../../daemon/http/listing.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { until } from '../support/patience.ts';
import { ask, askJson } from './ask.ts';
import { fill, idOf, NAME } from './hostile-fields.ts';
import { harmless, PAYLOADS } from './payloads.ts';
import { launch, SCRIPTS } from './player.ts';
import { type Served, SUBMISSION, serve } from './showing.ts';
import { follow } from './stream.ts';
import { assertSameShapes, parsedSkeletons, skeletonOf, watch } from './watched.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');
const BUSY = { requestsPerSecond: 50_000 };
/** The finding that has all of them in each of its fields. */
const ALL = idOf(PAYLOADS.length);
/** But the list, which a test of its own shows. */
const PAGES = [`/findings/${ALL}`, '/campaign', '/models', `/models/${NAME}`];
/** Requests that are under way at once. */
const AT_ONCE = 20;

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

test('there are 300, all different', () => {
  assert.equal(PAYLOADS.length, 300);
  assert.equal(new Set(PAYLOADS).size, 300);
});

test('all on one page, with scripts, leave it as it is with harmless ones', {
  skip,
}, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS }, BUSY);
  const { page, check } = await watch(t, browser, server.url);
  const shown = async (): Promise<readonly string[]> => {
    const skeletons: string[] = [];
    for (const path of PAGES) {
      await page.goto(`${server.url}${path}`);
      if (!path.startsWith('/models')) await page.waitForSelector('[data-state]');
      skeletons.push(await skeletonOf(page));
    }
    return skeletons;
  };
  fill(server.showing, harmless);
  const expected = await shown();
  fill(server.showing, (payload) => payload);
  assertSameShapes(await shown(), expected);
  check();
});

test('a live page puts them in place as text', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS }, BUSY);
  const { showing } = server;
  const { page, check } = await watch(t, browser, server.url);
  fill(showing, harmless);
  await page.goto(server.url);
  await page.waitForSelector('.live:text("live")');
  const expected = await skeletonOf(page);
  fill(showing, (payload) => payload);
  await page.locator('td[data-label=title]', { hasText: '__proto__' }).first().waitFor();
  assertSameShapes([await skeletonOf(page)], [expected]);
  const titles = await page.locator('td[data-label=title]').allInnerTexts();
  const written = showing.published().toReversed();
  assert.deepEqual(
    titles.map(plainly),
    written.map(({ finding, mark }) =>
      plainly(visible(`${finding.title} [${markText(mark ?? assert.fail())}]`)),
    ),
  );
  check();
});

/** As a browser sets it. */
function plainly(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

test('each by itself leaves the page of a finding and of a model as it is', { skip }, async (t) => {
  const server = await serve(t, {}, BUSY);
  const { page, check } = await watch(t, browser, server.url);
  await page.goto(server.url);
  const each = async (indices: readonly number[]): Promise<readonly string[]> => {
    const models = server.showing.status().models.slice(1);
    const paths = indices.flatMap((index) => {
      const { model = '' } = models[index] ?? {};
      // What has no UTF-8 cannot be asked for.
      const isWhole = Buffer.from(model).toString() === model;
      return [`/findings/${idOf(index)}`, ...(isWhole ? [`/models/${inPath(model)}`] : [])];
    });
    return shapesOf(page, await bodiesOf(server, paths, [200]));
  };
  fill(server.showing, harmless);
  const expected = await each([0]);
  assert.equal(expected.length, 2);
  fill(server.showing, (payload) => payload);
  assertSameShapes(await each([...PAYLOADS.keys()]), expected);
  check();
});

test('a hostile address is text on the page that refuses it', { skip }, async (t) => {
  const server = await serve(t, {}, BUSY);
  const { page, check } = await watch(t, browser, server.url);
  await page.goto(server.url);
  const refusals = async (texts: readonly string[]): Promise<readonly string[]> => {
    const paths = texts.flatMap((text) => {
      const inUrl = Buffer.from(text).toString('hex').replaceAll(/../g, '%$&');
      return [`/findings/${inUrl}`, `/?model=${inUrl}`, `/?${inUrl}=1`];
    });
    return shapesOf(page, await bodiesOf(server, paths, [400, 404]));
  };
  const expected = await refusals(['!x']);
  // Headers have room for no longer ones. With the mark none is by chance a model.
  const short = PAYLOADS.filter(({ length }) => length < 1000).map((text) => `!${text}`);
  assert.ok(short.length > 290);
  assertSameShapes(await refusals(short), expected);
  check();
});

/** Each once. */
async function shapesOf(page: Page, bodies: readonly string[]): Promise<readonly string[]> {
  return [...new Set(await parsedSkeletons(page, bodies))];
}

async function bodiesOf(
  server: Served,
  paths: readonly string[],
  statuses: readonly number[],
): Promise<readonly string[]> {
  const headers = { Accept: 'text/html' };
  const bodies: string[] = [];
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    const some = paths.slice(from, from + AT_ONCE).map(async (path) => {
      const { status, body } = await ask(server, path, { headers });
      assert.ok(statuses.includes(status), `${status} ${path}`);
      return body;
    });
    bodies.push(...(await Promise.all(some)));
  }
  return bodies;
}

test('JSON, text and events say them as they are, as data that no browser takes for a page', async (t) => {
  const server = await serve(t, {}, BUSY);
  const { showing } = server;
  const reader = await follow(server);
  fill(showing, (payload) => payload);
  const sent = JSON.parse(JSON.stringify(showing.published()));
  await reader.has(sent.at(-1).revision);
  showing.tell({ kind: 'status', status: showing.status() });
  await until('the status', () => reader.seen.filter(({ event }) => event === 'status').length > 1);
  const told = reader.seen.filter(({ event }) => event === 'finding');
  assert.deepEqual(
    told.map(({ data }) => data.title),
    sent.map((one: Published) => one.finding.title),
  );
  assert.deepEqual(reader.last.data, showing.status());

  const listed = await askJson<ListPage>(server, '/api/v1/findings?limit=500');
  assert.deepEqual(listed.findings, showing.published().map(shownFinding));
  assert.deepEqual(await askJson(server, '/api/v1/campaign'), showing.status());
  assert.deepEqual(await askJson(server, '/api/v1/fleet'), { workers: showing.fleet() });
  assert.deepEqual(await askJson(server, `/api/v1/submissions/${SUBMISSION.id}`), showing.answer);
  assert.deepEqual(await askJson(server, '/api/v1/sd'), []);
  const self = `/api/v1/findings/${ALL}`;
  const shown = await askJson<{ readonly record: unknown }>(server, self);
  assert.deepEqual(shown.record, showing.record(ALL));
  for (const [twin, text] of [
    ['columns', showing.render(ALL, 'columns')],
    ['repro', showing.render(ALL, 'text')],
  ] as const) {
    const { headers, body } = await ask(server, `${self}/${twin}`);
    assert.equal(body, Buffer.from(text ?? '').toString());
    assert.match(headers['content-type'] ?? '', /^text\/plain; charset=utf-8$/i);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  }
});
