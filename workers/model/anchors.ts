/** Checks the schedule of an input against a model: its switches name steps of the model. Pure. */
import { PROBLEMS_SHOWN_MAX } from '../../corpus/vocabulary/errors.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { NAME_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { nearestHint } from '../../corpus/vocabulary/nearest.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { LABEL_END, type Problem } from '../../corpus/vocabulary/validate.ts';
import type { Model } from '../kernel/path.ts';
import { compile } from './compile.ts';

/**
 * Switches that never fire, because no step of the model has their label. Only for plain inputs: `replay`
 * anchors the schedule of a repro anew, which may come from another model.
 */
export function unknownLabels(model: Model, { schedule }: Input): readonly Problem[] {
  const labels = new Set(compile(model).label.filter((label) => label !== ''));
  const problems: Problem[] = [];
  for (const [index, { label }] of schedule.switches.entries()) {
    if (label === LABEL_END || labels.has(label)) continue;
    // A hint costs a millisecond, and problems beyond these are not listed.
    const hint = problems.length < PROBLEMS_SHOWN_MAX ? nearestHint(label, [...labels]) : '';
    const what = `model ${model.name} has no step "${printable(label, NAME_BYTES_MAX)}"${hint}`;
    problems.push({ place: { kind: 'switch', index }, what });
  }
  return problems;
}
