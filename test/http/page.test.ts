/** The pages in a real browser: they can be read without script, by key and on a phone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { spanOf } from '../../daemon/http/list-page.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { ask } from './ask.ts';
import { launch } from './player.ts';
import { type Served, serve, worker } from './showing.ts';
import { watch } from './watched.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if ('missing' in found) return;
  browser = await launch(found);
});
after(() => browser?.close());

test('without script: what was found, how it goes, what to type', { skip }, async (t) => {
  const server = await serve(t);
  const { finding } = ordinary(server);
  const { page, check } = await watch(t, browser, server.url, { javaScriptEnabled: false });
  await page.goto(server.url);
  assert.equal(await page.title(), '3 findings - Faultline');
  const rows = await page.locator('table').first().locator('tbody tr').allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split(/\s+/)[1]),
    ['new', 'B12', 'B03'],
  );
  assert.match(
    rows[1] ?? '',
    /51db96e54d31.*2 threads, 2 operations, 1 preemption.*1,234.*2026-11-05/s,
  );
  const headers = await page.locator('table').first().locator('th[scope=col]').allInnerTexts();
  assert.deepEqual(headers, ['id', 'known', 'title', 'models', 'size', 'hits', 'published (UTC)']);

  await page.selectOption('#class', 'deadlock');
  await page.getByRole('button', { name: 'Show' }).click();
  assert.equal(new URL(page.url()).search, '?model=&class=deadlock');
  assert.equal(await page.locator('table').first().locator('tbody tr').count(), 1);

  await page.goto(`${server.url}/findings/${finding.id}`);
  const text = await page.locator('main').innerText();
  assert.match(text, /unfenced punch/);
  assert.match(text, /also on\s+v43rc-immap-write\s+not on\s+canary, v48-entry-lock/);
  assert.ok(
    text.includes(`faultline pull ${server.url}\nfaultline replay ${finding.id.slice(0, 12)}`),
  );
  assert.ok((await page.locator('pre').first().innerText()).startsWith('step  T0 load'));
  const twin = await page.getByRole('link', { name: 'as text' }).getAttribute('href');
  assert.equal((await ask(server, twin ?? '')).body, server.showing.render(finding.id, 'columns'));
  check();
});

test('the keyboard reaches a finding', { skip }, async (t) => {
  const server = await serve(t);
  ordinary(server);
  const { page, check } = await watch(t, browser, server.url);
  await page.goto(server.url);
  const reached: string[] = [];
  while (reached.at(-1)?.includes('/findings/') !== true && reached.length < 10) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>("document.activeElement.getAttribute('href') ?? ''"));
  }
  assert.equal(reached[0], '#main');
  await Promise.all([page.waitForURL('**/findings/*'), page.keyboard.press('Enter')]);
  check();
});

test('it fits a phone and a screen, whatever is on it', { skip }, async (t) => {
  const server = await serve(t);
  const { finding } = ordinary(server);
  const names = { title: 'x'.repeat(1000), models: ['m'.repeat(250)] };
  const long = server.showing.publish('stale-pte long', { finding: names });
  const { page, check } = await watch(t, browser, server.url);
  const pages = ['', `findings/${finding.id}`, `findings/${long.finding.id}`, 'nowhere'];
  for (const path of pages) {
    await page.goto(`${server.url}/${path}`);
    for (const width of [360, 700, 900, 1200]) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `/${path} is ${wide} px wide on ${width} px`);
    }
  }
  check();
});

test('light or dark, as the reader likes it, there is contrast enough', { skip }, async (t) => {
  const server = await serve(t);
  ordinary(server);
  const { page, check } = await watch(t, browser, server.url);
  await page.goto(server.url);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const place of ['body', 'td a', '.new', '.known', 'th', 'footer', 'button']) {
      const contrast = await contrastOf(page, place);
      assert.ok(contrast >= 4.5, `${colorScheme}: ${place}: ${contrast}`);
    }
    const isDark = (await luminance(page, 'document.body', 'backgroundColor')) < 0.2;
    assert.equal(isDark, colorScheme === 'dark');
  }
  check();
});

test('times are told in their two largest units', () => {
  const spans = [0, 0.9, 59.9, 60, 3599, 3600, 86_399, 86_400, 200_000].map(spanOf);
  const minutes = ['1 min 0 s', '59 min 59 s', '1 h 0 min', '23 h 59 min'];
  assert.deepEqual(spans, ['0 s', '0 s', '59 s', ...minutes, '1 d 0 h', '2 d 7 h']);
});

function ordinary({ showing }: Served): { readonly finding: StoredFinding } {
  showing.publish('lock-cycle iMmapRwsem pageLock', {
    finding: { known: 'B03', class: 'deadlock' },
  });
  const published = showing.publish('unfenced punch', {
    finding: { models: ['v42-immap-read', 'v43rc-immap-write'] },
    record: { columns: `step  T0 load a0 0${' '.repeat(30)}| T1 punch A 0 4096\n` },
    notOn: ['canary', 'v48-entry-lock'],
    hits: 1234,
  });
  showing.publish('lock-leak entryLock', { finding: { known: null, class: 'lock-leak' } });
  return published;
}

/** As WCAG 2 counts it. */
async function contrastOf(page: Page, place: string): Promise<number> {
  const element = `document.querySelector(${JSON.stringify(place)})`;
  const ink = await luminance(page, element, 'color');
  const own = await page.evaluate<string>(`getComputedStyle(${element}).backgroundColor`);
  const isClear = own === 'rgba(0, 0, 0, 0)';
  const paper = await luminance(page, isClear ? 'document.body' : element, 'backgroundColor');
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
}

async function luminance(page: Page, element: string, property: string): Promise<number> {
  const color = await page.evaluate<string>(`getComputedStyle(${element}).${property}`);
  const channels = [...color.matchAll(/\d+/g)].slice(0, 3).map(([value]) => Number(value) / 255);
  const linear = channels.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const [red = 0, green = 0, blue = 0] = linear;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('a worker of another build is listed as one, and counts for nothing', async (t) => {
  const server = await serve(t);
  server.showing.workers = [worker('w-1'), worker('w-2', { build: 'b2'.repeat(32) })];
  for (const path of ['/', '/campaign']) {
    const { body } = await ask(server, path);
    for (const part of ['1, 1 of another build', '2 of 2', '2 of 2, other build']) {
      assert.ok(body.includes(`>${part}<`), `${part} in ${path}: ${body}`);
    }
  }
});
