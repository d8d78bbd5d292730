/** `replay`: an input or a repro once more, and what has become of it. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AssertionFailure } from '../../corpus/vocabulary/assert.ts';
import { titleOf } from '../../corpus/vocabulary/catalogue.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Repro } from '../../corpus/vocabulary/repro.ts';
import { Engine, type Traced } from '../../workers/execute.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { canonicalReference, modelDigest } from '../../workers/models/registry.ts';
import { knownName, violationsOf } from '../../workers/record.ts';
import { replayVerdict } from '../../workers/reproduce.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { EXIT } from './endings.ts';
import { engineDigest } from './engine-digest.ts';
import { givenModel, MODEL_FLAG, MODEL_FLAG_TEXT } from './model-argument.ts';
import { currentModel, recordedModel } from './repro-model.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './settings.ts';
import { readSubject, SUBJECT_TEXT, type Subject } from './subject.ts';
import { endWith, say, sayDocument } from './terminal.ts';

/** Steps that looking for the bug under other schedules may take: well under a second. */
const SWEEP_STEPS_MAX = 1_000_000;

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

export function replayCommand(): CommandUnknownOpts {
  const command = new Command('replay')
    .description('run an input or a repro again; exit 1 if it still goes wrong, 0 if not')
    .argument('<file>', SUBJECT_TEXT)
    .option(MODEL_FLAG, `${MODEL_FLAG_TEXT}; judges a repro under another model`)
    .option('--recorded-model', 'judge by the model that the repro carries')
    .action(async (file, { model: reference, recordedModel: isRecorded }, self) => {
      const settings = settingsOf(self);
      const subject = await readSubject(file, settings.dataDir);
      const model = judgeOf(subject, reference, isRecorded === true);
      progress(settings, `replay: ${subject.name} on ${canonicalReference(model)}`);
      const { repro } = subject;
      const judged = repro === null ? runOnce(model, subject) : judge(model, subject, repro);
      sayJudged(judged, model, subject, settings);
      endWith(EXIT_OF[judged.verdict]);
    });
  return withCommonOptions(command);
}

function judgeOf(subject: Subject, reference: string | undefined, isRecorded: boolean): Model {
  const { repro, name } = subject;
  if (reference !== undefined && isRecorded) {
    throw fail('USAGE', { what: '--model and --recorded-model name two models; give one' });
  }
  if (reference !== undefined) return givenModel(reference);
  if (repro === null) {
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
  const options = { statesMax: SWEEP_STEPS_MAX, traceDigest: repro.traceDigest };
  const found = replayVerdict(engine, input, signature, options);
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
  ];
  return { verdict, signature, traceDigest, traced, others, remarks };
}

function sayJudged(judged: Judged, model: Model, subject: Subject, settings: Settings): void {
  const { verdict, signature, traceDigest, traced, others, remarks } = judged;
  const reference = canonicalReference(model);
  for (const remark of remarks) progress(settings, remark);
  if (settings.isJson) {
    sayDocument({ verdict, signature, traceDigest, model: reference, others });
    return;
  }
  const known = signature === null ? null : knownName(signature);
  if (EXIT_OF[verdict] === EXIT.bad) {
    const input = { ...subject.input, schedule: traced.schedule };
    say(`${renderColumns(model, input, traced, known).trimEnd()}\n`);
  }
  const what = signature === null ? [] : [known ?? titleOf(signature), signature];
  say([`${verdict} on ${reference}`, ...what].join(': '));
  if (others.length > 0) say(['also:', ...others.map((other) => `  ${other}`)].join('\n'));
}
