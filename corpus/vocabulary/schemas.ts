/**
 * What findings look like where they come from elsewhere: a disk, Redis, another machine. Everything is bounded; a field
 * that a newer build has added is left out, one that an older build lacks is filled in.
 */
import { z } from 'zod';
import { ROW_ID } from './catalogue.ts';
import { fail, type Refusal } from './errors.ts';
import {
  type FindingRecord,
  type HowFound,
  isIdOf,
  SITE_LENGTH_MAX,
  SITES_MAX,
  STANDINGS,
  type StoredFinding,
  TITLE_LENGTH_MAX,
} from './finding.ts';
import {
  MODEL_REF_BYTES_MAX,
  NAME_BYTES_MAX,
  SIGNATURE_BYTES_MAX,
  TEXT_BYTES_MAX,
} from './limits.ts';
import { printable } from './printable.ts';
import { isModelRef, parseRepro } from './repro.ts';
import { VIOLATION_CLASSES, type ViolationClass } from './verdict.ts';

/** Characters of a problem: what does not fit may be of any length, and hostile. */
const PROBLEM_SHOWN = 200;
/** Models of a finding, settled signatures, workloads of one report. */
export const LIST_MAX = 1 << 16;
/** A drawing has one line a step of some 80 characters, and a minimized run has under 400 steps. */
const COLUMNS_BYTES_MAX = 1 << 18;

export const count = z.int().min(0);
export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'not a digest');
export const reference = z
  .string()
  .max(MODEL_REF_BYTES_MAX)
  .refine(isModelRef, 'not a model reference');
export const signature = z
  .string()
  .regex(/^[!-~]+(?: [!-~]+)*$/, 'not a signature')
  .max(SIGNATURE_BYTES_MAX);
export const text = z.string().min(1).max(TEXT_BYTES_MAX);
/** One line that a terminal shows as it is. */
export const line = z.string().regex(/^[ -~]*$/, 'has characters that cannot be seen');
const shortLine = line.max(4 * NAME_BYTES_MAX);
const catalogueRow = z.string().regex(ROW_ID, 'not a row of the catalogue').nullable();
const violationClass = z.custom<ViolationClass>(
  (value) => typeof value === 'string' && Object.hasOwn(VIOLATION_CLASSES, value),
  'not a class of violation',
);

export const storedFinding: z.ZodType<StoredFinding> = z
  .object({
    id: digest,
    signature,
    class: violationClass,
    title: line.min(1).max(TITLE_LENGTH_MAX),
    known: catalogueRow,
    looksLike: catalogueRow.default(null),
    standing: z.enum(STANDINGS).default('new'),
    model: reference,
    models: z.array(reference).max(LIST_MAX),
    threads: count,
    operations: count,
    preemptions: count,
    sites: z.array(line.min(1).max(SITE_LENGTH_MAX)).max(SITES_MAX).default([]),
    runsToFirst: count.nullable(),
  })
  .refine((finding) => isIdOf(finding.id, finding.signature), {
    path: ['id'],
    error: 'not that of the signature',
  });

const howFound: z.ZodType<HowFound> = z.strictObject({
  rngSeed: count.nullable(),
  batch: count.nullable(),
  run: count.nullable(),
  scheduler: shortLine,
  testsUsed: count.nullable(),
  proof: shortLine.nullable(),
  criticalPair: z.tuple([shortLine, shortLine]).readonly().nullable(),
});

/** `PackedRecord` of finding.ts. */
export const packedRecord = z.strictObject({
  finding: storedFinding,
  repro: text,
  columns: z
    .string()
    .max(COLUMNS_BYTES_MAX)
    .regex(/^[\n -~]*$/, 'not a drawing in printable ASCII'),
  howFound,
});

export type Checked<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly value: null; readonly problem: string };

/** The JSON object as the schema has it, or the first thing that does not fit: its place and why, for a terminal. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  if (typeof value !== 'object' || value === null)
    return { value: null, problem: 'not a JSON object' };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, problem: null };
  const [problem = 'does not fit'] = parsed.error.issues.slice(0, 1).map(shownIssue);
  return { value: null, problem };
}

/** All that does not fit, for what a person has written. */
export function problemsIn(schema: z.ZodType, value: unknown): readonly string[] {
  return (schema.safeParse(value).error?.issues ?? []).map(shownIssue);
}

function shownIssue({ path, message }: z.core.$ZodIssue): string {
  const place = path.length === 0 ? '' : `${path.join('.')}: `;
  return printable(`${place}${message}`, PROBLEM_SHOWN);
}

/** @throws Refusal naming the part that is not ours */
export function unpackRecord(value: unknown, from: string): FindingRecord {
  const { value: packed, problem } = checked(packedRecord, value);
  if (problem !== null) throw refuse(from, problem);
  const { finding, columns, howFound } = packed;
  const repro = parseRepro(packed.repro, from);
  if (repro.signature !== finding.signature) throw refuse(from, 'the repro is of another finding');
  if (repro.modelRef !== finding.model) throw refuse(from, 'the repro is of another model');
  return { finding, repro, columns, howFound };
}

function refuse(file: string, why: string): Refusal {
  return fail('FILE_UNREADABLE', { file, why });
}
