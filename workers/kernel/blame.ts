/**
 * Who did what a signature names: ghost words that keep the role (program.ts) that last did it. They are part of the
 * state, so a search that tells states apart by them knows every signature that a workload can show.
 */
import { LINES_PER_PAGE, PAGES } from '../../corpus/vocabulary/limits.ts';
import { PTE_ZERO, pteKind, STALE, writerOf } from './encoding.ts';
import {
  CPU,
  EXPOSED_BY,
  EXTENT,
  EXTENT_BY,
  INSTALLED_BY,
  LINE_BY,
  MEDIA,
  MEDIA_BY,
  PTE,
  REMOVED_BY,
  T_DEPTH,
} from './layout.ts';
import type { RunState } from './run-state.ts';
import { forEachMapping } from './steps/walk.ts';
import type { OpRow } from './world.ts';

/** Roles take 12 bits: a program has at most 2000 rows (ROWS_MAX); the operation's writer id stands above them. */
const WRITER_SHIFT = 12;
const ROLE_MASK = (1 << WRITER_SHIFT) - 1;
const WRITER_MASK = 31;

/** The role of the step at work. */
export function byRole(k: RunState): number {
  return k.program.role[k.currentPc] as number;
}

/** The same, and whose operation it belongs to: two truncates are two. */
export function byOperation(k: RunState): number {
  const t = k.currentThread;
  return byRole(k) | (writerOf(t, k.opOf(t)) << WRITER_SHIFT);
}

export function operationOf(blame: number): number {
  return (blame >> WRITER_SHIFT) & WRITER_MASK;
}

/** The role to blame; `setup` where no step has done it. */
export function blamed(k: RunState, word: number): string {
  return roleName(k, roleIn(k, word));
}

export function roleIn(k: RunState, word: number): number {
  return k.peek(word) & ROLE_MASK;
}

export function roleName(k: RunState, role: number): string {
  return k.program.roles[role] ?? '';
}

export function setExtent(k: RunState, index: number, extent: number): void {
  const wasHole = k.peek(EXTENT + index) === 0;
  k.put(EXTENT + index, extent);
  k.put(EXTENT_BY + index, byRole(k));
  if (wasHole && extent !== 0) noteOutlived(k, index);
}

/** Set in EXTENT_BY of a page whose extent was written for the sake of another page (B57). */
const NEIGHBOUR = 1 << 20;

export function setNeighbour(k: RunState, index: number, extent: number): void {
  setExtent(k, index, extent);
  k.put(EXTENT_BY + index, k.peek(EXTENT_BY + index) | NEIGHBOUR);
}

export function isNeighbour(k: RunState, index: number): boolean {
  return (k.peek(EXTENT_BY + index) & NEIGHBOUR) !== 0;
}

/** Set in EXTENT_BY of a page whose block a huge fault allocated with those of its neighbours (B27). */
const HUGE_FILLED = 1 << 21;

export function noteHugeFill(k: RunState, index: number): void {
  k.put(EXTENT_BY + index, k.peek(EXTENT_BY + index) | HUGE_FILLED);
}

export function isHugeFilled(k: RunState, index: number): boolean {
  return (k.peek(EXTENT_BY + index) & HUGE_FILLED) !== 0;
}

/** Set in EXTENT_BY of a page whose block came as a copy. */
const COPIED = 1 << 22;

export function setCopied(k: RunState, index: number, extent: number): void {
  setExtent(k, index, extent);
  k.put(EXTENT_BY + index, k.peek(EXTENT_BY + index) | COPIED);
}

export function isCopied(k: RunState, index: number): boolean {
  return (k.peek(EXTENT_BY + index) & COPIED) !== 0;
}

/** Set in INSTALLED_BY of a zero page's pte that a page's block has met. */
const OUTLIVED = 1 << 20;
/** From here on a bit a thread: the zero page was mapped when the write(2) of that thread began. */
const MET_SHIFT = 21;

/** A write(2) begins: the zero pages that are mapped where it writes are its duty to unmap. */
export function noteMet(k: RunState, thread: number, { file, first, last }: OpRow): void {
  for (let page = first >> 1; page << 1 < last; page++) {
    forEachMapping(k, file, page, (pteIndex) => {
      if (pteKind(k.peek(PTE + pteIndex)) !== PTE_ZERO) return;
      k.put(INSTALLED_BY + pteIndex, k.peek(INSTALLED_BY + pteIndex) | (1 << (MET_SHIFT + thread)));
    });
  }
}

/**
 * A zero page that is mapped when its page gets a block: to unmap it is the filler's duty, and no race. But a system
 * call that began before it was mapped may have unmapped what there was then.
 */
export function noteOutlived(k: RunState, index: number): void {
  const t = k.currentThread;
  const { kind } = k.world.rowOfWriter(k.writerOf(t));
  // What stays unwritten still shows zeros.
  if (kind === 'fallocate' || kind === 'unshare' || kind === 'zero') return;
  const isFault = k.peek(T_DEPTH + t) > 0;
  forEachMapping(k, Math.floor(index / PAGES), index % PAGES, (pteIndex) => {
    const by = k.peek(INSTALLED_BY + pteIndex);
    if (pteKind(k.peek(PTE + pteIndex)) !== PTE_ZERO) return;
    const wasThere = isFault || ((by >> (MET_SHIFT + t)) & 1) !== 0;
    // Of this block: what it was to one that has moved on says nothing.
    k.put(INSTALLED_BY + pteIndex, wasThere ? by | OUTLIVED : by & ~OUTLIVED);
  });
}

