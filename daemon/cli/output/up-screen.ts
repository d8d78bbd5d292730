/** What `up` shows while it runs: each finding once, and a line about the campaign every ten seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CANARY_ROW } from '../../../corpus/vocabulary/catalogue.ts';
import { Refusal } from '../../../corpus/vocabulary/errors.ts';
import { type StoredFinding, shownId } from '../../../corpus/vocabulary/finding.ts';
import { ApiClient } from '../../pull/api-client.ts';
import { campaignOf, fleetOf } from '../../pull/api-status.ts';
import { isBad, type Listed, listPath, readPage } from '../../pull/pull-listing.ts';
import { progress, type Settings } from '../options/settings.ts';
import { renderLine, silenceLine } from '../status.ts';
import { counted, headOf } from './render-finding.ts';
import { note, say } from './terminal.ts';

const LOOK_MS = 1000;
const LINE_MS = 10_000;
/** A coordinator that answers does so in milliseconds; `up` is to end within ten seconds in all. */
const LAST_LOOK_MS = 1000;
const EVERYTHING = { model: undefined, class: undefined };

export class UpScreen {
  private readonly settings: Settings;
  private readonly seen = new Set<string>();
  private client: ApiClient | undefined;
  private readonly startedMs = Date.now();
  private before = 0;
  private revision = 0;
  private lineMs = 0;
  private lastLine = '';
  /** Of each model, what it has not shown yet and how much that says. */
  private silences: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Undefined between two looks. */
  private looking: Promise<void> | undefined;
  private hasSaidWhy = false;

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
    // One that is slow to answer is not asked again meanwhile.
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
    }, LOOK_MS);
  }

  /** Looks once more, where it is answered soon, and ends. @returns last lines about the campaign; none if it never answered */
  async end(): Promise<readonly string[]> {
    clearInterval(this.timer);
    const lastLook = Promise.resolve(this.looking).then(() => this.look());
    await Promise.race([lastLook, sleep(LAST_LOOK_MS, undefined, { ref: false })]);
    this.close();
    return this.lastLine === '' ? [] : [this.lastLine, ...this.silences];
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.timer);
    this.client?.close();
  }

  private async look(): Promise<void> {
    const { client } = this;
    if (client === undefined || client.isClosed) return;
    try {
      const isFirst = this.revision === 0;
      await this.lookForFindings(client);
      if (isFirst && this.before > 0) {
        progress(this.settings, `goes on with ${counted(this.before, 'finding')} from before`);
      }
      const status = { campaign: await campaignOf(client), fleet: await fleetOf(client) };
      this.lastLine = renderLine(status);
      this.silences = status.campaign.models.map(silenceLine);
    } catch (error) {
      if (client.isClosed) return;
      if (!(error instanceof Refusal)) throw error;
      this.sayWhy(error);
      return;
    }
    if (performance.now() - this.lineMs < LINE_MS) return;
    this.lineMs = performance.now();
    progress(this.settings, this.lastLine);
  }

  /** Once. One that answered before is being started again, and the next look will find it. */
  private sayWhy({ message, hint }: Refusal): void {
    if (this.hasSaidWhy || this.lastLine !== '') return;
    this.hasSaidWhy = true;
    progress(this.settings, `findings are kept, but not shown here: ${message}; ${hint}`);
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
        if (!isBad(row)) this.meet(row, client.origin);
      }
    }
  }

  /** What was there before is only counted. */
  private meet({ finding, publishedMs }: Listed, origin: string): void {
    if (this.seen.has(finding.id)) return;
    this.seen.add(finding.id);
    if (publishedMs < this.startedMs) this.before += 1;
    // The canary is found on purpose; `findings` has it, behind all others.
    else if (finding.known !== CANARY_ROW) this.show(finding, origin);
  }

  private show(finding: StoredFinding, origin: string): void {
    const { id, model, threads, operations, preemptions } = finding;
    const size = [
      counted(threads, 'thread'),
      counted(operations, 'operation'),
      counted(preemptions, 'preemption'),
    ].join(', ');
    const line = `${headOf(finding)} (${model}; ${size})  ${origin}/findings/${shownId(id)}`;
    if (this.settings.isJson) note(line);
    else say(line);
  }
}
