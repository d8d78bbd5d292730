/** Every guide in a real browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianProgram, skipReason } from '../support/debian.ts';
import { GUIDES, shownGuide } from './guides.ts';
import { launch, newPage } from './player.ts';
import { serve } from './showing.ts';

const skip = await skipReason('chromium');

test('every guide can be read by all, and its pictures are seen', { skip }, async (t) => {
  const found = await debianProgram('chromium');
  assert.ok(!('missing' in found));
  const browser = await launch(found);
  t.after(() => browser.close());
  const server = await serve(t, { guidesFolder: GUIDES });
  const page = await newPage(t, browser);
  await page.goto(`${server.url}/guides`);
  const links = '[...document.querySelectorAll("main a")].map((a) => a.href)';
  const guides = await page.evaluate<readonly string[]>(links);
  assert.ok(guides.length > 5);
  for (const guide of guides) await shownGuide(page, guide);
});
