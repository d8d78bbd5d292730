/** The pages of models: what each shows, one of them as it is written; hostile text in them is text. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Design } from '../../daemon/campaign/views.ts';
import { designOf } from '../../daemon/cli/design.ts';
import { modelDigest, modelOf } from '../../workers/models/registry.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
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

const NAME = 'v42-immap-read';

function designNamed(reference: string): Design {
  const digest = modelDigest(modelOf(reference));
  return designOf({ reference, digest }) ?? assert.fail(reference);
}

test('a row is shown, forbidden, expected, clean or not met, and never two of them', {
  skip,
}, async (t) => {
  const server = await serve(t);
  const { showing } = server;
  const [ordinary] = showing.status().models;
  assert.ok(ordinary);
  showing.facts = {
    models: [NAME, 'v48-entry-lock'].map((model) => ({ ...ordinary, model })),
  };
  const design = designNamed(NAME);
  showing.designs.set(NAME, { ...design, find: ['B10', 'B12'], clean: ['B03', 'B14'] });
  showing.publish('unfenced punch', { finding: { models: [NAME] }, notOn: ['v48-entry-lock'] });
  showing.publish('lock-cycle', { finding: { known: 'B03', models: [NAME] } });
  const page = await newPage(t, browser);
  await page.goto(`${server.url}/models`);
  const rows = await page.locator('tbody tr').allInnerTexts();
  const cells = rows.map((row) =>
    row
      .replace(/ .*?\t/, '\t')
      .split('\t')
      .map((cell) => cell.trim()),
  );
  assert.deepEqual(cells, [
    ['B03', 'forbidden', ''],
    ['B10', 'expected', ''],
    ['B12', 'shown', 'not met'],
  ]);
  await assertAccessible(page, 'the models');
  await page.getByRole('link', { name: NAME }).first().click();
  assert.match(await page.innerText('main'), /i_mutex -> mmap_sem/);
  const width = await page.evaluate<number>('document.querySelector("img").naturalWidth');
  assert.ok(width > 0);
  assert.ok(
    (await page.innerText('pre[aria-label="Text of the model"]')).startsWith('faultline model 1'),
  );
  await assertAccessible(page, 'a model');
  assert.equal((await ask(server, '/models/nowhere')).status, 404);
});
