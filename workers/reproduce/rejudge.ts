/**
 * A finding of another engine, judged by this one: the same again, others in its place, gone, or undecided. What is
 * shown is minimized anew, because labels, fused steps and proofs were the other engine's. Pure.
 */
import type { FindingRecord } from '../../corpus/vocabulary/finding.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import type { Model } from '../kernel/path.ts';
import { Engine, type Traced } from '../run/engine.ts';
import { drawnRecord, minimizedRecord } from './finding-record.ts';
import type { StepNames } from './hunt.ts';
import { replayVerdict } from './replay-verdict.ts';
import { PROOF_STEPS_MAX } from './reproduce.ts';

export interface RejudgeOptions {
  /** Distinct states that the search may take where the schedule misses. */
  readonly statesMax: number;
  /** Digest of this build's engine. */
  readonly engine: string;
  /** The steps of the model that the repro carries, if this build can read it. */
  readonly recorded?: StepNames;
}

export interface Rejudged {
  /** `others`, `gone`: every state was searched. `undecided`: the search met its bound. */
  readonly kind: 'same' | 'others' | 'gone' | 'undecided';
  /** What is shown, ready to be filed: one of `same`, several of `others`. */
  readonly records: readonly FindingRecord[];
  /** States of the search; 0 if the schedule showed it. */
  readonly states: number;
}

/** Candidates of one minimization: a repro that was minimized once rarely takes a hundred. */
const TESTS_MAX = 4000;

export function rejudge(model: Model, old: FindingRecord, options: RejudgeOptions): Rejudged {
  const { input, signature } = old.repro;
  const engine = new Engine(model);
  const { statesMax, recorded } = options;
  const names = recorded === undefined ? {} : { recorded };
  const sweep = { statesMax, traceDigest: null, ...names };
  const found = replayVerdict(engine, input, signature, sweep);
  const { verdict, states, isComplete, traced, shown } = found;
  if (verdict === 'reproduced') {
    const record = filed(engine, model, old, signature, traced, options);
    // One of the first version of signatures has another id now.
    const kind = record.finding.id === old.finding.id ? 'same' : 'others';
    return { kind, records: [record], states };
  }
  if (verdict === 'fixed') return { kind: 'gone', records: [], states };
  if (verdict === 'inconclusive' || !isComplete) return { kind: 'undecided', records: [], states };
  const records = shown.map((one) => {
    return filed(engine, model, old, one.signature, one.traced, options);
  });
  return { kind: 'others', records, states };
}

function filed(
  engine: Engine,
  model: Model,
  { finding, repro, howFound }: FindingRecord,
  signature: string,
  traced: Traced,
  { engine: digest }: RejudgeOptions,
): FindingRecord {
  const { setup, threads } = repro.input;
  const witness: Input = { setup, threads, schedule: traced.schedule };
  const budget = { testsMax: TESTS_MAX, statesMax: PROOF_STEPS_MAX };
  const isSame = signature === finding.signature;
  const seen = {
    model,
    signature,
    // Of a finding that takes its place nobody has counted the runs.
    runsToFirst: isSame ? finding.runsToFirst : null,
    origin: repro.origin,
    engine: digest,
    howFound,
  };
  return minimizedRecord(engine, seen, witness, budget) ?? drawnRecord(seen, witness, traced);
}
