/** What a local campaign keeps: discoveries are minimized, printed once and put on disk at once. */
import { FindingStore } from '../../corpus/store/finding-store.ts';
import { assert } from '../../corpus/vocabulary/assert.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type Finding, merged, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { readJson } from '../../corpus/vocabulary/json.ts';
import {
  compareRecords,
  type FindingRecord,
  unpackRecord,
} from '../../corpus/vocabulary/record.ts';
import { rankOf } from '../../corpus/vocabulary/verdict.ts';
import type { ExecutorPool } from '../../workers/service/executors.ts';
import { type Discovery, minimizationOf } from '../campaign/plan.ts';
import type { Settings } from './options/settings.ts';
import { renderFinding } from './output/render-finding.ts';
import { note, say } from './output/terminal.ts';

export class Keeper {
  /** The disk's refusal, if it gave one: fuzzing goes on, and the end says so. */
  diskProblem: Refusal | null = null;
  private readonly pool: ExecutorPool;
  private readonly rngSeed: number;
  private readonly settings: Settings;
  private readonly store: FindingStore;
  private readonly records = new Map<string, FindingRecord>();
  private readonly alsoModels = new Map<string, Set<string>>();
  /** In the order of discovery, which is the order of their printing. */
  private underWay: Promise<void> = Promise.resolve();

  constructor(pool: ExecutorPool, rngSeed: number, settings: Settings) {
    this.pool = pool;
    this.rngSeed = rngSeed;
    this.settings = settings;
    this.store = new FindingStore(settings.dataDir);
  }

  take(discovery: Discovery): void {
    const minimized = this.minimize(discovery);
    this.underWay = Promise.all([this.underWay, minimized]).then(([, record]) => {
      this.keep(record);
    });
  }

  private async minimize(discovery: Discovery): Promise<FindingRecord> {
    const { result } = await this.pool.execute(minimizationOf(discovery, this.rngSeed));
    // The witness was recorded by the same engine: anything else is a defect of ours.
    const isRecord = result.kind === 'minimize' && result.record !== null;
    assert(isRecord, 'a witness does not reproduce', discovery.signature);
    return unpackRecord(readJson(JSON.stringify(result.record)), 'executor');
  }

  alsoOn(signature: string, model: string): void {
    const models = this.alsoModels.get(signature) ?? new Set();
    this.alsoModels.set(signature, models.add(model));
  }

  /** Wait for everything that was taken; then the disk also knows on which other models a bug was met. */
  async settle(): Promise<void> {
    await this.underWay;
    for (const signature of this.alsoModels.keys()) {
      const record = this.records.get(signature);
      if (record !== undefined) this.write(this.withModels(record));
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
    const isGraver = there !== undefined && rankOf(record.finding) < rankOf(there.finding);
    if (this.settings.isJson || (there !== undefined && !isGraver)) return;
    say(`${renderFinding(this.located(record), record.columns, this.settings.dataDir)}\n`);
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
    const also = this.alsoModels.get(record.finding.signature) ?? [];
    const models = [...new Set([...record.finding.models, ...also])].sort();
    return { ...record, finding: { ...record.finding, models } };
  }

  private located({ finding }: FindingRecord): Finding {
    return { ...finding, file: `${this.store.folderOf(finding.id)}/repro.txt` };
  }
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
