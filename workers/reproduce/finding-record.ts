/** From a run that went wrong to what is kept of it: the repro, its drawing, and what is said about it. Pure. */

import { assert } from '../../corpus/vocabulary/assert.ts';
import { findingId, type HowFound, keptOf, operationsOf } from '../../corpus/vocabulary/finding.ts';
import type { Input, Workload } from '../../corpus/vocabulary/input.ts';
import type { FindingRecord } from '../../corpus/vocabulary/record.ts';
import type { Origin } from '../../corpus/vocabulary/repro.ts';
import { type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { canonicalReference, modelDigest, modelJson } from '../models/registry.ts';
import { type Traced, violationsOf } from '../run/engine.ts';
import { renderColumns } from '../views/columns.ts';
import { lockSites } from '../views/lock-views.ts';
import { nameInWords, nameOn } from './naming.ts';

export interface Seen {
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

export function recordOf(seen: Seen): FindingRecord {
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
