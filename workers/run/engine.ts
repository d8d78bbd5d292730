/** One model made ready, workloads loaded into it, runs executed and judged. Pure. */
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Schedule, Switch, Workload } from '../../corpus/vocabulary/input.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { STEPS_MAX } from '../../corpus/vocabulary/limits.ts';

import type { Verdict, Violation } from '../../corpus/vocabulary/verdict.ts';
import { Kernel } from '../kernel/kernel.ts';
import { run, runChoices, type Scheduler } from '../kernel/machine.ts';
import type { Model } from '../kernel/path.ts';
import { lackingIn, type Program } from '../kernel/program.ts';
import { type TraceRow, Tracer } from '../kernel/tracer.ts';
import type { RunTracker } from '../kernel/watch.ts';
import { World } from '../kernel/world.ts';
import { compile } from '../model/compile.ts';
import { ALL_ORACLES, Judge } from '../oracles/judge.ts';
import { currentLabel, type OracleId } from '../oracles/oracle.ts';
import { Replay, ReplayChoices } from '../schedulers/replay.ts';
import { type Fate, fateOf, turningIn } from './never-ends.ts';

/** A run written down: what a person or a repro needs of it. */
export interface Traced {
  readonly verdict: Verdict;
  readonly rows: readonly TraceRow[];
  readonly schedule: Schedule;
  readonly preemptions: number;
  readonly digest: string;
}

/** States that are searched for a way out of where a run has used up its steps: a tenth of a second. */
const FATE_STATES_MAX = 50_000;

export class Engine {
  readonly program: Program;
  readonly kernel: Kernel;
  readonly judge: Judge;
  private readonly tracker: RunTracker | null;
  private readonly tracer: Tracer = new Tracer();

  /** @param model accepted by `checkModel` */
  constructor(
    model: Model,
    oracles: ReadonlySet<OracleId> = ALL_ORACLES,
    tracker: RunTracker | null = null,
  ) {
    this.program = compile(model);
    this.judge = new Judge(oracles);
    this.tracker = tracker;
    this.kernel = new Kernel(this.program, this.judge);
    this.kernel.tracker = tracker;
  }

  /** The first thing that the model has no path for; null if it has them all. */
  lackingIn(workload: Workload): ReturnType<typeof lackingIn> {
    return lackingIn(this.program, workload);
  }

  /** @throws Refusal OPERATION_LACKING */
  load(workload: Workload): void {
    const lacking = this.lackingIn(workload);
    if (lacking !== null) {
      throw fail('OPERATION_LACKING', { problem: `the model has no path for ${lacking}` });
    }
    this.kernel.load(new World(workload));
  }

  /**
   * One run of the loaded workload. Violations are in `judge.violations` until the next run.
   * @param tracker of this run alone
   */
  run(scheduler: Scheduler, tracker: RunTracker | null = this.tracker): number {
    this.kernel.tracker = tracker;
    tracker?.reset();
    this.judge.reset();
    const steps = this.finish(run(this.kernel, scheduler, STEPS_MAX));
    this.kernel.tracker = this.tracker;
    return steps;
  }

  isInconclusive(steps: number): boolean {
    return (steps > STEPS_MAX && this.judge.violations.length === 0) || this.kernel.overflow;
  }

  /** The threads that ran, step by step, in a run under this scheduler. */
  choicesOf(scheduler: Scheduler): readonly number[] {
    const k = this.kernel;
    const choices: number[] = [];
    const kept = k.tracker;
    k.tracker = { stepping: (_k, thread) => choices.push(thread) };
    this.judge.reset();
    run(k, scheduler, STEPS_MAX);
    k.tracker = kept;
    return choices;
  }

  /** Run the loaded workload under a schedule, writing everything down. */
  trace(schedule: Schedule): Traced {
    const replay = new Replay(schedule, this.tracer);
    return this.traceRun((stepsMax) => run(this.kernel, replay, stepsMax));
  }

  /** The same from the bare list of threads that a run without fused steps took. */
  traceChoices(choices: ArrayLike<number>): Traced {
    const replay = new ReplayChoices(choices);
    return this.traceRun((stepsMax) => run(this.kernel, replay, stepsMax));
  }

