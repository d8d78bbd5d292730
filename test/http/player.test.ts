/** The player in a real browser: what it shows is what the engine does, by key as well, and nothing in it breaks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { type FindingRecord, packRecord } from '../../corpus/vocabulary/finding.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { timelineOf } from '../../daemon/cli/timeline.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { swapped } from '../../workers/reproduce/what-if.ts';
import { Engine } from '../../workers/run/engine.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { seedNamed, simplestRun } from '../workers/support/search.ts';
import {
  assertAccessible,
  assertPlays,
  launch,
  newPage,
  openPlayer,
  publish,
  recordOf,
  SCRIPTS,
} from './player.ts';
import { serve } from './showing.ts';
import { watch } from './watched.ts';

const found = await debianProgram('chromium');
const skip = await skipReason('chromium');

let browser: Browser;
before(async () => {
  if (!('missing' in found)) browser = await launch(found);
});
after(() => browser?.close());

const RACES = [
  ['v42-immap-read', 'b12-fault-vs-punch', 'stale-pte', 'unfenced punch'],
  ['v43rc-immap-write', 'b03-mkwrite-vs-store', 'deadlock', 'lock-cycle iMmapRwsem pageLock'],
  ['v48-entry-lock', 'b18-lost-dirty-tag', 'durability', 'durability dirty-entry pwrite/dropEntry'],
] as const;

/** Of the second of them. */
const CYCLE = [
  'cycle: takes i_mmap_rwsem',
  'cycle: asks for page lock under i_mmap_rwsem',
  'cycle: takes page lock',
  'cycle: asks for i_mmap_rwsem under page lock',
];

const records = new Map<string, FindingRecord>();

/** Made once. */
function recordNamed([model, seed, symptom, signature]: (typeof RACES)[number]): FindingRecord {
  const there = records.get(seed);
  if (there !== undefined) return there;
  const { schedule } = simplestRun(model, seedNamed(seed), symptom, 3000);
  const record = recordOf(model, { ...seedNamed(seed), schedule }, signature);
  records.set(seed, record);
  return record;
}

test('steps, scenes and digest are those of the engine', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  for (const race of RACES) {
    const record = recordNamed(race);
    await openPlayer(page, server.url, publish(server.showing, record));
    await assertPlays(page, record);
  }
});

test('keys step, a swap is that of the engine, and a dropped lock shows', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  const record = recordNamed(RACES[0]);
  const { input, modelRef } = record.repro;
  await openPlayer(page, server.url, publish(server.showing, record));
  const now = (): Promise<string> => page.innerText('#player .now');
  await page.focus('#player button[aria-label="Step back"]');
  await page.keyboard.press('Home');
  assert.match(await now(), /^Before the first of \d+ steps/);
  await page.keyboard.press('ArrowRight');
  assert.match(await now(), /^Step 1 of/);
  await page.keyboard.press('End');
  assert.match(await now(), /^Step (\d+) of \1:/);

  // The second of the two steps that decide comes before the first.
  const engine = new Engine(modelOf(modelRef));
  engine.load(input);
  const traced = engine.trace(input.schedule);
  const marks = await page.locator('#player .deciding .step').allInnerTexts();
  const [, second = 0] = marks.map(Number).sort((a, b) => a - b);
  await page
    .locator('#player .lanes button')
    .nth(second - 1)
    .click();
  await page.getByRole('button', { name: 'Swap with the other thread' }).click();
  const { thread } = traced.rows[second - 1] ?? assert.fail();
  const earlier = 1 + traced.rows.findLastIndex((row, i) => i < second && row.thread !== thread);
  const other = swapped(engine, traced.rows, earlier, second);
  assert.equal(await page.getAttribute('#player', 'data-digest'), other.digest);

  await page.getByRole('button', { name: 'Back to the finding' }).click();
  assert.equal(await page.getAttribute('#player', 'data-digest'), traced.digest);
  // What the deciding steps take is at hand.
  assert.equal(await page.inputValue('#player select'), 'iMmapRwsem');
  await page.selectOption('#player select', 'mmapSem');
  await page.getByRole('button', { name: 'Drop this lock' }).click();
  const told = await page.innerText('#player .told');
  assert.match(told, /Without mmap_sem.*unfenced punch/s);
  assert.match(told, /Every interleaving of these operations was searched: [\d,]+ states/);
});

test('without script a picture of the run is there, and the two steps that decide, in words', {
  skip,
}, async (t) => {
  const server = await serve(t);
  const { page, check } = await watch(t, browser, server.url, { javaScriptEnabled: false });
  const record = recordNamed(RACES[0]);
  await page.goto(`${server.url}/findings/${publish(server.showing, record)}`);
  const image = page.locator('main img');
  assert.ok(((await image.boundingBox())?.width ?? 0) > 500);
  assert.match(
    (await image.getAttribute('alt')) ?? '',
    /^Stale pte .*, at step \d+: T\d .*\. .*\.$/,
  );
  const facts = await page.innerText('.facts');
  assert.match(facts, /decided by\s+step \d+, T\d .+ before step \d+, T\d [^/]+$/m);
  check();
  const other = {
    ...packRecord(record),
    repro: printRepro({ ...record.repro, traceDigest: 'a'.repeat(64) }),
  };
  assert.equal(timelineOf(other), undefined);
});

test('axe finds nothing to complain of, light and dark, wide and narrow', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  const id = publish(server.showing, recordNamed(RACES[1]));
  for (const [colorScheme, width] of [
    ['light', 1200],
    ['dark', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await openPlayer(page, server.url, id);
    const cycle = await page.locator('#player .cycle .why').allInnerTexts();
    assert.deepEqual(new Set(cycle.map((text) => text.trim())), new Set(CYCLE));
    await page.locator('#player summary').click();
    await page.locator('#player img').nth(1).waitFor();
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(wide <= width, `${wide} px wide on ${width}`);
    await assertAccessible(page, `${colorScheme}, ${width} px`);
  }
});

test('a repro of a model that this build cannot read is said to be one', { skip }, async (t) => {
  const server = await serve(t, { scriptsFolder: SCRIPTS });
  const page = await newPage(t, browser);
  const { finding } = server.showing.publish('sample');
  await page.goto(`${server.url}/findings/${finding.id}`);
  await page.waitForSelector('#player[data-state=failed]');
  assert.match(await page.innerText('#player'), /^This build cannot play it: /);
});
