/** Differences between a kernel and the simulator that are understood, and no defect of either. */
import { argumentOf, type Op } from '../../../corpus/vocabulary/ops.ts';

interface Reason {
  readonly says: string;
  readonly explains: (op: Op, kernel: string, simulator: string) => boolean;
}

const REASONS: readonly Reason[] = [
  {
    says:
      'a pread of a hole into memory that cannot be written returns 0: dax_iomap_iter returns what iov_iter_zero has ' +
      'zeroed, which is nothing, and no error (6.1, fs/dax.c)',
    explains: (op, kernel, simulator) =>
      op.kind === 'pread' &&
      argumentOf(op, 'buffer') !== undefined &&
      withoutResult(kernel) === withoutResult(simulator) &&
      kernel.startsWith('0 '),
  },
];

export function reasonFor(op: Op | undefined, kernel: string, simulator: string): string | null {
  if (op === undefined) return null;
  return REASONS.find(({ explains }) => explains(op, kernel, simulator))?.says ?? null;
}

function withoutResult(seen: string): string {
  return seen.slice(seen.indexOf(' '));
}
