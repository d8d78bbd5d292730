/**
 * Findings as one stream of text, a line of JSON each: `{"record": …, "mark": …}`, the record as the API serves it, and at
 * the end `{"findings": N}`: without it a stream that was cut between two lines would look whole. What is read back may come from anybody: each line is checked as `pull` checks an answer, and nothing else of it is written.
 */
import { type Mark, Marks, readMark } from '../../corpus/store/marks.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import {
  type Finding,
  type FindingRecord,
  packRecord,
  shownId,
} from '../../corpus/vocabulary/finding.ts';
import {
  canonicalJson,
  isJsonObject,
  NOT_JSON,
  readJson,
  sha256Hex,
  whyNotRead,
} from '../../corpus/vocabulary/json.ts';
import { TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { unpackRecord } from '../../corpus/vocabulary/schemas.ts';
import { Keeping, type KeepingOptions } from './keeping.ts';
import { claimProblem } from './pull-listing.ts';
import type { ModelDigestCheck } from './pull-record.ts';

/** After so many lines that are not what they say, it is no stream of findings. */
const REFUSED_MAX = 100;
const NEWLINE = 0x0a;

export interface ImportOptions extends KeepingOptions {
  readonly isModelDigestRight: ModelDigestCheck;
}

export interface RefusedLine {
  readonly line: number;
  /** null where the line does not say. */
  readonly id: string | null;
  readonly why: string;
}

export interface Imported {
  readonly added: readonly Finding[];
  readonly replaced: readonly Finding[];
  /** As good or better here, or set aside here. */
  readonly kept: number;
  readonly marks: number;
  readonly refused: readonly RefusedLine[];
  /** No line says anything. */
  readonly isEmpty: boolean;
  /** Whether all lines were read: fewer are where too many were refused. */
  readonly isWhole: boolean;
  /** It ends before the line that counts its findings. */
  readonly isCut: boolean;
}

/** The line of a finding, without its end. */
export function lineOf(record: FindingRecord, mark: Mark | null): string {
  return canonicalJson({ record: packRecord(record), mark });
}

/** Behind the last of so many findings. */
export function endLine(findings: number): string {
  return canonicalJson({ findings });
}

/** @throws Refusal DATA_DIR; what was taken before stays */
export async function importFindings(
  source: AsyncIterable<Uint8Array | string>,
  options: ImportOptions,
): Promise<Imported> {
  const importer = new Importer(options);
  for await (const { line, isEnded } of linesOf(source)) {
    if (!importer.take(line, isEnded)) break;
  }
  return importer.imported();
}

class Importer {
  private readonly options: ImportOptions;
  private readonly keeping: Keeping;
  private readonly marks: Marks;
  private readonly added = new Map<string, Finding>();
  private readonly replaced = new Map<string, Finding>();
  private readonly refused: RefusedLine[] = [];
  private kept = 0;
  private marked = 0;
  private lines = 0;
  private isEmpty = true;
  /** Lines of findings since the last that counted them: streams may follow one another. */
  private uncounted = 0;
  private isCounted = false;

  constructor(options: ImportOptions) {
    this.options = options;
    this.keeping = new Keeping(options);
    this.marks = new Marks(options.dest);
  }

  /** @returns whether to go on */
  take(line: Buffer | null, isEnded: boolean): boolean {
    this.lines += 1;
    const text = line?.toString('utf8');
    const read = text === undefined ? refusal('it is too long') : this.read(text, isEnded);
    if (read === null) return true;
    this.isEmpty = false;
    if ('counts' in read) {
      this.end(read.counts);
      return this.refused.length < REFUSED_MAX;
    }
    this.uncounted += 1;
    this.isCounted = false;
    if ('why' in read) this.refused.push({ line: this.lines, ...read });
    else this.keep(read);
    return this.refused.length < REFUSED_MAX;
  }

  private end(counts: unknown): void {
    if (counts !== this.uncounted) {
      const why = `it counts another number of findings than stand before it (${this.uncounted})`;
      this.refused.push({ line: this.lines, ...refusal(why) });
    }
    [this.uncounted, this.isCounted] = [0, true];
  }

  imported(): Imported {
    const { kept, marked: marks, refused, isEmpty } = this;
    const [added, replaced] = [[...this.added.values()], [...this.replaced.values()]];
    const isWhole = refused.length < REFUSED_MAX;
    const isAny = added.length + replaced.length + kept > 0;
    const isCut = isAny && isWhole && !this.isCounted;
    return { added, replaced, kept, marks, refused, isEmpty, isWhole, isCut };
  }

  /** null for an empty line. */
  private read(text: string, isEnded: boolean): Line | Refused | End | null {
    if (text.trim() === '') return null;
    const value = readJson(text);
    if (!isJsonObject(value)) return refusal(whyNoObject(text, isEnded));
    if ('findings' in value) return { counts: value.findings };
    const given = isJsonObject(value.record) ? value.record.finding : undefined;
    const id = isJsonObject(given) && typeof given.id === 'string' ? shownId(given.id) : null;
    const { mark: said = null } = value;
    const mark = readMark(said);
    if (said !== null && mark === null) return refusal('its mark is not one', id);
    try {
      const record = unpackRecord(value.record, 'the record');
      const why = this.problemOf(record);
      return why === null ? { record, mark } : refusal(why, id);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const why = error.code === 'FILE_UNREADABLE' ? String(error.facts.why) : error.message;
      return refusal(why, id);
    }
  }

  private problemOf({ finding, repro }: FindingRecord): string | null {
    if (this.options.isModelDigestRight(repro)) return claimProblem(finding);
    return 'model-digest is not that of the model that it carries';
  }

  private keep({ record, mark }: Line): void {
    const { id } = record.finding;
    if (this.keeping.wasSetAside(id, sha256Hex(printRepro(record.repro)))) {
      this.kept += 1;
      return;
    }
    const put = this.keeping.keep(record);
    if (put === null || put.outcome === 'kept') this.kept += 1;
    else if (put.outcome === 'new') this.added.set(id, put.finding);
    // One that came better twice is new, or replaced, once.
    else (this.added.has(id) ? this.added : this.replaced).set(id, put.finding);
    // What was decided here stays.
    if (mark === null || this.marks.of(id) !== null) return;
    this.marks.put(id, mark);
    this.marked += 1;
  }
}

interface Line {
  readonly record: FindingRecord;
  readonly mark: Mark | null;
}

interface End {
  readonly counts: unknown;
}

interface Refused {
  readonly id: string | null;
  readonly why: string;
}

function refusal(why: string, id: string | null = null): Refused {
  return { id, why };
}

function whyNoObject(text: string, isEnded: boolean): string {
  const why = whyNotRead(text) ?? 'it is no JSON object';
  const isBegun = why === NOT_JSON && text.startsWith('{') && !isEnded;
  return isBegun ? 'it ends in the middle: the stream was cut' : why;
}

interface StreamLine {
  /** null for one that is too long: nothing of it is kept. */
  readonly line: Buffer | null;
  /** Whether the end of the line came too. */
  readonly isEnded: boolean;
}

async function* linesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<StreamLine> {
  let parts: Buffer[] = [];
  let size = 0;
  const end = (): Buffer | null => {
    const line = size > TEXT_BYTES_MAX ? null : Buffer.concat(parts);
    [parts, size] = [[], 0];
    return line;
  };
  const add = (part: Buffer): void => {
    size += part.length;
    if (size > TEXT_BYTES_MAX) parts = [];
    else parts.push(part);
  };
  for await (const chunk of source) {
    let rest = Buffer.from(chunk);
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      add(rest.subarray(0, at));
      yield { line: end(), isEnded: true };
      rest = rest.subarray(at + 1);
    }
    add(rest);
  }
  if (size > 0) yield { line: end(), isEnded: false };
}
