/** A page in a real browser that is watched, and the shape of pages: what hostile text must not change. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** Elements with the names of their attributes, and where they lead. */
const SKELETON = `((root) => {
  const shape = (e) => [e.tagName, [...e.attributes].map((a) => a.name).sort().join(), [...e.children].map(shape)];
  const links = [...root.querySelectorAll('[href],[src],[action]')].map((e) => e.getAttribute('href') ?? e.getAttribute('src') ?? e.getAttribute('action'));
  return JSON.stringify({ shape: shape(root), links: links.filter((link) => !/^(?:[/](?![/\\\\])|#main$)/.test(link)) });
})`;

/** A page that loads nothing from elsewhere, opens no dialog and complains of nothing, as `check` says. */
export async function watch(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly check: () => void }> {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const offences: string[] = [];
  page.on('dialog', (dialog) => {
    offences.push(`dialog ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('pageerror', (error) => offences.push(String(error)));
  page.on('console', (message) => {
    // That a page does not exist is what one test asks for.
    if (!/status of 404/.test(message.text())) offences.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) offences.push(`asked for ${request.url()}`);
  });
  return { page, check: () => assert.deepEqual(offences, []) };
}

/** Of the page as it stands there. */
export async function skeletonOf(page: Page): Promise<string> {
  const skeleton = await page.evaluate<string>(`${SKELETON}(document.documentElement)`);
  assert.ok(skeleton.endsWith('"links":[]}'), skeleton.slice(-500));
  return skeleton;
}

/** Of pages that are not shown, which takes a hundredth of the time. */
export async function parsedSkeletons(
  page: Page,
  texts: readonly string[],
): Promise<readonly string[]> {
  const parse = `new DOMParser().parseFromString(text, 'text/html').documentElement`;
  return page.evaluate(`(${JSON.stringify(texts)}).map((text) => ${SKELETON}(${parse}))`);
}

/** Where they differ, not all of it: they are long. */
export function assertSameShapes(shown: readonly string[], expected: readonly string[]): void {
  assert.equal(shown.length, expected.length);
  for (const [index, shape] of shown.entries()) {
    const wanted = expected[index] ?? '';
    if (shape === wanted) continue;
    const at = [...shape].findIndex((character, i) => character !== wanted[i]);
    const around = (text: string): string => text.slice(Math.max(0, at - 200), at + 100);
    assert.fail(`shape ${index} is ${around(shape)}\nin place of ${around(wanted)}`);
  }
}
