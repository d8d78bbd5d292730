/**
 * O6 for i_size: what completed operations left is there (kernel/size-history.ts). Judged where the size is set and
 * where an operation ends; who set it last is to blame.
 */
import { LINE_BYTES, LINES } from '../../corpus/vocabulary/limits.ts';
import { blamed } from '../kernel/blame.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SIZE, SIZE_CEILING, SIZE_FLOOR, SIZED_BY } from '../kernel/layout.ts';
import { settledSizes, settleSize } from '../kernel/size-orders.ts';
import { currentOperation, type Violations } from './oracle.ts';

/** An operation has ended. */
export function checkSizes(k: Kernel, found: Violations): void {
  for (let file = 0; file < k.world.files; file++) {
    checkSize(k, found, file);
    checkSettled(k, found, file);
  }
}

/** Nobody changes it any more: it is what one of the orders leaves. */
function checkSettled(k: Kernel, found: Violations, file: number): void {
  const size = k.peek(SIZE + file);
  const legal = settledSizes(k, file);
  if (legal === 0 || ((legal >> size) & 1) !== 0) return;
  const sizes = Array.from({ length: LINES + 1 }, (_, one) => one).filter(
    (one) => ((legal >> one) & 1) !== 0,
  );
  report(
    k,
    found,
    file,
    size < Math.max(...sizes) ? 'short' : 'long',
    sizes.map(bytes).join(' or '),
  );
}

export function checkSize(k: Kernel, found: Violations, file: number): void {
  const size = k.peek(SIZE + file);
  const floor = k.peek(SIZE_FLOOR + file);
  const ceiling = k.peek(SIZE_CEILING + file);
  if (size >= floor && size <= ceiling) return;
  const bound = size < floor ? `at least ${bytes(floor)}` : `at most ${bytes(ceiling)}`;
  report(k, found, file, size < floor ? 'short' : 'long', bound);
}

function report(k: Kernel, found: Violations, file: number, object: string, legal: string): void {
  const size = k.peek(SIZE + file);
  const sizer = blamed(k, SIZED_BY + file);
  found.report(k, {
    class: 'lost-size',
    object,
    fatal: false,
    // Where nobody has set it, the operation that ends should have.
    roles: [sizer === 'setup' ? currentOperation(k) : sizer],
    detail: `i_size of file ${file === 0 ? 'A' : 'B'} is ${bytes(size)}, but what is complete leaves ${legal}`,
  });
  // Said once: from here on it is what it is.
  k.put(SIZE_FLOOR + file, Math.min(size, k.peek(SIZE_FLOOR + file)));
  k.put(SIZE_CEILING + file, Math.max(size, k.peek(SIZE_CEILING + file)));
  settleSize(k, file, size);
}

function bytes(lines: number): string {
  return `${lines * LINE_BYTES} bytes`;
}
