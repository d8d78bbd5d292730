/** What `bench detect` found, for people: a line a row and scheduler, what was hard, and last all rows. */
import {
  type Detection,
  type Factor,
  type Figures,
  factorsOf,
  figuresOf,
  type Group,
  groupsOf,
  isRacy,
  overall,
  type Place,
  type Sample,
  shared,
} from '../../../workers/bench/detect/samples.ts';
import type { Interval } from '../../../workers/bench/detect/statistics.ts';
import type { DetectPlan } from '../options/detect-options.ts';
import { renderStates } from './detect-states.ts';
import { counted } from './render-finding.ts';
import { shown, table } from './table.ts';

type Shape = Pick<DetectPlan, 'isCold' | 'runs'>;

/** A mean above it is listed place by place. */
const HARD_FROM = 100;

const FIGURES = ['mean', '95 %', 'median', 'average', 'most', 'trials', 'missed'];

export function renderDetections(detections: readonly Detection[], shape: Shape): string {
  const measured = detections.filter(({ places }) => places.length > 0);
  const lines = measured.flatMap(groupsOf).flatMap(linesOf);
  const isCounted = lines.length > 0;
  const parts = [
    isCounted ? table(headsOf(shape), lines) : '',
    listOf(
      hardHead(shape),
      measured.flatMap((one) => hardOf(one, shape)),
    ),
    listOf('Shown by no seed:', withoutPlaces(detections)),
    listOf(
      'Neither shown nor searched to the end:',
      detections.flatMap(({ unknown }) => unknown),
    ),
    isCounted ? meansOf(measured, shape) : '',
    isCounted ? factorsText(measured) : '',
    renderStates(measured),
    listOf('No Promela, so that SPIN has no part in these:', measured.flatMap(lackingOf)),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function meansOf(measured: readonly Detection[], shape: Shape): string {
  return `Geometric means, each row counting alike:\n${table(headsOf(shape), overallLines(measured))}`;
}

function headsOf({ isCold }: Shape): readonly string[] {
  const places = isCold ? 'models' : 'scenarios';
  return ['row', places, 'scheduler', ...FIGURES];
}

function linesOf({ label, places, samples }: Group): readonly (readonly string[])[] {
  return samples.map((sample, i) => {
    const figures = figuresOf(sample);
    const { scheduler, median, average, most, trials, misses } = figures;
    const [head, size] = i === 0 ? [label, String(places.length)] : ['', ''];
    const ends = [
      boundText(figures, shown(average)),
      boundText(figures, most.toLocaleString('en-US')),
    ];
    const spread = [meanText(figures), rangeText(figures), shown(median), ...ends];
    return [head, size, scheduler, ...spread, String(trials), String(misses)];
  });
}

/** Of the schedulers that have been everywhere; where one has not, all of them once more, of the places that they share. */
function overallLines(measured: readonly Detection[]): readonly (readonly string[])[] {
  const both = shared(measured);
  const isSame = placesIn(both).length === placesIn(measured).length;
  return [...groupLines(measured, ''), ...(isSame ? [] : groupLines(both, ' shared'))];
}

/** Rows that every schedule shows say nothing of a scheduler, so the others come last, by themselves. */
function groupLines(all: readonly Detection[], kind: string): readonly (readonly string[])[] {
  const racy = all.filter(isRacy);
  const groups = racy.length === all.length ? [all] : [all, racy];
  return groups.flatMap((rows) => {
    const name = rows === all ? `all ${rows.length}${kind}` : `${rows.length} racy${kind}`;
    return linesOf({ label: name, places: placesIn(rows), samples: overall(rows) });
  });
}

function placesIn(detections: readonly Detection[]): readonly Place[] {
  return detections.flatMap((one) => one.places);
}

/** How many times the schedules of the first scheduler the others need, of the racy rows that all have been to. */
function factorsText(measured: readonly Detection[]): string {
  const rows = shared(measured).filter(isRacy);
  const factors = factorsOf(overall(rows));
  if (factors.length === 0) return '';
  const scenarios = counted(placesIn(rows).length, 'scenario');
  const head = `Times the schedules of ${factors[0]?.of}, over ${scenarios} of ${counted(rows.length, 'racy row')} that all have:`;
  const lines = factors.map((factor) => [factor.scheduler, factorText(factor), rangeText(factor)]);
  return `${head}\n${table(['scheduler', 'times', '95 %'], lines)}`;
}

function lackingOf({ row, places }: Detection): readonly string[] {
  return places.flatMap((place) =>
    place.spin !== undefined && 'lacks' in place.spin
      ? [`${row} ${placeText(place)}: no Promela: ${place.spin.lacks}`]
      : [],
  );
}

function meanText(figures: Figures): string {
  return boundText(figures, shown(figures.mean));
}

/** With a miss it is a lower bound. */
function boundText({ misses }: Pick<Figures, 'misses'>, text: string): string {
  return misses === 0 ? text : `>= ${text}`;
}

/** With misses on both sides it is neither bound. */
function factorText({ mean, misses: [own, first] }: Factor): string {
  const bound = own === 0 ? (first === 0 ? '' : '<= ') : first === 0 ? '>= ' : '~ ';
  return `${bound}${shown(mean)}`;
}

function rangeText({ low, high }: Interval): string {
  return `${shown(low)}-${shown(high)}`;
}

function hardHead({ isCold, runs }: Shape): string {
  return isCold
    ? `Not within ${runs} runs in every campaign:`
    : `Missed in ${runs} schedules, or a mean above ${HARD_FROM}:`;
}

function hardOf({ row, places }: Detection, shape: Shape): readonly string[] {
  return places.flatMap((place) =>
    place.samples
      .filter((sample) => isHard(sample, shape))
      .map((sample) => `${row} ${placeText(place)}${sampleText(sample, shape)}`),
  );
}

function isHard(sample: Sample, { isCold }: Shape): boolean {
  return sample.misses > 0 || (!isCold && figuresOf(sample).mean > HARD_FROM);
}

function placeText({ model, seed }: Place): string {
  return seed === null ? model : `${model} ${seed}`;
}

function sampleText(sample: Sample, { isCold }: Shape): string {
  const figures = figuresOf(sample);
  const missed = `${sample.misses} of ${figures.trials} missed`;
  if (!isCold)
    return ` ${sample.scheduler}: ${meanText(figures)} (${rangeText(figures)}), ${missed}`;
  const found = [...sample.counts].sort((a, b) => a - b).slice(0, figures.trials - sample.misses);
  return `: ${missed}; found after ${found.join(' ') || 'none'}`;
}

function withoutPlaces(detections: readonly Detection[]): readonly string[] {
  return detections.flatMap(({ row, title, places }) =>
    places.length > 0 ? [] : `${row} ${title}`,
  );
}

function listOf(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [head, ...lines.map((line) => `  ${line}`)].join('\n');
}
