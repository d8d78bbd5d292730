/**
 * What a campaign knows: per model the features met and the workloads that met them first. Pure: reports are
 * folded in the order of their batches, so a frontier is a function of them alone.
 */
import { assert } from '../corpus/vocabulary/assert.ts';
import { type Explored, FEATURES_VERSION } from '../corpus/vocabulary/messages.ts';
import type { Random } from '../corpus/vocabulary/random.ts';

export interface Entry {
  readonly text: string;
  readonly features: number;
  /** How often it was chosen as a parent. */
  chosen: number;
}

export class Frontier {
  readonly entries: Entry[] = [];
  private readonly features = new Set<number>();

  get size(): number {
    return this.features.size;
  }

  /** Admit what is new. */
  fold(report: Explored): void {
    assert(report.features === FEATURES_VERSION, 'features of another version', report.features);
    for (const candidate of report.candidates) {
      let added = 0;
      for (const feature of candidate.features) {
        if (this.features.has(feature)) continue;
        this.features.add(feature);
        added++;
      }
      if (added > 0) this.entries.push({ text: candidate.text, features: added, chosen: 0 });
    }
  }

  /** Parents by energy: many new features raise it, having been chosen lowers it. */
  choose(random: Random, count: number): readonly string[] {
    const chosen: string[] = [];
    const limit = Math.min(count, this.entries.length);
    for (let i = 0; i < limit; i++) {
      const entry = this.draw(random);
      entry.chosen++;
      chosen.push(entry.text);
    }
    return chosen;
  }

  private draw(random: Random): Entry {
    const energies = this.entries.map(energyOf);
    let left = random.below(energies.reduce((sum, energy) => sum + energy, 0));
    let last = this.entries.length - 1;
    for (const [i, energy] of energies.entries()) {
      left -= energy;
      if (left < 0) {
        last = i;
        break;
      }
    }
    return this.entries[last] as Entry;
  }
}

/** 16 for a newcomer with one feature, up to 80; halved with every four times it was a parent, never 0. */
function energyOf(entry: Entry): number {
  const worth = 16 + 4 * Math.min(entry.features, 16);
  return Math.max(1, worth >> Math.min(6, entry.chosen >> 2));
}
