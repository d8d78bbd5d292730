/** The thread of one executor: it computes what it is sent, in order, and touches nothing else. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FindingRecord } from '../../corpus/store/finding-store.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { Engine } from '../../workers/execute.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { type Proof, reproduce } from '../../workers/reproduce.ts';
import { BatchRunner } from '../../workers/run-batch.ts';
import type { Answer, MinimizeTask, Task } from './executors.ts';
import { recordOf } from './record-finding.ts';

/** Models by the reference that batches use; they come as data, once, when the thread starts. */
const models = new Map(workerData as readonly (readonly [string, Model])[]);
const runners = new Map<string, BatchRunner>();
const engines = new Map<string, Engine>();

function modelOf(reference: string): Model {
  const model = models.get(reference);
  if (model === undefined) {
    throw fail('MODEL_UNKNOWN', { model: reference, known: [...models.keys()].join(', ') });
  }
  return model;
}

function cached<T>(kept: Map<string, T>, reference: string, make: (model: Model) => T): T {
  let value = kept.get(reference);
  if (value === undefined) {
    value = make(modelOf(reference));
    kept.set(reference, value);
  }
  return value;
}

/** Candidates executed, and steps of the proof: about a second of one core at the most. */
const BUDGET = { testsMax: 4000, statesMax: 200_000 };

function minimize(task: MinimizeTask): FindingRecord {
  const model = modelOf(task.model);
  const engine = cached(engines, task.model, (made) => new Engine(made));
  const found = reproduce(engine, parseInput(task.text, 'witness'), task.signature, BUDGET);
  // The witness was recorded by the same engine: anything else is a defect of ours.
  assert(found !== null, 'a witness does not reproduce', task.signature);
  const { traced, criticalPair } = found;
  return recordOf({
    model,
    workload: found.input,
    traced,
    signature: task.signature,
    runsToFirst: task.runsToFirst,
    origin: task.origin,
    howFound: {
      rngSeed: task.origin.rngSeed,
      batch: task.origin.batch,
      run: task.origin.run,
      scheduler: task.scheduler,
      testsUsed: found.tests,
      proof: proofText(found.proof),
      criticalPair: criticalPair === null ? null : [criticalPair.before, criticalPair.after],
    },
  });
}

function proofText(proof: Proof): string {
  if (proof.kind === 'exactly') return `needs exactly ${proof.preemptions}`;
  return `needs <= ${proof.preemptions}, > ${proof.proven} proven`;
}

function answer(task: Task): Answer {
  try {
    if (task.kind === 'minimize') return { kind: 'minimized', record: minimize(task) };
    const runner = cached(runners, task.batch.model, (model) => new BatchRunner(model));
    return { kind: 'report', report: runner.run(task.batch) };
  } catch (error) {
    const refused = error instanceof Refusal;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'failed', message: refused ? error.message : text };
  }
}

parentPort?.on('message', (text: string) => {
  parentPort?.postMessage(JSON.stringify(answer(JSON.parse(text) as Task)));
});
