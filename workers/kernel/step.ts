/**
 * What a step is. A model names steps; the registry says what each does, what it touches, what makes it one
 * atomic act and where it was read. Steps come in two kinds: visible ones are scheduling points, local ones
 * run with the visible step before them and touch registers only.
 */
import { R_FILE, R_PAGE } from './layout.ts';
import type { Rwsem } from './locks.ts';
import type { StepRun, TestRun, Touch } from './program.ts';

export interface StepDef {
  readonly name: string;
  /** What signatures call it: flavours of one step, such as the policies of an allocation, do the same wrong. */
  readonly role: string;
  /** What texts of models and labels call it: `allocBlock(new)` and `allocBlock(prezero)` are flavours of one step. */
  readonly family: string;
  /** '' where it has none. */
  readonly flavour: string;
  readonly visible: boolean;
  /** Whether the model must name a lock: `downRead(mmapSem)`. */
  readonly takesLock: boolean;
  readonly run: (lock: Rwsem | null) => StepRun;
  readonly touch: (lock: Rwsem | null) => Touch;
  /** Object classes the step may ever touch; the static side of `touch`. */
  readonly may: readonly string[];
  /** See fuseOfClass in program.ts: the bit that lets it be fused, and the bits that it keeps others from. */
  readonly fuse: (lock: Rwsem | null) => number;
  readonly conflicts: (lock: Rwsem | null) => number;
  readonly restless: boolean;
  /** In a column: "check i_size". `{lock}` is the model's name for the lock. */
  readonly says: string;
  /** What makes it one step, and where it comes from. */
  readonly why: string;
  /** A local step that reads what others may change: it never runs before its own operation has begun. */
  readonly reads: boolean;
  /** It leaves R_ANSWER: `then` and `else` may follow. */
  readonly answers: boolean;
  /** Effect on locks, for the checks that a model passes before it runs. */
  readonly lock: 'takes' | 'drops' | 'none';
}

/**
 * A test of registers. Nearly all compare some bits of one register with a constant, and those are plain data,
 * so that the kernel evaluates them without a call; `run` is for the few that look at two.
 */
export interface TestDef {
  readonly name: string;
  readonly says: string;
  readonly register: number;
  readonly mask: number;
  readonly value: number;
  /** The test holds when the bits differ from the value. */
  readonly negated: boolean;
  readonly run: TestRun | null;
}

export type VisibleFacts = Pick<StepDef, 'name' | 'says' | 'why' | 'may'> & {
  /** Where it is not the name. */
  readonly role?: string;
  readonly family?: string;
  readonly flavour?: string;
  readonly run: StepRun;
  readonly touch: Touch;
  readonly fuse?: number;
  readonly conflicts?: number;
  readonly restless?: boolean;
  readonly answers?: boolean;
  readonly lock?: 'takes' | 'drops';
};

export function visible(facts: VisibleFacts): StepDef {
  return {
    name: facts.name,
    role: facts.role ?? facts.name,
    family: facts.family ?? facts.name,
    flavour: facts.flavour ?? '',
    visible: true,
    takesLock: false,
    run: () => facts.run,
    touch: () => facts.touch,
    may: facts.may,
    fuse: () => facts.fuse ?? 0,
    conflicts: () => facts.conflicts ?? 0,
    restless: facts.restless ?? false,
    reads: false,
    answers: facts.answers ?? false,
    says: facts.says,
    why: facts.why,
    lock: facts.lock ?? 'none',
  };
}

/** `run` returns NEXT, whatever it is: the kernel does not look at the outcome of a local step. */
export function local(
  name: string,
  why: string,
  run: LocalRun,
  reads = false,
  answers = false,
): StepDef {
  return {
    name,
    role: name,
    family: name,
    flavour: '',
    visible: false,
    takesLock: false,
    run: () => run as StepRun,
    touch: () => touchNothing,
    may: [],
    fuse: () => 0,
    conflicts: () => 0,
    restless: false,
    reads,
    answers,
    says: '',
    why,
    lock: 'none',
  };
}

type LocalRun = (...args: Parameters<StepRun>) => void;

/** Footprint: one object of a class, numbered by a register. */
export function touchesOne(base: number, register: number, isWrite: boolean): Touch {
  return { base, a: register, shift: 0, b: -1, isWrite };
}

/** Footprint: the object of a class that stands for page R_PAGE of file R_FILE. */
export function touchesPageOf(base: number, isWrite: boolean): Touch {
  return { base, a: R_FILE, shift: PAGES_SHIFT, b: R_PAGE, isWrite };
}

/** PAGES is 8. */
const PAGES_SHIFT = 3;

export const touchNothing: Touch = () => {
  // Local steps touch registers only.
};
