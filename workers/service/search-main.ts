/** A thread that searches one workload together with others, order by order. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Engine } from '../run/engine.ts';
import type { Order } from '../search/crew.ts';
import { Helper } from '../search/helper.ts';
import { ANSWERS, LEAVE, ORDERS, READY, type SearchStart } from './search-threads.ts';

const { model, port, counters } = workerData as SearchStart;
const helper = new Helper(new Engine(model));
const counted = new Int32Array(counters);

function answer(order: Order): void {
  try {
    const said = helper.perform(order);
    port.postMessage(said, [said.revisits.buffer]);
  } catch (error) {
    port.postMessage({ broken: String(error) });
  }
}

function told(counter: number): void {
  Atomics.add(counted, counter, 1);
  Atomics.notify(counted, counter);
}

told(READY);
for (let seen = 0; ; seen++) {
  // A notification may come late, when the order that it is for is done.
  while (Atomics.load(counted, ORDERS) === seen) Atomics.wait(counted, ORDERS, seen);
  const { message } = receiveMessageOnPort(port) as { message: Order | typeof LEAVE };
  if (message === LEAVE) break;
  answer(message);
  told(ANSWERS);
}
port.close();
