/** Real findings on a real server with the scripts of the page, and what the player shows of them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestContext } from 'node:test';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type FindingRecord, packRecord } from '../../corpus/vocabulary/finding.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { timelineOf } from '../../daemon/cli/timeline.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { minimizedRecord } from '../../workers/reproduce/finding-record.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { Engine } from '../../workers/run/engine.ts';
import { lockText, storyOf } from '../../workers/views/story.ts';
import type { DebianProgram } from '../support/debian.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import type { MemoryShowing } from './showing.ts';

/** As deploy/start/web.mjs has made them. */
export const SCRIPTS: string = path.join(PACKAGE_ROOT, 'dist/bundle/web');

export async function launch({ path: executablePath, env }: DebianProgram): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return await chromium.launch({ executablePath, env, args });
}

/** A page in which no script fails. */
export async function newPage(t: Pick<TestContext, 'after'>, browser: Browser): Promise<Page> {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(String(error)));
  return page;
}

interface Report {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** axe finds nothing to complain of. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const report = await page.evaluate<Report>('axe.run(document)');
  const said = report.violations.map(({ id: rule, nodes }) => [rule, nodes[0]?.html]);
  assert.deepEqual(said, [], what);
}

/** The finding of a run that shows it. */
export function recordOf(model: string, shown: Input, signature: string): FindingRecord {
  const howFound = { rngSeed: 1, batch: 0, run: 0, scheduler: 'surw' };
  const engine = new Engine(modelOf(model));
  const seen = {
    model: modelOf(model),
    signature,
    runsToFirst: 1,
    origin: null,
    engine: 'e0'.repeat(8),
    howFound,
  };
  const record = minimizedRecord(engine, seen, shown, { testsMax: 50, statesMax: 20_000 });
  return record ?? assert.fail(`${signature} does not show on ${model}`);
}

export function publish(showing: MemoryShowing, record: FindingRecord): string {
  const packed = packRecord(record);
  const { finding } = packed;
  showing.publish(record.finding.signature, { finding, record: packed });
  const timeline = timelineOf(packed);
  if (timeline !== undefined) showing.timelines.set(finding.id, timeline);
  return finding.id;
}

/** The player of a finding, ready. */
export async function openPlayer(page: Page, url: string, id: string): Promise<void> {
  await page.goto(`${url}/findings/${id}`);
  await page.waitForSelector('#player[data-state]');
  assert.equal(
    await page.getAttribute('#player', 'data-state'),
    'ready',
    await page.innerText('#player'),
  );
}

/** Every text of the player agrees with the engine's: steps, the scene behind each, the digest of the trace. */
export async function assertPlays(page: Page, record: FindingRecord): Promise<void> {
  const { repro } = record;
  const model = modelOf(repro.modelRef);
  const engine = new Engine(model);
  engine.load(repro.input);
  const traced = engine.trace(repro.input.schedule);
  assert.equal(await page.getAttribute('#player', 'data-digest'), traced.digest);
  const story = storyOf(model, repro.input, traced, subjectOn(model, repro.input, repro.signature));
  const shown = await page.evaluate<readonly Shown[]>(WALK);
  assert.equal(shown.length, story.steps.length + 1);
  for (const [at, { now, cells }] of shown.entries()) {
    const step = story.steps[at - 1];
    if (step !== undefined) {
      const { name } = story.threads[step.thread] ?? {};
      assert.equal(now, `Step ${at} of ${story.steps.length}: ${name} ${step.text}`);
    }
    const scene = story.scenes[at];
    const held = scene?.threads.map((thread) => thread.held.map(lockText).join(', '));
    const said = [
      ...(held ?? []),
      ...(scene?.files.flatMap(({ pages }) => pages.map(({ extent }) => extent)) ?? []),
      ...(scene?.areas.flatMap(({ ptes }) => ptes.map(({ text }) => text)) ?? []),
    ];
    assert.deepEqual(
      cells,
      said.map((text) => (text === '' ? '-' : text)),
      `step ${at}`,
    );
  }
}

interface Shown {
  readonly now: string;
  /** What each thread holds, the extent of each page, each pte. */
  readonly cells: readonly string[];
}

/** Steps through the run by its slider, in the page. */
const WALK = `(() => {
  const slider = document.querySelector('#player input[type=range]');
  const textOf = (cell) => (cell.querySelector('ins') ?? cell).textContent;
  const column = (table, i) => [...table.querySelectorAll('tbody tr')].map((row) => textOf(row.children[i]));
  const shown = [];
  for (let at = 0; at <= Number(slider.max); at++) {
    slider.value = String(at);
    slider.dispatchEvent(new Event('input'));
    const [threads, ...others] = document.querySelectorAll('#player .scene');
    const ptes = others.pop();
    const cells = [...column(threads, 2), ...others.flatMap((table) => column(table, 1)), ...column(ptes, 2)];
    shown.push({ now: document.querySelector('#player .now').textContent, cells });
  }
  return shown;
})()`;
