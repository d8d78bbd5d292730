/** Measuring: several kinds of work in alternating rounds, and the median of the rounds of each. */

/** What one chunk of work has done. A chunk is short against a round. */
export interface Done {
  /** What is being counted: runs, states, steps. */
  readonly units: number;
  /** Visible steps, where they are counted besides. */
  readonly steps: number;
}

export type Work = () => Done;

export interface Rate {
  /** Units a second. */
  readonly units: number;
  readonly steps: number;
}

export interface Timing {
  /** Of one kind of work, over all its rounds. */
  readonly timeMs: number;
  readonly warmUpMs: number;
}

/** Odd, so that the median is a round; a neighbour on the machine spoils two of them at most. */
const ROUNDS = 5;

export function rateOf(work: Work, timing: Timing): Rate {
  return ratesOf([work], timing)[0] as Rate;
}

/** In the order of `works`. Rounds alternate: a machine that slows down slows all of them. */
export function ratesOf(works: readonly Work[], { timeMs, warmUpMs }: Timing): readonly Rate[] {
  for (const work of works) round(work, warmUpMs);
  const rounds: Rate[][] = works.map(() => []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [at, work] of works.entries()) rounds[at]?.push(round(work, timeMs / ROUNDS));
  }
  return rounds.map((rates) => ({
    units: median(rates.map((rate) => rate.units)),
    steps: median(rates.map((rate) => rate.steps)),
  }));
}

/** At least one chunk, and more until the time is over. */
function round(work: Work, timeMs: number): Rate {
  const spentMs = stopwatch();
  let units = 0;
  let steps = 0;
  for (;;) {
    const done = work();
    units += done.units;
    steps += done.steps;
    const seconds = spentMs() / 1000;
    if (seconds * 1000 >= timeMs) return { units: units / seconds, steps: steps / seconds };
  }
}

/**
 * Time of a clock on the wall, less what others on the machine took of our core: processor time is shorter then.
 * On a machine with nothing else to do it is longer, since V8 compiles and collects beside us.
 */
function stopwatch(): () => number {
  const startedMs = performance.now();
  const started = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(started);
    return Math.min(performance.now() - startedMs, (user + system) / 1000);
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
