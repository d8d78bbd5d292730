/** `show`: a repro or an input in another form. */
import path from 'node:path';
import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { readStored } from '../../corpus/disk/read-bounded.ts';
import { COLUMNS_FILE } from '../../corpus/store/finding-store.ts';
import { unreachable } from '../../corpus/vocabulary/assert.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { inputToJson } from '../../corpus/vocabulary/input-json.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { reproToJson } from '../../corpus/vocabulary/repro-json.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { subjectOn } from '../../workers/reproduce/naming.ts';
import { Engine, type Traced } from '../../workers/run/engine.ts';
import { renderC } from '../../workers/views/c/program.ts';
import { renderColumns } from '../../workers/views/columns.ts';
import { renderModelGraph } from '../../workers/views/lock-graph.ts';
import { renderLockdep, renderOrder } from '../../workers/views/lock-views.ts';
import { renderMail } from '../../workers/views/mail.ts';
import { renderPromela } from '../../workers/views/promela/promela.ts';
import { storyOf } from '../../workers/views/story.ts';
import { renderTimeline } from '../../workers/views/timeline.ts';
import { engineDigest } from './identity.ts';
import { checkFits } from './options/fitting.ts';
import { givenModel, MODEL_FLAG, MODEL_FLAG_TEXT } from './options/model-argument.ts';
import { recordedModel } from './options/repro-model.ts';
import { progress, type Settings, settingsOf, withCommonOptions } from './options/settings.ts';
import { readSubject, SUBJECT_TEXT, type Subject } from './options/subject.ts';
import { commandOn } from './output/render-finding.ts';
import { say, sayDocument } from './output/terminal.ts';

/** What is shown of a repro or an input; `graph` is shown of a model. */
const VIEWS = [
  'columns',
  'mail',
  'svg',
  'lockdep',
  'order',
  'graph',
  'promela',
  'c',
  'text',
  'json',
] as const;
type View = (typeof VIEWS)[number];

export function showCommand(): CommandUnknownOpts {
  const command = new Command('show')
    .description('print a repro or an input in another form, or the lock order of a model')
    .argument('<file>', `${SUBJECT_TEXT}; for graph a model`)
    .addOption(new Option('--as <view>', 'the form').choices(VIEWS).default('columns' as const))
    .option(MODEL_FLAG, `${MODEL_FLAG_TEXT}; an input needs one for all but c, text and json`)
    .action(async (file, { as, model: reference }, self) => {
      const settings = settingsOf(self);
      if (as === 'graph') {
        say(renderModelGraph(givenModel(file)).trimEnd());
        return;
      }
      const subject = await readSubject(file, settings.dataDir);
      sayView(settings.isJson ? 'json' : as, subject, reference, settings);
    });
  return withCommonOptions(command);
}

function sayView(
  view: Exclude<View, 'graph'>,
  subject: Subject,
  reference: string | undefined,
  settings: Settings,
): void {
  const { input, repro } = subject;
  switch (view) {
    case 'columns':
      say(columnsOf(subject, reference, settings).trimEnd());
      return;
    case 'mail':
      say(traced(subject, reference, mailOf(subject)).trimEnd());
      return;
    case 'svg':
      say(traced(subject, reference, pictureOf(subject)).trimEnd());
      return;
    case 'lockdep':
      say(lockdepOf(subject, reference).trimEnd());
      return;
    case 'order':
      say(traced(subject, reference, renderOrder).trimEnd());
      return;
    case 'promela':
      say(promelaOf(subject, reference).trimEnd());
      return;
    case 'c':
      say(programOf(subject, reference).trimEnd());
      return;
    case 'text':
      say((repro === null ? printInput(input) : printRepro(repro)).trimEnd());
      return;
    case 'json':
      sayDocument(repro === null ? inputToJson(input) : reproToJson(repro));
      return;
    default:
      unreachable(view);
  }
}

/**
 * Drawn from a run. What was drawn when it was found, where another engine found it (its steps are not ours, so our
 * run may not show the violation) or where this build cannot run the repro's model.
 */
