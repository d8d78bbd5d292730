/** One workload on one model, with everything on or with parts left out: what each of them costs. */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { run, type Scheduler } from '../kernel/machine.ts';
import type { Model } from '../kernel/path.ts';
import type { Watch } from '../kernel/watch.ts';
import { compile } from '../model/compile.ts';
import { Coverage } from '../run/coverage.ts';
import { Engine } from '../run/engine.ts';
import { Profile } from '../schedulers/profile.ts';
import { RandomWalk } from '../schedulers/random-walk.ts';
import { Surw } from '../schedulers/surw.ts';
import type { Done } from './rounds.ts';

export interface Parts {
  readonly oracles: boolean;
  readonly coverage: boolean;
  /** Else a random walk. */
  readonly surw: boolean;
  /** Which objects the next step of each thread touches: what SURW and coverage look at. */
  readonly footprints: boolean;
}

export const EVERYTHING: Parts = { oracles: true, coverage: true, surw: true, footprints: true };
export const BARE: Parts = { oracles: false, coverage: false, surw: false, footprints: false };

/** Runs of one chunk: about a millisecond. */
const CHUNK = 256;

function ignore(): void {
  // Nobody is listening.
}

const NOBODY: Watch = {
  opEnded: ignore,
  lineRead: ignore,
  pteUsed: ignore,
  pteInstalled: ignore,
  copyMade: ignore,
  copyZapped: ignore,
  copyInstalled: ignore,
  blockUsed: ignore,
  tableBroken: ignore,
  sizeSet: ignore,
  extentLeaves: ignore,
  extentSwapped: ignore,
  extentArrives: ignore,
  bufferSet: ignore,
  pageDiscarded: ignore,
  blockGivenUp: ignore,
  writtenUnpinned: ignore,
  durableChanged: ignore,
  edgeAdded: ignore,
  // What a judge does whose rules are off: the run cannot go on.
  badRelease: (k) => k.halt(),
  lockMissing: ignore,
  blocked: ignore,
};

/** Runs are those of a batch: each has draws of its own, so that it could be repeated alone. */
export function rig(model: Model, workload: Workload, parts: Parts, rngSeed: number): () => Done {
  const coverage = parts.coverage ? new Coverage(compile(model).size) : null;
  const engine = new Engine(model, undefined, coverage);
  const { kernel } = engine;
  if (!parts.oracles) kernel.watch = NOBODY;
  kernel.footprints = parts.footprints;
  engine.load(workload);
  const random = new Random(rngSeed);
  const scheduler = schedulerOf(parts, engine, random);
  let number = 0;
  return () => {
    let steps = 0;
    for (let i = 0; i < CHUNK; i++) {
      random.reseed(rngSeed, number++);
      steps += parts.oracles ? engine.run(scheduler) : unjudged(engine, scheduler);
      coverage?.noteEdges(kernel);
    }
    coverage?.takeFresh();
    return { units: CHUNK, steps };
  };
}

function schedulerOf(parts: Parts, engine: Engine, random: Random): Scheduler {
  if (!parts.surw) return new RandomWalk(random);
  const profile = new Profile();
  engine.run(profile, profile);
  profile.close(engine.kernel);
  return new Surw(random, profile);
}

/** `Engine.run` without its judge. */
function unjudged({ kernel }: Engine, scheduler: Scheduler): number {
  return run(kernel, scheduler, STEPS_MAX);
}
