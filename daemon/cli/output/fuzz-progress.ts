/** How a campaign goes: one line that is redrawn on a terminal, one line every ten seconds elsewhere. */
import type { CampaignState } from '../../campaign/state.ts';
import { progress, type Settings } from '../options/settings.ts';

const REDRAW_MS = 250;
const LINE_MS = 10_000;

export class Progress {
  private readonly settings: Settings;
  private readonly findings: () => number;
  private readonly startedMs = performance.now();
  private readonly isLive: boolean;
  private lastMs = 0;
  private lastRuns = 0;

  /** @param findings so many there are */
  constructor(settings: Settings, findings: () => number) {
    this.settings = settings;
    this.findings = findings;
    this.isLive = process.stderr.isTTY === true && process.env.TERM !== 'dumb' && !settings.isQuiet;
    this.lastMs = this.startedMs;
  }

  update(state: CampaignState): void {
    const nowMs = performance.now();
    const sinceMs = nowMs - this.lastMs;
    if (this.settings.isQuiet || sinceMs < (this.isLive ? REDRAW_MS : LINE_MS)) return;
    const speed = Math.round((state.runs - this.lastRuns) / sinceMs);
    const elapsed = Math.round((nowMs - this.startedMs) / 1000);
    const line =
      `${elapsed} s, ${state.runs} runs (${speed}k/s), ${state.featureCount} features, ` +
      `${state.entries} workloads kept, ${this.findings()} findings`;
    if (this.isLive)
      process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else progress(this.settings, `fuzz: ${line}`);
    this.lastMs = nowMs;
    this.lastRuns = state.runs;
  }

  end(): void {
    if (this.isLive) process.stderr.write('\r\x1b[K');
  }
}