function columnsOf(subject: Subject, reference: string | undefined, settings: Settings): string {
  const { repro, folder, name } = subject;
  if (reference !== undefined) return drawn(subject, givenModel(reference), reference);
  if (subject.model !== null) return drawn(subject, subject.model);
  if (repro === null) throw modelMissing(name);
  if (folder !== null && repro.engine !== engineDigest()) {
    const command = commandOn('findings --rerun', settings.dataDir);
    progress(settings, `${name} is of another engine; these columns were kept with it`);
    progress(settings, `\`${command}\` judges it by this build`);
    return readStored(path.join(folder, COLUMNS_FILE));
  }
  try {
    return drawn(subject, recordedModel(repro, name));
  } catch (error) {
    if (!(error instanceof Refusal) || folder === null) throw error;
    progress(settings, `${error.message}; these columns were kept with the finding`);
    return readStored(path.join(folder, COLUMNS_FILE));
  }
}

type ViewOfRun = (model: Model, input: Input, run: Traced) => string;

function mailOf({ repro }: Subject): ViewOfRun {
  return (model, input, run) =>
    renderMail(model, input, run, repro && subjectOn(model, input, repro.signature));
}

function pictureOf({ repro, name }: Subject): ViewOfRun {
  return (model, input, run) => {
    const subject = repro && subjectOn(model, input, repro.signature);
    return renderTimeline(storyOf(model, input, run, subject), subject?.name ?? name);
  };
}

/** A report about a cycle of locks; what is about something else has none. */
function lockdepOf(subject: Subject, reference: string | undefined): string {
  const { repro, name } = subject;
  if (repro === null)
    throw fail('USAGE', { what: `${name} is an input: a report is about a finding` });
  const report = traced(subject, reference, (model, input, run) =>
    renderLockdep(model, input, run, repro.signature),
  );
  if (report !== null) return report;
  const what = `${name} is about no cycle of locks (${repro.signature}); --as columns shows it`;
  throw fail('USAGE', { what });
}

/** Every interleaving, for SPIN; the schedule of a repro has no part in it. */
function promelaOf(subject: Subject, reference: string | undefined): string {
  const { input, name } = subject;
  const model = modelFor(subject, reference);
  checkFits(subject, model, reference);
  return carried(`${name} on ${model.name}`, renderPromela(model, input));
}

/** Where a model is named, of its run; an input needs none. */
function programOf(subject: Subject, reference: string | undefined): string {
  const { input, repro, name, model } = subject;
  if (repro === null && model === null && reference === undefined)
    return carried(name, renderC(input, null));
  return traced(subject, reference, (on, _input, run) => {
    const about = repro && subjectOn(on, input, repro.signature);
    return carried(name, renderC(input, { model: on, run, subject: about }));
  });
}

/** The text of a view that cannot carry everything. */
function carried(
  what: string,
  view: { readonly lacks: string } | { readonly text: string },
): string {
  if ('text' in view) return view.text;
  throw fail('USAGE', { what: `${what}: ${view.lacks}; --as columns shows it` });
}

/** A view of the run that this build makes of it. */
function traced<T>(
  subject: Subject,
  reference: string | undefined,
  view: (model: Model, input: Input, run: Traced) => T,
): T {
  const { input } = subject;
  const model = modelFor(subject, reference);
  return view(model, input, runOf(subject, model, reference));
}

/** The one that is asked for, or else that of the drawing or the repro. */
function modelFor({ repro, name, model }: Subject, reference: string | undefined): Model {
  if (reference !== undefined) return givenModel(reference);
  if (model !== null) return model;
  if (repro === null) throw modelMissing(name);
  return recordedModel(repro, name);
}

function modelMissing(name: string): Error {
  return fail('USAGE', { what: `${name} is an input, which names no model; add --model REF` });
}

function drawn(subject: Subject, model: Model, reference?: string): string {
  const { input, repro } = subject;
  const run = runOf(subject, model, reference);
  return renderColumns(model, input, run, repro && subjectOn(model, input, repro.signature));
}

function runOf(subject: Subject, model: Model, reference: string | undefined): Traced {
  const { input } = subject;
  checkFits(subject, model, reference);
  const engine = new Engine(model);
  engine.load(input);
  return engine.trace(input.schedule);
}
