/**
 * Threads that search one workload together with the caller's. Orders and answers travel as messages, and are waited
 * for on a shared counter: the caller's thread searches as well, and never returns to its event loop meanwhile.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Model } from '../kernel/path.ts';
import type { Answer, Crew, Order } from '../search/crew.ts';

/** What a thread is born with. */
export interface SearchStart {
  readonly model: Model;
  readonly port: MessagePort;
  readonly counters: SharedArrayBuffer;
}

/** After the last order. */
export const LEAVE = 'leave';
/** What a thread says that has met an error of ours. */
interface Broken {
  readonly broken: string;
}

// Counters: orders given, threads that are there, answers to the last order.
export const ORDERS = 0;
export const READY = 1;
export const ANSWERS = 2;

/** When threads are worth it. */
export interface Thresholds {
  /** Smaller searches are over before threads have started. */
  readonly states: number;
  /** Smaller levels take less time than waiting for the others. */
  readonly rows: number;
  /** On a busy machine the others are late: levels that are expanded alone after one with more waiting than work. */
  readonly alone: number;
}
const WORTH_IT: Thresholds = { states: 30_000, rows: 128, alone: 8 };
/** No part of a phase takes so long once the caller has done its own. */
const HANG_MS = 60_000;

export class SearchThreads implements Crew {
  private readonly model: Model;
  private readonly count: number;
  private readonly from: Thresholds;
  /** Levels that are still expanded alone. */
  private alone = 0;
  private readonly counters: Int32Array = new Int32Array(
    new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT),
  );
  private ports: MessagePort[] = [];

  /** @param jobs threads that search, the caller's included */
  constructor(model: Model, jobs: number, from: Thresholds = WORTH_IT) {
    this.model = model;
    this.count = jobs - 1;
    this.from = from;
  }

  joins(states: number): boolean {
    if (this.count === 0 || states < this.from.states) return false;
    if (this.ports.length === 0) this.start();
    return Atomics.load(this.counters, READY) === this.count;
  }

  isWorth(rows: number): boolean {
    if (rows < this.from.rows) return false;
    if (this.alone === 0) return true;
    this.alone--;
    return false;
  }

  /** Start the threads, and wait until they are there. */
  begin(): void {
    if (this.ports.length === 0) this.start();
    this.waitFor(READY);
  }

  together(order: Order, own: () => void): readonly Answer[] {
    this.send(order);
    const begunMs = performance.now();
    own();
    const doneMs = performance.now();
    this.waitFor(ANSWERS);
    const waitedMs = performance.now() - doneMs;
    if (waitedMs > doneMs - begunMs) this.alone = this.from.alone;
    return this.ports.map((port) => answerOn(port));
  }

  close(): void {
    if (this.ports.length > 0) this.send(LEAVE);
    for (const port of this.ports) port.close();
    this.ports = [];
  }

  private start(): void {
    for (let i = 0; i < this.count; i++) {
      const { port1, port2 } = new MessageChannel();
      const start: SearchStart = {
        model: this.model,
        port: port2,
        counters: this.counters.buffer as SharedArrayBuffer,
      };
      const thread = new Worker(new URL('./search-main.js', import.meta.url), {
        workerData: start,
        transferList: [port2],
      });
      // One that cannot start is never there: the caller searches without.
      thread.on('error', () => undefined);
      thread.unref();
      port1.unref();
      this.ports.push(port1);
    }
  }

  private send(order: Order | typeof LEAVE): void {
    Atomics.store(this.counters, ANSWERS, 0);
    for (const port of this.ports) port.postMessage(order);
    Atomics.add(this.counters, ORDERS, 1);
    Atomics.notify(this.counters, ORDERS);
  }

  private waitFor(counter: number): void {
    for (;;) {
      const there = Atomics.load(this.counters, counter);
      if (there === this.count) return;
      const woken = Atomics.wait(this.counters, counter, there, HANG_MS);
      assert(woken !== 'timed-out', 'a search thread answers', `${there} of ${this.count}`);
    }
  }
}

function answerOn(port: MessagePort): Answer {
  const { message } = receiveMessageOnPort(port) as { readonly message: Answer | Broken };
  if (!('broken' in message)) return message;
  throw new Error(`a search thread failed: ${message.broken}`);
}
