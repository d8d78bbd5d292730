/**
 * What a coordinator wrote into its log, read while it writes, and what follows from that: which batch counts, and how
 * often. Beside the product's own state, and without its code, so that both must agree.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

const LOG_FILE = /^log-\d+\.ndjson$/;
const ROW = /^[0-9a-f]{16} (?<seq>\d+) (?<json>.*)$/;
const NEWLINE = 0x0a;

interface Planned {
  readonly id: string;
  readonly kind: string;
  readonly index: number | null;
  readonly runs: number;
  readonly signature: string | null;
}

export interface Told {
  readonly id: string;
  readonly build: string;
  readonly campaign: string;
  readonly result: {
    readonly kind: string;
    readonly index?: number;
    readonly runs?: number;
    readonly signature?: string;
    readonly witnesses?: readonly { readonly signature: string }[];
  };
}

type Row =
  | { readonly t: 'campaign'; readonly campaign: string }
  | { readonly t: 'led'; readonly build: string }
  | { readonly t: 'planned'; readonly batches: readonly Planned[] }
  | { readonly t: 'abandoned'; readonly ids: readonly string[] }
  | { readonly t: 'report'; readonly report: Told }
  | { readonly t: 'stored'; readonly signature: string }
  | { readonly t: 'adopted'; readonly finding: { readonly signature: string } }
  | { readonly t: 'forgotten'; readonly signature: string }
  | { readonly t: 'other' };

/** What counts, by the rows that there are. */
export interface Counted {
  readonly folded: number;
  readonly runs: number;
  /** Fuzz batches that count more than once. */
  readonly doubled: readonly number[];
  /** Batches that were handed out and have not come back. */
  readonly underway: number;
  /** Signatures of findings that lie on the disk. */
  readonly stored: readonly string[];
}

export class LogTail {
  /** Ids of batches of which there is a report. */
  readonly reported = new Set<string>();
  private readonly folder: string;
  private readonly read = new Map<string, number>();
  private readonly rows = new Map<number, Row>();

  constructor(folder: string) {
    this.folder = folder;
  }

  get rowCount(): number {
    return this.rows.size;
  }

  /** Takes what was written since; to be called before the third generation of files comes. */
  look(): void {
    if (!existsSync(this.folder)) return;
    for (const name of readdirSync(this.folder).filter((one) => LOG_FILE.test(one))) {
      const from = this.read.get(name) ?? 0;
      const text = wholeLinesOf(path.join(this.folder, name), from);
      this.read.set(name, from + text.length);
      for (const line of text.toString('utf8').split('\n')) this.take(line);
    }
  }

  /** A row was made unreadable: what the product goes on with lacks it. */
  forget(line: string): void {
    const seq = Number(ROW.exec(line)?.groups?.seq ?? Number.NaN);
    this.rows.delete(seq);
  }

  counted(): Counted {
    const count = new Count();
    const inOrder = [...this.rows].sort(([a], [b]) => a - b);
    for (const [, row] of inOrder) count.apply(row);
    const doubled = [...count.times].flatMap(([index, times]) => (times > 1 ? [index] : []));
    const { folded, runs, underway } = count;
    return { folded, runs, doubled, underway, stored: [...count.stored].sort() };
  }

  private take(line: string): void {
    const { seq, json } = ROW.exec(line)?.groups ?? {};
    const row = json === undefined ? undefined : parsed(json);
    if (row === undefined) return;
    this.rows.set(Number(seq), slim(row));
    if (row.t === 'report') this.reported.add(row.report.id);
  }
}

function wholeLinesOf(file: string, from: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, statSync(file).size - from));
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1);
  } finally {
    closeSync(descriptor);
  }
}

function parsed(json: string): Row | undefined {
  try {
    return JSON.parse(json) as Row;
  } catch {
    return undefined;
  }
}

const KEPT = ['campaign', 'led', 'planned', 'abandoned', 'stored', 'forgotten'];

/** Without inputs and features, which fill a log. */
function slim(row: Row): Row {
  if (row.t === 'adopted') return { t: 'stored', signature: row.finding.signature };
  if (row.t !== 'report') return KEPT.includes(row.t) ? row : { t: 'other' };
  const { id, build, campaign, result } = row.report;
  const { kind, index, runs, signature } = result;
  const kept = {
    kind,
    ...(index === undefined ? {} : { index }),
    ...(runs === undefined ? {} : { runs }),
  };
  return {
    t: 'report',
    report: {
      id,
      build,
      campaign,
      result: { ...kept, ...(signature === undefined ? {} : { signature }) },
    },
  };
}

/** A batch counts once, for as long as its range is not handed out to another. */
class Count {
  folded = 0;
  runs = 0;
  readonly times = new Map<number, number>();
  readonly stored = new Set<string>();
  private campaign = '';
  private build = '';
  private readonly outstanding = new Map<string, Planned>();
  private readonly reopened = new Set<number>();

  get underway(): number {
    return this.outstanding.size;
  }

  apply(row: Row): void {
    if (row.t === 'planned') for (const batch of row.batches) this.planned(batch);
    else if (row.t === 'abandoned') for (const id of row.ids) this.abandoned(id);
    else if (row.t === 'report') this.report(row.report);
    else if (row.t === 'led') this.led(row.build);
    else if (row.t === 'campaign') this.begun(row.campaign);
    else if (row.t === 'stored') this.stored.add(row.signature);
    else if (row.t === 'forgotten') this.stored.delete(row.signature);
  }

  private begun(campaign: string): void {
    this.campaign = campaign;
    this.outstanding.clear();
    this.reopened.clear();
    this.runs = 0;
  }

  private led(build: string): void {
    if (build !== this.build) for (const id of [...this.outstanding.keys()]) this.abandoned(id);
    this.build = build;
  }

  private planned(batch: Planned): void {
    this.outstanding.set(batch.id, batch);
    if (batch.index !== null) this.reopened.delete(batch.index);
  }

  private abandoned(id: string): void {
    const index = this.outstanding.get(id)?.index ?? null;
    if (index !== null) this.reopened.add(index);
    this.outstanding.delete(id);
  }

  private report({ id, build, campaign, result }: Told): void {
    const { kind, index, runs = 0 } = result;
    const isForeign = build !== this.build || campaign !== this.campaign;
    const batch = this.outstanding.get(id);
    if (kind === 'quarantined') {
      this.outstanding.delete(id);
      return;
    }
    const isLate = batch === undefined && index !== undefined && this.reopened.has(index);
    if (isForeign || !(isLate || (batch !== undefined && isAnswer(batch, result)))) return;
    this.outstanding.delete(id);
    this.folded += 1;
    if (index === undefined) return;
    this.reopened.delete(index);
    this.runs += runs;
    this.times.set(index, (this.times.get(index) ?? 0) + 1);
  }
}

function isAnswer(batch: Planned, { kind, index, runs = 0, signature }: Told['result']): boolean {
  if (kind !== batch.kind) return false;
  if (kind === 'fuzz') return index === batch.index && runs <= batch.runs;
  return kind === 'canary' || signature === batch.signature;
}
