/** What runs and searches answer: plain data. */
import type { Input } from '../../corpus/vocabulary/input.ts';
import type { Verdict } from '../../corpus/vocabulary/verdict.ts';

/** A visible step: the thread took it in its operation number `op`. */
export interface Step {
  readonly thread: number;
  readonly op: number;
  /** `path/step`, such as `fault/insertPte`. */
  readonly label: string;
  /** The how-manieth time, from 1, the thread takes this step in this operation. */
  readonly occurrence: number;
}

/** One interleaving, judged. */
export interface Run {
  /** The workload, and the schedule that repeats this run. */
  readonly input: Input;
  readonly verdict: Verdict;
  /** Switches away from a thread that could have gone on. */
  readonly preemptions: number;
  readonly steps: readonly Step[];
  /** Over steps and verdict: equal runs have equal digests. */
  readonly digest: string;
}

/** A run that goes wrong, and one of the ways in which it does. */
export interface Counterexample {
  /** What the finding is known by, on any model. */
  readonly signature: string;
  /** In words: `B12 fault maps a block that a hole punch frees`, `looks like B12: …` or `new: …`. */
  readonly name: string;
  readonly run: Run;
}
