/** Local campaigns on executors of this thread. */
import { setImmediate } from 'node:timers/promises';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Done, Wish, Work } from '../../corpus/vocabulary/messages.ts';
import type { Random } from '../../corpus/vocabulary/random.ts';
import type { LocalExecutors } from '../../daemon/coordinator/local-transport.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelOf } from '../../workers/models/registry.ts';

/** One that computes at once. */
export class InThread implements LocalExecutors {
  readonly count: number = 1;
  private readonly runner = new WorkRunner(modelOf, sha256Hex('engine'));

  async execute(work: Work, wish: Wish): Promise<Done> {
    return this.compute(work, wish);
  }

  protected compute(work: Work, lists: Wish): Done {
    return { result: this.runner.run(work, lists), executor: 'thread', milliseconds: 1 };
  }
}

/** Several that answer any of the works that they hold, at random, once no more come. */
export class Moody extends InThread {
  override readonly count: number;
  /** Numbers of the fuzz batches, as they were answered. */
  readonly order: number[] = [];
  private readonly held: (() => void)[] = [];
  private readonly random: Random;

  constructor(count: number, random: Random) {
    super();
    this.count = count;
    this.random = random;
  }

  override execute(work: Work, wish: Wish): Promise<Done> {
    return new Promise((resolve) => {
      this.held.push(() => {
        if (work.kind === 'fuzz') this.order.push(work.index);
        resolve(this.compute(work, wish));
      });
      if (this.held.length === 1) void this.answer();
    });
  }

  private async answer(): Promise<void> {
    while (this.held.length > 0) {
      await setImmediate();
      const [next] = this.held.splice(this.random.below(this.held.length), 1);
      next?.();
    }
  }
}
