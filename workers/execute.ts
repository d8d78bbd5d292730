/** The door: one model made ready, workloads loaded into it, runs executed and judged. Pure. */
import type { Schedule, Switch, Workload } from '../corpus/vocabulary/input.ts';
import { sha256Hex } from '../corpus/vocabulary/json.ts';
import { STEPS_MAX } from '../corpus/vocabulary/limits.ts';
import type { Verdict, Violation } from '../corpus/vocabulary/verdict.ts';
import { compile } from './kernel/compile.ts';
import { History } from './kernel/history.ts';
import { Kernel } from './kernel/kernel.ts';
import { run, type Scheduler } from './kernel/machine.ts';
import type { Model } from './kernel/path.ts';
import type { Program } from './kernel/program.ts';
import { type TraceRow, Tracer } from './kernel/tracer.ts';
import { World } from './kernel/world.ts';
import { ALL_ORACLES, Judge } from './oracles/judge.ts';
import type { OracleId } from './oracles/oracle.ts';
import { Replay, ReplayChoices } from './schedulers/replay.ts';

/** A run written down: what a person or a repro needs of it. */
export interface Traced {
  readonly verdict: Verdict;
  readonly rows: readonly TraceRow[];
  readonly schedule: Schedule;
  readonly preemptions: number;
  readonly digest: string;
}

export class Engine {
  readonly program: Program;
  readonly kernel: Kernel;
  readonly judge: Judge;
  readonly history: History;
  private readonly tracer: Tracer = new Tracer();

  /** @param model accepted by `checkModel` */
  constructor(
    model: Model,
    oracles: ReadonlySet<OracleId> = ALL_ORACLES,
    history: History = new History(),
  ) {
    this.program = compile(model);
    this.judge = new Judge(oracles);
    this.history = history;
    this.kernel = new Kernel(this.program, this.judge);
    this.kernel.tracker = this.history;
  }

  load(workload: Workload): void {
    this.kernel.load(new World(workload));
  }

  /** One run of the loaded workload. Violations are in `judge.violations` until the next run. */
  run(scheduler: Scheduler): number {
    this.history.reset();
    this.judge.reset(this.history);
    const steps = run(this.kernel, scheduler, STEPS_MAX);
    if (steps <= STEPS_MAX) this.judge.ended(this.kernel);
    return steps;
  }

  isInconclusive(steps: number): boolean {
    return steps > STEPS_MAX || this.kernel.overflow;
  }

  /** Run the loaded workload under a schedule, writing everything down. */
  trace(schedule: Schedule): Traced {
    return this.traceWith(new Replay(schedule, this.tracer));
  }

  /** The same from the bare list of threads that a search or a scheduler chose. */
  traceChoices(choices: ArrayLike<number>): Traced {
    return this.traceWith(new ReplayChoices(choices));
  }

  /** The same under any scheduler, whose draws the caller has reset. */
  traceScheduler(scheduler: Scheduler): Traced {
    return this.traceWith(scheduler);
  }

  private traceWith(scheduler: Scheduler): Traced {
    const k = this.kernel;
    const kept = k.tracker;
    this.tracer.reset();
    this.judge.reset(this.tracer);
    k.tracker = this.tracer;
    const steps = run(k, scheduler, STEPS_MAX);
    if (steps <= STEPS_MAX) this.judge.ended(k);
    k.tracker = kept;
    const rows = [...this.tracer.rows];
    const verdict = this.verdict(steps);
    const recorded = record(rows);
    return { verdict, rows, ...recorded, digest: traceDigest(rows, verdict) };
  }

  private verdict(steps: number): Verdict {
    const violations: readonly Violation[] = [...this.judge.violations];
    if (violations.length > 0) return { kind: 'violation', violations };
    if (this.kernel.overflow) return { kind: 'inconclusive', why: 'simulator room' };
    if (steps > STEPS_MAX) return { kind: 'inconclusive', why: 'step budget' };
    return { kind: 'pass' };
  }
}

/** The sparse schedule of a trace: where it left the default policy. */
function record(rows: readonly TraceRow[]): { schedule: Schedule; preemptions: number } {
  const switches: Switch[] = rows
    .filter((row) => row.isForced)
    .map((row) => ({ thread: row.previous, ...row.stood, to: row.thread }));
  const preemptions = rows.filter((row) => row.isPreemption).length;
  return { schedule: { first: rows[0]?.thread ?? 0, switches }, preemptions };
}

/** Over (thread, operation, label, occurrence) and the verdict; never over state words (design 4). */
function traceDigest(rows: readonly TraceRow[], verdict: Verdict): string {
  const lines = rows.map((row) => `${row.thread} ${row.op} ${row.label} ${row.occurrence}`);
  const said =
    verdict.kind === 'violation' ? verdict.violations.map((v) => v.signature) : [verdict.kind];
  return sha256Hex([...lines, ...said].join('\n'));
}
