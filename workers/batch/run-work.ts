/** One batch's work, of whatever kind, to its result. Pure: the same work gives the same result anywhere. */

import { assert } from '../../corpus/vocabulary/assert.ts';
import { packRecord } from '../../corpus/vocabulary/finding.ts';
import { canonicalJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import type {
  CanaryRun,
  CanarySeen,
  Compared,
  Comparison,
  Minimization,
  Minimized,
  NamedLists,
  Result,
  Verification,
  Verified,
  Work,
} from '../../corpus/vocabulary/messages.ts';
import { parseRepro } from '../../corpus/vocabulary/repro.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../kernel/path.ts';
import { minimizedRecord } from '../reproduce/finding-record.ts';
import { stepOf } from '../reproduce/hunt.ts';
import { replayVerdict } from '../reproduce/replay-verdict.ts';
import { PROOF_STEPS_MAX } from '../reproduce/reproduce.ts';
import { Engine } from '../run/engine.ts';
import { type Count, FuzzRunner } from './fuzz-batch.ts';

/** States of the search on another model: a quarter of a second. */
const COMPARE_STATES_MAX = 100_000;

export class WorkRunner {
  private readonly modelOf: (reference: string) => Model;
  private readonly engineDigest: string;
  private readonly runners = new Map<string, FuzzRunner>();
  private readonly engines = new Map<string, Engine>();

  /** @param engineDigest what repros say of the build that made them */
  constructor(modelOf: (reference: string) => Model, engineDigest: string) {
    this.modelOf = modelOf;
    this.engineDigest = engineDigest;
  }

  /**
   * @param lists what a fuzz batch names
   * @param count told of the runs of fuzz batches as they are made
   * @throws Refusal where the work names a model, an input or a repro that is none
   */
  run(work: Work, lists?: NamedLists, count?: Count): Result {
    switch (work.kind) {
      case 'fuzz':
        return this.runnerOf(work.model).run(work, lists, count);
      case 'minimize':
        return this.minimize(work);
      case 'verify':
        return this.verify(work);
      case 'compare':
        return this.compare(work);
      case 'canary':
        return this.canary(work);
    }
  }

  private minimize(work: Minimization): Minimized {
    const { model, signature, origin, testsMax } = work;
    const budget = { testsMax, statesMax: testsMax === 0 ? 0 : PROOF_STEPS_MAX };
    const witness = parseInput(work.text, 'witness');
    const { rngSeed, batch, run } = origin;
    const seen = {
      model: this.modelOf(model),
      signature,
      runsToFirst: work.runsToFirst,
      origin,
      engine: this.engineDigest,
      howFound: { rngSeed, batch, run, scheduler: work.scheduler },
    };
    const record = minimizedRecord(this.engineOf(model), seen, witness, budget);
    return { kind: 'minimize', signature, record: record && packRecord(record) };
  }

  private verify(work: Verification): Verified {
    const { input, signature, traceDigest } = parseRepro(work.repro, 'repro');
    const engine = this.engineOf(work.model);
    engine.load(input);
    const traced = engine.trace(input.schedule);
    const isSame = stepOf(traced, signature) > 0 && traced.digest === traceDigest;
    return { kind: 'verify', signature, isSame };
  }

  private compare(work: Comparison): Compared {
    const { input, signature } = parseRepro(work.repro, 'repro');
    const options = { statesMax: COMPARE_STATES_MAX, traceDigest: null };
    const on: string[] = [];
    const notOn: string[] = [];
    for (const model of work.models) {
      const engine = this.engineOf(model);
      if (engine.lackingIn(input) !== null) continue;
      const { verdict, isComplete } = replayVerdict(engine, input, signature, options);
      if (verdict === 'reproduced') on.push(model);
      else if (isComplete) notOn.push(model);
    }
    return { kind: 'compare', signature, on, notOn };
  }

  private canary({ batch }: CanaryRun): CanarySeen {
    const { featuresDigest, settledDigest } = batch;
    assert(featuresDigest === null && settledDigest === null, 'a canary knows nothing');
    const result = this.runnerOf(batch.model).run(batch);
    const digest = sha256Hex(canonicalJson(result));
    return { kind: 'canary', digest, found: Object.keys(result.hits).sort() };
  }

  private runnerOf(reference: string): FuzzRunner {
    return kept(this.runners, reference, () => new FuzzRunner(this.modelOf(reference)));
  }

  private engineOf(reference: string): Engine {
    return kept(this.engines, reference, () => new Engine(this.modelOf(reference)));
  }
}

function kept<T>(made: Map<string, T>, reference: string, make: () => T): T {
  const value = made.get(reference) ?? make();
  made.set(reference, value);
  return value;
}
