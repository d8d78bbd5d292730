/** What the data directory keeps of a search of a universe, read strictly: anything else is as nothing. */
import { z } from 'zod';
import type { Universe } from '../../corpus/breeding/universe.ts';
import { SweepFile } from '../../corpus/store/sweeps.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { modelDigest } from '../../workers/models/registry.ts';
import { NOTHING_SWEPT, type SweepOptions } from '../../workers/search/sweep.ts';
import type { Reached } from '../../workers/service/sweepers.ts';
import { engineDigest } from './identity.ts';

/** Version of the order of a universe's workloads, and of this file. */
const FORM = 1;

const COUNT = z.int().min(0);
const TEXTS = z.array(z.string()).readonly();
const REMEMBERED = z.strictObject({
  slice: COUNT,
  milliseconds: COUNT,
  swept: z.strictObject({
    workloads: COUNT,
    states: COUNT,
    transitions: COUNT,
    depth: COUNT,
    pairs: COUNT,
    cut: z.strictObject({ states: COUNT, room: COUNT, liveness: COUNT }),
    met: z
      .array(z.strictObject({ signature: z.string(), first: COUNT, workloads: COUNT }))
      .readonly(),
    ignored: TEXTS,
    contradictions: TEXTS,
  }),
});

export interface Remembered extends Reached {
  /** Spent on it, in all. */
  readonly milliseconds: number;
}

const NOTHING: Remembered = { slice: 0, milliseconds: 0, swept: NOTHING_SWEPT };

export class SweepMemory {
  readonly file: string;
  private readonly kept: SweepFile;

  constructor(dataDir: string, model: Model, universe: Universe, options: SweepOptions) {
    const { statesMax, all, ignored, onlyClass, preemptions } = options;
    const bound = preemptions === null ? {} : { preemptions };
    this.kept = new SweepFile(dataDir, {
      form: FORM,
      engine: engineDigest(),
      model: modelDigest(model),
      universe,
      options: { statesMax, all, ignored: [...ignored].sort(), onlyClass, ...bound },
    });
    this.file = this.kept.file;
  }

  read(): Remembered {
    return REMEMBERED.safeParse(this.kept.read()).data ?? NOTHING;
  }

  /** @throws Refusal DATA_DIR */
  write(remembered: Remembered): void {
    this.kept.write(remembered);
  }
}
