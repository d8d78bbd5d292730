/**
 * A run for pictures and the player: what each step does, what stands where before and after it, which two steps decide,
 * and three sentences. Pure.
 */
import type { Input } from '../../corpus/vocabulary/input.ts';
import { PROCESS_NAMES, THREAD_NAMES } from '../../corpus/vocabulary/names.ts';
import { printOp } from '../../corpus/vocabulary/text.ts';
import type { Violation } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { compile } from '../model/compile.ts';
import { textsOf } from './columns.ts';
import { explain, markedOf, type Subject } from './explain.ts';
import { cycleMarks } from './lock-views.ts';
import { observe, type TracedRun } from './observe.ts';
import { type Scene, scenesOf } from './scenes.ts';

interface StoryThread {
  /** `T0`. */
  readonly name: string;
  /** `P0`. */
  readonly process: string;
  readonly ops: readonly string[];
}

export interface StoryStep {
  readonly thread: number;
  /** The operation that it is a step of. */
  readonly op: number;
  /** What it does: `unmap: clear the pte`. */
  readonly text: string;
  /** The place in the model's paths: `punch/unmap/clearPte`. */
  readonly label: string;
  readonly isDeciding: boolean;
  /** What it has to do with the cycle of locks that the subject is about: `takes i_mmap_rwsem`. */
  readonly inCycle: readonly string[];
  /** What goes wrong with it. */
  readonly violations: readonly Violation[];
}

export interface Story {
  readonly threads: readonly StoryThread[];
  readonly steps: readonly StoryStep[];
  /** Before the first step, and after each. */
  readonly scenes: readonly Scene[];
  /** Steps, counted from 1, whose order decides. */
  readonly pair: readonly [number, number] | null;
  /** The step with which the subject shows, counted from 1; 0 where it does not. */
  readonly guilty: number;
  readonly sentences: readonly string[];
  /** What the threads hold once the two have run: `After step 8 T1 holds i_mutex:W.` Empty where none decides. */
  readonly heldAtPair: string;
}

/** @param subject the finding that it is about; null where it is about none */
export function storyOf(
  model: Model,
  input: Input,
  run: TracedRun,
  subject: Subject | null,
): Story {
  const program = compile(model);
  const { rows } = run;
  const texts = textsOf(model, input, rows, observe(program, input, rows));
  const { guilty, pair } = subject === null ? { guilty: 0, pair: null } : markedOf(run, subject);
  const scenes = scenesOf(
    program,
    input,
    rows.map(({ thread }) => thread),
  );
  const cycle = subject === null ? [] : cycleMarks(program, input, run, subject.signature);
  const violations = run.verdict.kind === 'violation' ? run.verdict.violations : [];
  return {
    threads: input.threads.map(({ process, ops }, t) => ({
      name: THREAD_NAMES[t] ?? '',
      process: PROCESS_NAMES[process] ?? '',
      ops: ops.map(printOp),
    })),
    steps: rows.map(({ thread, op, label }, i) => ({
      thread,
      op,
      label,
      text: texts[i] ?? label,
      isDeciding: pair?.includes(i + 1) === true,
      inCycle: cycle.filter(({ step }) => step === i + 1).map((mark) => mark.text),
      violations: violations.filter(({ step }) => step === i + 1),
    })),
    scenes,
    pair,
    guilty,
    sentences: subject === null ? [] : explain(run, subject, texts),
    heldAtPair: pair === null ? '' : heldAt(pair, rows, scenes),
  };
}

function heldAt(
  pair: readonly [number, number],
  rows: TracedRun['rows'],
  scenes: readonly Scene[],
): string {
  const parts = [...pair]
    .sort((a, b) => a - b)
    .map((step) => {
      const thread = rows[step - 1]?.thread ?? 0;
      const held = scenes[step]?.threads[thread]?.held ?? [];
      const names = held.map(lockText).join(', ');
      return `after step ${step} ${THREAD_NAMES[thread]} holds ${names === '' ? 'no lock' : names}`;
    });
  const [first = '', ...others] = parts;
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}; ${others.join('; ')}.`;
}

/** `i_mutex:W`; a lock without modes by its name. */
export function lockText({ name, mode }: Scene['threads'][number]['held'][number]): string {
  return mode === null ? name : `${name}:${mode}`;
}
