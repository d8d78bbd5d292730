/**
 * What a model compiles to: a flat table, one row an instruction, that the kernel interprets. Rows are only
 * made by compile.ts; the kernel knows no model.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { LOCK_CLASSES_MAX } from '../../corpus/vocabulary/limits.ts';
import type { OpKind } from '../../corpus/vocabulary/ops.ts';
import type { Kernel } from './kernel.ts';
import type { Node } from './path.ts';

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
/**
 * A footprint of one object, as data: base + register a << shift (+ register b). Most steps touch just one,
 * and taking footprints is a fifth of a run, so the kernel computes these without a call.
 */
export interface OneObject {
  readonly base: number;
  readonly a: number;
  readonly shift: number;
  /** -1 for none. */
  readonly b: number;
  readonly isWrite: boolean;
}
export type Touch = StepTouch | OneObject;
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

/**
 * A step with one of these bits runs with the step before it where no reachable step has the same bit among its
 * conflicts: a lock class that is only ever read, a journal that nobody commits, a device that nobody removes.
 */
export function fuseOfClass(cls: number): number {
  return 1 << cls;
}
export const FUSE_DEVICE: number = 1 << LOCK_CLASSES_MAX;
/** A look for pinned pages, where no operation pins any. */
export const FUSE_PINS: number = FUSE_DEVICE << 1;

/** In place of the entry of an operation that the model lacks. */
export const NO_ENTRY = -1;

/** The first thing in a workload that the model has no path for; null if it has them all. */
export function lackingIn(
  { entry, hasMapSync, hasDsync }: Pick<Program, 'entry' | 'hasMapSync' | 'hasDsync'>,
  { setup, threads }: Workload,
): OpKind | 'MAP_SYNC' | 'O_DSYNC' | null {
  for (const { areas } of setup.processes) {
    for (const area of areas) if (area?.sharing === 'sync' && !hasMapSync) return 'MAP_SYNC';
  }
  for (const { ops } of threads) {
    for (const op of ops) {
      if (entry[op.kind] === NO_ENTRY) return op.kind;
      if (!hasMapSync && 'sharing' in op && op.sharing === 'sync') return 'MAP_SYNC';
      if (!hasDsync && 'sync' in op) return 'O_DSYNC';
    }
  }
  return null;
}

/** The FUSE bits of a program that no operation of a workload conflicts with. */
export function fusableBits(
  { conflictsOfKind, faultConflicts, entryOfKind }: Program,
  workload: { readonly kinds: readonly number[]; readonly mayFault: boolean },
): number {
  let conflicts = workload.mayFault ? faultConflicts : 0;
  for (const kind of workload.kinds) {
    assert(entryOfKind[kind] !== NO_ENTRY, 'a path for every operation of the workload', kind);
    conflicts |= conflictsOfKind[kind] as number;
  }
  return ~conflicts;
}

// One row of `code`, CODE_STRIDE words: what the kernel's loop needs, side by side. Word 0 is the kind, `I_…`.
export const CODE_STRIDE_BITS = 4;
export const CODE_NEXT = 1;
export const CODE_OTHERWISE = 2;
export const CODE_REGISTER = 3;
export const CODE_MASK = 4;
export const CODE_VALUE = 5;
/** 1 where the test is negated; of visible rows: 1 where the footprint is restless. */
export const CODE_FLAG = 6;
export const CODE_FUSE = 7;
/** OneObject: its base, or -1 where `touch` must be called. */
export const CODE_TOUCH = 8;
export const CODE_TOUCH_A = 9;
export const CODE_TOUCH_SHIFT = 10;
export const CODE_TOUCH_B = 11;
export const CODE_TOUCH_WRITE = 12;

export interface Program {
  /** The rows once more, packed for the kernel's loop. */
  readonly code: Int32Array;
  readonly kind: Uint8Array;
  readonly run: readonly StepRun[];
  readonly touch: readonly Touch[];
  /** Branches: (register & mask) === value, xor negated; or `test`, where two registers decide. */
  readonly register: Uint8Array;
  readonly mask: Int32Array;
  readonly value: Int32Array;
  readonly negated: Uint8Array;
  readonly test: readonly (TestRun | null)[];
  readonly next: Int32Array;
  /** Where a branch goes when its test fails. */
  readonly otherwise: Int32Array;
  readonly fuse: Int32Array;
  /** What the rows of each operation, by the number of its kind, and those of a fault keep from being fused. */
  readonly conflictsOfKind: Int32Array;
  readonly faultConflicts: number;
  /** 1 where the footprint depends on shared state, so it is taken again when the step runs. */
  readonly restless: Uint8Array;
  /** `path/stepName`, unique in the program; empty for rows that are not visible. */
  readonly label: readonly string[];
  /** The name in the registry of the step or test; empty for other rows. */
  readonly step: readonly string[];
  /**
   * Who did what, as signatures say it: an index into `roles`, 1 and up; rows of one operation and one step of the
   * registry share it, wherever a model puts them and whatever it labels them.
   */
  readonly role: Int32Array;
  /** `punch/removeExtent`; `access` for every access of a user; the first one is `setup`. */
  readonly roles: readonly string[];
  /** The lock that the step names; empty for all others. */
  readonly lock: readonly string[];
  /** The step of the model; null for rows that are none. */
  readonly node: readonly (Node | null)[];
  /** Where each operation begins. */
  readonly entry: Readonly<Record<OpKind, number>>;
  /** The same by the number of the kind in OP_KINDS; the last is that of a synchronous pwrite. */
  readonly entryOfKind: Int32Array;
  readonly faultEntry: number;
  readonly size: number;
  /** Some path makes DAX entries: before 4.5 there are none. */
  readonly hasEntries: boolean;
  /** Its faults know MAP_SYNC areas. */
  readonly hasMapSync: boolean;
  /** Its writes may be synchronous. */
  readonly hasDsync: boolean;
  /** Loads leave ZERO entries in the cache, and no pages. */
  readonly hasZeroEntries: boolean;
  /** Pages of the cache hold data: without DAX. */
  readonly hasPageData: boolean;
  /** The lock classes that some path takes exclusively, as a set (locks.ts). */
  readonly orderedClasses: number;
  /** The lock classes by number, as the model calls them: the built-in ones, then its own. */
  readonly lockNames: readonly string[];
  /** For each class those that the model's `order` puts after it, in the bits of held counts. */
  readonly documented: Int32Array;
  /** The same as signatures call them: its own ones by what has an instance. */
  readonly lockIds: readonly string[];
  /** The model tracks dirty pages, so fsync owes what was stored through mappings (from 4.5 on, locking 1.5). */
  readonly durability: boolean;
}
