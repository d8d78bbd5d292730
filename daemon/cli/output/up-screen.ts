/**
 * What `up` shows while it runs, as its coordinator's API tells it: the live screen on a terminal; elsewhere each finding
 * once, and a line about the campaign every ten seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CANARY_ROW } from '../../../corpus/vocabulary/catalogue.ts';
import { Refusal } from '../../../corpus/vocabulary/errors.ts';
import { type StoredFinding, shownId } from '../../../corpus/vocabulary/finding.ts';
import type { CampaignStatus, WorkerStatus } from '../../campaign/views.ts';
import { workforceOf } from '../../campaign/workforce.ts';
import { ApiClient } from '../../pull/api-client.ts';
import { campaignOf, controlled, fleetOf } from '../../pull/api-status.ts';
import { isBad, type Listed, listPath, readPage } from '../../pull/pull-listing.ts';
import { writingToken } from '../options/http-options.ts';
import { progress, type Settings } from '../options/settings.ts';
import { featuresOf, renderLine, silenceLine, sum } from '../status.ts';
import type { Fleet, ScreenFinding } from './frame.ts';
import { sayLast } from './last-lines.ts';
import { LiveScreen, type Source } from './live-screen.ts';
import { commandOn, counted, headOf } from './render-finding.ts';
import { screenFinding } from './screen-finding.ts';
import { Speed } from './speed.ts';
import { note, say } from './terminal.ts';

const LOOK_MS = 1000;
const LINE_MS = 10_000;
/** A coordinator that answers does so in milliseconds; `up` is to end within ten seconds in all. */
const LAST_LOOK_MS = 1000;
const EVERYTHING = { model: undefined, class: undefined };

interface Latest {
  readonly campaign: CampaignStatus;
  readonly fleet: readonly WorkerStatus[];
  readonly url: string;
}

export class UpScreen {
  private readonly settings: Settings;
  /** By id, in the order in which they were published. */
  private readonly seen = new Map<string, ScreenFinding>();
  private client: ApiClient | undefined;
  private readonly startedMs = Date.now();
  private before = 0;
  private revision = 0;
  private lineMs = 0;
  private latest: Latest | undefined;
  private live: LiveScreen | null = null;
  private readonly speed = new Speed();
  /** When coverage grew; null until it does. */
  private newMs: number | null = null;
  private isEnding = false;
  private isAnswered = false;
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

  /** Looks once more, where it is answered soon, and looks no more. The live screen stays: everything else ends yet. */
  async end(): Promise<void> {
    this.isEnding = true;
    clearInterval(this.timer);
    const lastLook = Promise.resolve(this.looking).then(() => this.look());
    await Promise.race([lastLook, sleep(LAST_LOOK_MS, undefined, { ref: false })]);
    this.stop();
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.timer);
    this.client?.close();
  }

  /** Looks no more, and gives the terminal back. */
  close(): void {
    this.stop();
    this.live?.close();
  }

  /** Last lines about the campaign, if its coordinator ever answered. @param kept findings in the data directory */
  sayLast(kept: number): void {
    const { latest } = this;
    if (latest === undefined) return;
    const { dataDir } = this.settings;
    const list = commandOn('findings', dataDir);
    if (this.live === null) {
      const { models } = latest.campaign;
      const where = `${counted(kept, 'finding')} in ${dataDir}: see \`${list}\``;
      say([renderLine(latest), ...models.map(silenceLine), where].join('\n'));
      return;
    }
    const seconds = (Date.now() - this.startedMs) / 1000;
    const silences = latest.campaign.models;
    const goOn = commandOn('up', dataDir);
    sayLast({ ...this.figures(latest), seconds, silences, list, goOn });
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
      this.note({
        campaign: await campaignOf(client),
        fleet: await fleetOf(client),
        url: client.origin,
      });
    } catch (error) {
      if (client.isClosed) return;
      if (!(error instanceof Refusal)) throw error;
      this.isAnswered = false;
      this.sayWhy(error);
      return;
    }
    if (this.live !== null || this.latest === undefined) return;
    if (performance.now() - this.lineMs < LINE_MS) return;
    this.lineMs = performance.now();
    progress(this.settings, renderLine(this.latest));
  }

  private note(latest: Latest): void {
    const before = this.latest;
    this.latest = latest;
    this.isAnswered = true;
    this.speed.note(performance.now(), latest.campaign.runs);
    if (before === undefined) this.openLive(latest);
    else if (coverageOf(latest) > coverageOf(before)) this.newMs = Date.now();
  }

  private openLive(first: Latest): void {
    const { isQuiet, isJson } = this.settings;
    if (isQuiet || isJson) return;
    const keys = new Map([['p', () => void this.pauseOrGoOn()]]);
    this.live = LiveScreen.open(() => this.figures(this.latest ?? first), keys);
  }

  /** As `campaign pause` and `campaign resume` do. */
  private async pauseOrGoOn(): Promise<void> {
    const { client, latest } = this;
    if (client === undefined || latest === undefined || this.isEnding) return;
    const control = latest.campaign.state === 'paused' ? 'resume' : 'pause';
    try {
      const campaign = await controlled(
        client,
        control,
        writingToken(undefined, this.settings.dataDir),
      );
      if (campaign !== null) this.latest = { ...latest, campaign };
    } catch (error) {
      if (client.isClosed) return;
      if (!(error instanceof Refusal)) throw error;
      progress(this.settings, `${control}: ${error.message}; ${error.hint}`);
    }
  }

  /** Once. One that answered before is being started again, and the next look will find it. */
  private sayWhy({ message, hint }: Refusal): void {
    if (this.hasSaidWhy || this.latest !== undefined) return;
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
    // The canary is found on purpose; `findings` has it, behind all others.
    if (finding.known === CANARY_ROW) return;
    const isKnown = this.seen.has(finding.id);
    this.seen.set(finding.id, screenFinding(finding, publishedMs, this.settings.dataDir));
    if (isKnown) return;
    if (publishedMs < this.startedMs) this.before += 1;
    else if (this.live === null) this.show(finding, origin);
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

  private phase({ state }: CampaignStatus): string {
    if (this.isEnding) return 'stopping';
    return this.isAnswered ? state : 'waits for its coordinator, which does not answer';
  }

  private figures({ campaign, fleet, url }: Latest): ReturnType<Source> {
    return {
      verb: 'up',
      phase: this.phase(campaign),
      startedMs: this.startedMs,
      newMs: this.newMs,
      url,
      models: campaign.models.map(({ model }) => model),
      runs: campaign.runs,
      runsBefore: this.speed.before,
      runsPerSecond: this.speed.now(),
      past: this.speed.past(),
      features: featuresOf(campaign.models),
      entries: sum(campaign.models.map(({ entries }) => entries)),
      findings: [...this.seen.values()].sort((a, b) => a.atMs - b.atMs),
      underWay: campaign.findings.underWay,
      fleet: fleetFigures(campaign, fleet),
      executors: 0,
    };
  }
}

function coverageOf({ campaign: { models } }: Latest): number {
  return featuresOf(models) + sum(models.map(({ entries }) => entries));
}

function fleetFigures(campaign: CampaignStatus, workers: readonly WorkerStatus[]): Fleet {
  const { batches, redis } = campaign;
  const workforce = workforceOf(workers, campaign.build);
  return {
    ...workforce,
    waiting: Math.max(0, batches.planned - batches.folded - workforce.busy),
    quarantined: batches.quarantined,
    isRedisUp: redis.isUp,
    outages: redis.outages,
  };
}
