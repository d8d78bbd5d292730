/**
 * What each step of a traced run did, for a reader: it is run once more, under a watch that writes down reads,
 * sleeps, faults and results. The trace itself only knows who stood where.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { OPS } from '../../corpus/vocabulary/limits.ts';
import type { Verdict } from '../../corpus/vocabulary/verdict.ts';
import { INITIAL, OK, RESULT_NAMES, STALE } from '../kernel/encoding.ts';
import { Kernel } from '../kernel/kernel.ts';
import { T_DEPTH, T_HELD } from '../kernel/layout.ts';
import { heldCount } from '../kernel/locks.ts';
import type { Program } from '../kernel/program.ts';
import type { TraceRow } from '../kernel/tracer.ts';
import type { Watch } from '../kernel/watch.ts';
import { World } from '../kernel/world.ts';

/** What a view needs of a run that was written down. */
export interface TracedRun {
  readonly verdict: Verdict;
  readonly rows: readonly TraceRow[];
}

export interface Observed {
  /** Values of the lines that the step read for its user, each once: `zeros`, `T1's pwrite`. */
  readonly values: readonly string[];
  /** The thread went to sleep on the lock that it asks for. */
  readonly sleeps: boolean;
  /** The step could not go on without a page fault. */
  readonly faulted: boolean;
  /** The operation ended here, and not well: `SIGBUS`. */
  readonly failure: string | null;
  /** What each thread holds once the step is done, by the model's names. */
  readonly held: readonly (readonly string[])[];
}

export function observe(
  program: Program,
  workload: Workload,
  rows: readonly Pick<TraceRow, 'thread'>[],
): readonly Observed[] {
  const notes = new Notes(workload);
  const k = rerun(program, workload, notes);
  return rows.map(({ thread }) => {
    notes.begin();
    const depth = k.peek(T_DEPTH + thread);
    const op = k.opOf(thread);
    k.step(thread);
    const faulted = k.opOf(thread) === op && k.peek(T_DEPTH + thread) > depth;
    return { ...notes.end(faulted), held: workload.threads.map((_, t) => heldBy(k, t)) };
  });
}

/** A kernel that stands at the start of the run, steps not fused. */
export function rerun(
  program: Program,
  workload: Workload,
  watch: Watch = new Notes(workload),
): Kernel {
  const k = new Kernel(program, watch);
  k.footprints = false;
  k.load(new World(workload));
  k.fused = 0;
  return k;
}

class Notes implements Watch {
  private readonly workload: Workload;
  private values: string[] = [];
  private sleeps = false;
  private failure: string | null = null;

  constructor(workload: Workload) {
    this.workload = workload;
  }

  begin(): void {
    this.values = [];
    this.sleeps = false;
    this.failure = null;
  }

  end(faulted: boolean): Omit<Observed, 'held'> {
    const { values, sleeps, failure } = this;
    return { values: [...new Set(values)], sleeps, faulted, failure };
  }

  lineRead(_k: Kernel, _reader: number, _file: number, _line: number, value: number): void {
    this.values.push(valueName(value, this.workload));
  }

  blocked(): void {
    this.sleeps = true;
  }

  opEnded(_k: Kernel, _thread: number, _writer: number, result: number): void {
    if (result !== OK) this.failure = RESULT_NAMES[result] ?? 'fails';
  }

  pteUsed(): void {}
  pteInstalled(): void {}
  extentLeaves(): void {}
  extentArrives(): void {}
  bufferSet(): void {}
  pageDiscarded(): void {}
  blockGivenUp(): void {}
  writtenUnpinned(): void {}
  copyMade(): void {}
  copyZapped(): void {}
  extentSwapped(): void {}
  copyInstalled(): void {}
  blockUsed(): void {}
  tableBroken(): void {}
  sizeSet(): void {}
  durableChanged(): void {}
  edgeAdded(): void {}
  badRelease(): void {}
  lockMissing(): void {}
}

function heldBy(k: Kernel, thread: number): readonly string[] {
  const held = k.peek(T_HELD + thread);
  return k.program.lockNames.filter((_, cls) => heldCount(held, cls) > 0);
}

/** The value of a line, by who wrote it. */
export function valueName(value: number, { threads }: Workload): string {
  if (value === 0) return 'zeros';
  if (value === STALE) return 'foreign data';
  if (value >= INITIAL) return `old data of ${value === INITIAL ? 'A' : 'B'}`;
  const thread = Math.floor((value - 1) / OPS);
  return `T${thread}'s ${threads[thread]?.ops[(value - 1) % OPS]?.kind ?? 'write'}`;
}
