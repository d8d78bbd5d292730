/**
 * Executor threads: one gate feeds them, minimizing before fuzzing. Messages are one string each way; object
 * graphs cost ten times as much to copy.
 */
import { Worker } from 'node:worker_threads';
import type { FindingRecord } from '../../corpus/store/finding-store.ts';
import { AssertionFailure } from '../../corpus/vocabulary/assert.ts';
import type { Batch, Report } from '../../corpus/vocabulary/messages.ts';
import type { Origin } from '../../corpus/vocabulary/repro.ts';
import type { Model } from '../../workers/kernel/path.ts';
import type { Executors } from '../campaign.ts';

export interface MinimizeTask {
  readonly kind: 'minimize';
  readonly model: string;
  /** Input text with the schedule that was recorded. */
  readonly text: string;
  readonly signature: string;
  readonly scheduler: string;
  readonly runsToFirst: number;
  readonly origin: Origin;
}

export type Task = { readonly kind: 'batch'; readonly batch: Batch } | MinimizeTask;

export type Answer =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'minimized'; readonly record: FindingRecord }
  | { readonly kind: 'failed'; readonly message: string };

interface Job {
  readonly task: Task;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * V8's nursery for an executor. Its garbage dies young, in batches of some megabytes; the default, 48 MB for
 * three semi-spaces, only adds to the resident set.
 */
const YOUNG_MB = 12;

export class ExecutorPool implements Executors {
  readonly count: number;
  private readonly workers: Worker[] = [];
  private readonly idle: Worker[] = [];
  private readonly urgent: Job[] = [];
  private readonly queue: Job[] = [];
  private readonly running = new Map<Worker, Job>();

  constructor(count: number, models: ReadonlyMap<string, Model>) {
    this.count = count;
    for (let i = 0; i < count; i++) this.start([...models]);
  }

  private start(models: readonly (readonly [string, Model])[]): void {
    const worker = new Worker(new URL('./executor-main.js', import.meta.url), {
      workerData: models,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', (text: string) => {
      this.finish(worker, (job) => job.resolve(JSON.parse(text) as Answer));
    });
    worker.on('error', (error) => {
      this.replace(worker, models, error instanceof Error ? error : new Error(String(error)));
    });
    this.workers.push(worker);
    this.idle.push(worker);
  }

  /** A thread that died is not asked again; what it was computing is told so. */
  private replace(
    worker: Worker,
    models: readonly (readonly [string, Model])[],
    error: Error,
  ): void {
    const job = this.running.get(worker);
    this.running.delete(worker);
    this.workers.splice(this.workers.indexOf(worker), 1);
    const waiting = this.idle.indexOf(worker);
    if (waiting >= 0) this.idle.splice(waiting, 1);
    this.start(models);
    job?.reject(error);
    this.feed();
  }

  async execute(batch: Batch): Promise<Report> {
    const answer = await this.submit(this.queue, { kind: 'batch', batch });
    if (answer.kind !== 'report') throw unexpected(answer);
    return answer.report;
  }

  async minimize(task: MinimizeTask): Promise<FindingRecord> {
    const answer = await this.submit(this.urgent, task);
    if (answer.kind !== 'minimized') throw unexpected(answer);
    return answer.record;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private submit(queue: Job[], task: Task): Promise<Answer> {
    return new Promise((resolve, reject) => {
      queue.push({ task, resolve, reject });
      this.feed();
    });
  }

  private feed(): void {
    while (this.idle.length > 0) {
      const job = this.urgent.shift() ?? this.queue.shift();
      if (job === undefined) return;
      const worker = this.idle.pop() as Worker;
      this.running.set(worker, job);
      worker.postMessage(JSON.stringify(job.task));
    }
  }

  private finish(worker: Worker, settle: (job: Job) => void): void {
    const job = this.running.get(worker);
    this.running.delete(worker);
    this.idle.push(worker);
    if (job !== undefined) settle(job);
    this.feed();
  }
}

function unexpected(answer: Answer): Error {
  return new AssertionFailure(answer.kind === 'failed' ? answer.message : `answer ${answer.kind}`);
}
