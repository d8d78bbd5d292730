/** Refuses an input that its model cannot run as written: what it has no path for, steps that it does not have. */
import { type FileCode, failInFile } from '../../../corpus/vocabulary/errors.ts';
import type { Input } from '../../../corpus/vocabulary/input.ts';
import { printableFile } from '../../../corpus/vocabulary/printable.ts';
import type { Spot } from '../../../corpus/vocabulary/spots.ts';
import type { Place, Problem } from '../../../corpus/vocabulary/validate.ts';
import type { Model } from '../../../workers/kernel/path.ts';
import { unknownLabels } from '../../../workers/model/anchors.ts';
import { unfitting, type Variant } from '../../../workers/models/fitting.ts';
import { canonicalReference, isBuiltIn, modelOf } from '../../../workers/models/registry.ts';
import { baseOfFile, fileOf, givenModel, MODEL_SUFFIX } from './model-argument.ts';

interface Asked {
  /** As the user may call it. */
  readonly name: string;
  readonly input: Input;
  /** Where its parts stand in its text; null for a repro, whose schedule may be that of another model. */
  readonly spotOf: ((place: Place) => Spot) | null;
}

/**
 * @param given how the user named the model; undefined where the input did
 * @throws Refusal OPERATION_LACKING or LABEL_UNKNOWN
 */
export function checkFits(subject: Asked, model: Model, given: string | undefined): void {
  const { input, spotOf } = subject;
  refuse('OPERATION_LACKING', subject, unfitting(model, input, variantsOf(model, given)));
  if (spotOf !== null) refuse('LABEL_UNKNOWN', subject, unknownLabels(model, input));
}

function refuse(code: FileCode, { name, spotOf }: Asked, found: readonly Problem[]): void {
  const file = printableFile(name);
  const nowhere = { line: null, column: null };
  const problems = found.map(({ place, what }) => {
    return { file, ...(spotOf?.(place) ?? nowhere), where: '', what };
  });
  if (problems.length > 0) throw failInFile(code, problems);
}

/** The model with each other value of one of its toggles; of a file, its base too. */
function* variantsOf(model: Model, given: string | undefined): Generator<Variant> {
  const file = given === undefined ? null : (fileOf(given)?.file ?? null);
  if (file === null && isBuiltIn(model)) yield* otherwiseSet(model, model.name, asModel);
  if (file?.endsWith(MODEL_SUFFIX) !== true) return;
  yield* otherwiseSet(model, file, asModel);
  const base = baseOfFile(file);
  if (base === null) return;
  const { name } = modelOf(base);
  yield* otherwiseSet(
    modelOf(base),
    name,
    (reference) => `write \`extends ${reference}\` in ${file}`,
  );
}

function asModel(reference: string): string {
  return `type --model ${reference}`;
}

function* otherwiseSet(
  model: Model,
  name: string,
  remedyOf: (reference: string) => string,
): Generator<Variant> {
  for (const [toggle, values] of Object.entries(model.options)) {
    for (const value of values.filter((one) => one !== model.toggles[toggle])) {
      const toggles = { ...model.toggles, [toggle]: value };
      const reference = canonicalReference({ ...model, name, toggles });
      yield { reference, model: givenModel(reference), remedy: remedyOf(reference) };
    }
  }
}
