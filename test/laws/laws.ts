/** What must hold of any model and any workload, asked of generated ones; lanes differ in how many. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { generateWorkload } from '../../corpus/breeding/generate.ts';
import { EMPTY_SCHEDULE, type Workload } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { Profile } from '../../workers/schedulers/profile.ts';
import { RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { Surw } from '../../workers/schedulers/surw.ts';
import { explore, type SearchResult } from '../../workers/search/exhaustive.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { seedNamed } from '../workers/support/search.ts';

export const MODELS = [
  'v42-immap-read',
  'v43rc-immap-write',
  'xfs-mmaplock-prezero',
  'v48-entry-lock',
] as const;

export interface Named {
  readonly name: string;
  readonly workload: Workload;
}

/** Seeds that a quick test takes: which ones is drawn, so that `npm run test:seeds` takes them all. */
const SHARE = 3;

export function someSeeds(stream: string): readonly Named[] {
  const random = new Random(RNG_SEED).fork(stream);
  return seeds().filter(() => random.oneIn(SHARE));
}

/** Those whose operations all models of the laws have. */
export function seeds(): readonly Named[] {
  const engines = MODELS.map((model) => new Engine(modelOf(model)));
  const files = readdirSync(path.join(PACKAGE_ROOT, 'corpus/seeds')).sort();
  return files
    .map((file) => {
      const name = file.replace('.txt', '');
      return { name, workload: seedNamed(name) };
    })
    .filter(({ workload }) => engines.every((one) => one.lackingIn(workload) === null));
}

/** Workloads as a campaign draws them; the text names each. */
export function* generated(rngSeed: number, stream: string): Generator<Named> {
  const random = new Random(rngSeed).fork(stream);
  for (;;) {
    const workload = generateWorkload(random);
    yield { name: textOf(workload), workload };
  }
}

function textOf(workload: Workload): string {
  return printInput({ ...workload, schedule: EMPTY_SCHEDULE });
}

export function signaturesOf({ violations }: SearchResult): readonly string[] {
  return violations.map(({ signature }) => signature).sort();
}

/** Searched to the end, or null where there are more states than that. */
export function exhausted(
  engine: Engine,
  workload: Workload,
  statesMax: number,
  isFused = true,
): SearchResult | null {
  const found = explore(engine, workload, { statesMax, all: true, isFused });
  return found.isComplete ? found : null;
}

/** Fusing hides nothing and invents nothing. */
export function assertFusingIsInnocent(
  model: Model,
  { name, workload }: Named,
  statesMax: number,
): boolean {
  const engine = new Engine(model);
  const apart = exhausted(engine, workload, statesMax, false);
  if (apart === null) return false;
  const fused = exhausted(engine, workload, statesMax);
  assert.ok(fused !== null, `fused, there are more states\n${name}`);
  assert.deepEqual(signaturesOf(fused), signaturesOf(apart), `${model.name}\n${name}`);
  return true;
}

export interface Agreement {
  /** Signatures that the search has. */
  readonly total: number;
  /** Those that no run showed. */
  readonly unshown: readonly string[];
}

/** What runs show, the search knows. */
export function assertSearchKnowsAll(
  model: Model,
  { name, workload }: Named,
  runs: number,
  statesMax: number,
): Agreement | null {
  const engine = new Engine(model);
  const found = exhausted(engine, workload, statesMax);
  if (found === null) return null;
  const known = new Set(signaturesOf(found));
  const shown = new Set<string>();
  engine.load(workload);
  const profile = new Profile();
  engine.run(profile, profile);
  profile.close(engine.kernel);
  const random = new Random(RNG_SEED).fork(name);
  const schedulers = [new Surw(random, profile), new RandomWalk(random)];
  for (let run = 0; run < runs; run++) {
    const scheduler = schedulers[run % schedulers.length] ?? assert.fail();
    engine.run(scheduler);
    for (const { signature } of engine.judge.violations) {
      assert.ok(known.has(signature), `${model.name}: --all lacks ${signature}\n${name}`);
      shown.add(signature);
    }
  }
  const unshown = [...known].filter((signature) => !shown.has(signature));
  return { total: known.size, unshown };
}

export function modelNamedIn(number: number): Model {
  return modelOf(MODELS[number % MODELS.length] ?? MODELS[0]);
}
