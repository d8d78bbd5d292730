/** From proven cases to folders on disk, and what the folders say at a start. */
import type { FindingStore } from '../corpus/store/finding-store.ts';
import { Refusal } from '../corpus/vocabulary/errors.ts';
import { readJson, sha256Hex } from '../corpus/vocabulary/json.ts';
import {
  type FindingRecord,
  type PackedRecord,
  packRecord,
  unpackRecord,
} from '../corpus/vocabulary/record.ts';
import { printRepro } from '../corpus/vocabulary/repro.ts';
import type { Book } from './book.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';
import type { Case } from './triage.ts';

export interface PublisherParts {
  readonly book: Book;
  readonly journal: Journal;
  readonly store: FindingStore;
  readonly clock: Clock;
  readonly watcher: {
    said(text: string): void;
    published(operations: number, preemptions: number, secondsSinceMinimized: number): void;
    damaged(files: number): void;
  };
}

export class Publisher {
  private readonly parts: PublisherParts;
  /** Revisions that the store has. */
  private readonly stored = new Map<string, number>();
  /** Stored findings whose folder could not be read: said once, and left alone until the disk is mended. */
  private readonly unreadable = new Set<string>();
  private diskProblem: string | null = null;

  constructor(parts: PublisherParts) {
    this.parts = parts;
  }

  /** The folders are the truth about findings: what others put there is listed, what is gone may be found again. */
  adoptStore(): void {
    const { book, journal, store, watcher } = this.parts;
    const { findings, damaged } = store.list();
    for (const { name, why } of damaged) watcher.said(`skipped finding ${name}: ${why}`);
    watcher.damaged(damaged.length);
    const there = new Set(findings.map(({ signature }) => signature));
    for (const { signature, isStored } of [...book.triage.cases.values()]) {
      if (isStored && !there.has(signature)) journal.write({ t: 'forgotten', signature });
    }
    for (const { file: _, ...finding } of findings) {
      const known = book.triage.cases.get(finding.signature);
      if (known?.published == null) this.adopt(finding.id);
      else this.stored.set(finding.signature, known.isStored ? known.published.revision : 0);
    }
  }

  private adopt(id: string): void {
    const { journal, store, watcher } = this.parts;
    try {
      const { finding, repro } = store.record(id);
      const reproDigest = sha256Hex(printRepro(repro));
      journal.write({ t: 'adopted', finding, reproDigest });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      watcher.said(`skipped finding ${id}: ${error.message}`);
    }
  }

  /** Puts on disk what is published and not there, or there with fewer models. */
  publish(): void {
    for (const one of this.parts.book.triage.published()) {
      const revision = one.published?.revision ?? 0;
      if (one.isStored && (this.stored.get(one.signature) ?? revision) >= revision) continue;
      if (this.unreadable.has(one.signature)) continue;
      if (!this.put(one)) return;
      this.stored.set(one.signature, revision);
    }
  }

  private put(one: Case): boolean {
    const { store, watcher } = this.parts;
    try {
      const record = this.recordOf(one);
      if (record === undefined) return true;
      store.put({ ...record, finding: { ...record.finding, models: one.models } });
      if (!one.isStored) this.wasStored(one);
      if (this.diskProblem !== null) this.unreadable.clear();
      this.diskProblem = null;
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.diskProblem === null) watcher.said(`${error.message}; the ledger keeps the finding`);
      this.diskProblem = error.message;
      return false;
    }
  }

  private wasStored({ signature, published, minimizedMs }: Case): void {
    const { journal, clock, watcher } = this.parts;
    journal.write({ t: 'stored', signature });
    if (published === null) return;
    const { operations, preemptions } = published.finding;
    const waitedMs = clock.wallMs() - minimizedMs;
    watcher.published(operations, preemptions, Math.max(0, waitedMs) / 1000);
  }

  /** For a comparison. */
  reproOf(one: Case): string | undefined {
    if (this.unreadable.has(one.signature)) return undefined;
    return one.record?.repro ?? this.packedOf(one)?.repro;
  }

  /** Undefined if its folder is gone or damaged. */
  packedOf(one: Case): PackedRecord | undefined {
    if (one.record !== null) return one.record;
    const record = this.recordOf(one);
    return record && packRecord(record);
  }

  private recordOf(one: Case): FindingRecord | undefined {
    if (one.published === null) return undefined;
    const { id } = one.published.finding;
    if (one.record !== null) return unpackRecord(readJson(JSON.stringify(one.record)), id);
    const { store, watcher } = this.parts;
    try {
      const record = store.record(id);
      this.unreadable.delete(one.signature);
      return record;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!this.unreadable.has(one.signature)) watcher.said(`finding ${id}: ${error.message}`);
      this.unreadable.add(one.signature);
      return undefined;
    }
  }
}
