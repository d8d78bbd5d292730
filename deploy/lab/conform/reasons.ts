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
  {
    says:
      'ext4, a defect: a write beyond i_size that fails with EFAULT leaves i_size at its offset - 14, because ' +
      'ext4_dax_write_iter hands the error to ext4_handle_inode_extension as the number of bytes written (6.1.192, fs/ext4/file.c)',
    explains: (op, kernel) => {
      if (op.kind !== 'pwrite' || !kernel.startsWith('EFAULT ')) return false;
      return sizesIn(kernel)[op.file] === op.offset - EFAULT;
    },
  },
];
const EFAULT = 14;

/** Of each file. */
function sizesIn(seen: string): readonly number[] {
  return Array.from(seen.matchAll(/ (\d+):/g), ([, size]) => Number(size));
}

export function reasonFor(op: Op | undefined, kernel: string, simulator: string): string | null {
  if (op === undefined) return null;
  return REASONS.find(({ explains }) => explains(op, kernel, simulator))?.says ?? null;
}

function withoutResult(seen: string): string {
  return seen.slice(seen.indexOf(' '));
}
