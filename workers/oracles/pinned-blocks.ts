/** O15: no block is given up while a device may still write to it; and O10 for its pins. */
import { BLOCKS, THREADS } from '../../corpus/vocabulary/limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PINS } from '../kernel/layout.ts';
import { nameOfWriter } from './missed.ts';
import {
  currentOperation,
  isBlockTainted,
  isTainted,
  pageName,
  taintBlock,
  type Violations,
} from './oracle.ts';

/** The block is about to leave its page for good, or to be made unwritten. */
export function blockGivenUp(
  k: Kernel,
  found: Violations,
  file: number,
  page: number,
  block: number,
): void {
  const pins = k.peek(PINS + block);
  if (pins === 0 || isTainted(k, file, page) || isBlockTainted(k, block)) return;
  const operation = currentOperation(k);
  found.reportPage(k, file, page, block, {
    class: 'pinned-block',
    object: '',
    roles: [operation],
    fatal: false,
    detail: `${operation} takes block ${block} from ${pageName(file, page)} while ${holderOf(k, pins)} has it pinned: the device writes to a block that is not its page's`,
  });
}

/** The pin went before the device was done: the block was free to go. */
export function writtenUnpinned(k: Kernel, found: Violations, block: number): void {
  if (isBlockTainted(k, block)) return;
  const operation = currentOperation(k);
  found.report(k, {
    class: 'pinned-block',
    object: 'unpinned',
    roles: [operation],
    fatal: false,
    detail: `${operation} has dropped its pin of block ${block}, which has left its page: the device writes to a block that is not its page's`,
  });
  taintBlock(k, block);
}

function holderOf(k: Kernel, pins: number): string {
  const t = Array.from({ length: THREADS }, (_, i) => i).find((i) => ((pins >> i) & 1) !== 0) ?? 0;
  return nameOfWriter(k, k.writerOf(t));
}

/** A pin that outlives its DMA keeps everybody out who has to wait for it. */
export function checkPinLeak(k: Kernel, found: Violations, thread: number): void {
  for (let block = 0; block < BLOCKS; block++) {
    if (((k.peek(PINS + block) >> thread) & 1) === 0) continue;
    const operation = currentOperation(k);
    found.report(k, {
      class: 'lock-leak',
      object: 'pin',
      roles: [operation],
      fatal: true,
      detail: `T${thread} still has block ${block} pinned when ${operation} returns`,
    });
  }
}
