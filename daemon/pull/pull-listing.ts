/**
 * Pages of a coordinator's list, as somebody hostile might write them: every page must lead on, hold no more than
 * was asked for, and say of each finding what its files will be measured by.
 */
import {
  findingProblem,
  isFoundOn,
  keptOf,
  type StoredFinding,
} from '../../corpus/vocabulary/finding.ts';
import { isJsonObject, type Json, readJson } from '../../corpus/vocabulary/json.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { isSignatureOf } from '../../corpus/vocabulary/verdict.ts';

/** A finding as it is listed. */
export interface Listed {
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly publishedMs: number;
  readonly finding: StoredFinding;
  /** SHA-256 of the repro's text. */
  readonly reproDigest: string;
}

/** A row that is none. */
export interface BadRow {
  readonly revision: number;
  readonly why: string;
}

export interface Page {
  readonly rows: readonly (Listed | BadRow)[];
  /** The highest revision that the coordinator has. */
  readonly revision: number;
}

export interface Filter {
  /** A name stands for itself with any toggles. */
  readonly model: string | undefined;
  readonly class: string | undefined;
}

/** A page of findings on ten models each is some 150 KB. */
const PAGE_ROWS_MAX = 100;

export function listPath({ model, class: wanted }: Filter, since: number): string {
  const query = new URLSearchParams({ since: String(since), limit: String(PAGE_ROWS_MAX) });
  if (model !== undefined) query.set('model', model);
  if (wanted !== undefined) query.set('class', wanted);
  return `/api/v1/findings?${query}`;
}

export function isWanted(finding: StoredFinding, filter: Filter): boolean {
  if (filter.class !== undefined && finding.class !== filter.class) return false;
  return filter.model === undefined || isFoundOn(finding, filter.model);
}

/** @returns what is wrong with the whole page, or the page */
export function readPage(text: string, since: number): Page | string {
  const value = readJson(text);
  if (!isJsonObject(value)) return 'its list is not JSON, or too large';
  const { findings, next, revision } = value;
  if (!Array.isArray(findings) || !isRevision(revision)) return 'its list is not one of findings';
  if (findings.length > PAGE_ROWS_MAX) return 'its list has more rows than were asked for';
  const rows: (Listed | BadRow)[] = [];
  let last = since;
  for (const row of findings) {
    const at = isJsonObject(row) ? row.revision : undefined;
    if (!isRevision(at) || at <= last) return 'its list does not go forward';
    rows.push(readRow(row, at));
    last = at;
  }
  const isEnd = next === null && (findings.length === 0 || last <= revision);
  if (!isEnd && (findings.length === 0 || next !== String(last))) {
    return 'its list does not lead on';
  }
  return { rows, revision };
}

export function isBad(row: Listed | BadRow): row is BadRow {
  return 'why' in row;
}

function readRow(row: Json, revision: number): Listed | BadRow {
  const problem = findingProblem(row);
  if (problem !== null || !isJsonObject(row)) return { revision, why: problem ?? 'not an object' };
  // findingProblem has looked at every field.
  const finding = keptOf(row as unknown as StoredFinding);
  const { reproDigest } = row;
  const publishedMs = Date.parse(String(row.publishedAt));
  const why = claimProblem(finding);
  if (why !== null) return { revision, why };
  if (typeof reproDigest !== 'string') return { revision, why: 'reproDigest is not a digest' };
  if (Number.isNaN(publishedMs)) return { revision, why: 'publishedAt is not a date' };
  return { revision, publishedMs, finding, reproDigest };
}

/** What a finding says of itself must fit together, and be what it looks like where it is shown. */
export function claimProblem(finding: StoredFinding): string | null {
  const { title, signature, class: given, model, models } = finding;
  for (const [name, text] of Object.entries({ title, signature })) {
    const shown = printable(text, Number.POSITIVE_INFINITY);
    if (shown !== text) return `${name} has characters that cannot be seen`;
  }
  if (!isSignatureOf(signature, given)) return 'class is not that of the signature';
  return models.includes(model) ? null : 'model is not one of models';
}

function isRevision(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}
