/** A submission as it is sent, and how it is refused: with every problem that `check` and `lint` would name. */
import { z } from 'zod';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { readJson } from '../../corpus/vocabulary/json.ts';
import { checked } from '../../corpus/vocabulary/schemas.ts';
import {
  SUBMITTED_MODEL_MAX,
  SUBMITTED_STATES_MAX,
  SUBMITTED_TEXT_MAX,
} from '../campaign/submissions.ts';
import type { ShownSubmission } from '../campaign/views.ts';
import { Problem } from './problem.ts';
import type { Showing, SubmissionText } from './showing.ts';

const submission: z.ZodType<SubmissionText> = z
  .strictObject({
    input: z.string().min(1).max(SUBMITTED_TEXT_MAX).nullable().default(null),
    model: z.string().min(1).max(SUBMITTED_MODEL_MAX).nullable().default(null),
    statesMax: z.int().min(1).max(SUBMITTED_STATES_MAX).default(SUBMITTED_STATES_MAX),
  })
  .refine(({ input, model }) => input !== null || model !== null, 'neither an input nor a model');

/** @throws Problem 400 for what is no submission */
export function readSubmission(body: string): SubmissionText {
  const { value, problem } = checked(submission, readJson(body));
  if (value !== null) return value;
  throw new Problem(400, `not a submission: ${problem}`);
}

/** @throws Problem 422 for an input or a model that cannot be searched */
export function submitted(showing: Showing, asked: SubmissionText): ShownSubmission {
  try {
    return showing.submit(asked);
  } catch (error) {
    if (!(error instanceof Refusal) || !isOfText(error)) throw error;
    const { code, hint, problems, more, message } = error;
    const listed = problems.map((one) => ({ ...one }));
    throw new Problem(422, message, { members: { code, hint, problems: listed, more } });
  }
}

/** Bad usage, or a form that this build does not read. */
function isOfText({ exit }: Refusal): boolean {
  return exit === 2 || exit === 125;
}
