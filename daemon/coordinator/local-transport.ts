/**
 * Batches to executors of this process. Explorations come back one at a time, in the order in which they were planned, and
 * how many are under way depends on how many were folded: so neither the number of executors nor their speed changes
 * what a campaign finds.
 */
import { unpackFeatures } from '../../corpus/exchange/snapshot.ts';
import {
  BATCH_VERSION,
  type Batch,
  type Report,
  type Work,
} from '../../corpus/vocabulary/messages.ts';
import type { CampaignState } from '../campaign/state.ts';
import type { Transport } from './transport.ts';

/** What computes: `workers/service/executors.ts`, wired in `daemon/cli`. */
export interface LocalExecutors {
  readonly count: number;
  /** @throws what ends the campaign */
  execute(
    work: Work,
    wish: { readonly features?: Uint32Array; readonly notOn?: string },
  ): Promise<Pick<Report, 'result' | 'executor' | 'milliseconds'>>;
}

/** Explorations under way: few at first, so that the next ones have parents; later any laptop's executors are busy. */
const AHEAD_MIN = 8;
const AHEAD_MAX = 64;
/** One more for so many that were delivered. */
const DELIVERED_A_STEP = 2;
/** Between two looks at what else is due. */
const IDLE_MS = 100;
/** Each model has one that is current; a batch holds its own. */
const FEATURES_KEPT = 256;

export class LocalTransport implements Transport {
  readonly mayLose = false;
  readonly featuresKeptMs = Number.POSITIVE_INFINITY;
  private readonly pool: LocalExecutors;
  private readonly features = new Map<string, Uint32Array>();
  /** Ids of explorations, as they were sent. */
  private readonly order: string[] = [];
  private readonly explored = new Map<string, Report>();
  private delivered = 0;
  private others: Report[] = [];
  private failure: { readonly error: unknown } | null = null;
  private wake: () => void = () => {};

  constructor(pool: LocalExecutors) {
    this.pool = pool;
  }

  executors(): number {
    return this.pool.count;
  }

  ahead(): number {
    return Math.min(AHEAD_MAX, AHEAD_MIN + Math.floor(this.delivered / DELIVERED_A_STEP));
  }

  async lead({ epoch }: CampaignState): Promise<number> {
    return epoch + 1;
  }

  async look(): Promise<void> {}

  async take(): Promise<readonly Report[]> {
    if (!this.hasSome()) await this.arrival();
    if (this.failure !== null) throw this.failure.error;
    const taken = this.others;
    this.others = [];
    const [first = ''] = this.order;
    const exploration = this.explored.get(first);
    if (exploration === undefined) return taken;
    this.order.shift();
    this.explored.delete(first);
    this.delivered += 1;
    return [...taken, exploration];
  }

  private hasSome(): boolean {
    return (
      this.failure !== null || this.others.length > 0 || this.explored.has(this.order[0] ?? '')
    );
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
      if (batch.work.kind === 'explore') this.order.push(batch.id);
      void this.compute(batch);
    }
  }

  private async compute(batch: Batch): Promise<void> {
    const { id, build, campaign, work } = batch;
    try {
      const done = await this.pool.execute(work, this.wishOf(work));
      const report: Report = { version: BATCH_VERSION, id, build, campaign, ...done };
      if (work.kind === 'explore') this.explored.set(id, report);
      else this.others.push(report);
    } catch (error) {
      this.failure ??= { error };
    }
    if (this.hasSome()) this.wake();
  }

  private wishOf(work: Work): { readonly features?: Uint32Array; readonly notOn?: string } {
    if (work.kind === 'verify') return { notOn: work.notOn };
    const features = work.kind === 'explore' ? this.features.get(work.frontier ?? '') : undefined;
    return features === undefined ? {} : { features };
  }

  async keepFeatures(digest: string, bytes: Buffer): Promise<void> {
    const features = unpackFeatures(digest, bytes);
    if (features === null) return;
    this.features.set(digest, features);
    const [oldest] = this.features.keys();
    if (this.features.size > FEATURES_KEPT && oldest !== undefined) this.features.delete(oldest);
  }

  async lost(): Promise<readonly string[]> {
    return [];
  }

  isOutage(): boolean {
    return false;
  }
}
