/**
 * `lab conform`: random operations, one after another, on a real kernel and under a model; bytes through read(2) and through
 * the mapping, sizes and results are compared after each. What differs is shrunk to the smallest workload that differs.
 */
import { minimize } from '../../../corpus/breeding/minimize.ts';
import { fail } from '../../../corpus/vocabulary/errors.ts';
import { EMPTY_SCHEDULE, type Input } from '../../../corpus/vocabulary/input.ts';
import type { OpKind } from '../../../corpus/vocabulary/ops.ts';
import { printInput } from '../../../corpus/vocabulary/text.ts';
import { lackingIn, type Program } from '../../../workers/kernel/program.ts';
import { canBeMade, drawCases, firstDifference, NOTHING_SEEN, opsOf, type Seen } from './cases.ts';
import { reasonFor } from './reasons.ts';
import { simulate } from './simulator.ts';

/** A workload after which the kernel is not as the model, or not as itself. */
interface Difference {
  readonly input: Input;
  /** The operation after which it shows, from 0; -1 for the setup. */
  readonly op: number;
  readonly kernel: string;
  readonly simulator: string;
  /** What it is, where that is known. */
  readonly reason: string | null;
}

/** One of each kind: the smallest workload that shows it, as far as it was looked for. */
export interface Shrunk extends Difference {
  /** Nothing can be taken away from it; else the bound of played candidates was met first. */
  readonly isSmallest: boolean;
}

export interface Conformed {
  readonly cases: number;
  readonly operations: number;
  /** Of them those that the file system does not have: their cases end there. */
  readonly refused: number;
  /** Of them those that were compared: what follows one that was refused is not. */
  readonly compared: number;
  /** Of each kind of difference the first, shrunk. */
  readonly differences: readonly Shrunk[];
  /** Cases in which read(2) and a shared mapping say different things, on the kernel; the first of each kind, shrunk. */
  readonly splits: readonly Shrunk[];
  /** Kinds that were met after SHRUNK_MAX others: they are not shrunk, and none of them is here. */
  readonly notShrunk: readonly string[];
  readonly splitCases: number;
  /** For each reason how many cases. */
  readonly explained: ReadonlyMap<string, number>;
}

/** Plays cases on a file system that is made anew, and says what was seen, for each case in its place. */
type Play = (cases: readonly Input[]) => Promise<readonly Seen[]>;

/** A real file system. */
export interface Real {
  /** Operations that it has. */
  readonly kinds: readonly OpKind[];
  /** Without it a kernel maps what lies around a page, which no model does. */
  readonly hasDax: boolean;
  readonly play: Play;
}

/** What is said while it goes on. */
export interface Told {
  /** So many were played so far. */
  readonly played: (operations: number) => void;
  readonly shrinking: (number: number, of: number, kind: string) => void;
}

interface Played {
  readonly input: Input;
  /** As far as they are compared, both. */
  readonly real: Seen;
  readonly simulated: readonly string[];
  /** The file system does not have an operation of it. */
  readonly isRefused: boolean;
}

/** Cases that go into one script. */
const CASES_A_SCRIPT = 250;
const TESTS_MAX = 2000;
/** Differences that are shrunk, and splits. */
const SHRUNK_MAX = 8;
/** Candidates that are played for one of them. */
const PLAYED_MAX = 1000;
/** Candidates that are played together. */
const PLAYED_AT_ONCE = 40;
const NO_PREEMPTION = { preemptions: 0 };
const UNSUPPORTED = /^EOPNOTSUPP /;
const NO_PTE = '--';

export class Conformity {
  private readonly real: Real;
  private readonly program: Program;

  /** @param program of the model that it is held against */
  constructor(real: Real, program: Program) {
    this.real = real;
    this.program = program;
  }

  /** @param operations at least so many are played */
  async compare(rngSeed: number, operations: number, told: Told): Promise<Conformed> {
    const differing = new Map<string, Played>();
    const split = new Map<string, Played>();
    const explained = new Map<string, number>();
    let [cases, played, refused, compared, splitCases] = [0, 0, 0, 0, 0];
    for (let part = 0; played < operations; part++) {
      for (const one of await this.play(this.drawn(rngSeed + part, operations - played))) {
        cases += 1;
        played += opsOf(one.input).length;
        refused += Number(one.isRefused);
        compared += Math.max(0, one.real.lines.length - 1);
        const difference = differenceOf(one);
        if (one.real.split >= 0) splitCases += 1;
        if (one.real.split >= 0) keepFirst(split, kindOf(one, one.real.split), one);
        if (difference === null) continue;
        if (difference.reason === null) keepFirst(differing, kindOf(one, difference.op + 1), one);
        else explained.set(difference.reason, (explained.get(difference.reason) ?? 0) + 1);
      }
      told.played(played);
    }
    const shows = (one: Played): number => {
      const difference = differenceOf(one);
      return difference?.reason === null ? difference.op + 1 : -1;
    };
    const wanted = [
      ...[...differing].slice(0, SHRUNK_MAX).map((one) => [...one, shows] as const),
      ...[...split].slice(0, SHRUNK_MAX).map((one) => [...one, splitOf] as const),
    ];
    const shrunk: Shrunk[] = [];
    const splits: Shrunk[] = [];
    for (const [i, [kind, one, showing]] of wanted.entries()) {
      told.shrinking(i + 1, wanted.length, kind);
      const smallest = await this.shrink(one, showing);
      const into = showing === shows ? shrunk : splits;
      if (!into.some(({ input }) => printInput(input) === printInput(smallest.input)))
        into.push(smallest);
    }
    const counts = { cases, operations: played, refused, compared, splitCases, explained };
    const notShrunk = [differing, split].flatMap((all) => [...all.keys()].slice(SHRUNK_MAX));
    return { ...counts, differences: shrunk, splits, notShrunk };
  }

