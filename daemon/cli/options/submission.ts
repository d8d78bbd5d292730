/** What is submitted to a campaign, on either side: what `submit` sends of files, and what a coordinator reads of it. */
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { EMPTY_SCHEDULE, type Input } from '../../../corpus/vocabulary/input.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import type { SubmissionText } from '../../http/showing.ts';
import type { SubmissionRead } from '../../service/submission-desk.ts';
import { checkFits } from './fitting.ts';
import { givenModel, sentModel } from './model-argument.ts';
import { parseSubject, readSubject } from './subject.ts';
import { pinOf } from './wanted-campaign.ts';

/** @throws Refusal naming file, line and column, as `check` does */
export async function submissionOf(
  file: string | undefined,
  reference: string | undefined,
  statesMax: number,
  dataDir: string,
): Promise<SubmissionText> {
  const model = reference === undefined ? null : givenModel(reference);
  if (file === undefined && model === null) {
    throw fail('USAGE', { what: 'submit what? Name an input, a model with --model, or both' });
  }
  const pin = model === null ? null : pinOf(model);
  const sent = pin === null ? null : (pin.json ?? pin.reference);
  if (file === undefined) return { input: null, model: sent, statesMax };
  const subject = await readSubject(file, dataDir);
  if (model !== null) checkFits(subject, model, reference);
  return { input: withoutSchedule(subject.input), model: sent, statesMax };
}

/** @throws Refusal naming line and column in what was sent */
export function readSubmission({ input, model: sent }: SubmissionText): SubmissionRead {
  const model = sent === null ? null : sentModel(sent);
  const pin = model === null ? null : pinOf(model);
  if (input === null) return { text: null, model: pin };
  const subject = parseSubject(input, 'input', null);
  if (model !== null) checkFits(subject, model, undefined);
  return { text: withoutSchedule(subject.input), model: pin };
}

/** Every interleaving is searched, whichever the input names. */
function withoutSchedule(input: Input): string {
  return printInput({ ...input, schedule: EMPTY_SCHEDULE });
}
