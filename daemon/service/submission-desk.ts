/** Takes what people submit: reads it, refuses it or hands it to the campaign, and shows what came of it. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import { CANARY_ROW, rowOf } from '../../corpus/vocabulary/catalogue.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import { findingId } from '../../corpus/vocabulary/finding.ts';
import { canonicalJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import { MODEL_JSON_MAX } from '../../corpus/vocabulary/limits.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import type { CampaignState } from '../campaign/state.ts';
import {
  type Answer,
  type AskedModel,
  isAnswered,
  NO_ANSWER,
  type Question,
  SUBMISSIONS_PENDING_MAX,
  type Submission,
} from '../campaign/submissions.ts';
import {
  type ShownAnswer,
  type ShownSubmission,
  type ShownViolation,
  SUBMITTED_VERDICTS,
  type SubmittedVerdict,
} from '../campaign/views.ts';
import type { SubmissionText } from '../http/showing.ts';

/** What a text says, in a form that does not depend on how it was written. */
export interface SubmissionRead {
  readonly text: string | null;
  readonly model: ModelPin | null;
}

export interface DeskParts {
  readonly state: CampaignState;
  readonly build: string;
  /** @throws Refusal with line and column */
  read(asked: SubmissionText): SubmissionRead;
  /** Whether the campaign has come to its end. */
  isFinished(): boolean;
  /** @throws Refusal DATA_DIR */
  submit(question: Question): void;
}

export class SubmissionDesk {
  private readonly parts: DeskParts;

  constructor(parts: DeskParts) {
    this.parts = parts;
  }

  /** The same question is answered once; @throws Refusal for what is not taken */
  submit(asked: SubmissionText): ShownSubmission {
    const { state, build } = this.parts;
    const { text, model } = this.parts.read(asked);
    const models = model === null ? state.pins() : [model];
    const { statesMax } = asked;
    const names = models.map(({ reference, digest }) => [reference, digest]);
    const id = sha256Hex(canonicalJson({ build, text, statesMax, models: names }));
    if (!state.submissions.some((one) => one.id === id)) {
      if (model !== null) this.checkName(model);
      this.checkRoom();
      this.parts.submit({ id, text, models, statesMax });
    }
    const taken = state.submissions.find((one) => one.id === id);
    assert(taken !== undefined, 'what was taken is kept', id);
    return this.shown(taken);
  }

  /** By full id, or how it begins. */
  found(prefix: string): readonly ShownSubmission[] {
    const { submissions } = this.parts.state;
    return submissions.filter(({ id }) => id.startsWith(prefix)).map((one) => this.shown(one));
  }

  private checkRoom(): void {
    const { state } = this.parts;
    if (this.parts.isFinished() || state.phase === 'draining') {
      const what = 'the campaign is ending, and takes nothing new';
      throw fail('ENVIRONMENT', { what, remedy: '`faultline up` begins another' });
    }
    if (state.submissions.filter((one) => !isAnswered(one)).length < SUBMISSIONS_PENDING_MAX)
      return;
    const what = `${SUBMISSIONS_PENDING_MAX} submissions wait to be searched`;
    throw fail('ENVIRONMENT', { what, remedy: 'submit it again once one of them is answered' });
  }

  private checkName({ reference, digest, json }: ModelPin): void {
    const { state } = this.parts;
    if (json !== undefined && json.length > MODEL_JSON_MAX) {
      const what = `model ${reference} has ${json.length} characters as JSON`;
      throw fail('PROCESS_INPUT', {
        what,
        remedy: `leave out what it does not need: at most ${MODEL_JSON_MAX}`,
      });
    }
    const there = state.pinOf(reference);
    if (there === undefined || there.digest === digest || !state.needs(reference)) return;
    const what = `this campaign works on another model with the name ${reference}`;
    throw fail('PROCESS_INPUT', { what, remedy: 'change the `name` line of yours, or wait' });
  }

  private shown(one: Submission): ShownSubmission {
    const { id, atMs, text, statesMax, models, answers } = one;
    const shown = models.map((model) => this.answerOn(model, answers));
    const isSettled = shown.every(({ violations }) =>
      violations.every(({ stage }) => stage !== 'minimize' && stage !== 'verify'),
    );
    const searched = isSettled ? 'answered' : 'searched';
    const state = isAnswered(one) ? searched : 'waiting';
    const verdict =
      state === 'waiting'
        ? null
        : (SUBMITTED_VERDICTS.find((name) => shown.some((each) => each.verdict === name)) ?? null);
    return { id, state, verdict, submittedMs: atMs, text, statesMax, answers: shown };
  }

  private answerOn(asked: AskedModel, answers: readonly Answer[]): ShownAnswer {
    const { reference: model, digest: modelDigest, isBuiltIn } = asked;
    const answer = answers.find((one) => one.model === model);
    const { given: workloads, exhausted, signatures, failed: why, ...counts } = answer ?? NO_ANSWER;
    const verdict = answer === undefined ? null : verdictOf(answer);
    const violations = signatures.map((one) => this.violation(one, isBuiltIn));
    return { ...counts, model, modelDigest, verdict, workloads, exhausted, violations, why };
  }

  private violation(signature: string, isBuiltIn: boolean): ShownViolation {
    const row = rowOf(signature, isBuiltIn)?.id ?? null;
    const isCanary = row === CANARY_ROW;
    const stage = this.parts.state.triage.cases.get(signature)?.stage ?? null;
    const known = isBuiltIn ? row : null;
    const looksLike = isBuiltIn || isCanary ? null : row;
    return { signature, known, looksLike, id: findingId(signature), stage };
  }
}

function verdictOf({ failed, signatures, given, exhausted }: Answer): SubmittedVerdict {
  if (signatures.length > 0) return 'violation';
  if (failed !== null) return 'failed';
  if (given === 0) return 'lacking';
  return exhausted === given ? 'verified' : 'inconclusive';
}
