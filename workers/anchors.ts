/** Where an input and a model meet: whether the steps that a schedule names are steps of the model. Pure. */
import { PROBLEMS_SHOWN_MAX } from '../corpus/vocabulary/errors.ts';
import type { Input } from '../corpus/vocabulary/input.ts';
import { NAME_BYTES_MAX } from '../corpus/vocabulary/limits.ts';
import { nearestHint } from '../corpus/vocabulary/nearest.ts';
import { printable } from '../corpus/vocabulary/printable.ts';
import { LABEL_END, type Problem } from '../corpus/vocabulary/validate.ts';
import { compile } from './kernel/compile.ts';
import type { Model } from './kernel/path.ts';

/**
 * Switches that can never fire, because no step of the model has their label. For an input that a person
 * wrote: the schedule of a repro may be that of another model, and is anchored anew.
 */
export function unknownLabels(model: Model, { schedule }: Input): readonly Problem[] {
  const labels = new Set(compile(model).label.filter((label) => label !== ''));
  const problems: Problem[] = [];
  for (const [index, { label }] of schedule.switches.entries()) {
    if (label === LABEL_END || labels.has(label)) continue;
    // What is not listed needs no hint, and each takes time.
    const hint = problems.length < PROBLEMS_SHOWN_MAX ? nearestHint(label, [...labels]) : '';
    const what = `model ${model.name} has no step "${printable(label, NAME_BYTES_MAX)}"${hint}`;
    problems.push({ place: { kind: 'switch', index }, what });
  }
  return problems;
}
