/** What `bench detect` shows of SPIN: schedules only over what all have, states by themselves, and why there are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartOf } from '../../daemon/cli/output/detect-chart.ts';
import { renderDetections } from '../../daemon/cli/output/detect-table.ts';
import {
  type Detection,
  factorsOf,
  overall,
  type Place,
  pooled,
  sampleOf,
  shared,
} from '../../workers/bench/detect/samples.ts';
import type { Searched } from '../../workers/bench/detect/spin/carried.ts';
import { golden } from '../support/golden.ts';

const SHAPE = { isCold: false, runs: 1000 };

function found(states: number): Searched {
  return { states, isFound: true, cut: null };
}

function detection(row: string, places: readonly Place[]): Detection {
  const samples = pooled(places.flatMap((place) => place.samples));
  return { row, title: `title of ${row}`, places, samples, unknown: [] };
}

const ours = (...counts: readonly number[]) => sampleOf('surw', counts, SHAPE.runs);
const theirs = (...counts: readonly (number | null)[]) =>
  sampleOf('spin-random', counts, SHAPE.runs);
const LACKS = { lacks: 'step addEntry, at fault/addEntry, has no Promela fragment' };
const DETECTIONS: readonly Detection[] = [
  detection('B12', [
    {
      ...{ model: 'one', seed: 'b12', samples: [ours(1, 2, 4, 8), theirs(2, 8, 16, 32)] },
      spin: { verify: found(100), faultline: found(400) },
    },
    { model: 'two', seed: 'b12', samples: [ours(500, 500, 500, 500)], spin: LACKS },
  ]),
  detection('B14', [
    {
      ...{ model: 'one', seed: 'b14', samples: [ours(1, 1, 2, 2), theirs(1, 4, 4, null)] },
      spin: {
        verify: { states: 90_000, isFound: false, cut: 'denials' },
        faultline: found(25),
      },
    },
  ]),
  detection('F02', [{ model: 'two', seed: 'f02', samples: [ours(1, 1, 1, 1)], spin: LACKS }]),
];

test('table with SPIN', () => {
  golden('cli/detect-spin.txt', `${renderDetections(DETECTIONS, SHAPE)}\n`);
});

test('a scheduler that has not been everywhere is compared over what all share, and over nothing else', () => {
  assert.deepEqual(
    overall(DETECTIONS).map(({ scheduler }) => scheduler),
    ['surw'],
  );
  const both = shared(DETECTIONS);
  assert.deepEqual(
    both.map(({ row, places }) => [row, places.length]),
    [
      ['B12', 1],
      ['B14', 1],
    ],
  );
  const [factor, ...others] = factorsOf(overall(both.slice(0, 1)));
  assert.deepEqual(others, []);
  assert.ok(factor !== undefined);
  // (2 * 8 * 16 * 32)^(1/4) over (1 * 2 * 4 * 8)^(1/4)
  assert.ok(Math.abs(factor.mean - 128 ** (1 / 4)) < 1e-4);
  assert.ok(factor.low < factor.mean && factor.mean < factor.high);
  assert.deepEqual([factor.scheduler, factor.of, factor.misses], ['spin-random', 'surw', [0, 0]]);
});

test('chart: states have marks and an axis of their own, below that of schedules', () => {
  const svg = chartOf(DETECTIONS, SHAPE);
  assert.match(
    svg,
    /<title id="title">Schedules of a seed .*; States stored until each row is met/,
  );
  assert.match(svg, / shared: surw .*, spin-random .*\. B12: spin-verify 100 .*, faultline 400 /);
  const y = (label: string): number =>
    Number(new RegExp(`y="(\\d+)">${label}</text>`).exec(svg)?.[1]);
  assert.ok(y('spin-random') < y('spin-verify') && y('spin-verify') === y('faultline'));
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test('states alone: no table of schedules', () => {
  const alone = DETECTIONS.slice(0, 1).map(({ places, ...rest }) => ({
    ...rest,
    samples: [],
    places: places.map((place) => ({ ...place, samples: [] })),
  }));
  const text = renderDetections(alone, SHAPE);
  assert.match(text, /^States stored until the row is met/);
  assert.match(text, /\n\nNo Promela, .*:\n {2}B12 two b12: no Promela: step addEntry/);
  assert.match(chartOf(alone, SHAPE), /^<svg .*<title id="title">States stored/s);
});
