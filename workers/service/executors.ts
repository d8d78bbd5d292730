/**
 * Executor threads: a list of work for each kind feeds them, the most urgent kind first. Work and results
 * travel as one string each; object graphs cost ten times as much to copy.
 *
 * A thread that hangs, runs out of memory or dies is replaced by one with a new name, and its work fails with
 * the cause. Work is given only to a thread that has said it is there: what cannot start costs no work.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../../corpus/vocabulary/assert.ts';
import {
  type Done,
  type GivenModel,
  KINDS,
  type Kind,
  type NamedLists,
  type Result,
  type Wish,
  type Work,
} from '../../corpus/vocabulary/messages.ts';
import type { Model } from '../kernel/path.ts';
import { Counters, type Totals } from './counters.ts';

/** What a thread is born with. */
export interface Start {
  readonly models: readonly (readonly [string, Model])[];
  readonly engine: string;
  readonly counters: SharedArrayBuffer;
}

export interface Order {
  readonly work: string;
  readonly lists: NamedLists;
  /** Models that are not built in, by reference: their canonical JSON. */
  readonly models: readonly GivenModel[];
}

export type Answer =
  /** It has started. */
  | 'ready'
  | { readonly result: string; readonly milliseconds: number }
  /** The work itself is wrong. */
  | { readonly refused: string }
  /** An error of ours. */
  | { readonly broken: string };

/** What cost an executor. */
export type Loss = 'hang' | 'memory' | 'crash';
export type Failure = 'refused' | 'broken' | Loss;

/** Why work came to no result. */
export class ExecutorFailure extends Error {
  override readonly name = 'ExecutorFailure';
  readonly failure: Failure;

  constructor(failure: Failure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export interface PoolOptions {
  readonly count: number;
  /** Models that are not built in. */
  readonly models?: ReadonlyMap<string, Model>;
  readonly engine: string;
  /** What the names of its executors begin with. */
  readonly name: string;
  /** Work that takes longer hangs, unless its runs go on. */
  readonly hangMs?: number;
  /** How long a thread may take to say that it is there, the first time. */
  readonly startMs?: number;
  /** Megabytes of heap an executor may fill. */
  readonly heapMb?: number;
  readonly replaced?: (loss: Loss) => void;
  /** Once a batch, whatever became of it: what was computed for it. */
  readonly counted?: (work: Work, totals: Totals) => void;
}

interface Job {
  readonly work: Work;
  readonly wish: Wish;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: ExecutorFailure) => void;
}

interface Executor {
  readonly name: string;
  readonly thread: Worker;
  readonly counters: Counters;
  isReady: boolean;
  job: Job | undefined;
  deadline: NodeJS.Timeout | undefined;
}

/**
 * V8's nursery for an executor. Its garbage dies young, in batches of some megabytes; the default, 48 MB for
 * three semi-spaces, only adds to the resident set.
 */
const YOUNG_MB = 12;
/** An executor with every built-in model ready and the largest batch in hand takes under 100 MB. */
const OLD_MB = 512;
/** Batches are worth seconds; minimizing has a budget of about one. */
const HANG_MS = 60_000;
/** It loads in 0.2 s, on a machine that has nothing else to do. */
const START_MS = 60_000;
/** Threads in a row that die before they have started: one more would, too. */
const STILLBORN_MAX = 5;

export class ExecutorPool {
  readonly count: number;
  private readonly options: PoolOptions;
  private readonly executors = new Set<Executor>();
  private readonly queues: Readonly<Record<Kind, Job[]>>;
  /** Of executors that are gone. */
  private gone: Totals = { runs: 0, steps: 0 };
  private made = 0;
  private stillborn = 0;
  /** Starts in a row that took too long: on a machine that is busy the next one has twice the time. */
  private late = 0;
  private isClosed = false;

  constructor(options: PoolOptions) {
    this.count = options.count;
    this.options = options;
    this.queues = { verify: [], minimize: [], canary: [], compare: [], fuzz: [] };
    for (let i = 0; i < options.count; i++) this.start();
  }

  get busy(): number {
    return [...this.executors].filter(({ job }) => job !== undefined).length;
  }

  /** Runs and steps of fuzz batches so far, those under way included. */
  get totals(): Totals {
    return [...this.executors].reduce((sum, { counters }) => plus(sum, counters.totals), this.gone);
  }

