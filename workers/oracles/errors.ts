/**
 * O12: an access to a page that lay below i_size, in an area that stayed mapped, has no reason to fail; nor has a
 * system call to fail but for its arguments, or read(2) to bring less than lies inside EOF.
 */
import { EINVAL, OK, RESULT_NAMES } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DEVICE_DEAD, EXCUSED, READ_OWED } from '../kernel/layout.ts';
import type { Findings } from './oracle.ts';

export function checkError(
  k: Kernel,
  found: Findings,
  thread: number,
  writer: number,
  result: number,
): void {
  const { kind, userLines } = k.world.rowOfWriter(writer);
  if (result === OK) {
    if (kind === 'pread' && k.peek(READ_OWED + thread) !== 0) {
      complain(k, found, 'short', kind, `T${thread}'s pread brings less than lies inside EOF`);
    }
    return;
  }
  const error = RESULT_NAMES[result] ?? 'error';
  if (userLines === 0) {
    if (result === EINVAL || k.world.injectsErrors || k.peek(DEVICE_DEAD) !== 0) return;
    complain(k, found, error, kind, `T${thread}'s ${kind} ends with ${error} for no reason`);
  } else if (((k.peek(EXCUSED) >> thread) & 1) === 0) {
    const pages = 'although its pages lie below i_size in an area that is mapped';
    complain(k, found, error, kind, `T${thread}'s ${kind} ends with ${error}, ${pages}`);
  }
}

function complain(k: Kernel, found: Findings, object: string, kind: string, detail: string): void {
  found.report(k, { class: 'spurious-error', object, fatal: false, labels: [kind], detail });
}
