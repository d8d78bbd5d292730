/**
 * What a campaign proves of each model: small scopes (vocabulary/scope.ts), from small to large, each searched whole
 * before the next. Parts of a scope are sources of explorations; one of a model is under way at a time. Pure.
 */
import type { SweepSource } from '../corpus/vocabulary/messages.ts';
import type { OpKind } from '../corpus/vocabulary/ops.ts';
import { missProbability, type Scope, type ScopePart } from '../corpus/vocabulary/scope.ts';

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

/** On one core: under a second, some seconds, one to three minutes, one to three hours a model. */
export const SCOPES: readonly Scope[] = [
  { threads: 2, ops: 1, pages: 1, kinds: null },
  { threads: 2, ops: 1, pages: 2, kinds: null },
  { threads: 2, ops: 2, pages: 1, kinds: USUAL },
  { threads: 2, ops: 2, pages: 2, kinds: USUAL },
];

/** After the first scope a state for so many runs: 1 to 2 % of the work, as measured on four models. */
const RUNS_A_STATE = 8;
/** Of one part: half a second at the most, and what is worth its place in a batch. */
const PART_STATES_MAX = 1 << 18;
const PART_STATES_MIN = 1 << 13;
/** Of one workload: more than twice as many as any of these scopes has shown. */
const WORKLOAD_STATES_MAX = 1 << 19;

/** Where a part begins. */
export interface Place {
  /** Index into SCOPES. */
  readonly scope: number;
  readonly from: number;
}

/** A scope as far as it was searched. */
export interface Searched extends Pick<Scope, 'threads' | 'ops' | 'pages'> {
  readonly kinds: readonly string[];
  /** That the model has no others. */
  readonly areAllKinds: boolean;
  readonly workloads: number;
  readonly of: number;
  readonly states: number;
  readonly transitions: number;
  readonly pairs: number;
  /** Workloads that were not searched to the end. */
  readonly inconclusive: number;
  /** What was shown, sorted. */
  readonly signatures: readonly string[];
}

/** How far one model has come. */
export interface ScopeProgress {
  /** Searched whole, every workload to the end, the smallest first. */
  readonly verified: readonly Searched[];
  /** Searched, with workloads that were too large. */
  readonly inconclusive: readonly Searched[];
  /** The one that is being searched; null before its first part. */
  readonly next: Searched | null;
}

export const NO_SCOPE: ScopeProgress = { verified: [], inconclusive: [], next: null };

/** The part that is due after so many runs of the model; null if none is. */
export function sweepDue(progress: ScopeProgress, runs: number): SweepSource | null {
  const place = placeOf(progress);
  const scope = SCOPES[place.scope];
  if (scope === undefined) return null;
  const states = place.scope === 0 ? PART_STATES_MAX : statesLeft(progress, runs);
  if (states < PART_STATES_MIN) return null;
  return { kind: 'sweep', scope, from: place.from, states, statesMax: WORKLOAD_STATES_MAX };
}

function statesLeft(progress: ScopeProgress, runs: number): number {
  const spent = all(progress).reduce((sum, { states }) => sum + states, 0);
  return Math.min(Math.floor(runs / RUNS_A_STATE) - spent, PART_STATES_MAX);
}

export function placeOf({ verified, inconclusive, next }: ScopeProgress): Place {
  return { scope: verified.length + inconclusive.length, from: next?.workloads ?? 0 };
}

/** @param place where the part was asked to begin: one that came twice, or too late, changes nothing */
export function withPart(progress: ScopeProgress, place: Place, part: ScopePart): ScopeProgress {
  const due = placeOf(progress);
  const isDue = due.scope === place.scope && due.from === place.from && part.from === place.from;
  // A report may say anything; what leads nowhere would be asked for again and again.
  const isStep = part.to <= part.of && (part.to > part.from || part.to === part.of);
  const scope = SCOPES[place.scope];
  if (!isDue || !isStep || scope === undefined) return progress;
  const next = joined(progress.next ?? nothingOf(scope, part), part);
  if (next.workloads < next.of) return { ...progress, next };
  const isVerified = next.inconclusive === 0;
  return {
    verified: isVerified ? [...progress.verified, next] : progress.verified,
    inconclusive: isVerified ? progress.inconclusive : [...progress.inconclusive, next],
    next: null,
  };
}

function nothingOf({ threads, ops, pages, kinds: asked }: Scope, { kinds, of }: ScopePart) {
  const size = { threads, ops, pages, kinds, areAllKinds: asked === null };
  const counts = { workloads: 0, states: 0, transitions: 0, pairs: 0, inconclusive: 0 };
  return { ...size, ...counts, of, signatures: [] };
}

function joined(before: Searched, part: ScopePart): Searched {
  return {
    ...before,
    workloads: part.to,
    states: before.states + part.states,
    transitions: before.transitions + part.transitions,
    pairs: Math.min(before.pairs + part.pairs, Number.MAX_SAFE_INTEGER),
    inconclusive: before.inconclusive + part.inconclusive,
    signatures: [...new Set([...before.signatures, ...part.signatures])].sort(),
  };
}

function all({ verified, inconclusive, next }: ScopeProgress): readonly Searched[] {
  return [...verified, ...inconclusive, ...(next === null ? [] : [next])];
}

/** Of scopes that are verified; and those that were not searched to the end, of all. */
export function workloadsIn(progress: ScopeProgress) {
  return {
    verified: progress.verified.reduce((sum, { workloads }) => sum + workloads, 0),
    inconclusive: all(progress).reduce((sum, { inconclusive }) => sum + inconclusive, 0),
  };
}

/** At most so likely was any state of what is verified missed. */
export function missProbabilityOf({ verified }: ScopeProgress): number {
  return verified.reduce((sum, one) => sum + missProbability(one), 0);
}
