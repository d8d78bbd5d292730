/**
 * From a run of the simulator to the steps that the gate in the kernel takes: only where the run switches threads. A
 * thread that a switch leaves in the middle of an operation stands at a function between the two steps, or, where the
 * kernel has none, at the nearest one with which the run still goes wrong. Pure.
 */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import type { OpKind } from '../../../corpus/vocabulary/ops.ts';
import { printOp } from '../../../corpus/vocabulary/text.ts';
import { LOCK_OF_STEP } from '../../../workers/kernel/step-registry.ts';
import type { TraceRow } from '../../../workers/kernel/tracer.ts';
import { type Engine, type Traced, violationsOf } from '../../../workers/run/engine.ts';
import { prefixOf } from '../../../workers/views/c/order.ts';
import { observe } from '../../../workers/views/observe.ts';
import type { FileSystemName } from '../file-systems.ts';
import { type At, CALLED_OFTEN, type Place, placeOf, rowOf } from './probes.ts';

export interface GateStep {
  readonly thread: number;
  /** The thread comes to the place, and goes on at the next step of it. */
  readonly isStand: boolean;
  readonly place: Place;
  /** Of the run, which it stands for. */
  readonly says: string;
  /** The operation that has ended when it comes. */
  readonly ends?: number;
}

export interface Planned {
  readonly steps: readonly GateStep[];
  /** The run that is forced: another one than was asked for where a switch had to move. */
  readonly run: Traced;
  /** A sentence for each switch that moved. */
  readonly moved: readonly string[];
}
export type Plan = Planned | { readonly cannot: string };

/** A thread passes it once it is ready, and has done no operation. */
const START: Place = '<__x64_sys_sched_yield';
/** Each operation ends with a line of output. */
const SAYS_RESULT: Place = '<__x64_sys_write';
/** Operations whose calls write a line of their own (`workers/views/c/library.ts`). */
const WRITES: Readonly<Partial<Record<OpKind, number>>> = { commit: 1, drop_caches: 1 };
/** How far a switch may move, in steps of its thread. */
const MOVES_MAX = 12;

/** @param engine with the input loaded */
export function planOf(
  engine: Engine,
  input: Input,
  signature: string,
  fileSystem: FileSystemName,
): Plan {
  const moved: string[] = [];
  let run = engine.trace(input.schedule);
  for (;;) {
    const planner = new Planner(engine, input, run, fileSystem);
    const steps = planner.steps();
    if ('steps' in steps) return { steps: steps.steps, run, moved };
    if (moved.length === MOVES_MAX) return { cannot: steps.cannot };
    const other = movedRun(engine, input, run, steps.cut, signature, fileSystem);
    if (other === null) return { cannot: steps.cannot };
    moved.push(other.says);
    run = other.run;
  }
}

/** Between two steps of a thread, in which others run: their indices in the run. */
interface Cut {
  readonly last: number;
  readonly next: number;
}

/** The nearest run in which the switch is at a place that the kernel has, and which goes wrong in the same way. */
function movedRun(
  engine: Engine,
  input: Input,
  { rows }: Traced,
  cut: Cut,
  signature: string,
  fileSystem: FileSystemName,
): { readonly run: Traced; readonly says: string } | null {
  for (let by = 1; by <= MOVES_MAX; by++) {
    for (const direction of [1, -1]) {
      const choices = moveCut(rows, cut, by * direction);
      if (choices === null) continue;
      const run = engine.traceChoices(choices);
      if (!violationsOf(run).some((one) => one.signature === signature)) continue;
      const planned = new Planner(engine, input, run, fileSystem).steps();
      if (!('steps' in planned) && planned.cut.last <= cut.last + by) continue;
      const where = direction > 0 ? 'later' : 'earlier';
      const { thread, label } = rows[cut.next] as TraceRow;
      const says = `T${thread} stands ${by} ${by === 1 ? 'step' : 'steps'} ${where} than before ${label}`;
      return { run, says };
    }
  }
  return null;
}

/** The threads of the run in which the thread does `by` steps more, or fewer, before others run. */
function moveCut(rows: readonly TraceRow[], { last, next }: Cut, by: number): number[] | null {
  const thread = rows[last]?.thread;
  const choices = rows.map((row) => row.thread);
  const others = choices.slice(last + 1, next);
  const count = Math.abs(by);
  const own =
    by > 0 ? choices.slice(next, next + count) : choices.slice(last + 1 - count, last + 1);
  if (own.length < count || own.some((one) => one !== thread)) return null;
  return by > 0
    ? [...choices.slice(0, last + 1), ...own, ...others, ...choices.slice(next + count)]
    : [...choices.slice(0, last + 1 - count), ...others, ...own, ...choices.slice(next)];
}

