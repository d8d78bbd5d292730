/**
 * What comes from elsewhere, put beside what is here: a better repro takes the place of another, except that what
 * this engine judged is not given up for what another one says, nor brought again after it was set aside.
 */
import { type Damaged, FindingStore, type Put } from '../../corpus/store/finding-store.ts';
import { isSetAside } from '../../corpus/store/set-aside.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Finding, FindingRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';

export interface KeepingOptions {
  /** A data directory; made when there is something to put in. */
  readonly dest: string;
  /** Digest of this build's engine. */
  readonly engine: string;
}

export class Keeping {
  /** As they were when it began. */
  readonly findings: readonly Finding[];
  readonly damaged: readonly Damaged[];
  private readonly options: KeepingOptions;
  private readonly store: FindingStore;
  /** Ids. */
  private readonly here: Set<string>;

  constructor(options: KeepingOptions) {
    this.options = options;
    this.store = new FindingStore(options.dest);
    const { findings, damaged } = this.store.list();
    this.findings = findings;
    this.damaged = damaged;
    this.here = new Set(findings.map(({ id }) => id));
  }

  /** undefined for what is not here, or damaged, which is as good as not here. */
  recordOf(id: string): FindingRecord | undefined {
    if (!this.here.has(id)) return undefined;
    try {
      return this.store.record(id);
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  /** It was judged here and is not shown any more: bringing it again would only have it judged again. */
  wasSetAside(id: string, reproDigest: string): boolean {
    const { dest, engine } = this.options;
    return isSetAside(dest, id, engine, (text) => sha256Hex(text) === reproDigest);
  }

  /** @returns null where this engine's own stays */
  keep(record: FindingRecord): Put | null {
    const { id } = record.finding;
    const { engine } = this.options;
    const isOurs = this.recordOf(id)?.repro.engine === engine;
    if (isOurs && record.repro.engine !== engine) return null;
    const wasHere = this.here.has(id);
    const put = this.store.put(record, 'elsewhere');
    this.here.add(id);
    // One that was damaged made room, and is not in the list of what was here.
    return put.outcome === 'kept' ? put : { ...put, outcome: wasHere ? 'replaced' : 'new' };
  }
}
