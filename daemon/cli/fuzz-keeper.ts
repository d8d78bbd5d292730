/** What a local campaign keeps: each finding is printed once, and put on disk at once. */
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  compareRecords,
  type Finding,
  type FindingRecord,
  merged,
  type PackedRecord,
  type StoredFinding,
} from '../../corpus/vocabulary/finding.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import { rankOf } from '../../corpus/vocabulary/verdict.ts';
import { type Case, recordToStore } from '../campaign/triage.ts';
import type { PublisherPort } from '../coordinator/coordinator.ts';
import type { CampaignLog } from '../log/writer.ts';
import type { Settings } from './options/settings.ts';
import { renderFinding } from './output/render-finding.ts';
import { note, say } from './output/terminal.ts';

export class Keeper implements PublisherPort {
  /** The disk's refusal, if it gave one: fuzzing goes on, and the end says so. */
  diskProblem: Refusal | null = null;
  private readonly log: CampaignLog;
  private readonly settings: Settings;
  private readonly store: FindingStore;
  private readonly records = new Map<string, FindingRecord>();
  private readonly printed = new Set<string>();

  constructor(log: CampaignLog, settings: Settings) {
    this.log = log;
    this.settings = settings;
    this.store = new FindingStore(settings.dataDir);
    for (const one of log.state.triage.published()) this.recall(one);
  }

  /** What an earlier part of the campaign has published, printed and put on disk. */
  private recall({ signature, published }: Case): void {
    if (published === null) return;
    try {
      this.records.set(signature, this.store.record(published.finding.id));
      this.printed.add(signature);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Its folder is gone: it may be found again.
      this.log.write({ t: 'forgotten', signature });
    }
  }

  get count(): number {
    return this.records.size;
  }

  publish(): void {
    const { triage } = this.log.state;
    for (const one of triage.published()) {
      const packed = one.isStored ? null : recordToStore(one);
      if (packed === null) continue;
      this.keep(unpacked(packed));
      this.log.write({ t: 'stored', signature: one.signature });
      this.print();
    }
  }

  reproOf({ signature }: Case): string | undefined {
    const record = this.records.get(signature);
    return record && printRepro(record.repro);
  }

  /** The disk also learns on which other models a bug was met. */
  finish(): void {
    for (const record of this.records.values()) {
      const whole = this.withModels(record);
      if (whole.finding.models.length > record.finding.models.length) this.write(whole);
    }
  }

  /** In order of their catalogue numbers, new ones last. */
  findings(): readonly Finding[] {
    return [...this.records.values()]
      .map((record) => this.located(this.withModels(record)))
      .sort((a, b) => compareText(`${placeOf(a)} ${a.signature}`, `${placeOf(b)} ${b.signature}`));
  }

  private keep(record: FindingRecord): void {
    const { signature } = record.finding;
    const there = this.records.get(signature);
    this.records.set(signature, there === undefined ? record : betterOf(there, record));
    this.write(record);
    // One that turns out graver is told again.
    if (there !== undefined && rankOf(record.finding) < rankOf(there.finding)) {
      this.printed.delete(signature);
    }
  }

  /** In the order of their first witnesses, which does not depend on who minimizes faster. */
  private print(): void {
    for (const { signature, stage } of this.log.state.triage.cases.values()) {
      const record = this.records.get(signature);
      if (record === undefined && stage !== 'refuted') return;
      if (record === undefined || this.printed.has(signature)) continue;
      this.printed.add(signature);
      if (this.settings.isJson) continue;
      say(`${renderFinding(this.located(record), record.columns, this.settings.dataDir)}\n`);
    }
  }

  private write(record: FindingRecord): void {
    try {
      this.store.put(record);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.diskProblem === null) {
        note(`faultline: ${error.message}; fuzzing goes on, findings are only printed`);
      }
      this.diskProblem = error;
    }
  }

  private withModels(record: FindingRecord): FindingRecord {
    const also = this.log.state.triage.cases.get(record.finding.signature)?.models ?? [];
    const models = [...new Set([...record.finding.models, ...also])].sort();
    return { ...record, finding: { ...record.finding, models } };
  }

  private located({ finding }: FindingRecord): Finding {
    return { ...finding, file: `${this.store.folderOf(finding.id)}/repro.txt` };
  }
}

function unpacked(packed: PackedRecord): FindingRecord {
  return unpackRecord(packed, 'executor');
}

/** As the store would keep them; the signature was first met where it was first met. */
function betterOf(first: FindingRecord, later: FindingRecord): FindingRecord {
  const { runsToFirst } = first.finding;
  const isBetter = compareRecords(later, first) < 0;
  const [kept, other] = isBetter ? [later, first] : [first, later];
  return { ...kept, finding: { ...merged(kept.finding, other.finding), runsToFirst } };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function placeOf({ known, looksLike }: StoredFinding): string {
  return known ?? looksLike ?? '~';
}
