/**
 * The two messages of a campaign, as plain data: a batch says what to compute, its report what came of it. The
 * work of a batch determines its result, given the features that it names, on any machine of one build, so either may be lost,
 * repeated or reordered. Strict decoding is in `corpus/exchange/codec.ts`.
 */
import type { PackedRecord } from './finding.ts';
import type { Origin } from './repro.ts';
import type { Scope, ScopePart } from './scope.ts';

export const BATCH_VERSION = 4;

/** What a feature is (workers/run/coverage.ts). A change would silently re-rank a corpus, so frontiers refuse mixtures. */
export const FEATURES_VERSION = 1;

/** Kinds of work, the most urgent first: verifying a finding goes before minimizing one, and that before fuzzing. */
export const KINDS = ['verify', 'minimize', 'canary', 'compare', 'fuzz'] as const;
export type Kind = (typeof KINDS)[number];

export interface Batch {
  readonly version: typeof BATCH_VERSION;
  /** Unique in its campaign; also the id of its job. */
  readonly id: string;
  /** The build that planned it (SHA-256), and the only one that runs it. */
  readonly build: string;
  readonly campaign: string;
  /** The coordinator's epoch when it was planned. */
  readonly epoch: number;
  /** Every model that the work names, as the planner knew it. */
  readonly models: readonly ModelPin[];
  readonly work: Work;
}

/** A reference alone may mean something else on another machine. */
export interface ModelPin {
  /** Canonical model reference. */
  readonly reference: string;
  readonly digest: string;
  /** The model itself, canonical JSON, where it is not built in. */
  readonly json?: string;
}

export type Work = FuzzBatch | Minimization | Verification | Comparison | CanaryRun;

/** Runs of many workloads; what was new is reported. */
export interface FuzzBatch {
  readonly kind: 'fuzz';
  /** Its place in the campaign, from 0. */
  readonly index: number;
  readonly model: string;
  /** The campaign's rngSeed; streams are forked by batch index and purpose. */
  readonly rngSeed: number;
  /** Runs to make, exactly. */
  readonly runs: number;
  /** Where the workloads come from, in this order. */
  readonly sources: readonly WorkloadSource[];
  /** SHA-256 of signatures of which no witness is wanted (`corpus/exchange/named-lists.ts`); null if there were none. */
  readonly settledDigest: string | null;
  /** Nor of these: signatures, and buckets (ways into one cycle of locks), that the list does not have. Their runs are counted. */
  readonly settled: readonly string[];
  /** SHA-256 of the features known when it was planned (`corpus/exchange/named-lists.ts`); null if there were none. */
  readonly featuresDigest: string | null;
}

export type WorkloadSource =
  /** Each given workload, as written: every interleaving of it up to `statesMax` states, then so many schedules. */
  | {
      readonly kind: 'given';
      readonly texts: readonly string[];
      readonly statesMax: number;
      readonly schedules: number;
    }
  | SweepSource
  /** Mutants of the given parents, in turn, up to a share of the batch's runs. */
  | { readonly kind: 'mutate'; readonly parents: readonly string[]; readonly runs: number }
  /** Fresh workloads for the rest. */
  | { readonly kind: 'fresh' };

/** Workloads of a scope in their order, every interleaving of each; they take no runs. */
export interface SweepSource {
  readonly kind: 'sweep';
  readonly scope: Scope;
  /** Number of the first. */
  readonly from: number;
  /** Number of the first that is no more asked for; null for all that there are. */
  readonly to: number | null;
  /** It ends with the workload that takes it beyond so many states. */
  readonly states: number;
  /** Of one workload. */
  readonly statesMax: number;
}

/** From a witness to the smallest input that shows its signature. */
export interface Minimization {
  readonly kind: 'minimize';
  readonly model: string;
  /** Input text with the schedule that was recorded. */
  readonly text: string;
  readonly signature: string;
  readonly scheduler: string;
  /** Null where a search found it. */
  readonly runsToFirst: number | null;
  readonly origin: Origin;
  /** Candidates that may be executed; 0 keeps the witness as it is. */
  readonly testsMax: number;
}

/** A minimized repro once more, on an executor other than the one that made it. */
export interface Verification {
  readonly kind: 'verify';
  readonly model: string;
  readonly repro: string;
  /** The executor that made it. */
  readonly notOn: string;
}

/** Which other models have the bug of a repro. */
export interface Comparison {
  readonly kind: 'compare';
  readonly repro: string;
  readonly models: readonly string[];
}

/** The same small fuzz batch again and again: it must find its planted bug, and say the same everywhere. */
export interface CanaryRun {
  readonly kind: 'canary';
  readonly batch: FuzzBatch;
}

/** In place of an executor's name in a report that no executor computed. */
export const NO_EXECUTOR = 'none';