/** The zero page that the pte maps was there when its page got a block. */
export function hasOutlived(k: RunState, pteIndex: number): boolean {
  return (k.peek(INSTALLED_BY + pteIndex) & OUTLIVED) !== 0;
}

/** Set in EXPOSED_BY: of a shared block of which only a copy was zeroed that came to nothing, and of later copies of it. */
const ZEROES_LOST = 1 << 20;

export function loseZeroes(k: RunState, block: number): void {
  k.put(EXPOSED_BY + block, k.peek(EXPOSED_BY + block) | ZEROES_LOST);
}

export function hasLostZeroes(k: RunState, block: number): boolean {
  return (k.peek(EXPOSED_BY + block) & ZEROES_LOST) !== 0;
}

/** Set in MEDIA_BY of a line whose block has replaced another before the line was flushed; whoever flushes it clears that. */
const UNFLUSHED = 1 << 21;

/** Set in REMOVED_BY of a block that no clone had and a copy has replaced, and in EXPOSED_BY of that copy (F15). */
const REPLACED = 1 << 21;

export function noteReplaced(k: RunState, block: number, copy: number): void {
  k.put(REMOVED_BY + block, k.peek(REMOVED_BY + block) | REPLACED);
  k.put(EXPOSED_BY + copy, k.peek(EXPOSED_BY + copy) | REPLACED);
}

/** Set in REMOVED_BY of a block of the CoW fork that was cancelled. */
const CANCELLED = 1 << 22;

export function noteCancelled(k: RunState, block: number): void {
  k.put(REMOVED_BY + block, byOperation(k) | CANCELLED);
}

export function isCancelled(k: RunState, block: number): boolean {
  return (k.peek(REMOVED_BY + block) & CANCELLED) !== 0;
}

/** A copy has replaced the block, which no clone has: it is free. */
export function isReplaced(k: RunState, block: number): boolean {
  return (k.peek(REMOVED_BY + block) & REPLACED) !== 0;
}

/** The block is a copy of one that no clone has. */
export function hasReplaced(k: RunState, block: number): boolean {
  return (k.peek(EXPOSED_BY + block) & REPLACED) !== 0;
}

/** @param source what a copy is of; null for one that had nothing to copy */
export function exposeCopy(k: RunState, block: number, source: number | null): void {
  const lost = source === null ? 0 : k.peek(EXPOSED_BY + source) & ZEROES_LOST;
  k.put(EXPOSED_BY + block, byOperation(k) | lost);
  const first = block * LINES_PER_PAGE;
  for (let line = first; line < first + LINES_PER_PAGE; line++) {
    if (k.peek(CPU + line) !== k.peek(MEDIA + line))
      k.put(MEDIA_BY + line, k.peek(MEDIA_BY + line) | UNFLUSHED);
  }
}

export function isUnflushedCopy(k: RunState, line: number): boolean {
  return (k.peek(MEDIA_BY + line) & UNFLUSHED) !== 0;
}

/** What a line of a block holds once power fails. */
export function setMedia(k: RunState, line: number, value: number): void {
  k.put(MEDIA + line, value);
  k.put(MEDIA_BY + line, byRole(k));
}

/** What loads see goes to the media: who wrote it is to blame, not who flushes it. */
export function flushLine(k: RunState, line: number): void {
  k.put(MEDIA + line, k.get(CPU + line));
  k.put(MEDIA_BY + line, k.peek(LINE_BY + line));
}

/** A copy that was synced: who wrote the line is to blame for the copy as well. */
export function copySynced(k: RunState, from: number, to: number): void {
  const value = k.get(CPU + from);
  k.put(CPU + to, value);
  k.put(MEDIA + to, value);
  k.put(LINE_BY + to, k.peek(LINE_BY + from));
  k.put(MEDIA_BY + to, k.peek(LINE_BY + from));
}

/** Set in LINE_BY of a line that held something else when it was copied from a shared block (F06). */
const COPIED_OVER = 1 << 20;

/** A copy on write takes a line over: who wrote it there is to blame for what it shows. */
export function copyCpu(k: RunState, from: number, to: number): void {
  const value = k.get(from);
  const isOver = k.peek(to) !== STALE && k.peek(to) !== value;
  k.put(to, value);
  k.put(LINE_BY + to - CPU, isOver ? byRole(k) | COPIED_OVER : k.peek(LINE_BY + from - CPU));
}

export function isCopiedOver(k: RunState, cpuWord: number): boolean {
  return (k.peek(LINE_BY + cpuWord - CPU) & COPIED_OVER) !== 0;
}

/** The same of what a power failure leaves of the line. */
export function isCopiedOverOnMedia(k: RunState, line: number): boolean {
  return (k.peek(MEDIA_BY + line) & COPIED_OVER) !== 0;
}

/** What loads see at a line of a block. */
export function setCpu(k: RunState, cpuWord: number, value: number): void {
  k.put(cpuWord, value);
  k.put(LINE_BY + cpuWord - CPU, byRole(k));
}
