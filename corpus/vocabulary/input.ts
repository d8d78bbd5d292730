/**
 * What is fuzzed: a setup, a workload and a schedule. Plain values; `text.ts` is their canonical form and
 * `checkInput` in `validate.ts` says whether one can be run.
 */
import type { Op, PageState, Sharing } from './ops.ts';

export interface FileSetup {
  /** Bytes, a multiple of a line. */
  readonly size: number;
  /** One state a page, from page 0; pages that are not named are holes. */
  readonly pages: readonly PageState[];
}

/** One mapping that exists before the run; offset and length are bytes, multiples of a page. */
export interface AreaSetup {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
  readonly sharing: Sharing;
}

/** An address space: AREAS places, each empty or mapped. */
export interface ProcessSetup {
  readonly areas: readonly (AreaSetup | null)[];
}

export interface Setup {
  readonly files: readonly FileSetup[];
  readonly processes: readonly ProcessSetup[];
}

/** A simulated kernel thread: it lives in one process and runs its operations in order. */
export interface ThreadOps {
  readonly process: number;
  readonly ops: readonly Op[];
}

/**
 * A forced switch. It fires when `thread`, having run last, stands before the visible step `label` of its
 * operation `op` for the `occurrence`-th time (from 1); then `to` runs. Where `thread` could have gone on it
 * is a preemption, where `thread` is blocked or done it is a free choice. An `op` equal to the number of
 * operations, with label `end`, stands for "has finished".
 */
export interface Switch {
  readonly thread: number;
  readonly op: number;
  readonly label: string;
  readonly occurrence: number;
  readonly to: number;
}

/** Default policy, run until blocked, then the lowest enabled thread, and a sparse list of exceptions. */
export interface Schedule {
  readonly first: number;
  readonly switches: readonly Switch[];
}

export interface Workload {
  readonly setup: Setup;
  readonly threads: readonly ThreadOps[];
}

export interface Input extends Workload {
  readonly schedule: Schedule;
}

export const EMPTY_SCHEDULE: Schedule = { first: 0, switches: [] };
