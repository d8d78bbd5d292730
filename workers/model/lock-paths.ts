/**
 * Every way through a compiled path that its locks can tell apart: which locks are asked for under which others, what is
 * held where an operation ends, what a step needs and does not find. Static: a branch whose test nothing on the way
 * decides goes both ways. Pure.
 */
import { HELD_MAX, LOCK_CLASSES } from '../kernel/locks.ts';
import { isExempt } from '../kernel/needs.ts';
import type { Need } from '../kernel/path.ts';
import {
  I_BRANCH,
  I_BRANCH_CALL,
  I_END,
  I_LOCAL,
  I_RETURN,
  I_VISIBLE,
  type Program,
} from '../kernel/program.ts';
import { classOf, effectOf, FACT_TESTS, type Outcome } from './lock-effects.ts';

/** Numbers of lock classes, with the step that asks. */
export interface StaticEdge {
  readonly held: number;
  readonly asked: number;
  /** `punch/unmap/downWrite(iMmapRwsem)`, or with what faults before it: `pwrite/copyIn, fault/downRead(faultLock)`. */
  readonly site: string;
}

export interface Offence {
  readonly site: string;
  readonly rule: 'nested' | 'balance' | 'need';
  readonly detail: string;
}

export interface LockPaths {
  readonly edges: readonly StaticEdge[];
  readonly offences: readonly Offence[];
  /** Numbers of rows that some way leads to. */
  readonly reached: ReadonlySet<number>;
}

/** What is held: how often, of each class; and in which mode it was taken first. */
type Held = readonly { readonly cls: number; readonly mode: 'R' | 'W' }[];

interface State {
  readonly pc: number;
  readonly held: Held;
  /** Tests whose answer is known. */
  readonly facts: ReadonlyMap<string, boolean>;
}

/** Ways through one path; more are cut, and said. */
const STATES_MAX = 50_000;

export class LockWalk {
  private readonly program: Program;
  private readonly edges = new Map<string, StaticEdge>();
  private readonly offences = new Map<string, Offence>();
  private readonly reached = new Set<number>();
  /** What has been held around a fault. */
  private readonly faults = new Set<string>();

  private readonly needs: readonly Need[];

  /** @param needs that are asked of every way */
  constructor(program: Program, needs: readonly Need[]) {
    this.program = program;
    this.needs = needs;
  }

  result(): LockPaths {
    return {
      edges: [...this.edges.values()],
      offences: [...this.offences.values()],
      reached: this.reached,
    };
  }

