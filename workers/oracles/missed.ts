/** Who is missed where a reader sees a value that something complete had replaced, in roles and in words. */
import { LINES, OPS } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import { threadOf, writerOf } from '../kernel/encoding.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DATA_BY } from '../kernel/layout.ts';
import { UNWRITTEN_ZERO } from './register.ts';

const OPERATIONS: readonly number[] = Array.from({ length: OPS }, (_, op) => op);

/** The writer whose data a zero denies where no operation wrote zeros: the one that published the line, or the setup. */
export function publisherOf(k: Kernel, file: number, line: number): number {
  const data = k.peek(DATA_BY + file * LINES + line) & ~1;
  return data === 0 ? 0 : 31 - Math.clz32(data);
}

/** The writer whose data do not show; 0 for the setup. */
export function missedBy(k: Kernel, file: number, line: number, verdict: number): number {
  return verdict === UNWRITTEN_ZERO ? publisherOf(k, file, line) : verdict;
}

export function lostRole(k: Kernel, verdict: number, file: number, line: number): string {
  const writer = missedBy(k, file, line, verdict);
  return writer === 0 ? 'setup' : dataRole(k.world.rowOfWriter(writer).kind);
}

export function saidOfLost(k: Kernel, verdict: number, file: number, line: number): string {
  if (verdict !== UNWRITTEN_ZERO) {
    return `${nameOfWriter(k, verdict)} was complete`;
  }
  const writer = publisherOf(k, file, line);
  if (writer === 0) return 'the file had data there and nothing zeroed it';
  return `i_size already covers what ${nameOfWriter(k, writer)} writes`;
}

/** The role with which an operation of that kind writes. */
function dataRole(kind: OpKind): string {
  switch (kind) {
    case 'store':
    // A read(2) into a mapping stores there like any other access.
    case 'pread':
      return 'access';
    case 'pwrite':
      return 'pwrite/copyIn';
    case 'dma':
      return 'dma/writeByDevice';
    default:
      return kind;
  }
}

/** `T0's store`; with its number where the thread has more of them. */
export function nameOfWriter(k: Kernel, writer: number): string {
  const thread = threadOf(writer);
  const { kind } = k.world.rowOfWriter(writer);
  const alike = OPERATIONS.map((op) => writerOf(thread, op)).filter(
    (one) => k.world.rowOfWriter(one)?.kind === kind,
  );
  const number = alike.length > 1 ? ` (number ${1 + alike.indexOf(writer)})` : '';
  return `T${thread}'s ${kind}${number}`;
}
