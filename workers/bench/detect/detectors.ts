/**
 * Who looks for a row: a scheduler of this build, the portfolio as a campaign uses it, or a peer. All run the same
 * engine on the same scenario and count schedules up to and with the first that shows the row.
 */
import type { SchedulerName } from '../../../corpus/vocabulary/messages.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import { Engine } from '../../run/engine.ts';
import { PORTFOLIO, schedulersOf, turnOf } from '../../schedulers/portfolio.ts';
import { Profile } from '../../schedulers/profile.ts';
import { fastCheck } from './fast-check-peer.ts';
import { type Detector, lookoutOf } from './scenarios.ts';

/** A peer is a line here. */
export const DETECTORS: Readonly<Record<string, Detector>> = {
  portfolio: inTurn(turnOf),
  ...Object.fromEntries([...new Set(PORTFOLIO)].sort().map((name) => [name, inTurn(() => name)])),
  'fast-check': fastCheck,
};

/** The other peer runs programs of its own: spin/peer.ts. */
export const SPIN_RANDOM = 'spin-random';
/** It counts states, not schedules. */
export const SPIN_VERIFY = 'spin-verify';

/**
 * The profile that SURW and PCT plan by is a run of its own, made once: it counts where it has a turn, as in a
 * campaign, and not where a scheduler is measured alone.
 */
function inTurn(turn: (n: number) => SchedulerName): Detector {
  return (scenario) => {
    const engine = new Engine(scenario.model);
    const shows = lookoutOf(scenario, engine);
    engine.load(scenario.workload);
    const random = new Random(0);
    const profile = new Profile();
    const schedulers = schedulersOf(random, profile);
    engine.run(profile, profile);
    profile.close(engine.kernel);
    return (rngSeed, schedulesMax) => {
      for (let n = 0; n < schedulesMax; n++) {
        random.reseed(rngSeed, n);
        engine.run(schedulers[turn(n)]);
        if (shows()) return n + 1;
      }
      return null;
    };
  };
}
