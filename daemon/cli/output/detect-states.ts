/** What SPIN's search stored until it met a row, and Faultline's: a table of states, apart from those of schedules. */
import type { Detection } from '../../../workers/bench/detect/samples.ts';
import type { Searched } from '../../../workers/bench/detect/spin/carried.ts';
import {
  bothOf,
  isFoundByBoth,
  overallStates,
  SEARCHES,
  type States,
  statesOf,
} from '../../../workers/bench/detect/states.ts';
import { shown, table } from './table.ts';

/** @returns '' where no states were compared */
export function renderStates(measured: readonly Detection[]): string {
  const rows = statesOf(measured);
  if (rows.length === 0) return '';
  const all = rows.length === 1 ? [] : [overallStates(rows)];
  const heads = ['row', 'scenarios', 'both found', ...SEARCHES];
  const head =
    'States stored until the row is met, geometric means of the scenarios where both found it\n' +
    '(spin-verify: depth first, what its claims deny; faultline: breadth first, all oracles):';
  const parts = [`${head}\n${table(heads, [...rows, ...all].map(lineOf))}`, ...notFound(measured)];
  return parts.join('\n\n');
}

function lineOf({ row, places, found, means }: States): readonly string[] {
  const [theirs, ours] = means === null ? ['', ''] : means.map(shown);
  return [row, String(places), String(found), theirs ?? '', ours ?? ''];
}

function notFound(measured: readonly Detection[]): readonly string[] {
  const lines = measured.flatMap(({ row, places }) =>
    places.flatMap((place) =>
      bothOf(place)
        .filter((both) => !isFoundByBoth(both))
        .map(({ verify, faultline }) => {
          const name = `${row} ${place.model} ${place.seed}`;
          return `  ${name}: spin-verify ${outcomeOf(verify)}, faultline ${outcomeOf(faultline)}`;
        }),
    ),
  );
  return lines.length === 0 ? [] : [['Not found by both:', ...lines].join('\n')];
}

const CUTS: Readonly<Record<NonNullable<Searched['cut']>, string>> = {
  states: 'as many as it may store',
  memory: 'its memory is full',
  depth: 'a path is longer than it follows',
  time: 'it takes more time than any search needs',
  denials: 'its claims are denied again and again where other rows show',
};

function outcomeOf({ states, isFound, cut }: Searched): string {
  const count = `${states.toLocaleString('en-US')} states`;
  if (isFound) return `after ${count}`;
  return cut === null ? `not in all ${count}` : `not in ${count} (${CUTS[cut]})`;
}
