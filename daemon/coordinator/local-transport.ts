/**
 * Batches to executors of this process. Fuzz batches come back one at a time, in the order in which they were planned, and
 * how many are under way depends on how many were folded (unless `wanted` says otherwise): so neither the number of
 * executors nor their speed changes what a campaign finds.
 */
import {
  type PackedList,
  unpackFeatures,
  unpackSettled,
} from '../../corpus/exchange/named-lists.ts';
import {
  type Batch,
  type Done,
  type FuzzBatch,
  type NamedLists,
  NO_EXECUTOR,
  type Report,
  reportOn,
  type Wish,
  type Work,
  wishOf,
} from '../../corpus/vocabulary/messages.ts';
import type { Outstanding } from '../campaign/records.ts';
import type { CampaignState } from '../campaign/state.ts';
import type { Transport } from './transport.ts';

/** What computes: `workers/service/executors.ts`, wired in `daemon/cli`. */
export interface LocalExecutors {
  readonly count: number;
  /** @throws where the work, or an executor, is lost */
  execute(work: Work, wish: Wish): Promise<Done>;
}

/** A work that failed so often is quarantined. */
const TRIES_MAX = 3;

/** Fuzz batches under way: few at first, so that the next ones have parents; later any laptop's executors are busy. */
const AHEAD_MIN = 8;
const AHEAD_MAX = 64;
/** One more for so many that were delivered. */
const DELIVERED_A_STEP = 2;
/** Between two looks at what else is due. */
const IDLE_MS = 100;
/** Each model has one that is current; a batch holds its own. */
const LISTS_KEPT = 256;

export class LocalTransport implements Transport {
  readonly listsKeptMs = Number.POSITIVE_INFINITY;
  private readonly pool: LocalExecutors;
  private readonly features = new Map<string, Uint32Array>();
  private readonly settled = new Map<string, readonly string[]>();
  /** Ids of fuzz batches, as they were sent. */
  private readonly order: string[] = [];
  private readonly fuzzed = new Map<string, Report>();
  private delivered = 0;
  private others: Report[] = [];
  /** Ids of batches that are computed, or wait to be. */
  private readonly underWay = new Set<string>();
  private readonly wanted: (delivered: number) => number;
  private wake: () => void = () => {};

  /** @param wanted fuzz batches under way once so many were delivered; left out by `fuzz`, whose campaigns are repeatable */
  constructor(pool: LocalExecutors, wanted: (delivered: number) => number = repeatable) {
    this.pool = pool;
    this.wanted = wanted;
  }

  executors(): number {
    return this.pool.count;
  }

  ahead(): number {
    return this.wanted(this.delivered);
  }

  async lead({ epoch }: CampaignState): Promise<number> {
    return epoch + 1;
  }

  async look(): Promise<void> {}

  async take(): Promise<readonly Report[]> {
    if (!this.hasSome()) await this.arrival();
    const taken = this.others;
    this.others = [];
    const [first = ''] = this.order;
    const report = this.fuzzed.get(first);
    if (report === undefined) return taken;
    this.order.shift();
    this.fuzzed.delete(first);
    this.delivered += 1;
    return [...taken, report];
  }

  private hasSome(): boolean {
    return this.others.length > 0 || this.fuzzed.has(this.order[0] ?? '');
  }

  private arrival(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, IDLE_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async settle(): Promise<void> {}

  async send(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      if (batch.work.kind === 'fuzz') this.order.push(batch.id);
      this.underWay.add(batch.id);
      void this.compute(batch);
    }
  }

  private async compute(batch: Batch): Promise<void> {
    const { id, work } = batch;
    const report = reportOn(batch, await this.computed(batch));
    this.underWay.delete(id);
    if (work.kind === 'fuzz') this.fuzzed.set(id, report);
    else this.others.push(report);
    if (this.hasSome()) this.wake();
  }

  private async computed(batch: Batch): Promise<Done> {
    const { work } = batch;
    // What is known when it is sent, whenever it is computed.
    const wish = wishOf(batch, work.kind === 'fuzz' ? this.listsOf(work) : {});
    for (let starts = 1; ; starts += 1) {
      try {
        return await this.pool.execute(work, wish);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (starts < TRIES_MAX) continue;
        const result = { kind: 'quarantined', work: work.kind, reason, starts } as const;
        return { result, executor: NO_EXECUTOR, milliseconds: 0 };
      }
    }
  }

  private listsOf({ featuresDigest, settledDigest }: FuzzBatch): NamedLists {
    return {
      features: this.features.get(featuresDigest ?? ''),
      settled: this.settled.get(settledDigest ?? ''),
    };
  }

  async keepFeatures(features: PackedList): Promise<void> {
    keep(this.features, features.digest, unpackFeatures(features));
  }

  async keepSettled(signatures: PackedList): Promise<void> {
    keep(this.settled, signatures.digest, unpackSettled(signatures));
  }

  /** What an earlier process had under way. */
  async lost(batches: readonly Outstanding[]): Promise<readonly string[]> {
    const isHere = (id: string): boolean =>
      this.underWay.has(id) || this.fuzzed.has(id) || this.others.some((one) => one.id === id);
    return batches.map(({ id }) => id).filter((id) => !isHere(id));
  }

  isOutage(): boolean {
    return false;
  }
}

function repeatable(delivered: number): number {
  return Math.min(AHEAD_MAX, AHEAD_MIN + Math.floor(delivered / DELIVERED_A_STEP));
}

function keep<List>(lists: Map<string, List>, digest: string, list: List | null): void {
  if (list === null) return;
  lists.set(digest, list);
  const [oldest] = lists.keys();
  if (lists.size > LISTS_KEPT && oldest !== undefined) lists.delete(oldest);
}
