/**
 * What to run next: batch k is a pure function of (rngSeed, k, frontier after batches <= k - LAG), so the
 * number of executors never changes a campaign (design 8).
 */
import { BATCH_VERSION, type Batch, type BatchSource } from '../corpus/vocabulary/messages.ts';
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
): Batch {
  const runs = Math.min(BATCH_RUNS, plan.runs - k * BATCH_RUNS);
  return {
    version: BATCH_VERSION,
    index: k,
    model: modelOfBatch(plan, k),
    rngSeed: plan.rngSeed,
    runs,
    sources: sourcesOf(plan, k, frontier, runs),
    known,
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
): readonly BatchSource[] {
  const sources: BatchSource[] = [];
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
