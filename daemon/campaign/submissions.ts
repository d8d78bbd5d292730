/**
 * What people submit to a campaign that runs: an input, a model of their own, or both. Each is searched to the last
 * interleaving, once on each of its models, and its answer is kept with the campaign. Pure.
 */
import type { FuzzBatch, FuzzResult, ModelPin } from '../../corpus/vocabulary/messages.ts';

export interface Question {
  /** SHA-256 of what is asked, of which build: the same question has the same. */
  readonly id: string;
  /** The input as text; null for every seed. */
  readonly text: string | null;
  readonly models: readonly ModelPin[];
  /** States that the search of one workload may take. */
  readonly statesMax: number;
}

/** What came of a question on one of its models. */
export interface Answer {
  readonly model: string;
  /** Workloads that were searched: none where the model has no path for an operation. */
  readonly given: number;
  /** Of these, searched to the last interleaving. */
  readonly exhausted: number;
  readonly states: number;
  readonly transitions: number;
  /** Runs beside the search. */
  readonly runs: number;
  readonly signatures: readonly string[];
  /** Why it was given up; null if it was not. */
  readonly failed: string | null;
}

/** A name may be given to another model later. */
export interface AskedModel extends Omit<ModelPin, 'json'> {
  readonly isBuiltIn: boolean;
}

export interface Submission extends Omit<Question, 'models'> {
  readonly atMs: number;
  readonly models: readonly AskedModel[];
  readonly answers: readonly Answer[];
}

/** Answers that are kept; older ones go first, and with them models that nothing else needs. */
export const SUBMISSIONS_KEPT = 128;
/** Questions that may wait for their answers. */
export const SUBMISSIONS_PENDING_MAX = 64;
/** Of a workload: some seconds of one core, and more than any seed has. Small scopes have the same bound. */
export const SUBMITTED_STATES_MAX = 1 << 19;
/** Of an input's text; a full input is under 4 KiB. */
export const SUBMITTED_TEXT_MAX = 1 << 16;
/** Of a model as it is sent: its text, or its JSON, which is kept with at most half of that. */
export const SUBMITTED_MODEL_MAX = 1 << 17;
/** Runs of each workload beside its search: they say what it covers, so that it can be a parent of mutants. */
const SCHEDULES = 64;
/** In place of a batch's place in the campaign, which a submission has none of: a repro takes ten digits of it. */
const SUBMITTED_INDEX = 2 ** 32 - 1;

/** Of a model that was not searched. */
export const NO_ANSWER: Answer = {
  model: '',
  given: 0,
  exhausted: 0,
  states: 0,
  transitions: 0,
  runs: 0,
  signatures: [],
  failed: null,
};

/** With one more, which waits; what was asked before is answered already, or soon. */
export function withQuestion(
  all: readonly Submission[],
  { id, text, models, statesMax }: Question,
  atMs: number,
): readonly Submission[] {
  if (all.some((one) => one.id === id)) return all;
  const asked = models.map(({ json, ...pin }) => ({ ...pin, isBuiltIn: json === undefined }));
  const more = [...all, { id, atMs, text, models: asked, statesMax, answers: [] }];
  const old = all.filter(isAnswered).slice(0, Math.max(0, more.length - SUBMISSIONS_KEPT));
  return more.filter((one) => !old.includes(one));
}

export function withResult(
  all: readonly Submission[],
  id: string,
  { model, breadth, searched, runs, hits }: FuzzResult,
): readonly Submission[] {
  const { given = 0, exhausted = 0 } = breadth ?? {};
  const { states = 0, transitions = 0 } = searched ?? {};
  const signatures = Object.keys(hits).sort();
  const counts = { given, exhausted, states, transitions, runs };
  return withAnswer(all, id, { ...NO_ANSWER, ...counts, model, signatures });
}

export function withFailure(
  all: readonly Submission[],
  id: string,
  model: string,
  failed: string,
): readonly Submission[] {
  return withAnswer(all, id, { ...NO_ANSWER, model, failed });
}

/** What comes twice is not listened to. */
function withAnswer(all: readonly Submission[], id: string, answer: Answer): readonly Submission[] {
  return all.map((one) => {
    const isOpen = one.id === id && openModels(one).includes(answer.model);
    return isOpen ? { ...one, answers: [...one.answers, answer] } : one;
  });
}

/** Whether one that waits asks about it. */
export function isAskedOn(all: readonly Submission[], model: string): boolean {
  return all.some((one) => openModels(one).includes(model));
}

export function namesIn(all: readonly Submission[]): ReadonlySet<string> {
  return new Set(all.flatMap(({ models }) => models.map(({ reference }) => reference)));
}

export function isAnswered({ answers, models }: Submission): boolean {
  return answers.length === models.length;
}

/** Models that it has no answer of yet. */
export function openModels({ answers, models }: Submission): readonly string[] {
  const names = models.map(({ reference }) => reference);
  return names.filter((name) => answers.every(({ model }) => model !== name));
}

/** @param seeds searched where no input was submitted */
export function planSubmitted(
  { text, statesMax }: Submission,
  model: string,
  rngSeed: number,
  seeds: readonly string[],
): FuzzBatch {
  const texts = text === null ? seeds : [text];
  return {
    kind: 'fuzz',
    index: SUBMITTED_INDEX,
    model,
    rngSeed,
    runs: SCHEDULES * Math.max(1, texts.length),
    sources: [{ kind: 'given', texts, statesMax, schedules: SCHEDULES }],
    // Whatever the campaign knows, the same question gets the same answer.
    featuresDigest: null,
    settledDigest: null,
    settled: [],
  };
}
