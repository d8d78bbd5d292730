/**
 * Finds a schedule that shows a given signature: the one that is there, the same with its switches anchored
 * anew, and at last every schedule with few preemptions. Pure.
 */
import type { Witness } from '../corpus/breeding/minimize.ts';
import type { Input, Schedule, Switch } from '../corpus/vocabulary/input.ts';
import type { Violation, ViolationClass } from '../corpus/vocabulary/verdict.ts';
import type { Engine, Traced } from './execute.ts';
import type { Kernel } from './kernel/kernel.ts';
import {
  type BoundedOptions,
  BoundedSearch,
  type Lookout,
  type SearchOutcome,
} from './schedulers/bounded.ts';

/** The visible step at which a run showed a signature, or 0. */
export function stepOf(traced: Traced, signature: string): number {
  return violationsOf(traced).find((violation) => violation.signature === signature)?.step ?? 0;
}

export function violationsOf({ verdict }: Traced): readonly Violation[] {
  return verdict.kind === 'violation' ? verdict.violations : [];
}

/** What a run needed to show the signature: switches behind that step are dropped. */
export function witnessOf(input: Input, traced: Traced, signature: string): Witness | null {
  const step = stepOf(traced, signature);
  if (step === 0) return null;
  const rows = traced.rows.slice(0, step);
  const switches: readonly Switch[] = rows
    .filter((row) => row.isForced)
    .map((row) => ({ thread: row.previous, ...row.stood, to: row.thread }));
  const schedule = { first: rows[0]?.thread ?? 0, switches };
  const preemptions = rows.filter((row) => row.isPreemption).length;
  return { input: { ...input, schedule }, preemptions };
}

/** Runs of an input that its schedule leads to: as it is, and if need be anchored anew. */
export function replay(engine: Engine, input: Input, signature: string): readonly Traced[] {
  engine.load(input);
  const traced = engine.trace(input.schedule);
  if (stepOf(traced, signature) > 0) return [traced];
  const anchored = reanchored(input.schedule, traced);
  return anchored === null ? [traced] : [traced, engine.trace(anchored)];
}

/**
 * The schedule with each switch whose place did not come moved to the same label at the nearest lower
 * occurrence; null if none can be moved.
 */
function reanchored(schedule: Schedule, traced: Traced): Schedule | null {
  const last = new Map<string, number>();
  for (const row of traced.rows) last.set(`${row.thread} ${row.op} ${row.label}`, row.occurrence);
  const switches = schedule.switches.map((one) => {
    const came = last.get(`${one.thread} ${one.op} ${one.label}`) ?? 0;
    // A thread that sleeps at a label stands before it once more than it has run it.
    return came === 0 || one.occurrence <= came + 1 ? one : { ...one, occurrence: came };
  });
  const isSame = switches.every((one, i) => one === schedule.switches[i]);
  return isSame ? null : { first: schedule.first, switches };
}

export interface HuntOptions {
  /** The fewest and the most preemptions to try. */
  readonly from: number;
  readonly to: number;
  readonly stepsMax: number;
  /** Try again, without merging states, where the past may have hidden something. */
  readonly isProof: boolean;
}

export interface Hunted {
  readonly traced: Traced | null;
  /** No schedule with up to so many preemptions shows it; -1 if not even that is known. */
  readonly proven: number;
}

/** What writing a run down costs, in steps of a search. */
const TRACE_STEPS = 400;

/** Every schedule of a workload with `from` to `to` preemptions, fewest first. */
export function hunt(
  engine: Engine,
  input: Input,
  signature: string,
  options: HuntOptions,
): Hunted {
  engine.load(input);
  const quarry = new Quarry(engine, signature);
  let proven = options.from - 1;
  let stepsLeft = options.stepsMax;
  for (let preemptions = options.from; preemptions <= options.to; preemptions++) {
    for (const prune of [true, false]) {
      const bounds = { preemptions, stepsMax: stepsLeft, prune };
      const { traced, outcome, steps, hasDoubts } = quarry.pursue(bounds);
      if (traced !== null || outcome === 'budget') return { traced, proven };
      stepsLeft -= steps;
      if (options.isProof && hasDoubts && prune) continue;
      if (outcome === 'done' && proven === preemptions - 1) proven = preemptions;
      break;
    }
  }
  return { traced: null, proven };
}

/** Classes whose signature needs no past: who holds and who wants what is in the state. */
const PRESENT_CLASSES: readonly ViolationClass[] = [
  'deadlock',
  'lost-wakeup',
  'bad-release',
  'lock-leak',
  'lock-missing',
  'lock-order',
];

interface Pursuit {
  readonly traced: Traced | null;
  readonly outcome: SearchOutcome;
  readonly steps: number;
  /** Something looked like it and was something else. */
  readonly hasDoubts: boolean;
}

/**
 * While searching there is no history, so labels of a violation are unknown: what looks alike is run once
 * more and written down.
 */
class Quarry implements Lookout {
  private readonly engine: Engine;
  private readonly signature: string;
  /** Class and object of the signature. */
  private readonly prefix: string;

  constructor(engine: Engine, signature: string) {
    this.engine = engine;
    this.signature = signature;
    this.prefix = signature.split(' ', 2).join(' ');
  }

  isSuspect(k: Kernel): boolean {
    const { judge } = this.engine;
    if (k.enabled() === 0) judge.ended(k);
    if (judge.violations.length === 0) return false;
    const isSuspect = judge.violations.some((violation) => this.looksLikeIt(violation));
    judge.reset(null);
    return isSuspect;
  }

  private looksLikeIt(violation: Violation): boolean {
    if (PRESENT_CLASSES.includes(violation.class)) return violation.signature === this.signature;
    return violation.signature.startsWith(this.prefix);
  }

  forget(): void {
    this.engine.judge.reset(null);
  }

  /** All that looks alike within the bounds, until one is the same. */
  pursue(bounds: BoundedOptions): Pursuit {
    const search = new BoundedSearch(this.engine.kernel, bounds, this);
    for (let traces = 0; ; traces++) {
      const spent = search.stepsTaken + traces * TRACE_STEPS;
      const found = spent > bounds.stepsMax ? 'budget' : search.next();
      const steps = search.stepsTaken + traces * TRACE_STEPS;
      const hasDoubts = traces > 0;
      if (found !== 'suspect') return { traced: null, outcome: found, steps, hasDoubts };
      const traced = this.engine.traceChoices(search.choices());
      if (stepOf(traced, this.signature) > 0) return { traced, outcome: found, steps, hasDoubts };
    }
  }
}
