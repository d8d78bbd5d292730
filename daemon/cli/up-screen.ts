/** What `up` shows while it runs: each finding once, and a line about the campaign every ten seconds. */
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type StoredFinding, shownId } from '../../corpus/vocabulary/finding.ts';
import { ApiClient } from '../api-client.ts';
import { campaignOf, fleetOf } from '../api-status.ts';
import { isBad, listPath, readPage } from '../pull-listing.ts';
import { progress, type Settings } from './settings.ts';
import { renderLine } from './status.ts';
import { note, say } from './terminal.ts';

const LOOK_MS = 1000;
const LINE_MS = 10_000;
const EVERYTHING = { model: undefined, class: undefined };

export class UpScreen {
  private readonly settings: Settings;
  private readonly seen = new Set<string>();
  private client: ApiClient | undefined;
  private revision = 0;
  private lineMs = 0;
  private lastLine = '';
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** A coordinator serves, the first one or one that took its place. */
  follow(url: string): void {
    const isFirst = this.client === undefined;
    this.client?.close();
    this.client = new ApiClient(new URL(url));
    if (!isFirst) return;
    this.lineMs = performance.now();
    this.timer = setInterval(() => {
      this.looking = this.looking.then(() => this.look());
    }, LOOK_MS);
  }

  /** Looks once more, and ends. @returns a last line about the campaign */
  async end(): Promise<string> {
    clearInterval(this.timer);
    await this.looking;
    await this.look();
    this.client?.close();
    return this.lastLine;
  }

  get findings(): number {
    return this.seen.size;
  }

  private async look(): Promise<void> {
    const { client } = this;
    if (client === undefined || client.isClosed) return;
    try {
      await this.lookForFindings(client);
      const status = { campaign: await campaignOf(client), fleet: await fleetOf(client) };
      this.lastLine = renderLine(status);
    } catch (error) {
      // A coordinator that is being started again does not answer; the next look will find it.
      if (error instanceof Refusal || client.isClosed) return;
      throw error;
    }
    if (performance.now() - this.lineMs < LINE_MS) return;
    this.lineMs = performance.now();
    progress(this.settings, this.lastLine);
  }

  private async lookForFindings(client: ApiClient): Promise<void> {
    for (;;) {
      const page = readPage(
        await client.getText(listPath(EVERYTHING, this.revision)),
        this.revision,
      );
      if (typeof page === 'string' || page.rows.length === 0) return;
      for (const row of page.rows) {
        this.revision = row.revision;
        if (!isBad(row)) this.show(row.finding, client.origin);
      }
    }
  }

  private show(finding: StoredFinding, origin: string): void {
    const { id, known, title, model, threads, operations, preemptions } = finding;
    if (this.seen.has(id)) return;
    this.seen.add(id);
    const size = `${threads} threads, ${operations} operations, ${preemptions} preemptions`;
    const line = `${known ?? 'new'}  ${title} (${model}; ${size})  ${origin}/findings/${shownId(id)}`;
    if (this.settings.isJson) note(line);
    else say(line);
  }
}