  /** @throws ExecutorFailure */
  execute(work: Work, wish: Wish = {}): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.queues[work.kind].push({ work, wish, resolve, reject });
      this.feed();
    });
  }

  /** What is under way or waits is never answered. */
  async close(): Promise<void> {
    this.isClosed = true;
    const executors = [...this.executors];
    for (const { deadline } of executors) clearTimeout(deadline);
    await Promise.all(executors.map(({ thread }) => thread.terminate()));
  }

  /** Ends one executor at once, as a crash would; for tests of what follows. */
  killOne(): void {
    const ready = [...this.executors].filter(({ isReady }) => isReady);
    const victim = ready.find(({ job }) => job !== undefined) ?? ready[0];
    if (victim !== undefined) this.replace(victim, 'crash', 'it was killed');
  }

  private start(): void {
    this.made += 1;
    const { models = new Map<string, Model>(), engine, name, ...limits } = this.options;
    const { heapMb = OLD_MB, startMs = START_MS } = limits;
    const counters = new Counters();
    const start: Start = { models: [...models], engine, counters: counters.shared };
    const thread = new Worker(new URL('./executor-main.js', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: heapMb },
    });
    const executor: Executor = {
      name: `${name}.${this.made}`,
      thread,
      counters,
      isReady: false,
      job: undefined,
      deadline: undefined,
    };
    thread.on('message', (answer: Answer) => this.finish(executor, answer));
    thread.on('error', (error) => this.replace(executor, causeOf(error), String(error)));
    thread.on('exit', (code) => this.replace(executor, 'crash', `the thread ended with ${code}`));
    this.executors.add(executor);
    const patienceMs = startMs * 2 ** this.late;
    executor.deadline = setTimeout(() => {
      this.late += 1;
      this.replace(executor, 'hang', `it did not start within ${patienceMs / 1000} s`);
    }, patienceMs);
  }

  /** Hands out work, the most urgent first, as far as there are executors for it. */
  private feed(): void {
    for (const kind of KINDS) {
      const queue = this.queues[kind];
      for (let i = 0; i < queue.length; ) {
        const job = queue[i] as Job;
        const executor = this.executorFor(job);
        if (executor === undefined) {
          i += 1;
          continue;
        }
        queue.splice(i, 1);
        this.hand(executor, job);
      }
    }
  }

  private executorFor({ wish }: Job): Executor | undefined {
    const idle = [...this.executors].filter(({ isReady, job }) => isReady && job === undefined);
    const chosen = idle.find(({ name }) => name !== wish.notOn);
    const [sole] = idle;
    if (chosen === undefined && sole !== undefined && this.count === 1) {
      // The one that made it is the only one there is: another takes its place.
      this.drop(sole);
      this.start();
    }
    return chosen;
  }

  private hand(executor: Executor, job: Job): void {
    executor.job = job;
    this.watch(executor);
    const order: Order = {
      work: JSON.stringify(job.work),
      lists: { features: job.wish.features, settled: job.wish.settled },
      models: job.wish.models ?? [],
    };
    executor.thread.postMessage(order);
  }

  /** A long batch that makes runs is none that hangs. */
  private watch(executor: Executor): void {
    const hangMs = this.options.hangMs ?? HANG_MS;
    const { runs: before } = executor.counters.totals;
    executor.deadline = setTimeout(() => {
      if (executor.counters.totals.runs > before) this.watch(executor);
      else this.replace(executor, 'hang', `no answer and no run within ${hangMs / 1000} s`);
    }, hangMs);
  }

  private finish(executor: Executor, answer: Answer): void {
    // An answer may already be on its way when its executor is given up.
    if (this.isClosed || !this.executors.has(executor)) return;
    clearTimeout(executor.deadline);
    if (answer === 'ready') {
      executor.isReady = true;
      this.stillborn = 0;
      this.late = 0;
      this.feed();
      return;
    }
    const { job, name } = executor;
    executor.job = undefined;
    this.fold(executor, job);
    if ('result' in answer) {
      const { milliseconds } = answer;
      // Written by the thread from a Result.
      const result = JSON.parse(answer.result) as Result;
      job?.resolve({ result, executor: name, milliseconds });
    } else if ('refused' in answer) job?.reject(new ExecutorFailure('refused', answer.refused));
    else job?.reject(new ExecutorFailure('broken', answer.broken));
    this.feed();
  }

  /** A thread that died is not asked again; what it was computing is told so. */
  private replace(executor: Executor, loss: Loss, why: string): void {
    if (this.isClosed || !this.executors.has(executor)) return;
    this.fold(executor, executor.job);
    this.drop(executor);
    this.stillborn += executor.isReady || loss === 'hang' ? 0 : 1;
    assert(this.stillborn < STILLBORN_MAX, 'executors end before they have started, the last', why);
    this.start();
    this.options.replaced?.(loss);
    executor.job?.reject(new ExecutorFailure(loss, `executor ${executor.name}: ${why}`));
    this.feed();
  }

  private fold({ counters }: Executor, job: Job | undefined): void {
    const totals = counters.fold();
    if (job !== undefined) this.options.counted?.(job.work, totals);
  }

  private drop(executor: Executor): void {
    this.executors.delete(executor);
    this.gone = plus(this.gone, executor.counters.totals);
    clearTimeout(executor.deadline);
    void executor.thread.terminate();
  }
}

function plus(a: Totals, b: Totals): Totals {
  return { runs: a.runs + b.runs, steps: a.steps + b.steps };
}

function causeOf(error: unknown): Loss {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash';
}
