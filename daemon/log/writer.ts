/** CampaignState and log in step: every change goes through here, into memory at once and onto the disk at `commit`. */
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import { currentRecord } from '../campaign/earlier.ts';
import type { LogRecord } from '../campaign/records.ts';
import { type Snapshot, snapshotOf, stateOf } from '../campaign/snapshot.ts';
import { CampaignState, type Effect } from '../campaign/state.ts';
import type { Clock } from './clock.ts';
import { Log, type Opened } from './log.ts';

/** A log of so many bytes takes half a second to read at a start; a snapshot then takes its place. */
const LOG_BYTES_MAX = 32 << 20;
/** Where the disk refuses a snapshot, it is asked again after so much more. */
const LOG_GROWTH = 1 << 20;

/** A record as it is written; the time is added. */
type Change = LogRecord extends infer R ? (R extends LogRecord ? Omit<R, 'atMs'> : never) : never;

export interface LogWatcher {
  committed(seconds: number): void;
  said(text: string): void;
}

/** The state, and how it changes. */
export interface CampaignLog {
  readonly state: CampaignState;
  write(change: Change): Effect | null;
  /** @throws Refusal DATA_DIR; then nothing is forgotten, and a later commit writes it */
  commit(): void;
}

/** For a campaign that ends with its process. */
export class UnkeptLog implements CampaignLog {
  readonly state: CampaignState;
  private readonly clock: Clock;

  constructor(clock: Clock, state: CampaignState = new CampaignState()) {
    this.clock = clock;
    this.state = state;
  }

  write(change: Change): Effect | null {
    return this.state.apply(dated(change, this.clock));
  }

  commit(): void {}
}

function dated(change: Change, clock: Clock): LogRecord {
  return { ...change, atMs: clock.wallMs() } as LogRecord;
}

export class LogWriter implements CampaignLog {
  readonly state: CampaignState;
  /** What of the log could not be read; the rest was. */
  readonly damaged: Opened['damaged'];
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly watcher: LogWatcher;
  private isDirty = false;
  private snapshotBytes = LOG_BYTES_MAX;

  /** @throws Refusal DATA_DIR, or ENVIRONMENT where somebody else writes there */
  constructor(folder: string, clock: Clock, watcher: LogWatcher) {
    const { log, snapshot, records, damaged } = Log.open(folder);
    this.log = log;
    this.clock = clock;
    this.watcher = watcher;
    this.damaged = damaged;
    // Both were written by this class, of this version or an earlier one, and their checksums hold.
    this.state =
      snapshot === undefined ? new CampaignState() : stateOf(snapshot as unknown as Snapshot);
    for (const record of records) this.state.apply(currentRecord(record));
  }

  write(change: Change): Effect | null {
    const record = dated(change, this.clock);
    this.log.append(record as unknown as Json);
    this.isDirty = true;
    return this.state.apply(record);
  }

  commit(): void {
    if (!this.isDirty) return;
    const startedMs = this.clock.monotonicMs();
    this.log.commit();
    this.isDirty = false;
    this.watcher.committed((this.clock.monotonicMs() - startedMs) / 1000);
    if (this.log.bytes > this.snapshotBytes) this.snapshot();
  }

  get bytes(): number {
    return this.log.bytes;
  }

  /** The next start reads a state instead of all that led to it; where the disk refuses, it reads all. */
  private snapshot(): void {
    try {
      this.log.snapshot(snapshotOf(this.state) as unknown as Json);
      this.snapshotBytes = LOG_BYTES_MAX;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.snapshotBytes === LOG_BYTES_MAX) this.watcher.said(`no snapshot: ${error.message}`);
      this.snapshotBytes = this.log.bytes + LOG_GROWTH;
    }
  }

  /** @throws Refusal DATA_DIR if the disk refuses the last records */
  finish(): void {
    this.commit();
    this.snapshot();
  }

  /** Gives the folder back. What is not committed is forgotten. */
  close(): void {
    this.log.close();
  }
}
