/**
 * What to run next: batch k is a pure function of (rngSeed, k, frontier after batches <= k - LAG), so the
 * number of executors never changes a campaign (design 8).
 */
import type {
  Exploration,
  Minimization,
  Witness,
  WorkloadSource,
} from '../corpus/vocabulary/messages.ts';
import { Random } from '../corpus/vocabulary/random.ts';
import type { Frontier } from './frontier.ts';

/** Batches between a report and the plans that know it: 64 keep any laptop's executors busy. */
export const LAG = 64;
/** Runs a batch: some 10 ms of one core, against some 0.2 ms for the messages. */
export const BATCH_RUNS = 1024;
/** Schedules of each hand-written seed in a model's first batch. */
const SEED_SCHEDULES = 32;
/** Share of a batch's runs that mutants get, in 1/16, once there are parents; fresh workloads get the rest. */
const MUTATE_SHARE = 7;
const PARENTS = 8;

/** One signature's first witness, to be minimized. */
export interface Discovery {
  readonly signature: string;
  readonly model: string;
  readonly witness: Witness;
  readonly batch: number;
  /** Runs of the campaign up to and with the witness. */
  readonly runsToFirst: number;
}

export interface Plan {
  readonly models: readonly string[];
  readonly rngSeed: number;
  /** Runs in all, or Infinity. */
  readonly runs: number;
  /** Texts of corpus/seeds. */
  readonly seeds: readonly string[];
}

export function batchCount(plan: Plan): number {
  return Math.ceil(plan.runs / BATCH_RUNS);
}

/** @param frontier of the batch's model, holding reports of batches <= k - LAG and no other */
export function planBatch(
  plan: Plan,
  k: number,
  frontier: Frontier,
  known: readonly string[],
): Exploration {
  const runs = Math.min(BATCH_RUNS, plan.runs - k * BATCH_RUNS);
  return {
    kind: 'explore',
    index: k,
    model: modelOfBatch(plan, k),
    rngSeed: plan.rngSeed,
    runs,
    sources: sourcesOf(plan, k, frontier, runs),
    known,
    frontier: null,
  };
}

export function modelOfBatch(plan: Plan, k: number): string {
  return plan.models[k % plan.models.length] as string;
}

/** The visible list of sources: seeds first, then mutants of what was kept, then fresh workloads. */
function sourcesOf(
  plan: Plan,
  k: number,
  frontier: Frontier,
  runs: number,
): readonly WorkloadSource[] {
  const sources: WorkloadSource[] = [];
  if (k < plan.models.length && plan.seeds.length > 0) {
    sources.push({ kind: 'given', texts: plan.seeds, schedules: SEED_SCHEDULES });
  }
  const parents = frontier.choose(new Random(plan.rngSeed, k).fork('parents'), PARENTS);
  if (parents.length > 0) {
    sources.push({ kind: 'mutate', parents, runs: (runs * MUTATE_SHARE) >> 4 });
  }
  sources.push({ kind: 'fresh' });
  return sources;
}

/** Candidates that one minimization may execute: some tenths of a second. */
const TESTS_MAX = 4000;

/** @param testsMax 0 keeps the witness as it is */
export function minimizationOf(
  { signature, model, witness, batch, runsToFirst }: Discovery,
  rngSeed: number,
  testsMax: number = TESTS_MAX,
): Minimization {
  return {
    kind: 'minimize',
    model,
    text: witness.text,
    signature,
    scheduler: witness.scheduler,
    runsToFirst,
    origin: { rngSeed, batch, run: witness.run, model },
    testsMax,
  };
}
