/** The schedulers by name, and the portfolio that a batch gives each workload. */
import type { SchedulerName } from '../../corpus/vocabulary/messages.ts';
import type { Random } from '../../corpus/vocabulary/random.ts';
import type { Scheduler } from '../kernel/machine.ts';
import { Pct } from './pct.ts';
import type { Profile } from './profile.ts';
import { RandomWalk } from './random-walk.ts';
import { Surw } from './surw.ts';

/**
 * The portfolio, in sixteenths: SURW, PCT of growing depth, random walk as control. POS is
 * not built; SURW takes its share. The first run of a workload has each thread alone: the others plan by its profile.
 */
export const PORTFOLIO = [
  'surw',
  'surw',
  'pct2',
  'surw',
  'surw',
  'random',
  'surw',
  'surw',
  'pct3',
  'surw',
  'surw',
  'surw',
  'pct4',
  'surw',
  'surw',
  'surw',
] as const satisfies readonly SchedulerName[];

export type Schedulers = Readonly<Record<SchedulerName, Scheduler>>;

/** All of them draw from `random` and plan by `profile`, which is filled by the run of `alone`. */
export function schedulersOf(random: Random, profile: Profile): Schedulers {
  return {
    alone: profile,
    surw: new Surw(random, profile),
    pct2: new Pct(random, profile, 2),
    pct3: new Pct(random, profile, 3),
    pct4: new Pct(random, profile, 4),
    random: new RandomWalk(random),
  };
}

/** Who draws the schedule of a workload's n-th run, counted from 0. */
export function turnOf(n: number): SchedulerName {
  return n === 0 ? 'alone' : (PORTFOLIO[n % PORTFOLIO.length] as SchedulerName);
}
