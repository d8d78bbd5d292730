/**
 * O6 for i_size: what completed operations left is there (kernel/size-history.ts). Judged where the size is set and
 * where an operation ends; who set it last is to blame.
 */
import { LINE_BYTES } from '../../corpus/vocabulary/limits.ts';
import { blamed } from '../kernel/blame.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SIZE, SIZE_CEILING, SIZE_FLOOR, SIZED_BY } from '../kernel/layout.ts';
import type { Findings } from './oracle.ts';

export function checkSizes(k: Kernel, found: Findings): void {
  for (let file = 0; file < k.world.files; file++) checkSize(k, found, file);
}

export function checkSize(k: Kernel, found: Findings, file: number): void {
  const size = k.peek(SIZE + file);
  const floor = k.peek(SIZE_FLOOR + file);
  const ceiling = k.peek(SIZE_CEILING + file);
  if (size >= floor && size <= ceiling) return;
  found.report(k, {
    class: 'lost-size',
    object: size < floor ? 'short' : 'long',
    fatal: false,
    roles: [blamed(k, SIZED_BY + file)],
    detail: `i_size of file ${file === 0 ? 'A' : 'B'} is ${bytes(size)}, but what is complete leaves ${
      size < floor ? `at least ${bytes(floor)}` : `at most ${bytes(ceiling)}`
    }`,
  });
  // Said once: from here on it is what it is.
  k.put(SIZE_FLOOR + file, Math.min(size, floor));
  k.put(SIZE_CEILING + file, Math.max(size, ceiling));
}

function bytes(lines: number): string {
  return `${lines * LINE_BYTES} bytes`;
}
