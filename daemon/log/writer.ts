/** Book and ledger in step: every change goes through here, into memory at once and onto the disk at `commit`. */
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import type { Row } from '../campaign/records.ts';
import { Book, type BookJson, type Effect } from '../campaign/state.ts';
import type { Clock } from './clock.ts';
import { Ledger, type Opened } from './log.ts';

/** A log of so many bytes takes half a second to read at a start; a snapshot then takes its place. */
const LOG_BYTES_MAX = 32 << 20;
/** Where the disk refuses a snapshot, it is asked again after so much more. */
const LOG_GROWTH = 1 << 20;

/** A row as it is written; the time is added. */
type Change = Row extends infer R ? (R extends Row ? Omit<R, 'atMs'> : never) : never;

export interface JournalWatcher {
  committed(seconds: number): void;
  said(text: string): void;
}

export class Journal {
  readonly book: Book;
  /** What of the ledger could not be read; the rest was. */
  readonly damaged: Opened['damaged'];
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private readonly watcher: JournalWatcher;
  private isDirty = false;
  private snapshotBytes = LOG_BYTES_MAX;

  /** @throws Refusal DATA_DIR, or ENVIRONMENT where somebody else writes there */
  constructor(folder: string, clock: Clock, watcher: JournalWatcher) {
    const { ledger, snapshot, rows, damaged } = Ledger.open(folder);
    this.ledger = ledger;
    this.clock = clock;
    this.watcher = watcher;
    this.damaged = damaged;
    // Both were written by this class, and their checksums hold.
    this.book =
      snapshot === undefined ? new Book() : Book.fromJson(snapshot as unknown as BookJson);
    for (const row of rows) this.book.apply(row as unknown as Row);
  }

  write(change: Change): Effect | null {
    const row = { ...change, atMs: this.clock.wallMs() } as Row;
    this.ledger.append(row as unknown as Json);
    this.isDirty = true;
    return this.book.apply(row);
  }

  /** @throws Refusal DATA_DIR; then nothing is forgotten, and a later commit writes it */
  commit(): void {
    if (!this.isDirty) return;
    const startedMs = this.clock.monotonicMs();
    this.ledger.commit();
    this.isDirty = false;
    this.watcher.committed((this.clock.monotonicMs() - startedMs) / 1000);
    if (this.ledger.bytes > this.snapshotBytes) this.snapshot();
  }

  get bytes(): number {
    return this.ledger.bytes;
  }

  /** The next start reads a state instead of all that led to it; where the disk refuses, it reads all. */
  private snapshot(): void {
    try {
      this.ledger.snapshot(this.book.toJson() as unknown as Json);
      this.snapshotBytes = LOG_BYTES_MAX;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.snapshotBytes === LOG_BYTES_MAX) this.watcher.said(`no snapshot: ${error.message}`);
      this.snapshotBytes = this.ledger.bytes + LOG_GROWTH;
    }
  }

  /** @throws Refusal DATA_DIR if the disk refuses the last rows */
  finish(): void {
    this.commit();
    this.snapshot();
  }

  /** Gives the folder back. What is not committed is forgotten. */
  close(): void {
    this.ledger.close();
  }
}
