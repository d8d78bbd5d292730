/** How a campaign goes: one line that is redrawn on a terminal, one line every ten seconds elsewhere. */
import type { Totals } from '../../coordinator/local-campaign.ts';
import type { Keeper } from '../fuzz-keeper.ts';
import { progress, type Settings } from '../options/settings.ts';

const REDRAW_MS = 250;
const LINE_MS = 10_000;

export class Progress {
  private readonly settings: Settings;
  private readonly keeper: Keeper;
  private readonly startedMs = performance.now();
  private readonly isLive: boolean;
  private lastMs = 0;
  private lastRuns = 0;

  constructor(settings: Settings, keeper: Keeper) {
    this.settings = settings;
    this.keeper = keeper;
    this.isLive = process.stderr.isTTY === true && process.env.TERM !== 'dumb' && !settings.isQuiet;
    this.lastMs = this.startedMs;
  }

  update(totals: Totals): void {
    const nowMs = performance.now();
    const sinceMs = nowMs - this.lastMs;
    if (this.settings.isQuiet || sinceMs < (this.isLive ? REDRAW_MS : LINE_MS)) return;
    const speed = Math.round((totals.runs - this.lastRuns) / sinceMs);
    const elapsed = Math.round((nowMs - this.startedMs) / 1000);
    const line =
      `${elapsed} s, ${totals.runs} runs (${speed}k/s), ${totals.features} features, ` +
      `${totals.entries} workloads kept, ${this.keeper.findings().length} findings`;
    if (this.isLive)
      process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else progress(this.settings, `fuzz: ${line}`);
    this.lastMs = nowMs;
    this.lastRuns = totals.runs;
  }

  end(): void {
    if (this.isLive) process.stderr.write('\r\x1b[K');
  }
}
