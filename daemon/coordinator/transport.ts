/** How batches reach executors and how their reports come back: through Redis, or within this process. */
import type { PackedList } from '../../corpus/exchange/named-lists.ts';
import type { Batch, Report } from '../../corpus/vocabulary/messages.ts';
import type { Outstanding } from '../campaign/records.ts';
import type { CampaignState } from '../campaign/state.ts';

/** Fuzz batches to have under way: one waits while one is computed. */
export const FUZZ_BATCHES_AN_EXECUTOR = 2;

export interface Transport {
  /** Those that take batches of this build. */
  executors(): number;
  /** Fuzz batches that are to be under way. */
  ahead(state: CampaignState): number;
  /** How long it keeps a list. */
  readonly listsKeptMs: number;

  /**
   * Take the lead, with a higher epoch than any before.
   * @param wasStale another epoch was met than the state's
   * @throws Refusal ENVIRONMENT where another coordinator leads
   */
  lead(state: CampaignState, wasStale: boolean): Promise<number>;
  /** Who is there; called at every turn. */
  look(): Promise<void>;
  /**
   * Reports that have come, the oldest first. From Redis they come again until they are settled.
   * @throws StaleEpoch
   */
  take(state: CampaignState): Promise<readonly Report[]>;
  /** The log has what was taken. */
  settle(epoch: number): Promise<void>;
  send(batches: readonly Batch[]): Promise<void>;
  /** Lists that batches name by their digests, before they are sent. */
  keepFeatures(features: PackedList): Promise<void>;
  keepSettled(signatures: PackedList): Promise<void>;
  /** Ids of those that no report will come of. */
  lost(batches: readonly Outstanding[]): Promise<readonly string[]>;
  /** An error that passes once the outside is mended. */
  isOutage(error: unknown): boolean;
}
