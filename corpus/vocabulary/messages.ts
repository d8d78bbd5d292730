/**
 * The two messages of a campaign. A batch determines its report completely: the same batch gives the same
 * report on any machine, so reports may be folded in the order of batches, whoever computed them.
 */

export const BATCH_VERSION = 1;

/** What a feature is (workers/coverage.ts). A change would silently re-rank a corpus, so frontiers refuse mixtures. */
export const FEATURES_VERSION = 1;

export interface Batch {
  readonly version: typeof BATCH_VERSION;
  /** Its place in the campaign, from 0. */
  readonly index: number;
  /** Canonical model reference, or the name a model file gave itself. */
  readonly model: string;
  /** The campaign's rngSeed; streams are forked by batch index and purpose. */
  readonly rngSeed: number;
  /** Runs to make, exactly. */
  readonly runs: number;
  /** Where the workloads come from, in this order. */
  readonly sources: readonly BatchSource[];
  /** Signatures that have witnesses enough: they are only counted. */
  readonly known: readonly string[];
}

export type BatchSource =
  /** Each given workload, as written. */
  | { readonly kind: 'given'; readonly texts: readonly string[]; readonly schedules: number }
  /** Mutants of the given parents, in turn, up to a share of the batch's runs. */
  | { readonly kind: 'mutate'; readonly parents: readonly string[]; readonly runs: number }
  /** Fresh workloads for the rest. */
  | { readonly kind: 'fresh' };

/** A workload that met something new in its batch. */
export interface Candidate {
  readonly text: string;
  readonly features: readonly number[];
}

/** The first run of a batch that met a signature. */
export interface Witness {
  readonly signature: string;
  /** Input text with the recorded schedule. */
  readonly text: string;
  /** Runs of this batch before it. */
  readonly run: number;
  readonly scheduler: string;
}

export interface Report {
  readonly version: typeof BATCH_VERSION;
  readonly index: number;
  readonly model: string;
  readonly runs: number;
  readonly steps: number;
  readonly inconclusive: number;
  readonly features: typeof FEATURES_VERSION;
  readonly candidates: readonly Candidate[];
  readonly witnesses: readonly Witness[];
  /** Runs that met each signature, and the first of them. */
  readonly hits: Readonly<Record<string, { readonly count: number; readonly first: number }>>;
}
