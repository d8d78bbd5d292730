/**
 * O12: an access to a page that lay below i_size, in an area that stayed mapped, has no reason to fail; nor has a
 * system call to fail but for its arguments, read(2) to bring more or less than lies inside EOF, or mmap and munmap
 * to change nothing.
 */
import { EINVAL, OK, RESULT_NAMES } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DEVICE_DEAD, ENDED_AT, EXCUSED, READ_OWED, SIZE, STARTED, VMA } from '../kernel/layout.ts';
import { isSizeSettled } from '../kernel/size-history.ts';
import type { Violations } from './oracle.ts';

export function checkError(
  k: Kernel,
  found: Violations,
  thread: number,
  writer: number,
  result: number,
): void {
  const { kind, userLines } = k.world.rowOfWriter(writer);
  if (result === OK) {
    if (kind === 'pread' && k.peek(READ_OWED + thread) !== 0) {
      complain(k, found, 'short', kind, `T${thread}'s pread brings less than lies inside EOF`);
    }
    checkArea(k, found, thread, writer);
    return;
  }
  const error = RESULT_NAMES[result] ?? 'error';
  if (userLines === 0) {
    const mayLackSpace = k.world.injectsErrors && kind !== 'pread';
    if (result === EINVAL || mayLackSpace || k.peek(DEVICE_DEAD) !== 0) return;
    complain(k, found, error, kind, `T${thread}'s ${kind} ends with ${error} for no reason`);
  } else if (((k.peek(EXCUSED) >> thread) & 1) === 0) {
    const pages = 'although its pages lie below i_size in an area that is mapped';
    complain(k, found, error, kind, `T${thread}'s ${kind} ends with ${error}, ${pages}`);
  }
}

/** read(2) brings a line beyond EOF, and nobody has changed i_size beside it. */
export function checkReadBeyond(
  k: Kernel,
  found: Violations,
  reader: number,
  file: number,
  line: number,
): void {
  if (line < k.peek(SIZE + file) || !isSizeSettled(k, file, reader)) return;
  complain(k, found, 'long', 'pread', `T${k.currentThread}'s pread brings what lies beyond EOF`);
}

/** mmap has made the area, munmap has taken it away, unless another of them is under way beside it. */
function checkArea(k: Kernel, found: Violations, thread: number, writer: number): void {
  const { kind, area } = k.world.rowOfWriter(writer);
  if (kind !== 'mmap' && kind !== 'munmap') return;
  if ((k.peek(VMA + area) !== 0) === (kind === 'mmap')) return;
  let beside = k.peek(STARTED) & ~k.peek(ENDED_AT + thread) & ~(1 << writer);
  for (; beside !== 0; beside &= beside - 1) {
    const other = k.world.rowOfWriter(31 - Math.clz32(beside & -beside));
    if ((other.kind === 'mmap' || other.kind === 'munmap') && other.area === area) return;
  }
  complain(k, found, 'without-effect', kind, `T${thread}'s ${kind} succeeds and changes nothing`);
}

function complain(
  k: Kernel,
  found: Violations,
  object: string,
  kind: string,
  detail: string,
): void {
  found.report(k, { class: 'spurious-error', object, fatal: false, roles: [kind], detail });
}
