/**
 * Brings the findings of a coordinator here: only what is new or better, each one checked before anything is
 * written, and whole or not at all. The coordinator may be hostile, the connection may flip bits, and we may be
 * killed at any moment: what is here is right, and the next pull brings the rest.
 */
import type { Damaged } from '../../corpus/store/finding-store.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Finding, FindingRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import { type Answer, type ApiClient, NOT_MODIFIED, statusText } from './api-client.ts';
import { campaignOf } from './api-status.ts';
import { Keeping } from './keeping.ts';
import { CURSORS_FILE, type Cursor, cursorOf, keepCursor, readCursors } from './pull-cursors.ts';
import {
  type BadRow,
  type Filter,
  isBad,
  isWanted,
  type Listed,
  listPath,
  readPage,
} from './pull-listing.ts';
import { type ModelDigestCheck, readRecord } from './pull-record.ts';

/** Where to begin; without one, after what the last pull brought. */
export type Since = { readonly revision: number } | { readonly publishedMs: number };

export interface PullOptions {
  readonly client: ApiClient;
  /** A data directory; made when there is something to put in. */
  readonly dest: string;
  readonly filter: Filter;
  readonly since: Since | undefined;
  /** Digest of this build's engine: what it judged itself is not given up for what another build says. */
  readonly engine: string;
  readonly isModelDigestRight: ModelDigestCheck;
  readonly rowsMax?: number;
  /** Told after each finding that was looked at. */
  readonly looked?: (listed: number, brought: number) => void;
  readonly noted?: (text: string) => void;
}

interface Skipped {
  /** The finding's id, or which row of the list it was. */
  readonly id: string;
  readonly why: string;
}

export interface Pulled {
  readonly added: readonly Finding[];
  readonly improved: readonly Finding[];
  /** Findings that fit the filter and are here as they were before. */
  readonly unchanged: number;
  readonly skipped: readonly Skipped[];
  /** Findings that the coordinator has, of those that were asked for. */
  readonly listed: number;
  /** Whether the list was read from where the last pull ended. */
  readonly isContinued: boolean;
  /** What ended it before the end of the list; null if nothing did. */
  readonly broken: Refusal | null;
}

/** More findings than any model has bugs. */
const ROWS_MAX = 100_000;
/** After so many that are not what they say, nothing of this coordinator is to be believed. */
const SKIPPED_MAX = 100;

/** @throws Refusal if not even the list can be had; what fails later is in the answer, beside what was brought */
export async function pull(options: PullOptions): Promise<Pulled> {
  const { client, dest, filter, since, noted } = options;
  const { cursors, problem } = readCursors(dest);
  if (problem !== null) noted?.(`${CURSORS_FILE} is damaged (${problem}): everything is compared`);
  const puller = new Puller(options);
  const { campaign } = await campaignOf(client);
  const cursor = since === undefined ? cursorOf(cursors, client.origin, filter) : undefined;
  return puller.run(campaign, cursor?.campaign === campaign ? cursor : undefined);
}

class Puller {
  private readonly options: PullOptions;
  private readonly keeping: Keeping;
  /** Ids. */
  private readonly unchanged: Set<string>;
  private readonly added: Finding[] = [];
  private readonly improved: Finding[] = [];
  private readonly skipped: Skipped[] = [];
  /** Rows of the list that were read. */
  private rows = 0;
  /** Those that are not too old. */
  private listed = 0;
  private campaign = '';

  constructor(options: PullOptions) {
    this.options = options;
    this.keeping = new Keeping(options);
    const { findings, damaged } = this.keeping;
    for (const one of damaged) options.noted?.(damagedText(one));
    const wanted = findings.filter((finding) => isWanted(finding, options.filter));
    this.unchanged = new Set(wanted.map(({ id }) => id));
  }

  async run(campaign: string, cursor: Cursor | undefined): Promise<Pulled> {
    this.campaign = campaign;
    let broken: Refusal | null = null;
    try {
      await this.readList(cursor);
    } catch (error) {
      if (!(error instanceof Refusal) || this.rows === 0) throw error;
      broken = error;
    }
    const { added, improved, skipped, listed } = this;
    const unchanged = this.unchanged.size;
    return {
      added,
      improved,
      unchanged,
      skipped,
      listed,
      isContinued: cursor !== undefined,
      broken,
    };
  }

