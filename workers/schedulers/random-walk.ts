/** Random walk: every enabled thread alike at each step. The control series, and a trap as a default (2.2). */
import type { Random } from '../../corpus/vocabulary/random.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Scheduler } from '../kernel/machine.ts';

export class RandomWalk implements Scheduler {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  begin(): void {
    // Nothing is planned ahead.
  }

  choose(_k: Kernel, enabled: number): number {
    return pickBit(this.random, enabled);
  }
}

/** One set bit of a mask of threads, each alike. */
export function pickBit(random: Random, mask: number): number {
  let skip = random.below(bitCount(mask));
  let rest = mask;
  while (skip-- > 0) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}

function bitCount(mask: number): number {
  return (mask & 1) + ((mask >> 1) & 1) + ((mask >> 2) & 1) + ((mask >> 3) & 1);
}
