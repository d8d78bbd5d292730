/** What `--model` takes: a reference, or a file with a model's text (or its JSON), and toggles behind a colon. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { readNamed } from '../../../corpus/disk/read-bounded.ts';
import { fail, Refusal, withExit } from '../../../corpus/vocabulary/errors.ts';
import { openJson } from '../../../corpus/vocabulary/json-text.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { checkModel } from '../../../workers/model/check-model.ts';
import { modelOfText } from '../../../workers/model/open.ts';
import { isModelText, readSource } from '../../../workers/model/read.ts';
import { Report } from '../../../workers/model/report.ts';
import { type Library, NOTHING } from '../../../workers/model/source.ts';
import {
  canonicalReference,
  isBuiltIn,
  LIBRARY,
  MODEL_NAMES,
  modelDigest,
  modelOf,
} from '../../../workers/models/registry.ts';
import { EXIT } from '../output/endings.ts';
import { note } from '../output/terminal.ts';

export const MODEL_FLAG = '--model <ref>';
export const MODEL_FLAG_TEXT = 'a model: name[:toggle=value,...], or a file with its text';

export const BISECT_FLAG = '--bisect';
export const BISECT_FLAG_TEXT =
  'exit 125 instead of 2 if the model cannot be read: git bisect skips';

/** What a model is called that came without a file. */
const SENT = 'model';

/** Of files with a model's text. */
export const MODEL_SUFFIX = '.model';

/** @param isBisect exit 125 for a model that cannot be read */
export function givenModel(argument: string, isBisect = false): Model {
  try {
    const given = fileOf(argument);
    return given === null ? builtIn(argument) : modelOfFile(given);
  } catch (error) {
    if (!isBisect || !(error instanceof Refusal)) throw error;
    throw withExit(error, EXIT.cannotJudge);
  }
}

function builtIn(argument: string): Model {
  try {
    return modelOf(argument);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'MODEL_UNKNOWN') throw error;
    const [name = '', ...setting] = argument.split(':');
    const file = [`${name}${MODEL_SUFFIX}`, name].find(isFile);
    if (file === undefined) throw error;
    const typed = ['./', file, ...setting.map((part) => `:${part}`)].join('');
    throw fail('MODEL_UNKNOWN', { ...error.facts, nearest: `; for the file here type ${typed}` });
  }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * By their references, which are how findings name them.
 * @throws Refusal USAGE for two models of one reference
 */
export function givenModels(references: readonly string[]): ReadonlyMap<string, Model> {
  const models = new Map<string, Model>();
  for (const given of references) {
    const model = givenModel(given);
    const reference = canonicalReference(model);
    const other = models.get(reference);
    if (other !== undefined && modelDigest(other) !== modelDigest(model)) {
      const what = `--model ${given} has the name of another that is given, ${reference}`;
      throw fail('USAGE', { what: `${what}: change the \`name\` line of one` });
    }
    models.set(reference, model);
  }
  return models;
}

interface Given {
  readonly file: string;
  /** `toggle=value,…`; null without a colon. */
  readonly setting: string | null;
}

/** Behind the suffix of a file, or with a value. */
const SETTING = /(?:(?<=\.model|\.json)|(?=:[^:/\\]*=)):(?<setting>[^:/\\]*)$/;

/** Null for a reference to a built-in model. */
export function fileOf(argument: string): Given | null {
  const setting = SETTING.exec(argument)?.groups?.setting ?? null;
  const file = setting === null ? argument : argument.slice(0, -setting.length - 1);
  const isFile = /[/\\]/.test(file) || file.endsWith('.json') || file.endsWith(MODEL_SUFFIX);
  return isFile ? { file, setting } : null;
}

function modelOfFile(given: Given): Model {
  const { file, setting } = given;
  const text = readNamed(file);
  const model = isJson(text)
    ? modelOfJson(text, given)
    : modelOfText(text, file, setting, WITH_FILES);
  refuseTaken(model, file);
  return model;
}

/** Findings name models by their references: two of one name would be taken for each other. */
function refuseTaken(model: Model, file: string): void {
  if (!MODEL_NAMES.includes(model.name) || isBuiltIn(model)) return;
  throw fail('MODEL_NAME_TAKEN', { file, name: model.name });
}

/**
 * What somebody has sent: a reference, a model's text or its JSON. No file of this machine is looked at.
 * @throws Refusal as for a file that is called `model`
 */
export function sentModel(sent: string): Model {
  if (!isJson(sent) && !isModelText(sent)) return modelOf(sent.trim());
  const model = isJson(sent) ? checkedJson(sent, SENT) : modelOfText(sent, SENT, null, LIBRARY);
  refuseTaken(model, SENT);
  return model;
}

/** The built-in model that a file's text extends; null where it extends none. */
export function baseOfFile(file: string): string | null {
  const base = readSource(readNamed(file), new Report(file)).extends?.text ?? null;
  return base === null || base === NOTHING || fileOf(base) !== null ? null : base;
}

/** A text that is on no disk yet. */
export function modelOfLines(text: string, file: string): Model {
  return modelOfText(text, file, null, WITH_FILES);
}

/** A text may extend another file, which is named as seen from it. */
const WITH_FILES: Library = {
  common: LIBRARY.common,
  names: LIBRARY.names,
  find(name, from) {
    if (fileOf(name) === null) return LIBRARY.find(name, from);
    const file = path.join(path.dirname(from), name);
    if (!isFile(file)) return null;
    const report = new Report(file);
    const text = readNamed(file);
    if (isJson(text)) {
      const remedy = `\`faultline models ${file} --expanded\` prints its text, which can be`;
      report.add({ line: 1, column: 1 }, `a model in JSON cannot be extended; ${remedy}`);
      report.end();
    }
    const source = readSource(text, report);
    report.end();
    return source;
  },
};

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{');
}

function modelOfJson(text: string, { file, setting }: Given): Model {
  if (setting !== null) {
    const what = `${file} is a model in JSON, whose toggles are set; leave out :${setting}`;
    throw fail('USAGE', { what });
  }
  const model = checkedJson(text, file);
  note(
    `faultline: ${file} is a model in JSON; \`faultline models ${file} --expanded\` prints its text`,
  );
  return model;
}

function checkedJson(text: string, file: string): Model {
  const { value, spotOf } = openJson(text, file, 'MODEL_INVALID');
  return checkModel(value, file, spotOf);
}
