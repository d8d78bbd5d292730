/**
 * Pages of a coordinator's list, as somebody hostile might write them: every page must lead on, hold no more than
 * was asked for, and say of each finding what its files will be measured by.
 */
import { z } from 'zod';
import { isFoundOn, type StoredFinding } from '../../corpus/vocabulary/finding.ts';
import { isJsonObject, type Json, readJson } from '../../corpus/vocabulary/json.ts';
import { checked, digest, storedFinding } from '../../corpus/vocabulary/schemas.ts';
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

export interface ListPage {
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
export function readPage(text: string, since: number): ListPage | string {
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

const listedRow = z.object({
  reproDigest: digest,
  publishedAt: z.string().refine((date) => !Number.isNaN(Date.parse(date)), 'not a date'),
});

function readRow(row: Json, revision: number): Listed | BadRow {
  const { value: finding, problem } = checked(storedFinding, row);
  if (problem !== null) return { revision, why: problem };
  const claim = claimProblem(finding);
  if (claim !== null) return { revision, why: claim };
  const listed = checked(listedRow, row);
  if (listed.problem !== null) return { revision, why: listed.problem };
  const { reproDigest, publishedAt } = listed.value;
  return { revision, publishedMs: Date.parse(publishedAt), finding, reproDigest };
}

/** What a finding says of itself must fit together. */
export function claimProblem({
  signature,
  class: given,
  model,
  models,
}: StoredFinding): string | null {
  if (!isSignatureOf(signature, given)) return 'class is not that of the signature';
  return models.includes(model) ? null : 'model is not one of models';
}

function isRevision(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}
