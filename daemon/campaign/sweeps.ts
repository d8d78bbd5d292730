/**
 * Which part of a scope is due on a model. Unless a campaign names scopes, small ones are searched beside its runs, one
 * part at a time; those that it names come first, on all executors. Pure.
 */
import type { SweepSource } from '../../corpus/vocabulary/messages.ts';
import { SCOPES, type Scope } from '../../corpus/vocabulary/scope.ts';
import {
  merged,
  type Place,
  type Range,
  type ScopeProgress,
  scopeDue,
  statesIn,
} from './scope-progress.ts';

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

export interface Standing {
  readonly progress: ScopeProgress;
  /** Of the model. */
  readonly runs: number;
  /** Parts of the model that are under way. */
  readonly underWay: readonly Place[];
  /** Scopes that the campaign names. */
  readonly asked: readonly Scope[] | undefined;
}

/** After so many parts that were given up a model is left alone: its engine is at fault, not luck. */
const GIVEN_UP_MAX = 3;

/** Whether something is left of these scopes that can be searched. */
export function hasLeft(progress: ScopeProgress, scopes: readonly Scope[]): boolean {
  return scopeDue(progress) < scopes.length && progress.givenUp < GIVEN_UP_MAX;
}

/** Null if none is due. */
export function sweepDue({ progress, runs, underWay, asked }: Standing): Sweep | null {
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
