/** The guides as pages: all that the package has, linked to each other, and nothing in them is markup by mistake. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { debianProgram, skipReason } from '../support/debian.ts';
import { ask } from './ask.ts';
import { GUIDES, shownGuide } from './guides.ts';
import { launch, newPage } from './player.ts';
import { serve } from './showing.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

test('every guide is a page, whose links lead somewhere', async (t) => {
  const server = await serve(t, { guidesFolder: GUIDES });
  const hrefs = linksIn((await ask(server, '/guides')).body);
  assert.ok(hrefs.includes('/guides/architecture') && hrefs.includes('/guides/glossary'));
  const bodies = new Map<string, string>();
  const bodyOf = async (href: string): Promise<string> => {
    const { status, body } = await ask(server, href);
    assert.equal(status, 200, href);
    bodies.set(href, body);
    return body;
  };
  for (const href of hrefs) {
    const own = await bodyOf(href);
    assert.match(own, /<h1/, href);
    for (const link of linksIn(own)) {
      const [target = '', place] = link.split('#');
      const body = target === '' ? own : (bodies.get(target) ?? (await bodyOf(target)));
      if (place !== undefined)
        assert.ok(body.includes(`id="${place}"`), `${href} leads to ${link}`);
    }
  }
  for (const path of ['/guides/pictures/..%2farchitecture.md', '/guides/..%2f..%2fpackage']) {
    assert.equal((await ask(server, path)).status, 404, path);
  }
});

test('a guide is shown with its picture', { skip }, async (t) => {
  const server = await serve(t, { guidesFolder: GUIDES });
  const page = await newPage(t, browser);
  assert.equal(await shownGuide(page, `${server.url}/guides/tutorial`), 1);
});

/** Of the page's content. */
function linksIn(body: string): readonly string[] {
  const main = /<main[^>]*>(.*)<\/main>/s.exec(body)?.[1] ?? '';
  return [...main.matchAll(/<a href="([^"]*)"/g)].map(([, href = '']) => href);
}
