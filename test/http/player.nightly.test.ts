/** The player on 500 repros of random runs: every step, every scene and the digest are the engine's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateWorkload } from '../../corpus/breeding/generate.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { MODEL_NAMES, modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { figure } from '../support/patience.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { Wanderer } from '../workers/support/search.ts';
import { assertPlays, launch, openPlayer, publish, recordOf, SCRIPTS } from './player.ts';
import { serve } from './showing.ts';

const REPROS = 500;
const skip = await skipReason('chromium');

test('500 repros play as the engine runs them', { skip }, async (t) => {
  const found = await debianProgram('chromium');
  assert.ok(!('missing' in found));
  const browser = await launch(found);
  t.after(() => browser.close());
  const page = await browser.newPage();
  const server = await serve(t, { scriptsFolder: SCRIPTS }, { requestsPerSecond: 5000 });
  const rng = new Random(RNG_SEED, 61);
  let steps = 0;
  for (let played = 0; played < REPROS; ) {
    const model = MODEL_NAMES[rng.below(MODEL_NAMES.length)] ?? '';
    const engine = new Engine(modelOf(model));
    const workload = generateWorkload(rng);
    if (engine.lackingIn(workload) !== null) continue;
    engine.load(workload);
    const wanderer = new Wanderer(rng, 3);
    engine.run(wanderer);
    const [violation] = engine.judge.violations;
    if (violation === undefined) continue;
    const { signature } = violation;
    const { schedule, verdict, rows } = engine.traceChoices([...wanderer.choices]);
    if (verdict.kind !== 'violation') continue;
    if (verdict.violations.every((one) => one.signature !== signature)) continue;
    const record = recordOf(model, { ...workload, schedule }, signature);
    await openPlayer(page, server.url, publish(server.showing, record));
    await assertPlays(page, record);
    played += 1;
    steps += rows.length;
  }
  figure(`${REPROS} repros of runs of ${steps} steps in all`);
});
