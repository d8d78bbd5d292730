/** Refuses a plain input whose schedule names steps that the model does not have. */
import { failInFile } from '../../corpus/vocabulary/errors.ts';
import { printableFile } from '../../corpus/vocabulary/printable.ts';
import { unknownLabels } from '../../workers/anchors.ts';
import type { Model } from '../../workers/kernel/path.ts';
import type { Subject } from './subject.ts';

/** @throws Refusal LABEL_UNKNOWN */
export function checkLabels({ name, input, spotOf }: Subject, model: Model): void {
  if (spotOf === null) return;
  const file = printableFile(name);
  const problems = unknownLabels(model, input).map(({ place, what }) => {
    return { file, ...spotOf(place), where: '', what };
  });
  if (problems.length > 0) throw failInFile('LABEL_UNKNOWN', problems);
}
