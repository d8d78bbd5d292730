/** What trials came to, and the figures that are shown of it. */
import { median } from '../rounds.ts';
import type { Searched } from './spin/carried.ts';
import {
  geometricMeanOf,
  type Interval,
  intervalOf,
  type LogMean,
  logMeanOf,
  meanOf,
  ratioOf,
} from './statistics.ts';

/** Trials of one scheduler. */
export interface Sample {
  readonly scheduler: string;
  /** Runs to the first finding of each trial; a miss counts as the most that were allowed. */
  readonly counts: readonly number[];
  readonly misses: number;
  readonly mean: LogMean;
  /** Arithmetic; of several places, or rows, the geometric mean of theirs, as published tables have it. */
  readonly average: number;
}

/** Where a row was looked for: a model and a seed, or a campaign of a model without seeds. */
export interface Place {
  readonly model: string;
  readonly seed: string | null;
  readonly samples: readonly Sample[];
  /** Where SPIN was asked too. */
  readonly spin?: SpinAnswer;
}

/** What the program of a place lacks; or what SPIN and Faultline stored until their searches met the row. */
type SpinAnswer =
  | { readonly lacks: string }
  | { readonly verify: Searched; readonly faultline: Searched };

/** A row, and what each scheduler needed to detect it. */
export interface Detection {
  readonly row: string;
  readonly title: string;
  readonly places: readonly Place[];
  /** Of all places, one a scheduler. */
  readonly samples: readonly Sample[];
  /** Places of which neither a run nor a search has told whether they can show the row. */
  readonly unknown: readonly string[];
}

/** Runs to the first finding; lower bounds where trials were missed. */
export interface Figures extends Interval {
  readonly scheduler: string;
  readonly trials: number;
  readonly misses: number;
  readonly median: number;
  readonly average: number;
  readonly most: number;
}

export function sampleOf(
  scheduler: string,
  found: readonly (number | null)[],
  runsMax: number,
): Sample {
  const counts = found.map((count) => count ?? runsMax);
  const misses = found.filter((count) => count === null).length;
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return { scheduler, counts, misses, mean: logMeanOf(counts), average };
}

/** One sample a scheduler. Its mean is that of the parts' means: each part counts alike, however many trials it has. */
export function pooled(parts: readonly Sample[]): readonly Sample[] {
  return [...new Set(parts.map(({ scheduler }) => scheduler))].map((scheduler) => {
    const own = parts.filter((part) => part.scheduler === scheduler);
    const counts = own.flatMap((part) => part.counts);
    const misses = own.reduce((sum, part) => sum + part.misses, 0);
    const mean = meanOf(own.map((part) => part.mean));
    const average = geometricMeanOf(own.map((part) => part.average));
    return { scheduler, counts, misses, mean, average };
  });
}

/** Not every schedule shows it. */
export function isRacy({ samples }: Detection): boolean {
  return samples.some(({ counts }) => counts.some((count) => count > 1));
}

/** Of the schedulers that have been to every place. */
export function overall(detections: readonly Detection[]): readonly Sample[] {
  const places = detections.flatMap((one) => one.places);
  return pooled(detections.flatMap(({ samples }) => samples)).filter(everywhereIn(places));
}

function everywhereIn(places: readonly Place[]): (sample: Sample) => boolean {
  return ({ scheduler }) =>
    places.every(({ samples }) => samples.some((one) => one.scheduler === scheduler));
}

/** Cut to the places that every scheduler has been to. */
export function shared(detections: readonly Detection[]): readonly Detection[] {
  const all = detections.flatMap((one) => one.samples.map(({ scheduler }) => scheduler));
  const count = new Set(all).size;
  return detections.flatMap((detection) => {
    const places = detection.places.filter(({ samples }) => samples.length === count);
    if (places.length === 0 || count === 0) return [];
    return [{ ...detection, places, samples: pooled(places.flatMap((place) => place.samples)) }];
  });
}

/** Samples that may be compared: they are of the same places. */
export interface Group {
  readonly label: string;
  readonly places: readonly Place[];
  readonly samples: readonly Sample[];
}

/** A row, of the schedulers that have been to all its places; where one has not, all once more, of those that they share. */
export function groupsOf(detection: Detection): readonly Group[] {
  const { row, places, samples } = detection;
  const whole = { label: row, places, samples: samples.filter(everywhereIn(places)) };
  if (whole.samples.length === samples.length) return [whole];
  const both = shared([detection]).map((one) => ({ ...one, label: `${row} shared` }));
  return [whole, ...both];
}

/** How many times the schedules of the first scheduler another one needs. */
export interface Factor extends Interval {
  readonly scheduler: string;
  readonly of: string;
  /** Of the other one and of the first: with the former it is a lower bound, with the latter an upper one. */
  readonly misses: readonly [number, number];
}

export function factorsOf([first, ...others]: readonly Sample[]): readonly Factor[] {
  if (first === undefined) return [];
  return others.map(({ scheduler, misses, mean }) => {
    const { mean: middle, low, high } = intervalOf(ratioOf(mean, first.mean));
    return {
      scheduler,
      of: first.scheduler,
      misses: [misses, first.misses],
      mean: rounded(middle),
      low: rounded(low),
      high: rounded(high),
    };
  });
}

export function figuresOf({ scheduler, counts, misses, mean, average }: Sample): Figures {
  const { mean: middle, low, high } = intervalOf(mean);
  return {
    scheduler,
    trials: counts.length,
    misses,
    mean: rounded(middle),
    // No trial takes less than a run.
    low: Math.max(1, rounded(low)),
    high: rounded(high),
    median: median(counts),
    average: rounded(average),
    most: Math.max(...counts),
  };
}

/** Logarithms differ in their last bits between versions of V8; figures do not. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
