/**
 * Finds a schedule that shows a given signature: the one that is there, the same with its switches anchored
 * anew, and at last every schedule with few preemptions. `calm` takes preemptions out of one that is there. Pure.
 */
import type { FailingInput } from '../../corpus/breeding/minimize.ts';
import type { Input, Schedule, Switch } from '../../corpus/vocabulary/input.ts';
import { isWanted, type Wanted, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Program } from '../kernel/program.ts';
import { type Engine, type Traced, violationsOf } from '../run/engine.ts';
import { BoundedSearch, type Lookout } from '../schedulers/bounded.ts';

/** The visible step at which a run showed a signature, or 0. */
export function stepOf(traced: Traced, wanted: Wanted): number {
  return worstOf(violationsOf(traced), wanted)?.step ?? 0;
}

/** What a run needed to show the signature: switches behind that step are dropped. */
export function failingInputOf(input: Input, traced: Traced, wanted: Wanted): FailingInput | null {
  const step = stepOf(traced, wanted);
  if (step === 0) return null;
  const rows = traced.rows.slice(0, step);
  const switches: readonly Switch[] = rows
    .filter((row) => row.isForced)
    .map((row) => ({ thread: row.previous, ...row.stoodAt, to: row.thread }));
  const schedule = { first: rows[0]?.thread ?? 0, switches };
  const preemptions = rows.filter((row) => row.isPreemption).length;
  return { input: { ...input, schedule }, preemptions };
}

/** Labels of a program, each with the name of its step. */
export type StepNames = Pick<Program, 'label' | 'step'>;

/** Runs of an input that its schedule leads to: as it is, and if need be anchored anew. */
export function replay(
  engine: Engine,
  input: Input,
  wanted: Wanted,
  recorded: StepNames = engine.program,
): readonly Traced[] {
  engine.load(input);
  const traced = engine.trace(input.schedule);
  if (stepOf(traced, wanted) > 0) return [traced];
  const renamed = relabelled(input.schedule, recorded, engine.program);
  const anchored = reanchored(renamed, traced);
  if (anchored === input.schedule) return [traced];
  return [traced, engine.trace(anchored)];
}

/** The schedule by labels of another program: an unknown one becomes that of the same step in the same path. */
function relabelled(schedule: Schedule, from: StepNames, to: StepNames): Schedule {
  const known = new Set(to.label);
  const switches = schedule.switches.map((one) => {
    if (known.has(one.label)) return one;
    const step = from.step[from.label.indexOf(one.label)];
    const path = pathOf(one.label);
    const label = to.label.find((name, pc) => to.step[pc] === step && pathOf(name) === path);
    return label === undefined ? one : { ...one, label };
  });
  return switches.every((one, i) => one === schedule.switches[i])
    ? schedule
    : { ...schedule, switches };
}

/** The operation, or the fault, that a label lies in. */
function pathOf(label: string): string {
  return label.slice(0, Math.max(0, label.indexOf('/')));
}

/** The schedule with each switch whose place did not come moved to the same label at the nearest lower occurrence. */
function reanchored(schedule: Schedule, traced: Traced): Schedule {
  const last = new Map<string, number>();
  for (const row of traced.rows) last.set(`${row.thread} ${row.op} ${row.label}`, row.occurrence);
  const switches = schedule.switches.map((one) => {
    const came = last.get(`${one.thread} ${one.op} ${one.label}`) ?? 0;
    // A thread that sleeps at a label stands before it once more than it has run it.
    return came === 0 || one.occurrence <= came + 1 ? one : { ...one, occurrence: came };
  });
  return switches.every((one, i) => one === schedule.switches[i])
    ? schedule
    : { first: schedule.first, switches };
}

export interface HuntOptions {
  /** The fewest and the most preemptions to try. */
  readonly from: number;
  readonly to: number;
  readonly stepsMax: number;
}

export interface Hunted {
  readonly traced: Traced | null;
  /** No schedule with up to so many preemptions shows it; -1 if not even that is known. */
  readonly proven: number;
}

