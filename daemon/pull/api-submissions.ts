/** Submitting to a coordinator, and what it says of a submission, read back strictly enough to be printed. */
import { z } from 'zod';
import { fail, type Refusal } from '../../corpus/vocabulary/errors.ts';
import { isJsonObject, type Json, readJson } from '../../corpus/vocabulary/json.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import {
  count,
  digest,
  LIST_MAX,
  line,
  reference,
  signature,
} from '../../corpus/vocabulary/schemas.ts';
import {
  type ShownSubmission,
  SUBMISSION_STATES,
  SUBMITTED_VERDICTS,
  VIOLATION_STAGES,
} from '../campaign/views.ts';
import type { SubmissionText } from '../http/showing.ts';
import { type ApiClient, statusText } from './api-client.ts';
import { fitting } from './api-status.ts';

const SUBMISSIONS_PATH = '/api/v1/submissions';
const ACCEPTED = 202;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
const CONFLICT = 409;
const UNPROCESSABLE = 422;
const UNAVAILABLE = 503;
/** Shown of what it says is wrong. */
const WORDS_SHOWN = 400;

const verdict = z.enum(SUBMITTED_VERDICTS).nullable();
const row = line.max(16).nullable();
const violation = z.object({
  signature,
  known: row,
  looksLike: row,
  id: digest,
  stage: z.enum(VIOLATION_STAGES).nullable(),
});
const answer = z.object({
  model: reference,
  modelDigest: digest,
  verdict,
  workloads: count,
  exhausted: count,
  states: count,
  transitions: count,
  runs: count,
  violations: z.array(violation).max(LIST_MAX).readonly(),
  why: z.string().nullable(),
});
const submission: z.ZodType<ShownSubmission> = z.object({
  id: digest,
  state: z.enum(SUBMISSION_STATES),
  verdict,
  submittedMs: count,
  text: z.string().nullable(),
  statesMax: count,
  answers: z.array(answer).max(1024).readonly(),
});

/**
 * @returns what is known of it so far; null if the coordinator does not take this token
 * @throws Refusal for what it does not take, with its reason; ENVIRONMENT if no coordinator answers
 */
export async function submit(
  client: ApiClient,
  asked: SubmissionText,
  token: string,
): Promise<ShownSubmission | null> {
  const answered = await client.post(SUBMISSIONS_PATH, token, JSON.stringify(asked));
  const { status, text, isDamaged } = answered;
  if (status === FORBIDDEN) return null;
  if (status === ACCEPTED && !isDamaged) return fitting(client, SUBMISSIONS_PATH, submission, text);
  throw refusalIn(status, text) ?? client.breach(statusText(SUBMISSIONS_PATH, answered));
}

/**
 * @returns undefined if it has none of this id
 * @throws Refusal USAGE if it has several whose ids begin so
 */
export async function submissionOf(
  client: ApiClient,
  id: string,
): Promise<ShownSubmission | undefined> {
  const path = `${SUBMISSIONS_PATH}/${id}`;
  const answered = await client.get(path);
  if (answered.status === NOT_FOUND) return undefined;
  if (answered.status === CONFLICT) {
    const what = `${id} begins the ids of several submissions; give more of it`;
    throw fail('USAGE', { what });
  }
  if (answered.status !== 200 || answered.isDamaged) {
    throw client.breach(statusText(path, answered));
  }
  return fitting(client, path, submission, answered.text);
}

/** What the coordinator says of the text, or why it takes nothing now. */
function refusalIn(status: number, text: string): Refusal | undefined {
  const value = readJson(text);
  if (!isJsonObject(value)) return undefined;
  const what = `the coordinator refuses it: ${words(value.detail)}`;
  if (status === UNPROCESSABLE) {
    return fail('PROCESS_INPUT', { what, remedy: words(value.hint) });
  }
  if (status !== UNAVAILABLE) return undefined;
  return fail('ENVIRONMENT', { what, remedy: '`faultline status` says what it does' });
}

function words(value: Json | undefined): string {
  return typeof value === 'string' ? printable(value, WORDS_SHOWN) : 'it does not say why';
}
