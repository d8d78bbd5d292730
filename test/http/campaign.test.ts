/** The page of a campaign in a real browser: plots, the operations that have met; and what is kept for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Browser } from 'playwright-core';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { History, type Moment } from '../../daemon/campaign/history.ts';
import { pairsIn } from '../../daemon/campaign/pairs.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertAccessible, launch, newPage, SCRIPTS } from './player.ts';
import { serve } from './showing.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

function moment(seconds: number): Moment {
  return { seconds, runs: 1000 * seconds, features: 10, findings: 2, executors: 2, busy: 1 };
}

const INPUT = `faultline input 1
file A size 4096 pages hole
process P0 a0 A 0 4096 shared
thread T0 P0
store a0 0
fsync A
thread T1 P0
punch A 0 4096
`;

test('plots are drawn, told in words, and nothing of the page is out of reach', {
  skip,
}, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const { showing } = server;
  showing.moments = [0, 5, 10, 15].map(moment);
  showing.texts = [INPUT];
  const page = await newPage(t, browser);
  await page.goto(`${server.url}/campaign`);
  await page.waitForSelector('#plots[data-state=ready]');
  assert.equal(await page.locator('#plots canvas').count(), 4);
  const words = await page.locator('.plot').first().getAttribute('aria-label');
  assert.equal(words, 'runs a second: 1000 at first, 1000 now, at most 1000');
  const yields = page.locator('table[aria-label="What schedulers found"] tbody tr');
  const cells = (await yields.allInnerTexts()).map((row) => row.split(/\s+/));
  assert.deepEqual(cells, [
    ['surw', '120', '2'],
    ['pct3', '9', '1'],
  ]);
  const rows = await page.locator('.heat tbody tr').allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.split('\t')),
    [
      ['store', '0', '1', '0'],
      ['punch', '1', '0', '1'],
      ['fsync', '0', '1', '0'],
    ],
  );
  for (const width of [1200, 360]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(wide <= width, `${wide} px wide on ${width}`);
    await assertAccessible(page, `${width} px`);
  }
});

test('a history keeps its first and a bounded number of moments, at growing distances', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3000 }), (steps) => {
      const history = new History();
      let seconds = 0;
      history.note(moment(seconds));
      for (const step of steps) {
        seconds += step;
        history.note(moment(seconds));
      }
      const kept = history.moments.map((one) => one.seconds);
      assert.equal(kept[0], 0);
      assert.ok(kept.length <= 720);
      assert.ok(kept.every((one, i) => i === 0 || one - (kept[i - 1] ?? 0) >= 5));
      // What is left out at the end is less than a tenth of the whole.
      assert.ok(seconds - (kept.at(-1) ?? 0) <= Math.max(60, seconds / 10));
    }),
    { seed: RNG_SEED, numRuns: 50 },
  );
});

test('operations of one thread have not met', () => {
  const { kinds, counts } = pairsIn([INPUT, INPUT.replace('fsync A\n', '')]);
  const count = (a: OpKind, b: OpKind): number =>
    counts[kinds.indexOf(a)]?.[kinds.indexOf(b)] ?? -1;
  assert.equal(count('store', 'punch'), 2);
  assert.equal(count('fsync', 'punch'), 1);
  assert.equal(count('store', 'fsync'), 0);
});