/** Every schedule of a workload with `from` to `to` preemptions, fewest first; steps are not fused. */
export function hunt(engine: Engine, input: Input, wanted: Wanted, options: HuntOptions): Hunted {
  engine.load(input);
  const lookout = new SignatureLookout(engine, wanted);
  let proven = options.from - 1;
  let stepsLeft = options.stepsMax;
  for (let preemptions = options.from; preemptions <= options.to; preemptions++) {
    const bounds = { preemptions, stepsMax: stepsLeft, prune: true };
    const search = new BoundedSearch(engine.kernel, bounds, lookout);
    const outcome = search.next();
    if (outcome === 'suspect') return { traced: engine.traceChoices(search.choices()), proven };
    if (outcome === 'budget') return { traced: null, proven };
    stepsLeft -= search.stepsTaken;
    if (outcome === 'done' && proven === preemptions - 1) proven = preemptions;
  }
  return { traced: null, proven };
}

/** Stops a search at the step that shows the signature. */
class SignatureLookout implements Lookout {
  private readonly engine: Engine;
  private readonly wanted: Wanted;

  constructor(engine: Engine, wanted: Wanted) {
    this.engine = engine;
    this.wanted = wanted;
  }

  isSuspect(k: Kernel): boolean {
    const { judge } = this.engine;
    if (k.enabled() === 0) judge.ended(k);
    if (judge.violations.length === 0) return false;
    const isSuspect = judge.violations.some((violation) => isWanted(violation, this.wanted));
    judge.reset();
    return isSuspect;
  }

  forget(): void {
    this.engine.judge.reset();
  }
}

/** Steps that one thread took in a row. */
interface Block {
  readonly thread: number;
  readonly steps: number;
}

/**
 * A schedule that shows the same with fewer preemptions: runs of one thread are pushed on to that thread's next, or pulled
 * back to its last (dejafu's way). Each success has fewer preemptions than what it came from, so this ends.
 */
export function calm(engine: Engine, start: FailingInput, wanted: Wanted): FailingInput {
  engine.load(start.input);
  let best = start;
  let blocks = blocksOf(engine.trace(start.input.schedule));
  for (let next = 0; next < blocks.length; next++) {
    for (const candidate of [pushed(blocks, next), pulled(blocks, next)]) {
      if (candidate === null) continue;
      const traced = engine.traceChoices(choicesOf(candidate));
      const fewer = failingInputOf(start.input, traced, wanted);
      if (fewer === null || fewer.preemptions >= best.preemptions) continue;
      best = fewer;
      blocks = blocksOf(traced);
      next = -1;
      break;
    }
  }
  return best;
}

function blocksOf({ rows }: Traced): readonly Block[] {
  const blocks: Block[] = [];
  for (const { thread } of rows) {
    const last = blocks.at(-1);
    if (last?.thread === thread) blocks[blocks.length - 1] = { thread, steps: last.steps + 1 };
    else blocks.push({ thread, steps: 1 });
  }
  return blocks;
}

function pushed(blocks: readonly Block[], from: number): readonly Block[] | null {
  const thread = blocks[from]?.thread;
  const into = blocks.findIndex((block, i) => i > from && block.thread === thread);
  return into < 0 ? null : joined(blocks, from, into);
}

function pulled(blocks: readonly Block[], from: number): readonly Block[] | null {
  const thread = blocks[from]?.thread;
  const into = blocks.findLastIndex((block, i) => i < from && block.thread === thread);
  return into < 0 ? null : joined(blocks, from, into);
}

function joined(blocks: readonly Block[], from: number, into: number): readonly Block[] {
  const steps = (blocks[from]?.steps ?? 0) + (blocks[into]?.steps ?? 0);
  return blocks.flatMap((block, i) => (i === from ? [] : i === into ? { ...block, steps } : block));
}

function choicesOf(blocks: readonly Block[]): readonly number[] {
  return blocks.flatMap(({ thread, steps }) => new Array<number>(steps).fill(thread));
}
