/** Batches in a queue of BullMQ, reports by the scripts of `corpus/exchange/scripts.ts`. */
import type { PackedList } from '../../corpus/exchange/named-lists.ts';
import { type Exchange, StaleEpoch } from '../../corpus/exchange/scripts.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';
import type { Batch, Report } from '../../corpus/vocabulary/messages.ts';
import { readReport } from '../campaign/check-report.ts';
import type { Outstanding } from '../campaign/records.ts';
import type { CampaignState } from '../campaign/state.ts';
import type { Fleet } from './fleet.ts';
import type { Leadership } from './leadership.ts';
import type { BatchQueue } from './queue.ts';
import { FUZZ_BATCHES_AN_EXECUTOR, type Transport } from './transport.ts';

/** Reports of one turn: some 20 ms to fold. */
const TAKEN_MAX = 64;
/** Half of the time for which Redis keeps a list. */
const LISTS_KEPT_MS = 30 * 60_000;

export interface RedisParts {
  readonly exchange: Exchange;
  readonly queue: BatchQueue;
  readonly fleet: Fleet;
  readonly leadership: Leadership;
  readonly build: string;
  /** Something that people should know. */
  readonly said: (text: string) => void;
}

export class RedisTransport implements Transport {
  readonly listsKeptMs = LISTS_KEPT_MS;
  private readonly parts: RedisParts;
  /** Taken and not settled. */
  private taken: readonly string[] = [];

  constructor(parts: RedisParts) {
    this.parts = parts;
  }

  /** Where none is seen, one is hoped for. */
  executors(): number {
    return Math.max(1, this.parts.fleet.executors());
  }

  ahead(): number {
    return FUZZ_BATCHES_AN_EXECUTOR * this.executors();
  }

  async lead({ epoch, build }: CampaignState, wasStale: boolean): Promise<number> {
    const { exchange, leadership, queue, said } = this.parts;
    if (wasStale) {
      const present = await exchange.epoch();
      if (present > epoch) {
        const what = 'another coordinator has taken over this Redis';
        throw fail('ENVIRONMENT', { what, remedy: 'run one, or give each its own Redis' });
      }
      if (present < epoch) said('Redis has been emptied; what was under way is handed out again');
    }
    const next = await leadership.take(epoch);
    // No worker will ever take what waits there: it was planned for another build.
    if (build !== '' && build !== this.parts.build) await queue.drop(build);
    return next;
  }

  async look(): Promise<void> {
    if (!(await this.parts.leadership.stay())) throw new StaleEpoch();
    await this.parts.fleet.look();
  }

  async take(state: CampaignState): Promise<readonly Report[]> {
    const arrivals = await this.parts.exchange.take(state.epoch, TAKEN_MAX);
    this.taken = arrivals.map(({ id }) => id);
    return arrivals.map((arrival) => readReport(arrival, state));
  }

  async settle(epoch: number): Promise<void> {
    await this.parts.exchange.settle(epoch, this.taken);
    this.taken = [];
  }

  async send(batches: readonly Batch[]): Promise<void> {
    await this.parts.queue.add(batches);
  }

  async keepFeatures(features: PackedList): Promise<void> {
    await this.parts.exchange.putList(features);
  }

  async keepSettled(signatures: PackedList): Promise<void> {
    await this.parts.exchange.putList(signatures);
  }

  /** A job ends after its report has come in, so the order of the two questions matters. */
  async lost(batches: readonly Outstanding[]): Promise<readonly string[]> {
    const { queue, exchange } = this.parts;
    const gone = await queue.without(batches);
    const waits = await Promise.all(gone.map(({ id }) => exchange.waits(id)));
    return gone.filter((_, i) => waits[i] === false).map(({ id }) => id);
  }

  /** What ioredis throws where a server is gone, loading, or refuses a command for its own reasons. */
  isOutage(error: unknown): boolean {
    if (error instanceof StaleEpoch || !(error instanceof Error)) return false;
    // A pipeline that was cut in the middle is aborted.
    const isNamed = ['ReplyError', 'AbortError', 'MaxRetriesPerRequestError'].includes(error.name);
    const isSaid = /Connection is closed|ECONN|ENOENT|EPIPE|timed out|retries/.test(error.message);
    return isNamed || isSaid;
  }
}
