/**
 * PCT(d) (Burckhardt et al., ASPLOS 2010): random priorities, d - 1 random change points; a bug of depth d is
 * hit with probability >= 1 / (n k^(d-1)) a run, n threads, k steps. As Shuttle does: k from the profile,
 * steps without a choice are not counted, a yield demotes.
 */
import { THREADS } from '../../corpus/vocabulary/limits.ts';
import type { Random } from '../../corpus/vocabulary/random.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Scheduler } from '../kernel/machine.ts';
import type { Profile } from './profile.ts';

/** The deepest bug that the portfolio aims at: a cycle of three threads has depth 3. */
const DEPTH_MAX = 8;

export class Pct implements Scheduler {
  private readonly random: Random;
  private readonly profile: Profile;
  private readonly depth: number;
  /** Distinct; initial ones are >= depth, those of demoted threads below. */
  private readonly priority: Int32Array = new Int32Array(THREADS);
  private readonly changes: Int32Array = new Int32Array(DEPTH_MAX);
  private choices = 0;
  private demotions = 0;

  constructor(random: Random, profile: Profile, depth: number) {
    this.random = random;
    this.profile = profile;
    this.depth = Math.min(depth, DEPTH_MAX);
  }

  begin(k: Kernel): void {
    const n = k.world.threads;
    for (let t = 0; t < n; t++) this.priority[t] = this.depth + t;
    // Fisher-Yates.
    for (let t = n - 1; t > 0; t--) {
      const other = this.random.below(t + 1);
      const kept = this.priority[t] as number;
      this.priority[t] = this.priority[other] as number;
      this.priority[other] = kept;
    }
    const length = Math.max(2, this.profile.steps);
    for (let i = 0; i < this.depth - 1; i++) this.changes[i] = 1 + this.random.below(length - 1);
    this.choices = 0;
    this.demotions = 0;
  }

  choose(k: Kernel, enabled: number, current: number): number {
    this.choices++;
    if (current >= 0 && k.yielded === current) this.demote(current);
    for (let i = 0; i < this.depth - 1; i++) {
      if (this.changes[i] === this.choices)
        this.priority[this.highest(enabled)] = this.depth - 1 - i;
    }
    return this.highest(enabled);
  }

  private demote(thread: number): void {
    this.demotions++;
    this.priority[thread] = -this.demotions;
  }

  private highest(mask: number): number {
    let best = -1;
    for (let t = 0; t < THREADS; t++) {
      if ((mask & (1 << t)) === 0) continue;
      if (best < 0 || (this.priority[t] as number) > (this.priority[best] as number)) best = t;
    }
    return best;
  }
}
