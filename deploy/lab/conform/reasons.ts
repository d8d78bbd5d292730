/** Differences between a kernel and the simulator that are understood: what Linux does, right or wrong, and no model has. */
import { PAGE_BYTES } from '../../../corpus/vocabulary/limits.ts';
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
      'ext4_dax_write_iter hands the error to ext4_handle_inode_extension as the number of bytes written (fs/ext4/file.c since ' +
      '91562895f803)',
    explains: (op, kernel) => {
      if (op.kind !== 'pwrite' || !kernel.startsWith('EFAULT ')) return false;
      return sizesIn(kernel)[op.file] === op.offset - EFAULT;
    },
  },
  {
    says:
      'XFS: a write(2) over two pages that allocates or converts the first one gets a mapping of both where their blocks are ' +
      'neighbours, NEW as a whole, and unmaps the second page too (xfs_iomap_write_direct, dax_iomap_iter); the models go page by page',
    explains: (op, kernel, simulator) =>
      op.kind === 'pwrite' &&
      Math.floor(op.offset / PAGE_BYTES) < Math.floor((op.offset + op.length - 1) / PAGE_BYTES) &&
      mapsLess(kernel, simulator),
  },
];
const EFAULT = 14;
const NO_LINE = '--';

/** They differ only in lines that no pte shows on the kernel. */
function mapsLess(kernel: string, simulator: string): boolean {
  const ours = linesIn(simulator);
  const theirs = linesIn(kernel);
  const files = (seen: string): readonly string[] =>
    seen.split(' ').filter((one) => one.includes(':'));
  return (
    files(kernel).join() === files(simulator).join() &&
    ours.length === theirs.length &&
    ours.every((line, i) => line === theirs[i] || theirs[i] === NO_LINE)
  );
}

/** Of files and areas, without result and sizes. */
function linesIn(seen: string): readonly string[] {
  return (
    withoutResult(seen)
      .replace(/ \d+:/g, ' ')
      .match(/[\da-f]{2}|--/g) ?? []
  );
}

/** Of each file. */
function sizesIn(seen: string): readonly number[] {
  return Array.from(seen.matchAll(/ (\d+):/g), ([, size]) => Number(size));
}

/**
 * @param index of the operation after which they differ
 * @returns null where it is not understood
 */
export function reasonFor(
  ops: readonly Op[],
  index: number,
  kernel: string,
  simulator: string,
): string | null {
  const op = ops[index];
  if (op === undefined) return null;
  return REASONS.find(({ explains }) => explains(op, kernel, simulator))?.says ?? null;
}

function withoutResult(seen: string): string {
  return seen.slice(seen.indexOf(' '));
}
