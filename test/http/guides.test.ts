/** The guides as pages: all that the package has, linked to each other, and nothing in them is markup by mistake. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { debianProgram, skipReason } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { ask } from './ask.ts';
import { assertAccessible, launch, newPage } from './player.ts';
import { serve } from './showing.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

test('every guide is a page, whose links lead somewhere', { skip }, async (t) => {
  const server = await serve(t, { guidesFolder: path.join(PACKAGE_ROOT, 'dashboards/docs') });
  const page = await newPage(t, browser);
  await page.goto(`${server.url}/guides`);
  const hrefs = await linksIn(page);
  assert.ok(hrefs.includes('/guides/architecture') && hrefs.includes('/guides/glossary'));
  let pictures = 0;
  for (const href of hrefs) {
    await page.goto(`${server.url}${href}`);
    const widths = await page.evaluate<readonly number[]>(
      '[...document.images].map((image) => image.naturalWidth)',
    );
    assert.ok(
      widths.every((width) => width > 0),
      `${href} has a picture that is not seen`,
    );
    pictures += widths.length;
    assert.notEqual(await page.locator('main h1').count(), 0, href);
    await assertAccessible(page, href);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(wide <= 1280, `${href} is ${wide} px wide`);
    const inside = await linksIn(page);
    for (const link of inside) {
      const [target = '', place] = link.split('#');
      const { status, body } = await ask(server, target === '' ? href : target);
      assert.equal(status, 200, `${href} leads to ${link}`);
      if (place !== undefined)
        assert.ok(body.includes(`id="${place}"`), `${href} leads to ${link}`);
    }
  }
  assert.ok(pictures > 0);
  assert.equal((await ask(server, '/guides/pictures/..%2farchitecture.md')).status, 404);
  assert.equal((await ask(server, '/guides/..%2f..%2fpackage')).status, 404);
});

function linksIn(page: Page): Promise<readonly string[]> {
  const links = '[...document.querySelectorAll("main a")].map((a) => a.getAttribute("href"))';
  return page.evaluate<readonly string[]>(links);
}
