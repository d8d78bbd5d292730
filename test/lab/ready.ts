/** A seed of the corpus, searched on a model and made ready to be forced. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { at } from '../../corpus/vocabulary/assert.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { FileSystemName } from '../../deploy/lab/file-systems.ts';
import { makeReady, type Ready } from '../../deploy/lab/force/force.ts';
import { modelWithout, type Without } from '../../deploy/lab/force/without.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { exploreWithin } from '../../workers/search/preemption-bounded.ts';
import { countsOf } from '../../workers/search/sweep.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';

const NO_FILTER = { ignored: [], onlyClass: null };
const STATES_MAX = 100_000;

export function readyFor(
  seed: string,
  reference: string,
  fileSystem: FileSystemName,
  without: readonly Without[] = [],
): Ready {
  const file = path.join(PACKAGE_ROOT, `corpus/seeds/${seed}.txt`);
  const model = modelWithout(modelOf(reference), without);
  const workload = parseInput(readFileSync(file, 'utf8'), seed);
  const engine = new Engine(model);
  engine.load(workload);
  const question = { statesMax: STATES_MAX, all: false, preemptions: null, ...NO_FILTER };
  const found = exploreWithin(engine, workload, { ...question, counts: countsOf(NO_FILTER) });
  const { signature, traced } = at(found.violations, 0);
  const input = { ...workload, schedule: traced.schedule };
  const ready = makeReady({ input, larger: null, model, signature, fileSystem, without });
  assert.ok(!('cannot' in ready), JSON.stringify(ready));
  return ready;
}
