/**
 * What a campaign knows: per model the features met and the workloads that met them first. Pure: reports are
 * folded in the order of their batches, so a frontier is a function of them alone.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import {
  type Candidate,
  FEATURES_VERSION,
  type FuzzResult,
} from '../../corpus/vocabulary/messages.ts';
import type { Random } from '../../corpus/vocabulary/random.ts';

export interface Entry {
  readonly text: string;
  readonly featureCount: number;
  /** How often it was chosen as a parent. */
  chosen: number;
}

export interface FrontierJson {
  readonly features: readonly number[];
  readonly entries: readonly Readonly<Entry>[];
}

export class Frontier {
  readonly entries: Entry[] = [];
  private readonly features = new Set<number>();

  get size(): number {
    return this.features.size;
  }

  /** Admit what is new. */
  fold(report: FuzzResult): void {
    for (const candidate of this.fresh(report)) this.admit(candidate);
  }

  /** The candidates with something new, and only what is new of them. */
  fresh({ featuresVersion: version, candidates }: FuzzResult): readonly Candidate[] {
    assert(version === FEATURES_VERSION, 'features of another version', version);
    const met = new Set<number>();
    return candidates.flatMap(({ text, features: all }) => {
      const features = all.filter((feature) => !this.features.has(feature) && !met.has(feature));
      for (const feature of features) met.add(feature);
      return features.length === 0 ? [] : [{ text, features }];
    });
  }

  private admit({ text, features }: Candidate): void {
    for (const feature of features) this.features.add(feature);
    this.entries.push({ text, featureCount: features.length, chosen: 0 });
  }

  knownFeatures(): Iterable<number> {
    return this.features;
  }

  /** Another build numbers features in another way; the workloads stay good parents. */
  forgetFeatures(): void {
    this.features.clear();
  }

  toJson(): FrontierJson {
    return { features: [...this.features], entries: this.entries };
  }

  static fromJson({ features, entries }: FrontierJson): Frontier {
    const frontier = new Frontier();
    for (const feature of features) frontier.features.add(feature);
    for (const { text, featureCount: worth, chosen } of entries) {
      frontier.entries.push({ text, featureCount: worth, chosen });
    }
    return frontier;
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
  const worth = 16 + 4 * Math.min(entry.featureCount, 16);
  return Math.max(1, worth >> Math.min(6, entry.chosen >> 2));
}
