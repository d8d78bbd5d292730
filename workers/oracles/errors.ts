/** O12: an access to a page that lay below i_size, in an area that stayed mapped, has no reason to fail. */
import { RESULT_NAMES } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { EXCUSED } from '../kernel/layout.ts';
import type { Findings } from './oracle.ts';

export function checkError(
  k: Kernel,
  found: Findings,
  thread: number,
  writer: number,
  result: number,
): void {
  const { kind, userLines } = k.world.rowOfWriter(writer);
  if (userLines === 0 || ((k.peek(EXCUSED) >> thread) & 1) !== 0) return;
  const error = RESULT_NAMES[result] ?? 'error';
  found.report(k, {
    class: 'spurious-error',
    object: error,
    fatal: false,
    labels: [kind],
    detail: `T${thread}'s ${kind} ends with ${error}, although its pages lie below i_size in an area that is mapped`,
  });
}
