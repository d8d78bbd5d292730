/**
 * Batches and reports as they travel: JSON, read back through strict schemas. Whoever reaches Redis can write
 * anything there, so nothing is believed, everything is bounded, and what does not fit is refused with its place.
 */
import { z } from 'zod';
import {
  BUCKET_BYTES_MAX,
  MODEL_JSON_MAX,
  NAME_BYTES_MAX,
  OPS,
  PAGES,
  SIGNATURE_BYTES_MAX,
  THREADS,
} from '../vocabulary/limits.ts';
import {
  BATCH_VERSION,
  type Batch,
  FEATURES_VERSION,
  type FuzzBatch,
  KINDS,
  type Report,
} from '../vocabulary/messages.ts';
import { OP_KINDS } from '../vocabulary/ops.ts';
import {
  type Checked,
  checked,
  count,
  digest,
  LIST_MAX,
  line,
  packedRecord,
  reference,
  signature,
  text,
} from '../vocabulary/schemas.ts';

/** A batch with 64 parents of 4 KiB each, or a repro with its model, is under half a megabyte. */
export const BATCH_BYTES_MAX = 1 << 20;
/** The first batch of a model reports some thousand workloads of some 300 bytes. */
export const REPORT_BYTES_MAX = 8 << 20;
/** Runs of one batch: 5 s of one core make some 500 000. */
export const RUNS_MAX = 1 << 24;
/** States of one search: some 2 s of one core. */
const STATES_MAX = 1 << 20;

/** Ids, and names of campaigns, executors and schedulers. */
export const word: z.ZodType<string> = z
  .string()
  .regex(/^[\w.:/@-]+$/)
  .max(NAME_BYTES_MAX);
const bucket = z
  .string()
  .regex(/^[ -~]+$/)
  .max(BUCKET_BYTES_MAX);
const scheduler = word;

const origin = z.strictObject({ rngSeed: count, batch: count, run: count, model: reference });
const pin = z.strictObject({ reference, digest, json: text.max(MODEL_JSON_MAX).exactOptional() });

const kinds = z.array(z.enum(OP_KINDS)).max(OP_KINDS.length);

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('given'),
    texts: z.array(text).max(256),
    statesMax: count.max(STATES_MAX),
    schedules: count,
  }),
  z.strictObject({
    kind: z.literal('sweep'),
    scope: z.strictObject({
      threads: z.int().min(1).max(THREADS),
      ops: z.int().min(1).max(OPS),
      pages: z.int().min(1).max(PAGES),
      kinds: kinds.nullable(),
    }),
    from: count,
    to: count.nullable(),
    states: z.int().min(1).max(STATES_MAX),
    statesMax: z.int().min(1).max(STATES_MAX),
  }),
  z.strictObject({ kind: z.literal('mutate'), parents: z.array(text).max(256), runs: count }),
  z.strictObject({ kind: z.literal('fresh') }),
]);

const fuzzBatch = z
  .strictObject({
    kind: z.literal('fuzz'),
    index: count,
    model: reference,
    rngSeed: count.max(2 ** 32 - 1),
    runs: count.max(RUNS_MAX),
    sources: z.array(source).min(1).max(8),
    settled: z.array(bucket).max(LIST_MAX),
    featuresDigest: digest.nullable(),
    settledDigest: digest.nullable(),
  })
  .refine(makesRunsOrSweeps, { path: ['runs'], error: 'no runs, and no part of a scope' });

const work = z.discriminatedUnion('kind', [
  fuzzBatch,
  z.strictObject({
    kind: z.literal('minimize'),
    model: reference,
    text,
    signature,
    scheduler,
    runsToFirst: count.nullable(),
    origin,
    testsMax: count,
  }),
  z.strictObject({ kind: z.literal('verify'), model: reference, repro: text, notOn: word }),
  z.strictObject({
    kind: z.literal('compare'),
    repro: text,
    models: z.array(reference).max(64),
  }),
  z.strictObject({ kind: z.literal('canary'), batch: fuzzBatch }),
]);

const head = { version: z.literal(BATCH_VERSION), id: word, build: digest, campaign: word };

const batch: z.ZodType<Batch> = z.strictObject({
  ...head,
  epoch: count,
  models: z.array(pin).max(64),
  work,
});

const result = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('fuzz'),
    index: count,
    model: reference,
    runs: count,
    steps: count,
    inconclusive: count,
    featuresVersion: z.literal(FEATURES_VERSION),
    candidates: z
      .array(z.strictObject({ text, features: z.array(count).max(LIST_MAX) }))
      .max(LIST_MAX),
    witnesses: z
      .array(
        z.strictObject({ signature, bucket: bucket.exactOptional(), text, run: count, scheduler }),
      )
      .max(LIST_MAX),
    breadth: z.strictObject({ workloads: count, given: count, exhausted: count }).exactOptional(),
    searched: z.strictObject({ states: count, transitions: count }).exactOptional(),
    swept: z
      .strictObject({
        from: count,
        to: count,
        of: count,
        kinds,
        states: count,
        transitions: count,
        pairs: count,
        inconclusive: count,
        signatures: z.array(signature).max(LIST_MAX),
      })
      .exactOptional(),
    hits: z.record(signature, z.strictObject({ count, first: count })),
  }),
  z.strictObject({ kind: z.literal('minimize'), signature, record: packedRecord.nullable() }),
  z.strictObject({ kind: z.literal('verify'), signature, isSame: z.boolean() }),
  z.strictObject({
    kind: z.literal('compare'),
    signature,
    on: z.array(reference).max(64),
    notOn: z.array(reference).max(64),
  }),
  z.strictObject({
    kind: z.literal('canary'),
    digest,
    found: z.array(signature).max(LIST_MAX),
  }),
  z.strictObject({
    kind: z.literal('quarantined'),
    work: z.enum(KINDS).nullable(),
    reason: line.max(2 * SIGNATURE_BYTES_MAX),
    starts: count,
  }),
]);

const report: z.ZodType<Report> = z.strictObject({
  ...head,
  executor: word,
  milliseconds: z.number().min(0),
  result,
});

function makesRunsOrSweeps({ runs, sources }: Pick<FuzzBatch, 'runs' | 'sources'>): boolean {
  return runs > 0 || sources.some(({ kind }) => kind === 'sweep');
}

export function decodeBatch(value: unknown): Checked<Batch> {
  return checked(batch, value);
}

/** @param json as it lay in Redis */
export function decodeReport(json: string): Checked<Report> {
  if (Buffer.byteLength(json) > REPORT_BYTES_MAX) {
    return refused(`it is larger than ${REPORT_BYTES_MAX} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return refused('it is not JSON');
  }
  return checked(report, value);
}

/** Of what does not decode: a build of ours that knows its version may read it. */
export function isOfOtherVersion(json: string): boolean {
  try {
    const parsed = z.object({ version: z.int() }).safeParse(JSON.parse(json));
    return parsed.success && parsed.data.version !== BATCH_VERSION;
  } catch {
    return false;
  }
}

function refused(problem: string): { readonly value: null; readonly problem: string } {
  return { value: null, problem };
}
