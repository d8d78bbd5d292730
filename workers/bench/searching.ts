/**
 * `bench search`: what a second thread brings to the search of one workload. Rounds of one thread and of two alternate;
 * the ratio is taken in each, so that a machine that slows down slows both.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { Model } from '../kernel/path.ts';
import { Engine } from '../run/engine.ts';
import type { Crew } from '../search/crew.ts';
import { explore } from '../search/exhaustive.ts';
import { type Result, TAKEN } from './measure.ts';
import { median } from './rounds.ts';

export interface SearchSubject {
  readonly model: Model;
  readonly workload: Workload;
  /** Of two threads, the caller's among them. */
  readonly crew: Crew;
}

const ROUNDS = 5;
const STATES_MAX = 2_000_000;

interface Timed {
  readonly statesPerSecond: number;
  /** Percent of the time in which the process did not run. */
  readonly taken: number;
}

export function measureSearch(
  { model, workload, crew }: SearchSubject,
  began: (what: string) => void,
): readonly Result[] {
  const engine = new Engine(model);
  began('warming up');
  searched(engine, workload);
  searched(engine, workload, crew);
  const rounds = Array.from({ length: ROUNDS }, (_, i) => {
    began(`round ${i + 1} of ${ROUNDS}`);
    return { one: searched(engine, workload), two: searched(engine, workload, crew) };
  });
  const one = rounds.map((round) => round.one.statesPerSecond);
  const two = rounds.map((round) => round.two.statesPerSecond);
  const ratios = two.map((speed, i) => speed / (one[i] as number));
  const spread = Math.max(...ratios) - Math.min(...ratios);
  return [
    { name: 'search.one', value: median(one), unit: 'states/s' },
    { name: 'search.two', value: median(two), unit: 'states/s' },
    { name: 'search.ratio', value: median(ratios), unit: 'x' },
    { name: 'search.spread', value: (100 * spread) / median(ratios), unit: '%' },
    { name: TAKEN, value: median(rounds.map((round) => round.one.taken)), unit: '%' },
  ];
}

/** By the clock on the wall: processor time knows nothing of threads that wait for each other. */
function searched(engine: Engine, workload: Workload, crew?: Crew): Timed {
  const startedMs = performance.now();
  const started = process.cpuUsage();
  const { states } = explore(
    engine,
    workload,
    { statesMax: STATES_MAX, all: true },
    undefined,
    crew,
  );
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(started);
  const taken = 100 * Math.max(0, 1 - (user + system) / 1000 / ms);
  return { statesPerSecond: (1000 * states) / ms, taken };
}

/** A third thread, which reads what the others write: the standard workload has 34 thousand states, this a million. */
export function largeWorkload(standard: Workload): Workload {
  const [first] = standard.threads;
  const read = first?.ops.filter(({ kind }) => kind === 'pread') ?? [];
  return { ...standard, threads: [...standard.threads, { process: 0, ops: read }] };
}
