/** Detection from seeds: how many schedules until a row shows, scenario by scenario, scheduler by scheduler. */
import { Random } from '../../../corpus/vocabulary/random.ts';
import { canonicalReference } from '../../models/registry.ts';
import type { Seed } from '../../search/verdict-table.ts';
import { DETECTORS, SPIN_RANDOM, SPIN_VERIFY } from './detectors.ts';
import { type Detection, type Place, pooled, type Sample, sampleOf } from './samples.ts';
import type { Trial } from './scenarios.ts';
import { type Claim, nameOf, type Scenario, scenariosOf } from './scenarios.ts';
import type { SpinPeer, SpinSubject } from './spin/peer.ts';

export interface DetectOptions {
  readonly schedulers: readonly string[];
  /** Of each scenario under each scheduler. */
  readonly trials: number;
  /** A trial that has not shown its row by then is a miss. */
  readonly schedulesMax: number;
  readonly rngSeed: number;
  /** Where it is named among the schedulers. */
  readonly spin?: SpinPeer | null;
}

export async function detectRow(
  claim: Claim,
  seeds: readonly Seed[],
  options: DetectOptions,
): Promise<Detection> {
  const { shown, unknown } = scenariosOf(claim, seeds);
  const places = [];
  for (const scenario of shown) places.push(await placeOf(scenario, options));
  const samples = pooled(places.flatMap((place) => place.samples));
  const { id: row, title } = claim.row;
  return { row, title, places, samples, unknown: unknown.map(nameOf) };
}

async function placeOf(scenario: Scenario, options: DetectOptions): Promise<Place> {
  const { spin } = options;
  const subject = spin ? await spin.subjectOf(scenario) : null;
  const samples = await samplesOf(scenario, subject, options);
  const place = { model: canonicalReference(scenario.model), seed: scenario.seed, samples };
  if (subject === null) return place;
  if ('lacks' in subject) return { ...place, spin: subject };
  if (!options.schedulers.includes(SPIN_VERIFY)) return place;
  return { ...place, spin: { verify: subject.searched, faultline: subject.carried.searched } };
}

async function samplesOf(
  scenario: Scenario,
  subject: SpinSubject | null,
  options: DetectOptions,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const scheduler of options.schedulers) {
    const trial =
      scheduler === SPIN_RANDOM
        ? await spinTrial(subject, options)
        : (DETECTORS[scheduler]?.(scenario) ?? null);
    if (trial === null) continue;
    const found = await trialsOf(trial, `${scheduler} ${nameOf(scenario)}`, options);
    samples.push(sampleOf(scheduler, found, options.schedulesMax));
  }
  return samples;
}

async function spinTrial(
  subject: SpinSubject | null,
  { spin }: DetectOptions,
): Promise<Trial | null> {
  if (!spin || subject === null || 'lacks' in subject) return null;
  return await spin.trialOf(subject.carried);
}

/** @param name what is drawn from: a scenario has the same figures whatever is measured besides */
async function trialsOf(
  trial: Trial,
  name: string,
  { trials, schedulesMax, rngSeed }: DetectOptions,
): Promise<readonly (number | null)[]> {
  const seeds = new Random(rngSeed).fork(name);
  const found: (number | null)[] = [];
  for (let i = 0; i < trials; i++) found.push(await trial(seeds.next(), schedulesMax));
  return found;
}
