/** `replay`: an input or a repro once more, and what has become of it. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AssertionFailure } from '../../corpus/vocabulary/assert.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Repro } from '../../corpus/vocabulary/repro.ts';
import type { Model } from '../../workers/kernel/path.ts';
import type { Program } from '../../workers/kernel/program.ts';
import { compile } from '../../workers/model/compile.ts';
import { canonicalReference, modelDigest } from '../../workers/models/registry.ts';
import { nameInWords, subjectOn } from '../../workers/reproduce/naming.ts';
import { type ReplayVerdict, replayVerdict } from '../../workers/reproduce/replay-verdict.ts';
import { Engine, type Traced, violationsOf } from '../../workers/run/engine.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { engineDigest } from './identity.ts';
import { checkFits } from './options/fitting.ts';
import {
  BISECT_FLAG,
  BISECT_FLAG_TEXT,
  givenModel,
  MODEL_FLAG,
  MODEL_FLAG_TEXT,
} from './options/model-argument.ts';
import { currentModel, recordedModel } from './options/repro-model.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { readSubject, SUBJECT_TEXT, type Subject } from './options/subject.ts';
import { EXIT } from './output/endings.ts';
import { counted, quoted } from './output/render-finding.ts';
import { endWith, say, sayDocument } from './output/terminal.ts';

/** States of the search behind a schedule that misses: some seconds of one core. */
const SWEEP_STATES_MAX = 2_000_000;

const EXIT_OF = {
  reproduced: EXIT.bad,
  fixed: EXIT.done,
  violation: EXIT.bad,
  pass: EXIT.done,
  inconclusive: EXIT.cannotJudge,
} as const;

interface Judged {
  readonly verdict: keyof typeof EXIT_OF;
  /** What was looked for, or the first violation of a plain input. */
  readonly signature: string | null;
  readonly traceDigest: string;
  readonly traced: Traced;
  /** Violations besides the one that was looked for. */
  readonly others: readonly string[];
  readonly remarks: readonly string[];
}

interface Flags {
  readonly isRecorded: boolean;
  readonly isBisect: boolean;
}

export function replayCommand(): CommandUnknownOpts {
  const command = new Command('replay')
    .description('run an input or a repro again; exit 1 if it still goes wrong, 0 if not')
    .argument('<file>', SUBJECT_TEXT)
    .option(MODEL_FLAG, `${MODEL_FLAG_TEXT}; judges a repro under another model`)
    .option('--recorded-model', 'judge by the model that the repro carries')
    .option(BISECT_FLAG, BISECT_FLAG_TEXT)
    .action(async (file, { model: reference, recordedModel, bisect }, self) => {
      const settings = settingsOf(self);
      const subject = await readSubject(file, settings.dataDir);
      const flags = { isRecorded: recordedModel === true, isBisect: bisect === true };
      const model = judgeOf(subject, reference, flags);
      checkFits(subject, model, reference);
      progress(settings, `replay: ${subject.name} on ${canonicalReference(model)}`);
      const { repro } = subject;
      const judged = repro === null ? runOnce(model, subject) : judge(model, subject, repro);
      sayJudged(judged, model, subject, settings, searchOf(file, reference));
      endWith(EXIT_OF[judged.verdict]);
    });
  return withCommonOptions(command);
}

function judgeOf(
  { repro, name, model }: Subject,
  reference: string | undefined,
  { isRecorded, isBisect }: Flags,
): Model {
  if (reference !== undefined && isRecorded) {
    throw fail('USAGE', { what: '--model and --recorded-model name two models; give one' });
  }
  if (reference !== undefined) return givenModel(reference, isBisect);
  if (repro === null) {
    if (model !== null) return model;
    throw fail('USAGE', { what: `${name} is an input, which names no model; add --model REF` });
  }
  return isRecorded ? recordedModel(repro, name) : currentModel(repro, name);
}

function runOnce(model: Model, { input }: Subject): Judged {
  const engine = new Engine(model);
  engine.load(input);
  const traced = engine.trace(input.schedule);
  const [signature = null, ...others] = violationsOf(traced).map((one) => one.signature);
  const { kind: verdict } = traced.verdict;
  return { verdict, signature, traceDigest: traced.digest, traced, others, remarks: [] };
}

function judge(model: Model, { input, name }: Subject, repro: Repro): Judged {
  const { signature } = repro;
  const engine = new Engine(model);
  const options = { statesMax: SWEEP_STATES_MAX, traceDigest: repro.traceDigest };
  const recorded = stepNamesOf(repro, name);
  const found = replayVerdict(engine, input, signature, { ...options, ...recorded });
  const { verdict, traceDigest, matches, others, traced } = found;
  const isSameModel = modelDigest(model) === repro.modelDigest;
  const isSameEngine = engineDigest() === repro.engine;
  if (isSameModel && isSameEngine && !matches) {
    throw new AssertionFailure(
      `${name}: model and engine are those of the repro, but the run is another: ` +
        `${repro.traceDigest} has become ${traceDigest} (${verdict})`,
    );
  }
  const remarks = [
    ...(isSameModel ? [] : [`the model is not the one that the repro was made with`]),
    ...(isSameEngine ? [] : ['the engine is not the one that the repro was made with']),
    ...(matches || verdict !== 'reproduced' ? [] : ['the run is not step for step the same']),
    ...searchRemarks(found, signature),
  ];
  return { verdict, signature: found.signature, traceDigest, traced, others, remarks };
}

/** The labels of the model that a repro carries; nothing where this build cannot read it. */
function stepNamesOf(repro: Repro, name: string): { readonly recorded?: Program } {
  try {
    return { recorded: compile(recordedModel(repro, name)) };
  } catch (error) {
    if (error instanceof Refusal) return {};
    throw error;
  }
}

function searchRemarks({ verdict, states }: ReplayVerdict, wanted: string): readonly string[] {
  const searched = `${counted(states, 'state')} of its workload`;
  switch (verdict) {
    case 'fixed':
      return [`all ${searched} were searched: none goes wrong`];
    case 'inconclusive':
      return [`${searched} were searched and none goes wrong, but there are more`];
    case 'violation':
      return [`not shown any more: ${wanted}; this one is another`];
    case 'reproduced':
      return states === 0 ? [] : [`its schedule misses; one of ${searched} shows it`];
  }
}

/** What searches every interleaving of the same input. */
function searchOf(file: string, reference = 'REF'): string {
  return `faultline check ${quoted(file)} --model ${quoted(reference)}`;
}

function sayJudged(
  judged: Judged,
  model: Model,
  subject: Subject,
  settings: Settings,
  search: string,
): void {
  const { verdict, signature, traceDigest, traced, others, remarks } = judged;
  const reference = canonicalReference(model);
  for (const remark of remarks) progress(settings, remark);
  if (settings.isJson) {
    sayDocument({ verdict, signature, traceDigest, model: reference, others });
    return;
  }
  const name = signature === null ? null : nameInWords(signature, model);
  if (EXIT_OF[verdict] === EXIT.bad) {
    const input = { ...subject.input, schedule: traced.schedule };
    const about = signature === null ? null : subjectOn(model, input, signature);
    say(`${renderColumns(model, input, traced, about).trimEnd()}\n`);
  }
  const of = name === null || signature === null ? [] : [name, signature];
  const what = verdict === 'pass' ? [`this one interleaving; ${search} searches all`] : of;
  say([`${verdict} on ${reference}`, ...what].join(': '));
  if (others.length > 0) say(['also:', ...others.map((other) => `  ${other}`)].join('\n'));
}
