/**
 * What a campaign has proven of one model: scopes (vocabulary/scope.ts) that were searched whole, in the order of a list.
 * Their parts come from fuzz batches, in any order; each workload counts once. `sweepDue` says which part is next. Pure.
 */
import type { SweepSource } from '../../corpus/vocabulary/messages.ts';
import {
  missProbability,
  SCOPES,
  type Scope,
  type ScopePart,
} from '../../corpus/vocabulary/scope.ts';

/** Workloads by number: from, up to and not including. */
type Range = readonly [number, number];

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
  /** Parts that were quarantined: executors were lost over them. */
  readonly quarantined: number;
}

export const NO_SCOPE: ScopeProgress = {
  verified: [],
  inconclusive: [],
  next: null,
  ranges: [],
  quarantined: 0,
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
function merged(ranges: readonly Range[]): readonly Range[] {
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

function statesIn(progress: ScopeProgress): number {
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

// Which part is due

/** After the first scope a state for so many runs: 1 to 2 % of the work, as measured on four models. */
const RUNS_A_STATE = 8;
/** Of one part: half a second at the most, and what is worth its place in a batch. */
const PART_STATES_MAX = 1 << 18;
const PART_STATES_MIN = 1 << 13;
/** Of one workload: more than twice as many as any of SCOPES has shown. */
const WORKLOAD_STATES_MAX = 1 << 19;

export interface Sweep {
  readonly place: Place;
  readonly source: SweepSource;
  /** It comes before runs. */
  readonly isAsked: boolean;
}

export interface SweepCircumstances {
  readonly progress: ScopeProgress;
  /** Of the model. */
  readonly runs: number;
  /** Parts of the model that are under way. */
  readonly underWay: readonly Place[];
  /** Scopes that the campaign names. */
  readonly asked: readonly Scope[] | undefined;
}

/** After so many quarantined parts a model is left alone: its engine is at fault, not luck. */
const QUARANTINED_MAX = 3;

/** Whether something is left of these scopes that can be searched. */
export function hasLeft(progress: ScopeProgress, scopes: readonly Scope[]): boolean {
  return scopeDue(progress) < scopes.length && progress.quarantined < QUARANTINED_MAX;
}

/**
 * The part that is due, null if none is. Unless a campaign names scopes, small ones are searched beside its runs, one part
 * at a time; those that it names come first, on all executors.
 */
export function sweepDue({ progress, runs, underWay, asked }: SweepCircumstances): Sweep | null {
  const number = scopeDue(progress);
  const scope = (asked ?? SCOPES)[number];
  if (scope === undefined || !hasLeft(progress, asked ?? SCOPES)) return null;
  if (asked !== undefined) {
    const range = rangeDue(
      progress,
      underWay.filter((one) => one.scope === number),
    );
    return range && sweepOf(scope, { scope: number, ...range }, PART_STATES_MAX, true);
  }
  if (underWay.length > 0) return null;
  const states =
    number === 0 ? PART_STATES_MAX : Math.floor(runs / RUNS_A_STATE) - statesIn(progress);
  if (states < PART_STATES_MIN) return null;
  const place = { scope: number, from: progress.ranges.at(-1)?.[1] ?? 0, to: null };
  return sweepOf(scope, place, Math.min(states, PART_STATES_MAX), false);
}

function sweepOf(scope: Scope, place: Place, states: number, isAsked: boolean): Sweep {
  const { from, to } = place;
  const statesMax = WORKLOAD_STATES_MAX;
  return { place, source: { kind: 'sweep', scope, from, to, states, statesMax }, isAsked };
}

/** The first part tells how many workloads there are, and how large they are. */
function rangeDue(
  { next, ranges }: ScopeProgress,
  underWay: readonly Place[],
): Omit<Place, 'scope'> | null {
  if (next === null) return underWay.length === 0 ? { from: 0, to: 1 } : null;
  const handedOut = underWay.map(({ from, to }): Range => [from, to ?? next.of]);
  const taken = merged([...ranges, ...handedOut]);
  const from = taken[0]?.[0] === 0 ? taken[0][1] : 0;
  const gap = (taken.find(([begin]) => begin > from)?.[0] ?? next.of) - from;
  if (gap <= 0) return null;
  // The first workloads are the smallest: half as many as would fill a part.
  const workloads = Math.ceil((PART_STATES_MAX * next.workloads) / (2 * next.states));
  return { from, to: from + Math.min(workloads, gap) };
}