type Steps =
  | { readonly steps: readonly GateStep[] }
  | { readonly cut: Cut; readonly cannot: string };

/** Where a thread may stand, and what it passes before. */
interface Stand {
  readonly place: Place;
  readonly passes: readonly Place[];
}

class Planner {
  private readonly input: Input;
  private readonly rows: readonly TraceRow[];
  private readonly ats: readonly At[];
  private readonly sleeps: readonly boolean[];
  private readonly fileSystem: FileSystemName;
  /** Rows of operations that run before the threads start. */
  private readonly before: number;
  private readonly list: GateStep[] = [];
  /** Where each thread stands, and since which row; null for one that runs or has ended. */
  private readonly stands: (GateStep | null)[];
  private readonly passedRow: number[];
  private readonly startedOp: number[];

  constructor(engine: Engine, input: Input, run: Traced, fileSystem: FileSystemName) {
    this.input = input;
    this.rows = run.rows;
    this.fileSystem = fileSystem;
    this.ats = run.rows.map((row, i) => {
      const earlier = run.rows.slice(0, i).findLast(({ thread }) => thread === row.thread);
      return atOf(engine, row, earlier);
    });
    this.sleeps = observe(engine.program, input, run.rows).map(({ sleeps }) => sleeps);
    const prefix = prefixOf(input.threads, run.rows);
    this.before = run.rows.findIndex(
      ({ thread, op }) => !prefix.some((one) => one.thread === thread && one.index === op),
    );
    this.stands = input.threads.map(() => null);
    this.passedRow = input.threads.map(() => -1);
    this.startedOp = input.threads.map(() => -1);
  }

  steps(): Steps {
    if (this.input.threads.length < 2) return { steps: [] };
    for (let from = Math.max(0, this.before); from < this.rows.length; ) {
      const to = this.segmentEnd(from);
      const failed = this.segment(from, to);
      if (failed !== null) return failed;
      from = to + 1;
    }
    return { steps: this.list };
  }

  /** The last row of those that a thread runs at a stretch. */
  private segmentEnd(from: number): number {
    const thread = this.row(from).thread;
    let to = from;
    while (to + 1 < this.rows.length && this.row(to + 1).thread === thread) to++;
    return to;
  }

  private segment(from: number, to: number): Exclude<Steps, { steps: unknown }> | null {
    const { thread } = this.row(from);
    this.release(thread, from);
    for (let i = from; i < to; i++) if (this.row(i + 1).op !== this.row(i).op) this.passResult(i);
    const next = this.nextOf(thread, to);
    if (next < 0) {
      this.passResult(to, to + 1 < this.rows.length);
      return null;
    }
    if (this.row(next).op !== this.row(to).op) {
      this.passResult(to, true);
      return null;
    }
    // Who sleeps on a lock is held by the kernel.
    if (this.sleeps[to] === true) {
      this.push(thread, sleepOf(this.at(to)), this.textOf(to));
      return null;
    }
    const stand = this.standBetween(to, next);
    if (stand === null) return { cut: { last: to, next }, cannot: this.reason(to, next) };
    const says = `${this.textOf(to)} | ${this.textOf(next)}`;
    for (const place of stand.passes) this.push(thread, place, this.textOf(to));
    this.stand({ thread, place: stand.place, isStand: true, says }, to);
    return null;
  }

  /** The thread begins, or goes on where it stands. */
  private release(thread: number, from: number): void {
    const held = this.stands[thread];
    this.stands[thread] = null;
    if (held !== null && held !== undefined) {
      const { thread: whose, place } = held;
      this.push(whose, place, this.textOf(from));
    } else if (this.startedOp[thread] === -1 && this.list.length > 0) {
      this.push(thread, START, this.textOf(from));
    }
    this.startedOp[thread] = this.row(from).op;
  }

  /** An operation ends: its line of output is the next. */
  private passResult(row: number, isStand = false): void {
    const { thread, op } = this.row(row);
    const found = this.input.threads[thread]?.ops[op];
    const says = `${found === undefined ? '' : printOp(found)} has ended`;
    const own = found === undefined ? 0 : (WRITES[found.kind] ?? 0);
    for (let i = 0; i < own; i++) this.push(thread, SAYS_RESULT, says);
    this.stand({ thread, place: SAYS_RESULT, isStand, says, ends: op }, row);
  }

