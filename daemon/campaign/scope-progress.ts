/**
 * What a campaign has proven of one model: scopes (vocabulary/scope.ts) that were searched whole, in the order of a list.
 * Their parts come from fuzz batches, in any order; each workload counts once. Pure.
 */
import { missProbability, type Scope, type ScopePart } from '../../corpus/vocabulary/scope.ts';

/** Workloads by number: from, up to and not including. */
export type Range = readonly [number, number];

/** What a part was asked for. */
export interface Place {
  /** Index into the list of scopes. */
  readonly scope: number;
  readonly from: number;
  /** Null: as far as its states last. */
  readonly to: number | null;
}

/** A scope as far as it was searched. */
export interface Searched extends Pick<Scope, 'threads' | 'ops' | 'pages'> {
  readonly kinds: readonly string[];
  /** All that the model has, but for what such a file has no room for: `kinds` says which they are. */
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
  /** Searched whole, every workload to the end, in the order of the list. */
  readonly verified: readonly Searched[];
  /** Searched, with workloads that were too large. */
  readonly inconclusive: readonly Searched[];
  /** The one that is being searched; null before its first part. */
  readonly next: Searched | null;
  /** What was searched of it, in order, with gaps between. */
  readonly ranges: readonly Range[];
  /** Parts that were given up: executors were lost over them. */
  readonly givenUp: number;
}

export const NO_SCOPE: ScopeProgress = {
  verified: [],
  inconclusive: [],
  next: null,
  ranges: [],
  givenUp: 0,
};

/** Index into the list of the scope that is searched next. */
export function scopeDue({ verified, inconclusive }: ScopeProgress): number {
  return verified.length + inconclusive.length;
}

/** @param place what the part was asked for: one that came twice, or is of something else, changes nothing */
export function withPart(
  progress: ScopeProgress,
  scopes: readonly Scope[],
  place: Place,
  part: ScopePart,
): ScopeProgress {
  const scope = scopes[place.scope];
  const isDue = place.scope === scopeDue(progress) && isAsked(place, part);
  const isNew = progress.ranges.every(([from, to]) => part.to <= from || to <= part.from);
  if (scope === undefined || !isDue || !isNew) return progress;
  const next = joined(progress.next ?? nothingOf(scope, part), part);
  const ranges = merged([...progress.ranges, [part.from, part.to]]);
  if (next.workloads < next.of) return { ...progress, next, ranges };
  const isVerified = next.inconclusive === 0;
  return {
    ...progress,
    verified: isVerified ? [...progress.verified, next] : progress.verified,
    inconclusive: isVerified ? progress.inconclusive : [...progress.inconclusive, next],
    next: null,
    ranges: [],
  };
}

/** A report may say anything; what leads nowhere would be asked for again and again. */
function isAsked({ from, to }: Place, part: ScopePart): boolean {
  const isStep = part.to > part.from || part.to === part.of;
  return isStep && part.from === from && part.to <= Math.min(to ?? part.of, part.of);
}

function nothingOf({ threads, ops, pages, kinds: asked }: Scope, { kinds, of }: ScopePart) {
  const size = { threads, ops, pages, kinds, areAllKinds: asked === null };
  const counts = { workloads: 0, states: 0, transitions: 0, pairs: 0, inconclusive: 0 };
  return { ...size, ...counts, of, signatures: [] };
}

function joined(before: Searched, part: ScopePart): Searched {
  return {
    ...before,
    workloads: before.workloads + part.to - part.from,
    states: before.states + part.states,
    transitions: before.transitions + part.transitions,
    pairs: Math.min(before.pairs + part.pairs, Number.MAX_SAFE_INTEGER),
    inconclusive: before.inconclusive + part.inconclusive,
    signatures: [...new Set([...before.signatures, ...part.signatures])].sort(),
  };
}

/** In order, those that touch each other as one. */
export function merged(ranges: readonly Range[]): readonly Range[] {
  const all: Range[] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last === undefined || last[1] < from) all.push([from, to]);
    else all[all.length - 1] = [last[0], Math.max(last[1], to)];
  }
  return all;
}

function all({ verified, inconclusive, next }: ScopeProgress): readonly Searched[] {
  return [...verified, ...inconclusive, ...(next === null ? [] : [next])];
}

export function statesIn(progress: ScopeProgress): number {
  return all(progress).reduce((sum, { states }) => sum + states, 0);
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
