/** The cold part of `bench detect`: campaigns without seeds, as `fuzz` runs them, up to the first finding of each row. */
import { rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { type Detection, pooled, sampleOf } from '../../workers/bench/detect/samples.ts';
import type { Claim } from '../../workers/bench/detect/scenarios.ts';
import type { Course } from '../../workers/bench/revision.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference, isBuiltIn } from '../../workers/models/registry.ts';
import { ExecutorPool } from '../../workers/service/executors.ts';
import { runsTo } from '../campaign/plan-batch.ts';
import { localCampaign } from '../coordinator/local-campaign.ts';
import type { LocalExecutors } from '../coordinator/local-transport.ts';
import { engineDigest } from './identity.ts';
import { pinOf } from './options/wanted-campaign.ts';

/** A model, and the rows that its campaigns look for. */
export interface ColdModel {
  readonly reference: string;
  readonly model: Model;
  readonly rows: ReadonlySet<string>;
}

export interface ColdOptions {
  /** Campaigns of each model, each with an rngSeed of its own. */
  readonly trials: number;
  readonly runs: number;
  readonly jobs: number;
  readonly rngSeed: number;
}

/** Runs of a campaign up to and with the first finding of each row. */
type Firsts = ReadonlyMap<string, number>;

const SCHEDULER = 'campaign';

/** One campaign shows all rows of its model. */
export function campaignsOf(claims: readonly Claim[]): readonly ColdModel[] {
  const models = new Set(claims.flatMap((claim) => claim.models));
  return [...models].map((model) => {
    const claimed = claims.filter((claim) => claim.models.includes(model));
    const rows = new Set(claimed.map(({ row }) => row.id));
    return { reference: canonicalReference(model), model, rows };
  });
}

/** Of the models whose campaigns have all come to their end. */
export async function detectCold(
  claims: readonly Claim[],
  campaigns: readonly ColdModel[],
  options: ColdOptions,
  course: Course,
): Promise<readonly Detection[]> {
  const firsts = await firstsOf(campaigns, options, course);
  const detections = claims.map(({ row: { id: row, title }, models }) => {
    const places = models.flatMap((model) => {
      const found = firsts.get(model)?.map((first) => first.get(row) ?? null);
      if (found === undefined) return [];
      const samples = [sampleOf(SCHEDULER, found, options.runs)];
      return [{ model: canonicalReference(model), seed: null, samples }];
    });
    const samples = pooled(places.flatMap((place) => place.samples));
    return { row, title, places, samples, unknown: [] };
  });
  return detections.filter(({ places }) => places.length > 0);
}

async function firstsOf(
  campaigns: readonly ColdModel[],
  { trials, runs, jobs, rngSeed }: ColdOptions,
  course: Course,
): Promise<ReadonlyMap<Model, readonly Firsts[]>> {
  const models = new Map(campaigns.map(({ reference, model }) => [reference, model]));
  const pool = new ExecutorPool({ count: jobs, models, engine: engineDigest(), name: 'bench' });
  const firsts = new Map<Model, readonly Firsts[]>();
  try {
    for (const [i, one] of campaigns.entries()) {
      const seeds = new Random(rngSeed).fork(`campaigns ${one.reference}`);
      const found: Firsts[] = [];
      for (let trial = 1; trial <= trials; trial++) {
        const first = await firstsOn(one, seeds.next() >>> 0, runs, pool, course.stop);
        if (course.stop.aborted) return firsts;
        found.push(first);
        const place = `${one.reference}, ${i + 1} of ${campaigns.length} models`;
        course.said(`bench: ${place}, campaign ${trial}: ${first.size} of ${one.rows.size} rows`);
      }
      firsts.set(one.model, found);
    }
  } finally {
    await pool.close();
  }
  return firsts;
}

async function firstsOn(
  { model, rows }: ColdModel,
  rngSeed: number,
  runs: number,
  executors: LocalExecutors,
  stop: AbortSignal,
): Promise<Firsts> {
  const firsts = new Map<string, number>();
  const builtIn = isBuiltIn(model);
  const localSettings = { models: [pinOf(model)], rngSeed, runs, seeds: [], build: 'local' };
  const campaign = localCampaign(localSettings, executors, {
    received: (_effect, { result }, state) => {
      if (result.kind !== 'fuzz') return;
      for (const witness of result.witnesses) {
        const row = rowOf(witness.signature, builtIn)?.id ?? '';
        const runsToFirst = runsTo(witness, state.runs - result.runs);
        if (runsToFirst === null || !rows.has(row)) continue;
        firsts.set(row, Math.min(runsToFirst, firsts.get(row) ?? runsToFirst));
      }
      if (firsts.size === rows.size || stop.aborted) campaign.stop();
    },
    said: () => {},
  });
  await campaign.run();
  return firsts;
}
