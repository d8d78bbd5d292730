/**
 * A campaign in one process: plan batches, hand them to executors, fold their reports in order. Who executes
 * comes through a port. Batch k is planned at the very moment at which batch k - LAG has been folded, so what
 * a campaign finds does not depend on how many executors there are or how fast.
 */
import {
  addBreadth,
  type Exploration,
  type Explored,
  type SweepSource,
  type Witness,
} from '../../corpus/vocabulary/messages.ts';
import { SCOPES } from '../../corpus/vocabulary/scope.ts';
import { Frontier } from '../campaign/frontier.ts';
import {
  BATCH_RUNS,
  batchCount,
  bucketsWith,
  type Discovery,
  isFirstOfModel,
  knownOf,
  LAG,
  type Plan,
  planBatch,
  runsTo,
} from '../campaign/plan.ts';
import { type Place, withPart } from '../campaign/scope-progress.ts';
import { type Tried, UNTRIED } from '../campaign/silence.ts';
import { sweepDue } from '../campaign/sweeps.ts';

export interface Executors {
  readonly count: number;
  execute(batch: Exploration): Promise<Explored>;
}

export interface Watcher {
  /** A signature, or one more way into its cycle of locks; the campaign waits for nobody here. */
  discovered(discovery: Discovery): void;
  /** A signature was met on one more model. */
  metOn(signature: string, model: string): void;
  folded(totals: Totals): void;
}

export interface Totals {
  readonly runs: number;
  readonly steps: number;
  readonly inconclusive: number;
  readonly batches: number;
  readonly features: number;
  readonly entries: number;
  readonly triedOf: ReadonlyMap<string, Tried>;
}

export class Campaign {
  private readonly plan: Plan;
  private readonly executors: Executors;
  private readonly watcher: Watcher;
  private readonly frontiers: ReadonlyMap<string, Frontier>;
  private readonly buckets = new Map<string, readonly string[]>();
  private readonly models = new Map<string, Set<string>>();
  private readonly ready: Exploration[] = [];
  private readonly waiting = new Map<number, Explored>();
  private planned = 0;
  private folded = 0;
  private runs = 0;
  private steps = 0;
  private inconclusive = 0;
  private readonly triedOf = new Map<string, Tried>();
  /** Parts of scopes that are under way, by model. */
  private readonly sweeping = new Map<string, { readonly batch: number; readonly place: Place }>();
  private isStopped = false;

  constructor(plan: Plan, executors: Executors, watcher: Watcher) {
    this.plan = plan;
    this.executors = executors;
    this.watcher = watcher;
    this.frontiers = new Map(plan.models.map((model) => [model, new Frontier()]));
  }

  /** Plan no further; what is under way is folded as far as it has no gap. */
  stop(): void {
    this.isStopped = true;
  }

  async run(): Promise<Totals> {
    for (let k = 0; k < LAG; k++) this.planNext();
    // One batch ahead of each executor, so that none waits for a message.
    const lanes = Array.from({ length: 2 * this.executors.count }, () => this.lane());
    await Promise.all(lanes);
    return this.totals();
  }

  private async lane(): Promise<void> {
    while (!this.isStopped) {
      const batch = this.ready.shift();
      if (batch === undefined) {
        if (this.folded === this.planned) return;
        // Every planned batch is under way: the oldest of them, once folded, brings the next plan.
        await this.nextFold();
        continue;
      }
      this.waiting.set(batch.index, await this.executors.execute(batch));
      this.foldInOrder();
    }
  }

  private wakers: (() => void)[] = [];

  private nextFold(): Promise<void> {
    return new Promise((resolve) => {
      this.wakers.push(resolve);
    });
  }

  private foldInOrder(): void {
    for (;;) {
      const report = this.waiting.get(this.folded);
      if (report === undefined) break;
      this.waiting.delete(this.folded);
      this.fold(report);
      this.folded++;
      this.planNext();
    }
    const wakers = this.wakers;
    this.wakers = [];
    for (const wake of wakers) wake();
  }

  private fold(report: Explored): void {
    this.runs += report.runs;
    this.try(report);
    this.steps += report.steps;
    this.inconclusive += report.inconclusive;
    this.frontierOf(report.model).fold(report);
    for (const witness of report.witnesses) this.discover(report, witness);
    for (const signature of Object.keys(report.hits)) this.meet(signature, report.model);
    this.watcher.folded(this.totals());
  }

  private try({ model, index, runs, breadth, swept }: Explored): void {
    const before = this.triedOf.get(model) ?? UNTRIED;
    const sweeping = this.sweeping.get(model);
    let { scope } = before;
    if (sweeping?.batch === index) {
      this.sweeping.delete(model);
      if (swept !== undefined) scope = withPart(scope, SCOPES, sweeping.place, swept);
    }
    this.triedOf.set(model, {
      runs: before.runs + runs,
      breadth: addBreadth(before.breadth, breadth),
      scope,
    });
  }

  private discover(report: Explored, witness: Witness): void {
    const { signature } = witness;
    const buckets = bucketsWith(this.buckets.get(signature) ?? [], witness);
    if (buckets === null) return;
    this.buckets.set(signature, buckets);
    if (!this.models.has(signature)) this.models.set(signature, new Set([report.model]));
    const runsToFirst = runsTo(witness, report.index * BATCH_RUNS);
    const { model, index: batch } = report;
    this.watcher.discovered({ signature, model, witness, batch, runsToFirst });
  }

  private meet(signature: string, model: string): void {
    const models = this.models.get(signature);
    if (models === undefined || models.has(model)) return;
    models.add(model);
    this.watcher.metOn(signature, model);
  }

  private planNext(): void {
    if (this.planned >= batchCount(this.plan)) return;
    const model = this.plan.models[this.planned % this.plan.models.length] as string;
    const known = [...this.buckets].flatMap((one) => knownOf(...one));
    const sweep = this.sweepOf(model);
    this.ready.push(planBatch(this.plan, this.planned, this.frontierOf(model), known, sweep));
    this.planned++;
  }

  /** One part of a model is under way at a time, since each begins where the one before has ended. */
  private sweepOf(model: string): SweepSource | null {
    const batch = this.planned;
    if (isFirstOfModel(this.plan, batch) || this.sweeping.has(model)) return null;
    const { scope: progress, runs } = this.triedOf.get(model) ?? UNTRIED;
    const sweep = sweepDue({ progress, runs, underWay: [], asked: undefined });
    if (sweep === null) return null;
    this.sweeping.set(model, { batch, place: sweep.place });
    return sweep.source;
  }

  private frontierOf(model: string): Frontier {
    return this.frontiers.get(model) as Frontier;
  }

  private totals(): Totals {
    const frontiers = [...this.frontiers.values()];
    return {
      runs: this.runs,
      steps: this.steps,
      inconclusive: this.inconclusive,
      batches: this.folded,
      features: frontiers.reduce((sum, frontier) => sum + frontier.size, 0),
      entries: frontiers.reduce((sum, frontier) => sum + frontier.entries.length, 0),
      triedOf: this.triedOf,
    };
  }
}
