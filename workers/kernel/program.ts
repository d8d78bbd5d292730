/**
 * What a model compiles to: a flat table, one row an instruction, that the kernel interprets. Rows are only
 * made by compile.ts; the kernel knows no model.
 */
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import type { Kernel } from './kernel.ts';

/** The step is done; go on behind it. */
export const NEXT = 0;
/** The thread sleeps before this step and, once woken, competes again. */
export const SLEEP = 1;
/** The thread sleeps; the releaser hands the lock over and moves it behind this step. */
export const HANDOFF = 2;
/** A fault was pushed; the step runs again when it returns. */
export const CALLED = 3;
/** The operation ends here, whatever follows. */
export const FINISHED = 4;
export type Outcome = 0 | 1 | 2 | 3 | 4;

export type StepRun = (k: Kernel, t: number, r: number) => Outcome;
/** Declares, from the state before the step, what it would read and write: through k.reads and k.writes. */
export type StepTouch = (k: Kernel, t: number, r: number) => void;
export type TestRun = (k: Kernel, r: number) => boolean;

export const I_VISIBLE = 0;
export const I_LOCAL = 1;
export const I_BRANCH = 2;
export const I_JUMP = 3;
/** A jump that lets others run first: a retry. */
export const I_YIELD = 4;
/** End of a fault path: back to the frame below. */
export const I_RETURN = 5;
/** End of an operation. */
export const I_END = 6;
/** A branch whose test needs a call. */
export const I_BRANCH_CALL = 7;

/** Steps that no step of the workload can conflict with are executed with the step before them. */
export const FUSE_NEVER = 0;
export const FUSE_MMAP = 1;
export const FUSE_JOURNAL = 2;
export const FUSE_DEVICE = 4;

export interface Program {
  readonly kind: Uint8Array;
  readonly run: readonly StepRun[];
  readonly touch: readonly StepTouch[];
  /** Branches: (register & mask) === value, xor negated; or `test`, where two registers decide. */
  readonly register: Uint8Array;
  readonly mask: Int32Array;
  readonly value: Int32Array;
  readonly negated: Uint8Array;
  readonly test: readonly (TestRun | null)[];
  readonly next: Int32Array;
  /** Where a branch goes when its test fails. */
  readonly otherwise: Int32Array;
  readonly fuse: Uint8Array;
  /** 1 where the footprint depends on shared state, so it is taken again when the step runs. */
  readonly restless: Uint8Array;
  /** `path/stepName`, unique in the program; empty for rows that are not visible. */
  readonly label: readonly string[];
  /** The step's name in the registry; empty for rows that are no steps. */
  readonly step: readonly string[];
  /** Nodes of the model that made the row, for listings. */
  readonly entry: Readonly<Record<OpKind, number>>;
  readonly faultEntry: number;
  readonly size: number;
  /** The model tracks dirty pages, so fsync owes what was stored (from 4.5 on, dossier 1.5). */
  readonly durability: boolean;
  /** The model has a fault lock, so extents may only change under it. */
  readonly faultLock: boolean;
}