  /** As many cases of a script as so many operations take. */
  private drawn(rngSeed: number, operations: number): readonly Input[] {
    const inputs: Input[] = [];
    let left = operations;
    for (const input of drawCases(rngSeed, CASES_A_SCRIPT, this.real.kinds)) {
      if (left <= 0) break;
      if (!this.canPlay(input)) continue;
      inputs.push(input);
      left -= opsOf(input).length;
    }
    if (inputs.length > 0) return inputs;
    throw fail('USAGE', { what: 'the model lacks operations of every case that can be played' });
  }

  /**
   * The minimizer asks of one candidate after another; those that have not been played are taken to fail, played together,
   * and it begins anew.
   */
  private async shrink(start: Played, shows: (one: Played) => number): Promise<Shrunk> {
    const known = new Map<string, Played>([[printInput(start.input), start]]);
    const kind = kindOf(start, shows(start));
    for (;;) {
      const unknown = new Map<string, Input>();
      const { smallest, budgetRanOut } = minimize(
        { input: start.input, ...NO_PREEMPTION },
        (candidate) => {
          const input = { ...candidate, schedule: EMPTY_SCHEDULE };
          const text = printInput(input);
          const one = known.get(text);
          if (one === undefined) {
            if (this.canPlay(input)) unknown.set(text, input);
            return null;
          }
          const line = shows(one);
          return line >= 0 && kindOf(one, line) === kind ? { input, ...NO_PREEMPTION } : null;
        },
        TESTS_MAX,
      );
      if (unknown.size === 0 || known.size > PLAYED_MAX) {
        const found = known.get(printInput(smallest.input)) ?? start;
        const isSmallest = unknown.size === 0 && !budgetRanOut;
        return { ...differenceAt(found, shows(found)), isSmallest };
      }
      for (const one of await this.play([...unknown.values()].slice(0, PLAYED_AT_ONCE)))
        known.set(printInput(one.input), one);
    }
  }

  private canPlay(input: Input): boolean {
    return canBeMade(input) && lackingIn(this.program, input) === null;
  }

  private async play(inputs: readonly Input[]): Promise<readonly Played[]> {
    const seen = await this.real.play(inputs);
    return inputs.map((input, i) =>
      playedAs(input, seen[i] ?? NOTHING_SEEN, simulate(this.program, input).seen, this.real),
    );
  }
}

/** Both sides up to the operation that the file system does not have, and of ptes what both have where there is no DAX. */
function playedAs(
  input: Input,
  { lines, split }: Seen,
  simulated: readonly string[],
  { hasDax }: Real,
): Played {
  const refused = lines.findIndex((line) => UNSUPPORTED.test(line));
  const end = refused < 0 ? Number.POSITIVE_INFINITY : refused;
  const [ours, theirs] = [simulated.slice(0, end), lines.slice(0, end)];
  return {
    input,
    real: {
      lines: hasDax ? theirs : theirs.map((line, i) => mappedOnBoth(line, ours[i] ?? '')),
      split: split < end ? split : -1,
    },
    simulated: hasDax ? ours : ours.map((line, i) => mappedOnBoth(line, theirs[i] ?? '')),
    isRefused: refused >= 0,
  };
}

/** A line of one side without the lines of areas that the other one has no pte for. */
function mappedOnBoth(seen: string, other: string): string {
  const others = other.split(' ');
  const parts = seen.split(' ').map((part, i) => {
    const same = others[i] ?? '';
    if (i === 0 || part.includes(':') || part.length !== same.length) return part;
    return part.replace(/../g, (shown, at) => (same.startsWith(NO_PTE, at) ? NO_PTE : shown));
  });
  return parts.join(' ');
}

function splitOf({ real }: Played): number {
  return real.split;
}

function keepFirst<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

function differenceOf(one: Played): Difference | null {
  const line = firstDifference(one.real.lines, one.simulated);
  return line < 0 ? null : differenceAt(one, line);
}

function differenceAt({ input, real, simulated }: Played, line: number): Difference {
  const kernel = real.lines[line] ?? '';
  const simulator = simulated[line] ?? '';
  const op = line - 1;
  const ops = opsOf(input).map((one) => one.op);
  const reason = reasonFor(ops, op, kernel, simulator);
  return { input, op, kernel, simulator, reason };
}

/** The operation after which it shows: what shrinks keeps that. */
function kindOf({ input }: Played, line: number): string {
  return opsOf(input)[line - 1]?.op.kind ?? 'setup';
}
