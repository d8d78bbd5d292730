/** The campaign and the fleet as a coordinator tells them, read back strictly enough to be printed. */
import { z } from 'zod';
import { NO_BREADTH } from '../../corpus/vocabulary/messages.ts';
import { NO_SHOWN_SCOPE } from '../campaign/silence.ts';
import {
  CAMPAIGN_PHASES,
  type CampaignStatus,
  type Control,
  type WorkerStatus,
} from '../campaign/views.ts';
import { type ApiClient, statusText } from './api-client.ts';

const CAMPAIGN_PATH = '/api/v1/campaign';
const FLEET_PATH = '/api/v1/fleet';
const ACCEPTED = 202;
const FORBIDDEN = 403;
/** A host has at most 255 characters, a model reference 256. */
const word = z.string().max(256);
const count = z.number().min(0);

/** A scope shows some tens of signatures. */
const words = z.array(z.string()).max(4096).readonly();
const searched = z.object({
  threads: count,
  ops: count,
  pages: count,
  kinds: words,
  areAllKinds: z.boolean(),
  workloads: count,
  of: count,
  states: count,
  transitions: count,
  pairs: count,
  inconclusive: count,
  signatures: words,
});
const scope = z.object({
  verified: z.array(searched).max(64).readonly(),
  inconclusive: z.array(searched).max(64).readonly(),
  next: searched.nullable(),
  quarantined: count,
  missProbability: count,
  shows: words,
});

const model = z.object({
  model: word,
  runs: count,
  // A coordinator of an earlier version does not tell these.
  breadth: z.object({ workloads: count, given: count, exhausted: count }).default(NO_BREADTH),
  scope: scope.default(NO_SHOWN_SCOPE),
  isAnyExpected: z.boolean().default(true),
  notSeen: z.array(word).max(256).default([]),
  excludedRate: count.default(1),
  steps: count,
  features: count,
  entries: count,
  findings: count,
});

const campaign: z.ZodType<CampaignStatus> = z.object({
  campaign: word,
  state: z.enum(CAMPAIGN_PHASES),
  version: word,
  build: word,
  epoch: count,
  rngSeed: count,
  startedMs: count,
  uptimeSeconds: count,
  runs: count,
  steps: count,
  inconclusive: count,
  runsPerSecond: count,
  batches: z.object({ planned: count, folded: count, quarantined: count }),
  findings: z.object({ published: count, underWay: count, refuted: count }),
  redis: z.object({ isUp: z.boolean(), outages: count }),
  models: z.array(model).max(1024),
  schedulers: z
    .array(z.object({ scheduler: word, witnesses: count, findings: count }))
    .max(64)
    .default([]),
});

const worker: z.ZodType<WorkerStatus> = z.object({
  id: word,
  host: word,
  pid: count,
  build: word,
  version: word,
  executors: count,
  busy: count,
  isDraining: z.boolean(),
  runs: count,
  metrics: word.nullable(),
  secondsSinceSeen: count,
});
const fleet = z.object({ workers: z.array(worker).max(10_000) });

/** @throws Refusal ENVIRONMENT if no coordinator answers */
export async function campaignOf(client: ApiClient): Promise<CampaignStatus> {
  return read(client, CAMPAIGN_PATH, campaign);
}

/** @throws Refusal ENVIRONMENT if no coordinator answers */
export async function fleetOf(client: ApiClient): Promise<readonly WorkerStatus[]> {
  const { workers } = await read(client, FLEET_PATH, fleet);
  return workers;
}

/**
 * What a campaign is after it was told what to do; null if the coordinator does not take this token.
 *
 * @throws Refusal ENVIRONMENT if no coordinator answers
 */
export async function controlled(
  client: ApiClient,
  control: Control,
  token: string,
): Promise<CampaignStatus | null> {
  const path = `${CAMPAIGN_PATH}/${control}`;
  const answer = await client.post(path, token);
  if (answer.status === FORBIDDEN) return null;
  if (answer.status !== ACCEPTED || answer.isDamaged) throw client.breach(statusText(path, answer));
  return fitting(client, path, campaign, answer.text);
}

async function read<T>(client: ApiClient, path: string, schema: z.ZodType<T>): Promise<T> {
  return fitting(client, path, schema, await client.getText(path));
}

/** @throws Refusal ENVIRONMENT where it is not what a coordinator says */
export function fitting<T>(client: ApiClient, path: string, schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.join('.') || 'it';
  throw client.breach(`${path} is not what a coordinator says: ${place} does not fit`);
}

/** With fractions, which JSON of ours does not have; the bytes are bounded already. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
