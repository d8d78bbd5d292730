/** The work of a batch: a pure function of rngSeed, its number and what is known when it is planned; due.ts says which. */
import {
  EXHAUSTIVE,
  type FuzzBatch,
  type Minimization,
  type SweepSource,
  type Witness,
  type WorkloadSource,
} from '../../corpus/vocabulary/messages.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import type { Frontier } from './frontier.ts';

/** Of each hand-written seed in a model's first batch: all of a seed that has two threads with an operation each. */
const SEED_STATES = 80_000;
/** So that what it covers is known, and it can be a parent. */
const SEED_SCHEDULES = 16;
const PARENTS = 8;
/** The parents of a large batch: 64 of them take 20 KB of its message. */
const PARENTS_MAX = 64;
/** Some sixty mutants of each parent, with 16 schedules each. */
const RUNS_A_PARENT = 1024;

/** How a batch's runs are divided once there are parents. */
export interface Shares {
  readonly fresh: number;
  readonly mutate: number;
}
export const SHARES: Shares = { fresh: 9, mutate: 7 };

/** Runs up to and with a witness, of which there were so many before its batch. */
export function runsTo({ scheduler, run }: Witness, runsBefore: number): number | null {
  return scheduler === EXHAUSTIVE ? null : runsBefore + run + 1;
}

/** Ways into one cycle of locks that are followed up: each costs a minimization. */
const BUCKETS_MAX = 4;

/** Null if a signature whose witnesses have these buckets wants no such witness any more. */
export function bucketsWith(
  buckets: readonly string[],
  { signature, bucket = signature }: Pick<Witness, 'signature' | 'bucket'>,
): readonly string[] | null {
  const isFull = buckets.length >= BUCKETS_MAX || buckets.includes(signature);
  return isFull || buckets.includes(bucket) ? null : [...buckets, bucket];
}

/** What a batch is told of a signature, so that it brings no witness that is not wanted. */
export function settledOf(signature: string, buckets: readonly string[]): readonly string[] {
  return buckets.length >= BUCKETS_MAX ? [signature] : buckets;
}

/** A witness that a campaign wants, to be minimized. */
export interface Discovery {
  readonly signature: string;
  readonly model: string;
  readonly witness: Witness;
  readonly batch: number;
  /** Runs of the campaign up to and with the witness; null where a search found it. */
  readonly runsToFirst: number | null;
}

/** Models take turns. */
export function modelOfBatch(models: readonly string[], k: number): string {
  return models[k % models.length] as string;
}

/** Signatures and buckets of which no witness is wanted. */
export interface Settled {
  /** Of the list that workers can look up; null if there is none. */
  readonly digest: string | null;
  /** Those that came since. */
  readonly others: readonly string[];
}

/** What one fuzz batch is planned from. */
export interface Need {
  readonly index: number;
  readonly model: string;
  readonly rngSeed: number;
  readonly runs: number;
  /** Texts to run as they are; none once the model has been fuzzed. */
  readonly seeds: readonly string[];
  /** The part of a small scope that is due; null if none is. */
  readonly sweep: SweepSource | null;
  readonly shares: Shares;
  readonly frontier: Frontier;
  /** Digest under which the workers find the frontier's features. */
  readonly featuresDigest: string | null;
  readonly settled: Settled;
}

export function planFuzzBatch(need: Need): FuzzBatch {
  const { index, model, rngSeed, runs, featuresDigest, settled } = need;
  const sources = sourcesOf(need);
  return {
    kind: 'fuzz',
    index,
    model,
    rngSeed,
    runs,
    sources,
    featuresDigest,
    settledDigest: settled.digest,
    settled: settled.others,
  };
}

/** The visible list of sources: seeds first, a small scope, then mutants of what was kept, then fresh workloads. */
function sourcesOf({ index, rngSeed, runs, seeds, sweep, shares, frontier }: Need) {
  const sources: WorkloadSource[] = [];
  if (seeds.length > 0) {
    const budget = { statesMax: SEED_STATES, schedules: SEED_SCHEDULES };
    sources.push({ kind: 'given', texts: seeds, ...budget });
  }
  if (sweep !== null) sources.push(sweep);
  const count = Math.max(PARENTS, Math.min(PARENTS_MAX, Math.floor(runs / RUNS_A_PARENT)));
  if (runs === 0) return sources;
  const parents = frontier.choose(new Random(rngSeed, index).fork('parents'), count);
  const mutants = Math.floor((runs * shares.mutate) / (shares.mutate + shares.fresh));
  if (parents.length > 0 && mutants > 0) sources.push({ kind: 'mutate', parents, runs: mutants });
  const makesRuns = sources.some(({ kind }) => kind !== 'sweep');
  if (shares.fresh > 0 || !makesRuns) sources.push({ kind: 'fresh' });
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
