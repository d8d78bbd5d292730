/**
 * A universe searched on several threads. Parts are handed out in order and folded in order, so that the total is that
 * of one thread, and what is folded is always a beginning of the universe: enough to go on from.
 */
import { Worker } from 'node:worker_threads';
import type { Enumeration, Universe } from '../../corpus/breeding/universe.ts';
import type { Model } from '../kernel/path.ts';
import { joined, type SweepOptions, type Swept } from '../search/sweep.ts';

/** What a thread is born with. */
export interface SweepStart {
  readonly model: Model;
  readonly universe: Universe;
  readonly options: SweepOptions;
}

/** Slices of the universe: from, up to and not including. */
export interface Hand {
  readonly from: number;
  readonly to: number;
}

export interface SweptHand extends Hand {
  readonly swept: Swept;
}

/** How far a search has come. */
export interface Reached {
  /** The first slice that is not searched. */
  readonly slice: number;
  readonly swept: Swept;
}

/** Workloads of a part: about a second. */
const HAND_WORKLOADS = 64;
/** Parts that may be finished before the one that is folded next. */
const AHEAD = 16;

export class Sweepers {
  reached: Reached;
  private readonly enumeration: Enumeration;
  private readonly start: SweepStart;
  private readonly folded: (reached: Reached) => void;
  private readonly waiting = new Map<number, SweptHand>();
  private readonly threads: Worker[] = [];
  private readonly idle: Worker[] = [];
  private next: number;
  private busy = 0;
  private isStopped = false;
  private end: (() => void) | undefined;
  private fail: ((error: unknown) => void) | undefined;

  /** @param folded told after each part */
  constructor(
    start: SweepStart,
    enumeration: Enumeration,
    reached: Reached,
    folded: (reached: Reached) => void,
  ) {
    this.start = start;
    this.enumeration = enumeration;
    this.reached = reached;
    this.next = reached.slice;
    this.folded = folded;
  }

  /** Every slice was searched, or one that ends the search. */
  get isOver(): boolean {
    const { slice, swept } = this.reached;
    const isFound = swept.met.length > 0 && !this.start.options.all;
    return isFound || slice === this.enumeration.slices;
  }

  /** Ends when the search is over, or after `stop` when what was under way is folded. */
  async run(jobs: number): Promise<void> {
    if (this.isOver) return;
    const ended = new Promise<void>((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
    for (let i = 0; i < jobs; i++) this.begin();
    try {
      await ended;
    } finally {
      await Promise.all(this.threads.map((thread) => thread.terminate()));
    }
  }

  stop(): void {
    this.isStopped = true;
    this.feed();
  }

  private begin(): void {
    const thread = new Worker(new URL('./sweep-main.js', import.meta.url), {
      workerData: this.start,
    });
    thread.on('error', (error) => this.fail?.(error));
    thread.on('message', (hand: SweptHand) => {
      this.busy -= 1;
      this.idle.push(thread);
      this.waiting.set(hand.from, hand);
      this.advance();
    });
    this.threads.push(thread);
    this.idle.push(thread);
    this.feed();
  }

  /** What is told of a part may throw: a disk that is full. */
  private advance(): void {
    try {
      this.fold();
      this.feed();
    } catch (error) {
      this.fail?.(error);
    }
  }

  private fold(): void {
    for (;;) {
      const hand = this.waiting.get(this.reached.slice);
      if (hand === undefined || this.isOver) return;
      this.waiting.delete(hand.from);
      this.reached = { slice: hand.to, swept: joined(this.reached.swept, hand.swept) };
      this.folded(this.reached);
    }
  }

  private feed(): void {
    const isDone = this.isOver || (this.isStopped && this.busy === 0);
    if (isDone) {
      this.end?.();
      return;
    }
    while (!this.isStopped && this.waiting.size < AHEAD && this.next < this.enumeration.slices) {
      const thread = this.idle.pop();
      if (thread === undefined) return;
      const hand = this.handFrom(this.next);
      this.next = hand.to;
      this.busy += 1;
      thread.postMessage(hand);
    }
  }

  private handFrom(from: number): Hand {
    const { slices } = this.enumeration;
    const first = this.enumeration.firstOf(from);
    let to = from + 1;
    while (to < slices && this.enumeration.firstOf(to + 1) - first <= HAND_WORKLOADS) to++;
    return { from, to };
  }
}
