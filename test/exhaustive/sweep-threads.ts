/** The small sweep on several models, on both cores. */
import { Worker } from 'node:worker_threads';
import { type Hand, type Swept, together } from './sweep.ts';
// The compiled file is started by name; this makes it part of the program.
import type {} from './sweep-thread.ts';

const THREADS = 2;
/**
 * Hands a model. Small ones keep both threads busy until the end; their number divides no number of
 * operations or page states, so each has some of everything.
 */
const HANDS = 5;
const EVERY_HAND = Array.from({ length: HANDS }, (_, part) => part);

/** One result a model, in the order of the models, of some hands of the five. */
export async function sweepAll(
  models: readonly string[],
  handsOf: (model: string) => readonly number[] = () => EVERY_HAND,
  isWhole = false,
): Promise<readonly Swept[]> {
  const open: Hand[] = models.flatMap((model) =>
    handsOf(model).map((part) => ({ model, part, parts: HANDS, isWhole })),
  );
  const swept: Swept[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./sweep-thread.js', import.meta.url));
    try {
      for (let hand = open.shift(); hand !== undefined; hand = open.shift()) {
        swept.push(await sweepOn(worker, hand));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: THREADS }, work));
  return models.map((model) =>
    together(
      model,
      swept.filter((hand) => hand.model === model),
    ),
  );
}

function sweepOn(worker: Worker, hand: Hand): Promise<Swept> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', done);
      worker.off('error', fail);
    };
    const done = (swept: Swept): void => {
      settle();
      resolve(swept);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    worker.on('message', done);
    worker.on('error', fail);
    worker.postMessage(hand);
  });
}
