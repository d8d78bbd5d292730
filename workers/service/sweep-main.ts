/** The thread that searches parts of one universe on one model, in the order in which it is sent them. */
import { parentPort, workerData } from 'node:worker_threads';
import { Enumeration } from '../../corpus/breeding/universe.ts';
import { Engine } from '../run/engine.ts';
import { sweep } from '../search/sweep.ts';
import type { Hand, SweepStart, SweptHand } from './sweepers.ts';

const { model, universe, options } = workerData as SweepStart;
const engine = new Engine(model);
const enumeration = new Enumeration(universe);

parentPort?.on('message', ({ from, to }: Hand) => {
  const swept = sweep(engine, enumeration, from, to, options);
  parentPort?.postMessage({ from, to, swept } satisfies SweptHand);
});