  /** Until a page is empty: its tag says at the next pull whether there is anything new. */
  private async readList(cursor: Cursor | undefined): Promise<void> {
    const { since: given, client } = this.options;
    let since =
      cursor?.revision ?? (given !== undefined && 'revision' in given ? given.revision : 0);
    let etag = cursor?.etag ?? null;
    for (;;) {
      const answer = await this.list(since, etag);
      if (answer.status === NOT_MODIFIED) return;
      const page = readPage(answer.text, since);
      if (typeof page === 'string') throw client.breach(page);
      const last = page.rows.at(-1)?.revision;
      if (last === undefined) {
        if (page.revision >= since || given !== undefined) {
          if (since > 0) this.moveCursor(since, answer.etag);
          return;
        }
        // Whoever has seen more than there is has seen another list.
        since = 0;
      } else {
        await this.takeAll(page.rows);
        since = last;
        this.moveCursor(since, null);
      }
      etag = null;
    }
  }

  private async list(since: number, etag: string | null): Promise<Answer> {
    const { client, filter } = this.options;
    const path = listPath(filter, since);
    const answer = await client.get(path, etag);
    const isKnown = answer.status === NOT_MODIFIED && etag !== null;
    if (isKnown || (answer.status === 200 && !answer.isDamaged)) return answer;
    throw client.breach(statusText(path, answer));
  }

  private async takeAll(rows: readonly (Listed | BadRow)[]): Promise<void> {
    const { rowsMax = ROWS_MAX, client, looked } = this.options;
    for (const row of rows) {
      this.rows += 1;
      if (this.rows > rowsMax) throw client.breach(`its list has over ${rowsMax} rows`);
      if (!isBad(row) && this.isTooOld(row)) continue;
      this.listed += 1;
      const why = isBad(row) ? row.why : await this.take(row);
      if (why !== null) this.skip(isBad(row) ? `revision ${row.revision}` : row.finding.id, why);
      looked?.(this.listed, this.added.length + this.improved.length);
    }
  }

  private isTooOld({ publishedMs }: Listed): boolean {
    const { since } = this.options;
    return since !== undefined && 'publishedMs' in since && publishedMs < since.publishedMs;
  }

  /** @returns why it could not be brought, or null */
  private async take(listed: Listed): Promise<string | null> {
    const { client, isModelDigestRight } = this.options;
    const { id } = listed.finding;
    if (this.isHere(listed)) return null;
    // Our own path: a list of theirs leads nowhere.
    const path = `/api/v1/findings/${id}`;
    const answer = await client.get(path);
    if (answer.status !== 200 || answer.isDamaged) return statusText(path, answer);
    const record = readRecord(answer.text, listed, isModelDigestRight);
    if (typeof record === 'string') return record;
    this.keep(record);
    return null;
  }

  private isHere({ finding, reproDigest }: Listed): boolean {
    const there = this.keeping.recordOf(finding.id);
    if (there === undefined) return this.keeping.wasSetAside(finding.id, reproDigest);
    const { models } = there.finding;
    const isOnAll = finding.models.every((model) => models.includes(model));
    return isOnAll && sha256Hex(printRepro(there.repro)) === reproDigest;
  }

  private keep(record: FindingRecord): void {
    const put = this.keeping.keep(record);
    if (put === null || put.outcome === 'kept') return;
    this.unchanged.delete(record.finding.id);
    (put.outcome === 'new' ? this.added : this.improved).push(put.finding);
  }

  private skip(id: string, why: string): void {
    this.skipped.push({ id, why });
    if (this.skipped.length < SKIPPED_MAX) return;
    throw this.options.client.breach(`${SKIPPED_MAX} findings of it are not what they say`);
  }

  /** Not past what was skipped: the next pull tries again. Not where somebody began in the middle. */
  private moveCursor(revision: number, etag: string | null): void {
    const { client, dest, filter, since } = this.options;
    if (since !== undefined || this.skipped.length > 0) return;
    const { model = null, class: wanted = null } = filter;
    const { campaign } = this;
    keepCursor(dest, { url: client.origin, model, class: wanted, campaign, revision, etag });
  }
}

function damagedText({ name, why }: Damaged): string {
  return `finding ${name} here is damaged: ${why}; pull with --since 0 to have it again`;
}
