/**
 * SURW, selectively uniform random walk (Zhao et al., ASPLOS 2025), with one object of interest a run: among
 * the steps that touch it, every interleaving is about equally likely; all others run by random priority.
 * The object is drawn among those that two threads touch and one writes; weights come from the profile.
 */
import { THREADS } from '../../corpus/vocabulary/limits.ts';
import type { Random } from '../../corpus/vocabulary/random.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OBJECTS } from '../kernel/layout.ts';
import type { Scheduler } from '../kernel/machine.ts';
import { type Profile, touchesObject } from './profile.ts';

export class Surw implements Scheduler {
  private readonly random: Random;
  private readonly profile: Profile;
  private readonly weight: Int32Array = new Int32Array(THREADS);
  private readonly priority: Int32Array = new Int32Array(THREADS);
  private object = -1;
  private intended = -1;
  private held = 0;

  constructor(random: Random, profile: Profile) {
    this.random = random;
    this.profile = profile;
  }

  begin(k: Kernel): void {
    const { shared, touches } = this.profile;
    this.object = shared.length === 0 ? -1 : this.random.pick(shared);
    for (let t = 0; t < k.world.threads; t++) {
      this.weight[t] = this.object < 0 ? 0 : (touches[t * OBJECTS + this.object] as number);
      this.priority[t] = this.random.next();
    }
    this.held = 0;
    this.intended = this.drawIntended((1 << k.world.threads) - 1);
  }

  choose(k: Kernel, enabled: number): number {
    let candidates = enabled & ~this.held;
    for (;;) {
      if (candidates === 0) {
        // Everybody who could run is held back: the plan cannot be kept, draw a new one.
        this.held = 0;
        this.intended = this.drawIntended(enabled);
        candidates = enabled;
      }
      const thread = this.highest(candidates);
      const isInteresting = this.object >= 0 && touchesObject(k, thread, this.object);
      if (!isInteresting) return this.take(thread);
      if (thread === this.intended) {
        this.weight[thread] = Math.max(0, (this.weight[thread] as number) - 1);
        this.held = 0;
        this.intended = this.drawIntended((1 << k.world.threads) - 1);
        return this.take(thread);
      }
      this.held |= 1 << thread;
      candidates &= ~(1 << thread);
    }
  }

  private take(thread: number): number {
    this.priority[thread] = this.random.next();
    return thread;
  }

  private highest(mask: number): number {
    let best = -1;
    let most = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const t = 31 - Math.clz32(rest & -rest);
      const priority = this.priority[t] as number;
      if (best >= 0 && priority <= most) continue;
      best = t;
      most = priority;
    }
    return best;
  }

  /** A thread of the mask, drawn by its remaining weight; any of them when all weights are spent. */
  private drawIntended(mask: number): number {
    let sum = 0;
    for (let t = 0; t < THREADS; t++) if ((mask & (1 << t)) !== 0) sum += this.weight[t] as number;
    if (sum === 0) return this.highest(mask);
    let left = this.random.below(sum);
    for (let t = 0; t < THREADS; t++) {
      if ((mask & (1 << t)) === 0) continue;
      left -= this.weight[t] as number;
      if (left < 0) return t;
    }
    return this.highest(mask);
  }
}
