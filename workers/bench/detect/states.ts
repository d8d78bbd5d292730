/** States that two searches stored until they met a row: SPIN's and Faultline's, never mixed with schedules. */
import type { Detection, Place } from './samples.ts';
import type { Searched } from './spin/carried.ts';
import { geometricMeanOf } from './statistics.ts';

export const SEARCHES = ['spin-verify', 'faultline'] as const;

/** Of the places that both have searched, and of those where both found the row. */
export interface States {
  readonly row: string;
  readonly places: number;
  readonly found: number;
  /** Geometric means over `found`, in the order of SEARCHES; null where there is none. */
  readonly means: readonly [number, number] | null;
}

export interface Both {
  readonly verify: Searched;
  readonly faultline: Searched;
}

export function statesOf(detections: readonly Detection[]): readonly States[] {
  return detections.flatMap(({ row, places }) => {
    const searched = places.flatMap(bothOf);
    return searched.length === 0 ? [] : [summary(row, searched)];
  });
}

/** Each row counting alike. */
export function overallStates(rows: readonly States[]): States {
  const means = rows.flatMap((one) => (one.means === null ? [] : [one.means]));
  const sum = (key: 'places' | 'found'): number => rows.reduce((all, one) => all + one[key], 0);
  return { row: 'all', places: sum('places'), found: sum('found'), means: meansOf(means) };
}

export function bothOf({ spin }: Place): readonly Both[] {
  return spin === undefined || 'lacks' in spin ? [] : [spin];
}

export function isFoundByBoth({ verify, faultline }: Both): boolean {
  return verify.isFound && faultline.isFound;
}

function summary(row: string, searched: readonly Both[]): States {
  const found = searched.filter(isFoundByBoth);
  const means = meansOf(found.map(({ verify, faultline }) => [verify.states, faultline.states]));
  return { row, places: searched.length, found: found.length, means };
}

function meansOf(pairs: readonly (readonly [number, number])[]): States['means'] {
  if (pairs.length === 0) return null;
  return [geometricMeanOf(pairs.map(([a]) => a)), geometricMeanOf(pairs.map(([, b]) => b))];
}