export interface Report {
  readonly version: typeof BATCH_VERSION;
  readonly id: string;
  readonly build: string;
  readonly campaign: string;
  /** Who computed it: an executor's name is never given twice. */
  readonly executor: string;
  /** How long one core was busy with it. */
  readonly milliseconds: number;
  readonly result: Result;
}

/** What a work came to. */
export type Done = Pick<Report, 'result' | 'executor' | 'milliseconds'>;

/** A model that is not built in. */
export type GivenModel = readonly [reference: string, json: string];

/** What a fuzz batch names by digests. */
export interface NamedLists {
  readonly features?: Uint32Array | undefined;
  readonly settled?: readonly string[] | undefined;
}

/** What an executor is given beside a work. */
export interface Wish extends NamedLists {
  readonly models?: readonly GivenModel[];
  /** An executor that must not do it. */
  readonly notOn?: string;
}

export function wishOf({ work, models: pins }: Batch, lists: NamedLists): Wish {
  const models = pins.flatMap(({ reference, json }): GivenModel[] =>
    json === undefined ? [] : [[reference, json]],
  );
  return work.kind === 'verify' ? { models, notOn: work.notOn } : { models, ...lists };
}

export function reportOn({ id, build, campaign }: Batch, done: Done): Report {
  return { version: BATCH_VERSION, id, build, campaign, ...done };
}

export type Result = FuzzResult | Minimized | Verified | Compared | CanarySeen | Quarantined;

export interface FuzzResult {
  readonly kind: 'fuzz';
  readonly index: number;
  readonly model: string;
  readonly runs: number;
  readonly steps: number;
  readonly inconclusive: number;
  readonly featuresVersion: typeof FEATURES_VERSION;
  readonly candidates: readonly Candidate[];
  readonly witnesses: readonly Witness[];
  /** Absent from records of a log that was written before it was counted. */
  readonly breadth?: Breadth;
  /** What searches of given workloads looked at; absent where there was none. */
  readonly searched?: { readonly states: number; readonly transitions: number };
  /** What came of the source `sweep`; absent where there was none. */
  readonly swept?: ScopePart;
  /** Runs that met each signature, and the first of them; a search that met it counts as one. */
  readonly hits: Readonly<Record<string, { readonly count: number; readonly first: number }>>;
}

/** How many workloads were run, how many of them were given, and of those searched to the last interleaving. */
export interface Breadth {
  readonly workloads: number;
  readonly given: number;
  readonly exhausted: number;
}

export const NO_BREADTH: Breadth = { workloads: 0, given: 0, exhausted: 0 };

export function addBreadth(a: Breadth, b: Breadth = NO_BREADTH): Breadth {
  return {
    workloads: a.workloads + b.workloads,
    given: a.given + b.given,
    exhausted: a.exhausted + b.exhausted,
  };
}

/** A workload that met something new in its batch. */
export interface Candidate {
  readonly text: string;
  readonly features: readonly number[];
}

/** What draws the schedule of a run; `alone`: each thread by itself, the first run of a workload. */
export const SCHEDULERS = ['alone', 'surw', 'pct2', 'pct3', 'pct4', 'random'] as const;
export type SchedulerName = (typeof SCHEDULERS)[number];

/** In place of a scheduler, where a search of every interleaving found it. */
export const EXHAUSTIVE = 'exhaustive';

/** The first run of a batch that met a bucket (`bucketOf` in verdict.ts). */
export interface Witness {
  readonly signature: string;
  /** Absent where it is the signature, and from records of a log that was written before there were others. */
  readonly bucket?: string;
  /** Input text with the recorded schedule. */
  readonly text: string;
  /** Runs of this batch before it. */
  readonly run: number;
  readonly scheduler: string;
}

/** `record` is null if the witness does not show its signature: another build found it, or the report is forged. */
export interface Minimized {
  readonly kind: 'minimize';
  readonly signature: string;
  readonly record: PackedRecord | null;
}

export interface Verified {
  readonly kind: 'verify';
  readonly signature: string;
  /** Whether the run was the recorded one, step for step. */
  readonly isSame: boolean;
}

export interface Compared {
  readonly kind: 'compare';
  readonly signature: string;
  /** Models that have the bug, and those on which a search of every interleaving did not meet it. */
  readonly on: readonly string[];
  readonly notOn: readonly string[];
}

export interface CanarySeen {
  readonly kind: 'canary';
  /** SHA-256 of the fuzz batch's canonical result. */
  readonly digest: string;
  readonly found: readonly string[];
}

/** No executor computes the batch any more. */
export interface Quarantined {
  readonly kind: 'quarantined';
  readonly work: Kind | null;
  readonly reason: string;
  /** How often it was started. */
  readonly starts: number;
}
