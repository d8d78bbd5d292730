/** `bench detect`: how many runs until each row of the catalogue shows, from seeds and cold. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { isSystemError, whyOf } from '../../corpus/disk/atomic.ts';
import { readSeeds } from '../../corpus/store/seeds.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { detectRow } from '../../workers/bench/detect/detect.ts';
import {
  type Detection,
  factorsOf,
  figuresOf,
  isRacy,
  overall,
  type Place,
  shared,
} from '../../workers/bench/detect/samples.ts';
import { candidatesOf } from '../../workers/bench/detect/scenarios.ts';
import type { SpinPeer } from '../../workers/bench/detect/spin/peer.ts';
import type { Course } from '../../workers/bench/revision.ts';
import type { Seed } from '../../workers/search/verdict-table.ts';
import { campaignsOf, detectCold } from './bench-cold.ts';
import { spinFor } from './bench-spin.ts';
import { PACKAGE_ROOT } from './installation.ts';
import { type DetectPlan, detectPlanOf } from './options/detect-options.ts';
import { progress, settingsOf } from './options/settings.ts';
import { chartOf } from './output/detect-chart.ts';
import { renderDetections } from './output/detect-table.ts';
import { counted } from './output/render-finding.ts';
import { say, sayDocument } from './output/terminal.ts';
import { onInterrupt } from './signals.ts';

const RNG_SEED_DEFAULT = 1;

export async function benchDetect(command: CommandUnknownOpts): Promise<void> {
  const settings = settingsOf(command);
  const plan = detectPlanOf(command);
  const rngSeed = settings.rngSeed ?? RNG_SEED_DEFAULT;
  if (plan.svg !== undefined) refuseUnwritable(plan.svg);
  const stop = new AbortController();
  const release = onInterrupt(() => {
    stop.abort();
    progress(settings, 'stopping: what is measured to its end is shown (again: stop at once)');
  });
  const course = { said: (what: string) => progress(settings, what), stop: stop.signal };
  const { detections, ...spin } = await measured(plan, rngSeed, course).finally(release);
  const isStopped = stop.signal.aborted;
  if (isStopped)
    progress(settings, `stopped: ${counted(detections.length, 'row')} of ${plan.claims.length}`);
  if (plan.svg !== undefined) writeFileSync(plan.svg, chartOf(detections, plan));
  if (settings.isJson)
    sayDocument({ ...documentOf(detections, plan, rngSeed), ...spin, isStopped });
  else say(renderDetections(detections, plan));
}

interface Measured {
  readonly detections: readonly Detection[];
  /** Its version, where it was asked. */
  readonly spin?: string;
}

async function measured(plan: DetectPlan, rngSeed: number, course: Course): Promise<Measured> {
  if (plan.isCold) return { detections: await cold(plan, rngSeed, course) };
  const spin = await spinFor(plan.schedulers, course.stop);
  if (spin === null) return { detections: await fromSeeds(plan, rngSeed, course, null) };
  try {
    return { detections: await fromSeeds(plan, rngSeed, course, spin), spin: spin.version };
  } finally {
    spin.close();
  }
}

async function fromSeeds(
  plan: DetectPlan,
  rngSeed: number,
  course: Course,
  spin: SpinPeer | null,
): Promise<readonly Detection[]> {
  const { claims, schedulers, trials, runs } = plan;
  const seeds: readonly Seed[] = readSeeds(PACKAGE_ROOT).map(({ name, input }) => {
    return { name, workload: input };
  });
  const candidates = claims.reduce((sum, claim) => sum + candidatesOf(claim, seeds).length, 0);
  course.said(
    `bench: from seeds, ${counted(claims.length, 'row')}, up to ${counted(candidates, 'scenario')} (a row's seed on a model), ` +
      `${schedulers.join(' ')}, ${counted(trials, 'trial')} each of up to ${runs} schedules; rng-seed ${rngSeed}`,
  );
  const detections: Detection[] = [];
  for (const [i, claim] of claims.entries()) {
    // Trials wait for no event: without this, no signal would come in.
    await setImmediate();
    if (course.stop.aborted) break;
    course.said(`bench: ${claim.row.id}, ${i + 1} of ${counted(claims.length, 'row')}`);
    const options = { ...plan, schedulesMax: runs, rngSeed, spin };
    const detection = await detectRow(claim, seeds, options).catch(unlessStopped(course));
    if (detection === null) break;
    detections.push(detection);
  }
  return detections;
}

/** SPIN's processes end with the measurement. */
function unlessStopped({ stop }: Course): (error: unknown) => null {
  return (error) => {
    if (stop.aborted && error instanceof Error && error.name === 'AbortError') return null;
    throw error;
  };
}

async function cold(
  plan: DetectPlan,
  rngSeed: number,
  course: Course,
): Promise<readonly Detection[]> {
  const { claims, trials, runs, jobs } = plan;
  const campaigns = campaignsOf(claims);
  course.said(
    `bench: cold, ${counted(claims.length, 'row')}, ${counted(trials, 'campaign')} without seeds on each of ` +
      `${counted(campaigns.length, 'model')}, up to ${runs} runs each; rng-seed ${rngSeed}, ${counted(jobs, 'executor')}`,
  );
  return await detectCold(claims, campaigns, { trials, runs, jobs, rngSeed }, course);
}

/** Before hours of work. */
function refuseUnwritable(file: string): void {
  try {
    accessSync(path.dirname(file), constants.W_OK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const remedy = 'name a file in a folder that you may write to';
    throw fail('ENVIRONMENT', { what: `cannot write ${file}: ${whyOf(error)}`, remedy });
  }
}

function documentOf(detections: readonly Detection[], plan: DetectPlan, rngSeed: number): object {
  const all = overall(detections).map(figuresOf);
  const { isCold, trials, runs } = plan;
  return {
    cold: isCold,
    rngSeed,
    trials,
    runs,
    rows: detections.map(({ row, title, places, samples, unknown }) => ({
      row,
      title,
      figures: samples.map(figuresOf),
      places: places.map((place) => placeJson(place, isCold)),
      unknown,
    })),
    overall: all,
    racy: overall(detections.filter(isRacy)).map(figuresOf),
    shared: sharedJson(detections),
    results: all.map(({ scheduler, mean }) => {
      return { name: `detect.${scheduler}`, value: mean, unit: isCold ? 'runs' : 'schedules' };
    }),
  };
}

/** Of the places that every scheduler has been to; those of the rows that not every schedule shows. */
function sharedJson(detections: readonly Detection[]): object {
  const rows = shared(detections).filter(isRacy);
  const samples = overall(rows);
  const places = rows.reduce((sum, row) => sum + row.places.length, 0);
  const figures = samples.map(figuresOf);
  return { rows: rows.length, places, figures, factors: factorsOf(samples) };
}

/** The runs of each campaign are hours of work; those of schedules would be half a million numbers. */
function placeJson({ model, seed, samples, spin }: Place, isCold: boolean): unknown {
  const figures = samples.map(figuresOf);
  const counts = samples.flatMap((sample) => sample.counts);
  if (isCold) return { model, figures, counts };
  return spin === undefined ? { model, seed, figures } : { model, seed, figures, spin };
}