  private push(thread: number, place: Place, says: string): void {
    this.list.push({ thread, place, isStand: false, says });
  }

  /** @param row of the run, the last one that the thread has done there */
  private stand(step: GateStep, row: number): void {
    const { thread, isStand } = step;
    this.list.push(step);
    this.passedRow[thread] = row;
    if (!isStand) return;
    this.stands[thread] = this.nextOf(thread, row) < 0 ? null : step;
  }

  private standBetween(last: number, next: number): Stand | null {
    const sides = [
      { row: last, side: 'after' },
      { row: next, side: 'before' },
    ] as const;
    for (const { row, side } of sides) {
      const place = placeOf(this.at(row), side, this.fileSystem);
      if (place === null) continue;
      const passes = this.passesBefore(place, last, next, row);
      if (passes !== null) return { place, passes };
    }
    return null;
  }

  /** Places that the thread passes last before it comes to this one for the time that is meant; null where nothing tells. */
  private passesBefore(
    place: Place,
    last: number,
    next: number,
    at: number,
  ): readonly Place[] | null {
    const { thread, op } = this.row(last);
    const earlier = this.rows.flatMap((row, i) => {
      const isSince = i > (this.passedRow[thread] ?? -1) && i <= last;
      return isSince && row.thread === thread && row.op === op ? [i] : [];
    });
    const placed = [...earlier, ...(at === next ? [next] : [])].flatMap((i) =>
      (['before', 'after'] as const).flatMap((side) => {
        const isBeyond = i === next && side === 'after';
        const found = isBeyond ? null : placeOf(this.at(i), side, this.fileSystem);
        return found === null ? [] : [found];
      }),
    );
    // The last of them is the place itself.
    const passed = placed.slice(0, placed.lastIndexOf(place));
    if (!passed.includes(place) && !isCalledOften(place)) return [];
    for (let i = passed.length - 1; i >= 0; i--) {
      const mark = passed[i] as Place;
      if (mark === place) return null;
      if (!isCalledOften(mark) && passed.indexOf(mark) === i) return [mark];
    }
    return null;
  }

  private reason(last: number, next: number): string {
    const because = [last, next].flatMap((row) => {
      const found = rowOf(this.at(row));
      const why = found === undefined ? 'the table has no row for it' : found.why;
      return why === undefined ? [] : [`${this.at(row).step}: ${why}`];
    });
    const { label } = this.row(next);
    return `step ${label} of T${this.row(next).thread}, because ${because.join('; ') || 'no function tells where it is'}`;
  }

  private textOf(row: number): string {
    const { thread, label } = this.row(row);
    return `T${thread} ${label}`;
  }

  /** The thread's next row behind this one; -1 for none. */
  private nextOf(thread: number, row: number): number {
    return this.rows.findIndex((one, i) => i > row && one.thread === thread);
  }

  private row(i: number): TraceRow {
    return this.rows[i] as TraceRow;
  }

  private at(i: number): At {
    return this.ats[i] as At;
  }
}

function atOf({ program }: Engine, { pc, label }: TraceRow, earlier?: TraceRow): At {
  return {
    step: program.step[pc] ?? '',
    lock: program.lock[pc] ?? '',
    call: label.split('/').at(-2) ?? '',
    previous: earlier === undefined ? '' : (program.step[earlier.pc] ?? ''),
  };
}

/** As the gate names locks. */
const LOCK_NAMES: Readonly<Record<string, string>> = {
  inodeLock: 'i_rwsem',
  faultLock: 'invalidate_lock',
  iMmapRwsem: 'i_mmap_rwsem',
  mmapSem: 'mmap_lock',
  entryLock: 'entry_lock',
  journal: 'jbd2_handle',
};

/** Steps without a lock of their own that sleep do so until an entry is unlocked. */
function sleepOf({ step, lock }: At): Place {
  const id = lock === '' ? (LOCK_OF_STEP[step] ?? 'entryLock') : lock;
  return `~${LOCK_NAMES[id] ?? id}`;
}

function isCalledOften(place: Place): boolean {
  return CALLED_OFTEN.has(place.slice(1));
}

/** As the module reads it. */
export function gateText(steps: readonly GateStep[]): string {
  return steps
    .map(({ thread, isStand, place }) => `${letterOf(thread)}:${isStand ? '|' : ''}${place}`)
    .join(',');
}

function letterOf(thread: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + thread);
}
