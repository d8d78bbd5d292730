/** A thread that sweeps the hands it is dealt; values in, values out. */
import { parentPort } from 'node:worker_threads';
import { type Hand, sweep } from './sweep.ts';

parentPort?.on('message', (hand: Hand) => parentPort?.postMessage(sweep(hand)));
