/**
 * A small universe (breeding/universe.ts) that a campaign searches whole, every interleaving of each workload: one file,
 * mapped shared, read and written in whole pages. What a batch is asked of it, and what it answers.
 */
import type { OpKind } from './ops.ts';

export interface Scope {
  /** At most so many. */
  readonly threads: number;
  /** Operations of a thread: at most so many. */
  readonly ops: number;
  readonly pages: number;
  /** Those of them that the model has; null for all that it has. */
  readonly kinds: readonly OpKind[] | null;
}

/** What most races are made of. */
const USUAL: readonly OpKind[] = [
  'load',
  'store',
  'pwrite',
  'truncate',
  'punch',
  'collapse',
  'fsync',
];

/**
 * What a campaign searches beside its runs, one after another. On one core under a second, some seconds, one to three
 * minutes, one to three hours a model.
 */
export const SCOPES: readonly Scope[] = [
  { threads: 2, ops: 1, pages: 1, kinds: null },
  { threads: 2, ops: 1, pages: 2, kinds: null },
  { threads: 2, ops: 2, pages: 1, kinds: USUAL },
  { threads: 2, ops: 2, pages: 2, kinds: USUAL },
];

/** Workloads of a scope, by number: from, up to and not including, of so many. */
export interface ScopePart {
  readonly from: number;
  readonly to: number;
  readonly of: number;
  /** Of the workloads: what the model has. */
  readonly kinds: readonly OpKind[];
  readonly states: number;
  readonly transitions: number;
  /** Pairs of states of one workload that were told apart by their digests. */
  readonly pairs: number;
  /** Workloads that were not searched to the end. */
  readonly inconclusive: number;
  /** What was shown, sorted. */
  readonly signatures: readonly string[];
}

/** Values of a digest that tells two states apart. */
const DIGESTS = 2 ** 64;

/** At most so likely was any state taken for another one of its workload, and so missed. */
export function missProbability({ pairs }: Pick<ScopePart, 'pairs'>): number {
  return pairs / DIGESTS;
}
