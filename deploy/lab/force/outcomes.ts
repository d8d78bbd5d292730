/** What a right kernel may show of a workload: results of its reads, and lines at the end, over its interleavings. Pure. */
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { STEPS_MAX } from '../../../corpus/vocabulary/limits.ts';
import { argumentOf } from '../../../corpus/vocabulary/ops.ts';
import type { Program } from '../../../workers/kernel/program.ts';
import { Player, type Stretch } from './visible.ts';

/** By what is looked at: `A2` for an operation, `A 3` for line 3 of file A; each value that it may have. */
export type Outcomes = ReadonlyMap<string, ReadonlySet<string>>;

const RUNS_MAX = 4000;

/** Null where a value says not who wrote it: a copy out of a mapping. */
export function outcomesOf(program: Program, workload: Workload): Outcomes | null {
  const { threads } = workload;
  if (threads.some(({ ops }) => ops.some((op) => argumentOf(op, 'buffer') !== undefined)))
    return null;
  const found = new Map<string, Set<string>>();
  const add = (name: string, value: string): void => {
    const values = found.get(name) ?? new Set();
    values.add(value);
    found.set(name, values);
  };
  const player = new Player(program, workload);
  for (const stretches of stretchesOf(player, workload)) {
    player.play(stretches);
    const { results, files } = player.visible();
    for (const [name, value] of results) add(name, value);
    for (const [file, lines] of files)
      for (const [line, value] of lines.entries()) add(lineName(file, line), value);
  }
  return found;
}

/** A thread up to a step, another up to a step, the first to its end: at most two preemptions, the fewer first. */
export function* stretchesOf(player: Player, { threads }: Workload): Generator<readonly Stretch[]> {
  const counts = threads.map(
    (_, thread) => player.play([[thread, STEPS_MAX]]).filter((one) => one === thread).length,
  );
  const pairs = threads.flatMap((_, first) =>
    threads.flatMap((__, second) => (first === second ? [] : [[first, second] as const])),
  );
  for (const thread of threads.keys()) yield [[thread, STEPS_MAX]];
  for (const [first, second] of pairs) {
    for (let i = 1; i < (counts[first] ?? 0); i++) {
      yield [
        [first, i],
        [second, STEPS_MAX],
      ];
    }
  }
  let runs = 0;
  for (const [first, second] of pairs) {
    for (let i = 1; i < (counts[first] ?? 0); i++) {
      for (let j = 1; j < (counts[second] ?? 0) && runs < RUNS_MAX; j++, runs++) {
        yield [
          [first, i],
          [second, j],
          [first, STEPS_MAX],
        ];
      }
    }
  }
}

/** @param file by its letter */
export function lineName(file: string, line: number): string {
  return `${file} ${line}`;
}
