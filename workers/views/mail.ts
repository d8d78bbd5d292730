/**
 * A finding as a reply to a mailing list needs it: what is wrong, the drawing, the report about the cycle where there is
 * one, and how to run it again. At most 72 wide, plain ASCII. Pure.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import type { Model } from '../kernel/path.ts';
import { isBuiltIn } from '../models/registry.ts';
import { renderColumns } from './columns.ts';
import type { Subject } from './explain.ts';
import { renderLockdep } from './lock-views.ts';
import type { TracedRun } from './observe.ts';
import { wrap } from './wrap.ts';

export function renderMail(
  model: Model,
  input: Input,
  run: TracedRun,
  subject: Subject | null,
): string {
  const report = subject === null ? null : renderLockdep(model, input, run, subject.signature);
  const again = isBuiltIn(model)
    ? 'Pipe this mail into `faultline replay -` to run it again: it finds the drawing by itself.'
    : `With the text of ${model.name} in a file, pipe this mail into \`faultline replay - --model FILE\` to run it again.`;
  return [
    'This is what a model of the locking does, not a trace of a kernel.\n',
    renderColumns(model, input, run, subject),
    ...(report === null ? [] : [report]),
    `${wrap(again, '').join('\n')}\n`,
  ].join('\n');
}
