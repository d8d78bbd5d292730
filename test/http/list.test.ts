/** The list of findings in a real browser with its script: live, sorted, narrowed, and the same behind a link. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { debianProgram, skipReason } from '../support/debian.ts';
import { assertAccessible, launch, newPage, SCRIPTS } from './player.ts';
import { serve } from './showing.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

test('a finding appears without a reload, and what was open and typed stays', {
  skip,
}, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  server.showing.publish('unfenced punch', { hits: 7 });
  server.showing.publish('unfenced truncate', {
    finding: { known: 'B12', title: 'another form' },
    hits: 5,
  });
  await page.goto(server.url);
  const rows = page.locator('table').first().locator('tbody tr');
  // One bug, two forms.
  assert.equal(await rows.count(), 1);
  assert.match(await rows.first().innerText(), /2 forms/);
  assert.match(await rows.first().innerText(), /\b12\b/);
  await page.locator('summary', { hasText: '2 forms' }).click();
  await page.fill('#find', 'b');
  await page.waitForSelector('.live:text("live")');
  server.showing.publish('lock-cycle iMmapRwsem pageLock', { finding: { known: 'B03' } });
  await rows.nth(1).waitFor();
  assert.equal(await page.locator('details[open]').count(), 1);
  assert.equal(await page.inputValue('#find'), 'b');
  assert.equal(await page.title(), '3 findings - Faultline');
});

test('columns sort, a text narrows, and a link shows the same', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  for (const [i, hits] of [30, 4, 1200].entries()) {
    const finding = { known: ['B12', 'B03', 'B14'][i] ?? null, title: `title ${i} "><b>` };
    server.showing.publish(`unfenced ${i}`, { finding, hits });
  }
  await page.goto(server.url);
  const hits = async (): Promise<readonly string[]> => {
    const shown = page.locator('table').first().locator('tbody tr:not([hidden]) td:nth-child(6)');
    return (await shown.allInnerTexts()).map((text) => text.trim());
  };
  const sort = page.getByRole('button', { name: 'hits' });
  await sort.focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await hits(), ['4', '30', '1,200']);
  await page.keyboard.press('Enter');
  assert.deepEqual(await hits(), ['1,200', '30', '4']);
  await page.fill('#find', 'b1 "><b>');
  assert.deepEqual(await hits(), ['1,200', '30']);
  const again = await newPage(t, browser);
  await again.goto(page.url());
  await again.waitForSelector('#find');
  assert.equal(await again.inputValue('#find'), 'b1 "><b>');
  const linked = again.locator('table').first().locator('tbody tr:not([hidden]) td:nth-child(6)');
  assert.deepEqual(await linked.allInnerTexts(), ['1,200', '30']);
  await assertAccessible(page, 'the list');
});
