/** From proven cases to folders on disk, and what the folders say at a start. */

import type { FindingStore } from '../../corpus/store/finding-store.ts';
import { survey } from '../../corpus/store/survey.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  type FindingRecord,
  type PackedRecord,
  packRecord,
  type StoredFinding,
} from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import type { CampaignState } from '../campaign/state.ts';
import { type Case, recordToStore } from '../campaign/triage.ts';
import type { Clock } from '../log/clock.ts';
import type { LogWriter } from '../log/writer.ts';

export interface PublisherParts {
  readonly state: CampaignState;
  readonly log: LogWriter;
  readonly store: FindingStore;
  readonly clock: Clock;
  readonly watcher: {
    /** What happens, said once. */
    said(text: string): void;
    /** What a person may act on. */
    warned(text: string): void;
    published(finding: StoredFinding, secondsSinceMinimized: number): void;
    damaged(files: number): void;
  };
}

export class Publisher {
  private readonly parts: PublisherParts;
  /** Revisions that the store has. */
  private readonly stored = new Map<string, number>();
  private diskProblem: string | null = null;

  constructor(parts: PublisherParts) {
    this.parts = parts;
  }

  /** The folders are the truth about findings: what others put there is listed, what is gone may be found again. */
  adoptStore(): void {
    const { state, log, store, watcher } = this.parts;
    const { findings, unreadable } = survey(store);
    for (const { folder, why } of unreadable) watcher.warned(`cannot read ${folder}: ${why}`);
    watcher.damaged(unreadable.length);
    const there = new Set(findings.map(({ finding }) => finding.signature));
    for (const { signature, isStored } of [...state.triage.cases.values()]) {
      if (!isStored || there.has(signature)) continue;
      watcher.warned(`forgot finding "${signature}": its folder is gone or cannot be read`);
      log.write({ t: 'forgotten', signature });
    }
    for (const { record } of findings) this.adopt(record);
  }

  /** What lies on disk is listed as it lies there; models that only we know of are put there as well. */
  private adopt({ finding, repro }: FindingRecord): void {
    const { state, log } = this.parts;
    const { signature } = finding;
    const reproDigest = sha256Hex(printRepro(repro));
    const before = state.triage.cases.get(signature);
    const isListed = before?.isStored === true && before.published?.reproDigest === reproDigest;
    const isKnown = finding.models.every((model) => before?.models.includes(model));
    if (!isListed || !isKnown) log.write({ t: 'adopted', finding, reproDigest });
    const after = state.triage.cases.get(signature);
    const isWhole = after?.models.length === finding.models.length;
    this.stored.set(signature, isWhole ? (after.published?.revision ?? 0) : 0);
  }

  /** Puts on disk what is published and not there, or there with fewer models. */
  publish(): void {
    for (const one of this.parts.state.triage.published()) {
      const revision = one.published?.revision ?? 0;
      if (one.isStored && (this.stored.get(one.signature) ?? revision) >= revision) continue;
      if (!this.put(one)) return;
    }
  }

  private put(one: Case): boolean {
    const { store, watcher } = this.parts;
    try {
      const record = this.recordOf(one);
      if (record === undefined) return true;
      const finding = { ...record.finding, models: one.models };
      const { outcome } = store.put({ ...record, finding });
      if (!one.isStored) this.wasStored(one, outcome === 'new');
      // Somebody else may have put a better one there.
      this.adopt(store.record(record.finding.id));
      if (this.diskProblem !== null) {
        watcher.said(`the disk takes findings again; before: ${this.diskProblem}`);
      }
      this.diskProblem = null;
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.diskProblem === null) watcher.warned(`${error.message}; the log keeps the finding`);
      this.diskProblem = error.message;
      return false;
    }
  }

  private wasStored({ signature, published, minimizedMs }: Case, isNew: boolean): void {
    const { log, clock, watcher } = this.parts;
    log.write({ t: 'stored', signature });
    // One more witness of a finding that is listed is no finding more.
    if (published === null || !isNew) return;
    const waitedMs = clock.wallMs() - minimizedMs;
    watcher.published(published.finding, Math.max(0, waitedMs) / 1000);
  }

  reproOf(one: Case): string | undefined {
    return recordToStore(one)?.repro ?? this.packedOf(one)?.repro;
  }

  /** Undefined if it cannot be read; if it is gone or damaged, it may then be found again. */
  packedOf(one: Case): PackedRecord | undefined {
    const packed = recordToStore(one);
    if (packed !== null) return packed;
    const record = this.recordOf(one);
    return record && packRecord(record);
  }

  private recordOf(one: Case): FindingRecord | undefined {
    if (one.published === null) return undefined;
    const { id } = one.published.finding;
    const packed = recordToStore(one);
    if (packed !== null) return unpackRecord(packed, id);
    const { store, log, watcher } = this.parts;
    try {
      const record = store.record(id);
      this.adopt(record);
      return record;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Otherwise it is the disk that refuses, and nothing is known of the finding.
      if (store.isReadable()) {
        watcher.warned(`forgot finding ${id}: ${error.message}`);
        log.write({ t: 'forgotten', signature: one.signature });
      }
      return undefined;
    }
  }
}
