/**
 * The life of an input, by V8's coverage: the files of which a function runs between the plan of a batch and the text of
 * the finding that comes of it, in one process. An earlier life has loaded every module and prepared the model.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { Keeper } from '../daemon/cli/fuzz-keeper.ts';
import { pinOf } from '../daemon/cli/options/wanted-campaign.ts';
import { localCampaign } from '../daemon/coordinator/local-campaign.ts';
import { modelOf } from '../workers/models/registry.ts';
import { faultlineHere } from './cli/faultline.ts';
import { InThread } from './support/campaigns.ts';
import { PACKAGE_ROOT } from './support/package-root.ts';
import { figure } from './support/patience.ts';

/** Files beside those of SIMULATED: one more since `campaign/tally.ts` left `state.ts`, which was too long. */
const OTHERS_MAX = 71;
/** Which files of these rooms run depends on the operations that are drawn. */
const SIMULATED = /^workers\/(?:kernel|oracles)\//;
/** The first one whose workload meets a bug. */
const FIRST_SEED = 2;

const session = new Session();
session.connect();
await session.post('Profiler.enable');

/** @returns what `show` says of the first finding, or '' */
async function live(dataDir: string, rngSeed: number, pool: InThread): Promise<string> {
  const settings = { isJson: true, isQuiet: true, isVerbose: false, dataDir, rngSeed };
  const models = [pinOf(modelOf('v42-immap-read'))];
  const plan = { models, rngSeed, runs: 16, seeds: [], build: 'life' };
  const keepers: Keeper[] = [];
  const campaign = localCampaign(plan, pool, { received: () => {}, said: () => {} }, (log) => {
    const keeper = new Keeper(log, settings);
    keepers.push(keeper);
    return keeper;
  });
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await campaign.run();
  const [found] = keepers.flatMap((keeper) => keeper.findings());
  if (found === undefined) return '';
  const show = ['show', found.id, '--as', 'text', '--data-dir', dataDir];
  return (await faultlineHere(show, PACKAGE_ROOT)).stdout;
}

test('a finding passes no more files than it did', async (t) => {
  const folder = mkdtempSync(`${tmpdir()}/life-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const pool = new InThread();
  let rngSeed = FIRST_SEED;
  while ((await live(`${folder}/${rngSeed}`, rngSeed, pool)) === '') rngSeed += 1;
  assert.match(await live(`${folder}/again`, rngSeed, pool), /^faultline repro/);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = result.flatMap(({ url, functions }) => {
    const [, file = 'test/'] = url.split(`${PACKAGE_ROOT}/dist/`);
    const isAny = functions.some(({ ranges: [all] }) => all && all.count * all.startOffset > 0);
    return isAny && !file.startsWith('test/') ? [file.replace(/js$/, 'ts')] : [];
  });
  for (const file of ran.sort()) t.diagnostic(file);
  const others = ran.filter((file) => !SIMULATED.test(file)).length;
  figure(`${ran.length} files, ${others} but for the simulation`);
  assert.ok(others <= OTHERS_MAX);
});