  /** @param path its name, behind what faults for a fault under a copy */
  walk(entry: number, path: string, held: Held = []): void {
    const start: State = { pc: entry, held, facts: new Map(START_FACTS) };
    const seen = new Set<string>();
    const open = [start];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      const key = keyOf(state);
      if (seen.has(key) || seen.size > STATES_MAX) continue;
      seen.add(key);
      this.reached.add(state.pc);
      open.push(...this.next(state, held, path));
    }
  }

  private next(state: State, outer: Held, path: string): readonly State[] {
    const { program } = this;
    const { pc } = state;
    const after = program.next[pc] ?? 0;
    switch (program.kind[pc]) {
      case I_END:
      case I_RETURN:
        this.checkEnd(state.held, outer, path);
        return [];
      case I_BRANCH:
      case I_BRANCH_CALL:
        return this.branch(state);
      case I_VISIBLE:
      case I_LOCAL:
        return this.step(state, path)
          .filter(({ held }) => isRoomFor(held))
          .map((one) => ({ ...one, pc: after }));
      default:
        return [{ ...state, pc: after }];
    }
  }

  private branch(state: State): readonly State[] {
    const { program } = this;
    const test = program.step[state.pc] ?? '';
    const [yes, no] = [program.next[state.pc] ?? 0, program.otherwise[state.pc] ?? 0];
    const known = state.facts.get(test);
    const ways = [true, false].filter((answer) => known === undefined || known === answer);
    return ways.map((answer) => ({
      pc: answer ? yes : no,
      held: state.held,
      facts: FACT_TESTS.has(test) ? withFact(state.facts, test, answer) : state.facts,
    }));
  }

  /** The states after a step, their pc yet to be set. */
  private step(state: State, path: string): readonly State[] {
    const { program } = this;
    const { pc } = state;
    const step = program.step[pc] ?? '';
    const effect = effectOf(step, program.lock[pc] ?? '', program);
    const label = program.label[pc] || `${path.split(', ').at(-1)}/${step}`;
    const site = [...path.split(', ').slice(0, -1), label].join(', ');
    if (effect.faults) this.fault(state.held, site);
    for (const cls of effect.asks) this.ask(cls, state.held, site);
    this.checkNeeds(step, state.held, site);
    return effect.outcomes.map((outcome) => this.outcome(state, outcome, site));
  }

  private outcome(state: State, outcome: Outcome, site: string): State {
    let held = state.held;
    for (const { cls, mode } of outcome.drops) {
      const at = held.findLastIndex(
        (one) => one.cls === cls && (mode === null || one.mode === mode),
      );
      if (at >= 0) held = held.toSpliced(at, 1);
      else if (outcome.isStrict) {
        this.offend(
          site,
          'balance',
          `releases ${this.nameOf(cls)}, which is not held so on some way`,
        );
      }
    }
    held = [...held, ...outcome.takes];
    let facts = state.facts;
    for (const [test, answer] of outcome.facts) {
      facts = answer === null ? withoutFact(facts, test) : withFact(facts, test, answer);
    }
    return { pc: state.pc, held, facts };
  }

  private ask(cls: number, held: Held, site: string): void {
    // A handle within a handle, and a fault within a fault, wait for nobody.
    const nests = LOCK_CLASSES[cls]?.kind === 'handle' || LOCK_CLASSES[cls]?.kind === 'freeze';
    if (nests && held.some((one) => one.cls === cls)) return;
    for (const { cls: under } of held) {
      if (under !== cls) {
        const key = `${under} ${cls} ${site}`;
        this.edges.set(key, { held: under, asked: cls, site });
      } else {
        this.offend(site, 'nested', `asks for ${this.nameOf(cls)} and holds one of that class`);
      }
    }
  }

  private checkNeeds(step: string, held: Held, site: string): void {
    for (const { lock, mode } of this.needs.filter((need) => need.step === step)) {
      const cls = classOf(lock, this.program);
      if (isExempt(site.split('/')[0] ?? '', cls)) continue;
      if (held.some((one) => one.cls === cls && (mode === 'R' || one.mode === 'W'))) continue;
      const said = mode === 'W' ? ' for write' : '';
      this.offend(site, 'need', `needs ${this.nameOf(cls)}${said}, which some way does not hold`);
    }
  }

  /** A copy whose buffer is a mapping faults under all that its operation holds. */
  private fault(held: Held, site: string): void {
    const key = `${site} ${held.map(({ cls, mode }) => `${cls}${mode}`).join(' ')}`;
    if (this.faults.has(key)) return;
    this.faults.add(key);
    this.walk(this.program.faultEntry, `${site}, fault`, held);
  }

  /** Pages and entries are locked and unlocked by what a fault finds; the search judges those. */
  private checkEnd(held: Held, outer: Held, path: string): void {
    const left = held.slice(outer.length).filter(({ cls }) => isBalanced(cls));
    for (const { cls } of left) {
      this.offend(path, 'balance', `returns with ${this.nameOf(cls)} held on some way`);
    }
  }

  private offend(site: string, rule: Offence['rule'], detail: string): void {
    this.offences.set(`${site} ${rule} ${detail}`, { site, rule, detail });
  }

  private nameOf(cls: number): string {
    return this.program.lockNames[cls] ?? 'lock';
  }
}

const START_FACTS: readonly (readonly [string, boolean])[] = [
  ['noted', false],
  ['hasFailed', false],
  ['mustRetry', false],
  ['hasPage', false],
];

/** A path that leaves a lock held and starts again takes it each round: such a way ends where a run's does. */
function isRoomFor(held: Held): boolean {
  const last = held.at(-1)?.cls;
  return last === undefined || held.filter(({ cls }) => cls === last).length <= HELD_MAX;
}

function isBalanced(cls: number): boolean {
  const kind = LOCK_CLASSES[cls]?.kind ?? 'rwsem';
  return kind !== 'page' && kind !== 'entry';
}

function withFact(
  facts: ReadonlyMap<string, boolean>,
  test: string,
  answer: boolean,
): ReadonlyMap<string, boolean> {
  return new Map(facts).set(test, answer);
}

function withoutFact(
  facts: ReadonlyMap<string, boolean>,
  test: string,
): ReadonlyMap<string, boolean> {
  const others = new Map(facts);
  others.delete(test);
  return others;
}

function keyOf({ pc, held, facts }: State): string {
  const locks = held.map(({ cls, mode }) => `${cls}${mode}`).join(' ');
  const known = [...facts].map(([test, answer]) => `${test}${answer}`).sort();
  return `${pc} ${locks} ${known.join(' ')}`;
}
