/** From a witness to what is kept of its finding: minimized, proven, drawn, named. Pure. */
import { assert } from '../../corpus/vocabulary/assert.ts';
import {
  type FindingRecord,
  findingId,
  type HowFound,
  keptOf,
  operationsOf,
} from '../../corpus/vocabulary/finding.ts';
import type { Input, Workload } from '../../corpus/vocabulary/input.ts';
import type { Origin } from '../../corpus/vocabulary/repro.ts';
import { type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { canonicalReference, modelDigest, modelJson } from '../models/registry.ts';
import { type Engine, type Traced, violationsOf } from '../run/engine.ts';
import { renderColumns } from '../views/columns.ts';
import { lockSites } from '../views/lock-views.ts';
import { nameInWords, nameOn } from './naming.ts';
import { proofText, type ReproduceOptions, reproduce } from './reproduce.ts';

interface Seen {
  readonly model: Model;
  readonly workload: Workload;
  /** The run to keep: its schedule becomes the repro's. */
  readonly traced: Traced;
  /** Which of the run's violations this is about. */
  readonly signature: string;
  readonly runsToFirst: number | null;
  readonly origin: Origin | null;
  readonly howFound: HowFound;
  /** Digest of the engine that judged it. */
  readonly engine: string;
}

/** All but what minimizing says. */
type Witnessed = Omit<Seen, 'workload' | 'traced' | 'howFound'> & {
  readonly howFound: Omit<HowFound, 'testsUsed' | 'proof' | 'criticalPair'>;
};

/** Null if the input does not show the signature. */
export function minimizedRecord(
  engine: Engine,
  seen: Witnessed,
  witness: Input,
  budget: ReproduceOptions,
): FindingRecord | null {
  const found = reproduce(engine, witness, seen.signature, budget);
  if (found === null) return null;
  const { input: workload, traced, criticalPair: pair, proof, tests: testsUsed } = found;
  const criticalPair = pair && ([pair.before, pair.after] as const);
  const howFound = { ...seen.howFound, testsUsed, proof: proofText(proof), criticalPair };
  return recordOf({ ...seen, workload, traced, howFound });
}

/** As it was met, for what minimizing does not show again: a search has proven it, such as that nothing ever ends. */
export function drawnRecord(seen: Witnessed, workload: Workload, traced: Traced): FindingRecord {
  const unproven = { testsUsed: null, proof: null, criticalPair: null };
  return recordOf({ ...seen, workload, traced, howFound: { ...seen.howFound, ...unproven } });
}

/** From a run that went wrong: the repro, its drawing, and what is said about it. */
function recordOf(seen: Seen): FindingRecord {
  const { model, workload, traced, signature, runsToFirst } = seen;
  const { setup, threads } = workload;
  const input: Input = { setup, threads, schedule: traced.schedule };
  const violation = violationOf(traced, signature);
  const name = nameOn(signature, model);
  const reference = canonicalReference(model);
  const finding = {
    id: findingId(signature),
    signature,
    class: violation.class,
    ...name,
    model: reference,
    models: [reference],
    threads: threads.length,
    operations: operationsOf(threads),
    preemptions: traced.preemptions,
    sites: lockSites(model, input, traced, violation),
    runsToFirst,
  };
  const repro = {
    input,
    modelRef: reference,
    modelJson: modelJson(model),
    modelDigest: modelDigest(model),
    engine: seen.engine,
    signature,
    catalogue: finding.known,
    traceDigest: traced.digest,
    origin: seen.origin,
  };
  const pair = seen.howFound.criticalPair;
  const subject = { signature, name: nameInWords(signature, model), pair };
  const columns = renderColumns(model, input, traced, subject);
  return { finding: keptOf(finding), repro, columns, howFound: seen.howFound };
}

function violationOf(traced: Traced, signature: string): Violation {
  const violation = worstOf(violationsOf(traced), signature);
  assert(violation !== undefined, 'the run has no such violation', signature);
  return violation;
}