  /**
   * The same from the list of a run whose steps were fused: they are drawn one by one.
   * @param signature what is to be seen: some orders of locks show only where each step comes when it came there
   */
  traceFused(choices: readonly number[], signature: string | null = null): Traced {
    const traced = this.traceRun((stepsMax) => runChoices(this.kernel, choices, stepsMax));
    const isShown = violationsOf(traced).some((one) => one.signature === signature);
    if (signature === null || isShown) return traced;
    return this.traceRun((stepsMax) => runChoices(this.kernel, choices, stepsMax, true));
  }

  private traceRun(runTo: (stepsMax: number) => number): Traced {
    const k = this.kernel;
    const kept = k.tracker;
    k.tracker = this.tracer;
    k.fused = 0;
    let steps = this.restarted(runTo, STEPS_MAX);
    if (steps > STEPS_MAX && this.fate() === 'never') {
      const end = this.firstReturn(runTo);
      this.restarted(runTo, end);
      this.judge.neverEnds(k, this.turning());
      steps = end;
    }
    k.tracker = kept;
    k.fused = k.fusable;
    const rows = [...this.tracer.rows];
    const verdict = this.verdict(steps);
    const recorded = record(rows);
    return { verdict, rows, ...recorded, digest: traceDigest(rows, verdict) };
  }

  private restarted(runTo: (stepsMax: number) => number, stepsMax: number): number {
    this.tracer.reset();
    this.judge.reset();
    const steps = runTo(stepsMax);
    if (steps <= stepsMax) this.judge.ended(this.kernel);
    return steps;
  }

  /** The step with which a run first comes back to a state that nothing leads out of. */
  private firstReturn(runTo: (stepsMax: number) => number): number {
    const k = this.kernel;
    const returns: number[] = [];
    const seen = new Set<string>();
    const kept = k.tracker;
    k.tracker = {
      stepping: () => {
        const state = `${k.digestA} ${k.digestB}`;
        if (seen.has(state)) returns.push(k.steps - 1);
        seen.add(state);
        k.beginLog();
      },
    };
    k.logging = true;
    this.judge.reset();
    runTo(STEPS_MAX);
    k.logging = false;
    k.tracker = kept;
    // Once nothing leads out, nothing ever does.
    let [from, to] = [0, returns.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      this.restarted(runTo, returns[middle] as number);
      if (this.fate() === 'never') to = middle;
      else from = middle + 1;
    }
    return returns[from] ?? STEPS_MAX;
  }

  /** What becomes of the run that has used up its steps. */
  private fate(): Fate {
    const { judge, kernel } = this;
    if (judge.violations.length > 0 || !judge.mayNeverEnd(kernel)) return 'unknown';
    const fate = fateOf(kernel, FATE_STATES_MAX, () => judge.violations.length > 0);
    judge.reset();
    return fate;
  }

  private turning(): number {
    const turning = turningIn(this.kernel);
    this.judge.reset();
    return turning;
  }

  private finish(steps: number): number {
    if (steps <= STEPS_MAX) this.judge.ended(this.kernel);
    else if (this.fate() === 'never') this.judge.neverEnds(this.kernel, this.turning());
    return steps;
  }

  private verdict(steps: number): Verdict {
    const violations: readonly Violation[] = [...this.judge.violations];
    if (violations.length > 0) return { kind: 'violation', violations };
    const at = `T${this.kernel.currentThread} in ${currentLabel(this.kernel)}`;
    if (this.kernel.overflow) return { kind: 'inconclusive', why: 'simulator room', at };
    if (steps > STEPS_MAX) return { kind: 'inconclusive', why: 'step budget', at };
    return { kind: 'pass' };
  }
}

/** The sparse schedule of a trace: where it left the default policy. */
function record(rows: readonly TraceRow[]): { schedule: Schedule; preemptions: number } {
  const switches: Switch[] = rows
    .filter((row) => row.isForced)
    .map((row) => ({ thread: row.previous, ...row.stoodAt, to: row.thread }));
  const preemptions = rows.filter((row) => row.isPreemption).length;
  return { schedule: { first: rows[0]?.thread ?? 0, switches }, preemptions };
}

/** Over (thread, operation, label, occurrence) and the verdict; never over state words. */
function traceDigest(rows: readonly TraceRow[], verdict: Verdict): string {
  const lines = rows.map((row) => `${row.thread} ${row.op} ${row.label} ${row.occurrence}`);
  const said =
    verdict.kind === 'violation' ? verdict.violations.map((v) => v.signature) : [verdict.kind];
  return sha256Hex([...lines, ...said].join('\n'));
}

export function violationsOf({ verdict }: Traced): readonly Violation[] {
  return verdict.kind === 'violation' ? verdict.violations : [];
}
