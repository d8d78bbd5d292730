/** A guide in a real browser. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertAccessible } from './player.ts';

export const GUIDES: string = path.join(PACKAGE_ROOT, 'dashboards/docs');

/** It can be read by all, fits, and its pictures are there. @returns how many */
export async function shownGuide(page: Page, url: string): Promise<number> {
  await page.goto(url);
  const images = '[...document.images].map((image) => image.naturalWidth)';
  const widths = await page.evaluate<readonly number[]>(images);
  assert.ok(
    widths.every((width) => width > 0),
    `${url} has a picture that is not seen`,
  );
  await assertAccessible(page, url);
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(wide <= 1280, `${url} is ${wide} px wide`);
  return widths.length;
}
