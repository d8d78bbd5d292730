/**
 * What the kernel tells whoever watches it. The kernel knows no oracle and no coverage: they are handed in.
 */
import type { Kernel } from './kernel.ts';

export type TableBreach = 'pte-under-huge' | 'huge-over-table';
export type BlockUse = 'zero' | 'copy' | 'read' | 'writeback';

export interface Watch {
  /** Its last visible step has run; `result` is OK, SIGBUS, … */
  opEnded(k: Kernel, thread: number, writer: number, result: number): void;
  /** A load, or the reading side of a copy, saw `value` at a line of a file through `pteIndex` (or -1). */
  lineRead(
    k: Kernel,
    reader: number,
    file: number,
    line: number,
    value: number,
    pteIndex: number,
    cpuWord: number,
  ): void;
  /** A load or store is about to go through a PTE that maps the file. */
  pteUsed(k: Kernel, pteIndex: number, file: number, page: number, isWrite: boolean): void;
  pteInstalled(k: Kernel, pteIndex: number, file: number, page: number): void;
  /** The frame's slot is about to be both a table of ptes and mapped huge. */
  tableBroken(k: Kernel, r: number, how: TableBreach): void;
  /** A private copy has just been made. */
  copyMade(k: Kernel, r: number): void;
  /** A private copy is about to be mapped: its two lines wait in R_SLOT and R_LINE. */
  copyInstalled(k: Kernel, r: number): void;
  /** An unmap of the file's pages is about to take a private copy away. */
  copyZapped(k: Kernel, pteIndex: number): void;
  /**
   * The kernel is about to zero, fill or read a block for a page (pageIndex), or to write the page back to it.
   * @param gen of the block when it was looked up
   */
  blockUsed(k: Kernel, index: number, block: number, gen: number, use: BlockUse): void;
  /** i_size has just been set. */
  sizeSet(k: Kernel, file: number): void;
  /** A block is about to leave a page of a file: freed, or moved by collapse and insert. */
  extentLeaves(k: Kernel, file: number, page: number, block: number): void;
  /** A page of a file is about to have the extent of a copy in place of its own. */
  extentSwapped(k: Kernel, file: number, page: number, copy: number): void;
  /** Collapse or insert has brought a page of a file an extent. */
  extentArrives(k: Kernel, file: number, page: number): void;
  /** A page of the cache has been read in, or its buffer has been mapped. */
  bufferSet(k: Kernel, page: number): void;
  /** A page of the cache is about to go with what it holds. */
  pageDiscarded(k: Kernel, page: number): void;
  /** A block is about to be freed, or made unwritten where it is: what it holds is no page's any more. */
  blockGivenUp(k: Kernel, file: number, page: number, block: number): void;
  /** A device has written to a block without a pin, and no page has the block any more. */
  writtenUnpinned(k: Kernel, block: number): void;
  /** Committed metadata, or what the device would show after a power failure, has changed. */
  durableChanged(k: Kernel): void;
  /** A lock class was asked for while others were held: a new edge of the class graph. */
  edgeAdded(k: Kernel, thread: number, cls: number): void;
  /** Release in a mode that is not held. */
  badRelease(k: Kernel, thread: number, cls: number, forWrite: boolean): void;
  /** A rule about locks that must be held was broken. */
  lockMissing(k: Kernel, thread: number, cls: number, mode: 'R' | 'W'): void;
  /** The thread has just gone to sleep. */
  blocked(k: Kernel, thread: number): void;
}

/** Watches every executed visible step: coverage, profiles, traces. */
export interface Tracker {
  stepping(k: Kernel, thread: number, pc: number): void;
}

/** One that is told when a run begins. */
export interface RunTracker extends Tracker {
  reset(): void;
}
