/**
 * The thread of one executor: it computes what it is sent, in order, and touches nothing else but the counters
 * it shares with its process.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { GivenModel } from '../../corpus/vocabulary/messages.ts';
import { WorkRunner } from '../batch/run-work.ts';
import { modelOf, pinnedModel } from '../models/registry.ts';
import { Counters } from './counters.ts';
import type { Answer, Order, Start } from './executors.ts';

const start = workerData as Start;
const counters = new Counters(start.counters);
/** Models of a user's own files, by reference; they come as data, once. */
const given = new Map(start.models);
const jsonOf = new Map<string, string>();
let runner = newRunner();

function newRunner(): WorkRunner {
  return new WorkRunner((reference) => given.get(reference) ?? modelOf(reference), start.engine);
}

/** A model that changes under its name takes the engines of the old one with it. */
function learn(models: readonly GivenModel[]): void {
  for (const [reference, json] of models) {
    if (jsonOf.get(reference) === json) continue;
    jsonOf.set(reference, json);
    given.set(reference, pinnedModel({ reference, json }));
    runner = newRunner();
  }
}

function answer({ work, lists, models }: Order): Answer {
  const startedMs = performance.now();
  try {
    learn(models);
    const result = runner.run(JSON.parse(work), lists, counters.count);
    return { result: JSON.stringify(result), milliseconds: performance.now() - startedMs };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message };
    // Its engines may stand in the middle of something.
    runner = newRunner();
    return { broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', (order: Order) => {
  parentPort?.postMessage(answer(order));
});
parentPort?.postMessage('ready' satisfies Answer);
