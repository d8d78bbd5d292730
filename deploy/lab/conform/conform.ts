/**
 * `lab conform`: random operations, one after another, on a real kernel and under a model; bytes through read(2) and through
 * the mapping, sizes and results are compared after each. What differs is shrunk to the smallest workload that differs.
 */
import { minimize } from '../../../corpus/breeding/minimize.ts';
import { EMPTY_SCHEDULE, type Input } from '../../../corpus/vocabulary/input.ts';
import type { OpKind } from '../../../corpus/vocabulary/ops.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import { lackingIn, type Program } from '../../../workers/kernel/program.ts';
import { canBeMade, drawCases, firstDifference, NOTHING_SEEN, opsOf, type Seen } from './cases.ts';
import { reasonFor } from './reasons.ts';
import { type Simulated, simulate } from './simulator.ts';

/** A workload after which the kernel is not as the model, or not as itself. */
export interface Difference {
  readonly input: Input;
  /** The operation after which it shows, from 0; -1 for the setup. */
  readonly op: number;
  readonly kernel: string;
  readonly simulator: string;
  /** What it is, where that is known. */
  readonly reason: string | null;
}

export interface Conformed {
  readonly cases: number;
  readonly operations: number;
  /** Of them those that the file system does not have. */
  readonly refused: number;
  /** Of each kind of difference the first, shrunk. */
  readonly differences: readonly Difference[];
  /** Cases in which read(2) and a shared mapping say different things, on the kernel; the first of each kind, shrunk. */
  readonly splits: readonly Difference[];
  readonly splitCases: number;
  /** For each reason how many cases. */
  readonly explained: ReadonlyMap<string, number>;
}

/** Plays cases on a file system that is made anew, and says what was seen, for each case in its place. */
export type Play = (cases: readonly Input[]) => Promise<readonly Seen[]>;

interface Played {
  readonly input: Input;
  readonly real: Seen;
  readonly simulated: Simulated;
}

/** Cases that go into one script. */
const CASES_A_SCRIPT = 250;
const TESTS_MAX = 2000;
const UNSUPPORTED = /^EOPNOTSUPP /;
const NO_PREEMPTION = { preemptions: 0 };

export class Conformity {
  private readonly kinds: readonly OpKind[];
  private readonly program: Program;
  private readonly playCases: Play;

  /**
   * @param kinds that the file system has
   * @param program of the model that it is held against
   */
  constructor(kinds: readonly OpKind[], program: Program, play: Play) {
    this.kinds = kinds;
    this.program = program;
    this.playCases = play;
  }

  /**
   * @param operations at least so many are played
   * @param told after each script: operations so far
   */
  async compare(
    rngSeed: number,
    operations: number,
    told: (operations: number) => void,
  ): Promise<Conformed> {
    const differing = new Map<string, Played>();
    const split = new Map<string, Played>();
    const explained = new Map<string, number>();
    let [cases, played, refused, splitCases] = [0, 0, 0, 0];
    for (let part = 0; played < operations; part++) {
      const drawn = drawCases(rngSeed + part, CASES_A_SCRIPT, this.kinds);
      const inputs = drawn.filter((input) => this.canPlay(input));
      for (const one of await this.play(inputs)) {
        cases += 1;
        played += opsOf(one.input).length;
        refused += one.real.lines.filter((line) => UNSUPPORTED.test(line)).length;
        const difference = differenceOf(one);
        if (one.real.split >= 0) splitCases += 1;
        if (one.real.split >= 0) keepFirst(split, kindOf(one, one.real.split), one);
        if (difference === null) continue;
        if (difference.reason === null) keepFirst(differing, kindOf(one, difference.op + 1), one);
        else explained.set(difference.reason, (explained.get(difference.reason) ?? 0) + 1);
      }
      told(played);
    }
    const differences = await this.shrinkAll(differing, (one) => {
      const difference = differenceOf(one);
      return difference?.reason === null ? difference.op + 1 : -1;
    });
    const splits = await this.shrinkAll(split, ({ real }) => real.split);
    return { cases, operations: played, refused, differences, splits, splitCases, explained };
  }

  private async shrinkAll(
    found: ReadonlyMap<string, Played>,
    shows: (one: Played) => number,
  ): Promise<readonly Difference[]> {
    const shrunk: Difference[] = [];
    for (const one of found.values()) {
      const smallest = await this.shrink(one, shows);
      const line = shows(smallest);
      if (shrunk.some(({ input }) => printInput(input) === printInput(smallest.input))) continue;
      shrunk.push(differenceAt(smallest, line));
    }
    return shrunk;
  }

  /**
   * The minimizer asks of one candidate after another; those that have not been played are taken to fail, played together,
   * and it begins anew.
   */
  private async shrink(start: Played, shows: (one: Played) => number): Promise<Played> {
    const known = new Map<string, Played>([[printInput(start.input), start]]);
    const kind = kindOf(start, shows(start));
    for (;;) {
      const unknown = new Map<string, Input>();
      const { smallest } = minimize(
        { input: start.input, ...NO_PREEMPTION },
        (candidate) => {
          const input = { ...candidate, schedule: EMPTY_SCHEDULE };
          const text = printInput(input);
          const one = known.get(text);
          if (one === undefined) {
            if (canBeMade(input) && lackingIn(this.program, input) === null)
              unknown.set(text, input);
            return null;
          }
          const line = shows(one);
          return line >= 0 && kindOf(one, line) === kind ? { input, ...NO_PREEMPTION } : null;
        },
        TESTS_MAX,
      );
      if (unknown.size === 0) return known.get(printInput(smallest.input)) ?? start;
      for (const one of await this.play([...unknown.values()]))
        known.set(printInput(one.input), one);
    }
  }

  private canPlay(input: Input): boolean {
    return canBeMade(input) && lackingIn(this.program, input) === null;
  }

  private async play(inputs: readonly Input[]): Promise<readonly Played[]> {
    const seen = await this.playCases(inputs);
    return inputs.map((input, i) => {
      return { input, real: seen[i] ?? NOTHING_SEEN, simulated: simulate(this.program, input) };
    });
  }
}

function keepFirst<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

function differenceOf(one: Played): Difference | null {
  const line = firstDifference(one.real.lines, one.simulated.seen);
  return line < 0 ? null : differenceAt(one, line);
}

function differenceAt({ input, real, simulated }: Played, line: number): Difference {
  const kernel = real.lines[line] ?? '';
  const simulator = simulated.seen[line] ?? '';
  const op = line - 1;
  const ops = opsOf(input).map((one) => one.op);
  const reason = reasonFor(ops, op, kernel, simulator);
  return { input, op, kernel, simulator, reason };
}

/** The operation after which it shows: what shrinks keeps that. */
function kindOf({ input }: Played, line: number): string {
  return opsOf(input)[line - 1]?.op.kind ?? 'setup';
}
