/** What `bench detect` found, for people: a line a row and scheduler, what was hard, and last all rows. */
import {
  type Detection,
  type Figures,
  figuresOf,
  isRacy,
  overall,
  type Place,
  type Sample,
} from '../../../workers/bench/detect/samples.ts';
import type { DetectPlan } from '../options/detect-options.ts';
import { shown, table } from './table.ts';

type Shape = Pick<DetectPlan, 'isCold' | 'runs'>;

/** A mean above it is listed place by place. */
const HARD_FROM = 100;

const FIGURES = ['mean', '95 %', 'median', 'average', 'most', 'trials', 'missed'];

export function renderDetections(detections: readonly Detection[], shape: Shape): string {
  const measured = detections.filter(({ places }) => places.length > 0);
  const lines = measured.flatMap((detection) => linesOf(detection));
  const parts = [
    table(headsOf(shape), lines),
    listOf(
      hardHead(shape),
      measured.flatMap((one) => hardOf(one, shape)),
    ),
    listOf('Shown by no seed:', withoutPlaces(detections)),
    listOf(
      'Neither shown nor searched to the end:',
      detections.flatMap(({ unknown }) => unknown),
    ),
    `Geometric means, each row counting alike:\n${table(headsOf(shape), overallLines(measured))}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function headsOf({ isCold }: Shape): readonly string[] {
  const places = isCold ? 'models' : 'scenarios';
  return ['row', places, 'scheduler', ...FIGURES];
}

function linesOf({
  row,
  places,
  samples,
}: Pick<Detection, 'row' | 'places' | 'samples'>): readonly (readonly string[])[] {
  return samples.map((sample, i) => {
    const figures = figuresOf(sample);
    const { scheduler, median, average, most, trials, misses } = figures;
    const [head, size] = i === 0 ? [row, String(places.length)] : ['', ''];
    const ends = [
      boundText(figures, shown(average)),
      boundText(figures, most.toLocaleString('en-US')),
    ];
    const spread = [meanText(figures), rangeText(figures), shown(median), ...ends];
    return [head, size, scheduler, ...spread, String(trials), String(misses)];
  });
}

/** Rows that every schedule shows say nothing of a scheduler, so the others come last, by themselves. */
function overallLines(measured: readonly Detection[]): readonly (readonly string[])[] {
  const racy = measured.filter(isRacy);
  const groups = racy.length === measured.length ? [measured] : [measured, racy];
  return groups.flatMap((rows) => {
    const name = rows === measured ? `all ${rows.length}` : `${rows.length} racy`;
    const places = rows.flatMap((one) => one.places);
    return linesOf({ row: name, places, samples: overall(rows) });
  });
}

function meanText(figures: Figures): string {
  return boundText(figures, shown(figures.mean));
}

/** With a miss it is a lower bound. */
function boundText({ misses }: Figures, text: string): string {
  return misses === 0 ? text : `>= ${text}`;
}

function rangeText({ low, high }: Figures): string {
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
