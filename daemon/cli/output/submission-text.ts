/** What came of a submission, for people: a line a model, and below it a line for each thing that goes wrong. */
import { CATALOGUE } from '../../../corpus/vocabulary/catalogue.ts';
import { shownId } from '../../../corpus/vocabulary/finding.ts';
import type {
  ShownAnswer,
  ShownSubmission,
  ShownViolation,
  VIOLATION_STAGES,
} from '../../campaign/views.ts';
import { counted } from './render-finding.ts';

interface Where {
  readonly origin: string;
  /** The command that asks once more. */
  readonly again: string;
}

const STAGES: Readonly<Record<(typeof VIOLATION_STAGES)[number], string>> = {
  minimize: 'being minimized',
  verify: 'being verified',
  published: 'published',
  refuted: 'not confirmed',
};

export function submissionText(submission: ShownSubmission, { origin, again }: Where): string {
  const { id, state, verdict, answers } = submission;
  const searched = answers.filter((one) => one.verdict !== null);
  const many = `${searched.length} of ${counted(answers.length, 'model')} searched`;
  const isOver = state === 'answered';
  const violations = answers.flatMap((one) => one.violations);
  const isPublished = violations.some(({ stage }) => stage === 'published');
  return [
    `submission ${shownId(id)} on ${origin}: ${verdict ?? state}, ${many}`,
    ...searched.flatMap(answerLines),
    ...(isOver ? [] : [`  answer  ${again}`]),
    ...(isPublished ? [`  repros  faultline pull ${origin}`] : []),
  ].join('\n');
}

function answerLines(answer: ShownAnswer): readonly string[] {
  const { model, verdict, states, transitions, runs, why } = answer;
  const looked = `${counted(states, 'state')}, ${counted(transitions, 'transition')}, ${counted(runs, 'run')}`;
  return [
    verdict === 'failed' || verdict === 'lacking'
      ? `${verdict} on ${model}: ${why ?? 'it has no path for an operation of the input'}`
      : `${verdict} on ${model}: ${workloadsText(answer)}, ${looked}`,
    ...answer.violations.map(violationLine),
  ];
}

function workloadsText({ workloads, exhausted }: ShownAnswer): string {
  return exhausted === workloads
    ? `every interleaving of ${counted(workloads, 'workload')}`
    : `every interleaving of ${exhausted} of ${counted(workloads, 'workload')}, of the others a part`;
}

function violationLine({ signature, known, looksLike, id, stage }: ShownViolation): string {
  const how = stage === null ? 'no finding any more' : STAGES[stage];
  return `  ${nameOf(known, looksLike)}: ${signature}, finding ${shownId(id)}, ${how}`;
}

function nameOf(known: string | null, looksLike: string | null): string {
  if (known !== null) return `${known} ${titleOf(known)}`;
  return looksLike === null ? 'new' : `looks like ${looksLike} ${titleOf(looksLike)}`;
}

function titleOf(row: string): string {
  return CATALOGUE.find(({ id }) => id === row)?.title ?? '';
}
