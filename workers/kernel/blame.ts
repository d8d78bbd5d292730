/**
 * Who did what a signature names: ghost words that keep the instruction, plus one, that last did it. They are part
 * of the state, so a search that tells states apart by them knows every signature that a workload can show.
 */
import { writerOf } from './encoding.ts';
import type { Kernel } from './kernel.ts';
import { CPU, EXTENT, EXTENT_BY, LINE_BY, MEDIA, MEDIA_BY } from './layout.ts';

/** Rows of a program take 11 bits (ROWS_MAX); the operation's writer id stands above them. */
const WRITER_SHIFT = 12;
const PC_MASK = (1 << WRITER_SHIFT) - 1;

/** The instruction at work. */
export function byStep(k: Kernel): number {
  return k.currentPc + 1;
}

/** The same, and whose operation it belongs to: two truncates are two. */
export function byOperation(k: Kernel): number {
  const t = k.currentThread;
  return byStep(k) | (writerOf(t, k.opOf(t)) << WRITER_SHIFT);
}

export function operationOf(blame: number): number {
  return blame >> WRITER_SHIFT;
}

/** The label of the step to blame, or `setup`. */
export function blamed(k: Kernel, word: number): string {
  const pc = (k.peek(word) & PC_MASK) - 1;
  return pc < 0 ? 'setup' : (k.program.label[pc] ?? '');
}

/** The registry's name of the step to blame, or ''. */
export function blamedStep(k: Kernel, word: number): string {
  return k.program.step[(k.peek(word) & PC_MASK) - 1] ?? '';
}

export function setExtent(k: Kernel, index: number, extent: number): void {
  k.put(EXTENT + index, extent);
  k.put(EXTENT_BY + index, byStep(k));
}

/** What a line of a block holds once power fails. */
export function setMedia(k: Kernel, line: number, value: number): void {
  k.put(MEDIA + line, value);
  k.put(MEDIA_BY + line, byStep(k));
}

/** What loads see at a line of a block. */
export function setCpu(k: Kernel, cpuWord: number, value: number): void {
  k.put(cpuWord, value);
  k.put(LINE_BY + cpuWord - CPU, byStep(k));
}
