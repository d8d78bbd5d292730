/** Agreement with SPIN on generated workloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateWorkload } from '../../corpus/breeding/generate.ts';
import { EMPTY_SCHEDULE, type Input } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { renderPromela } from '../../workers/views/promela/promela.ts';
import { debianProgram, skipReason } from '../support/debian.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { assertAgreement } from './agreement.ts';

const skip = await skipReason('spin');
const spin = await debianProgram('spin');

const MODELS = [
  'boaz-rwlock',
  'ext4-nolock',
  'modern-xfs',
  'v42-immap-read',
  'v42-immap-read:policy=unwritten',
  'v43rc-immap-write',
  'v48-entry-lock',
  'v49-iomap-nested',
  'xfs-mmaplock-prezero',
];
const WORKLOADS = 3;
/** A few seconds of the search that keeps whole states. */
const STATES_MAX = 20_000;

for (const [i, model] of MODELS.entries()) {
  test(`SPIN agrees on generated workloads on ${model}`, { skip }, async () => {
    assert.ok('path' in spin);
    const rng = new Random(RNG_SEED, 61 + i);
    for (let n = 0; n < WORKLOADS; n++) {
      await assertAgreement({ model, input: carriedInput(model, rng) }, spin, '-O0');
    }
  });
}

/** One that has fragments and a race, and is small. */
function carriedInput(model: string, rng: Random): Input {
  for (;;) {
    const input = { ...generateWorkload(rng), schedule: EMPTY_SCHEDULE };
    if (input.threads.length < 2 || 'lacks' in renderPromela(modelOf(model), input)) continue;
    const search = explore(new Engine(modelOf(model)), input, { statesMax: STATES_MAX, all: true });
    if (search.cutBy === null) return input;
  }
}
