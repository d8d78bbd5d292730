/** How a local campaign goes: the live screen on a terminal, one line every ten seconds elsewhere. */
import { CANARY_ROW } from '../../../corpus/vocabulary/catalogue.ts';
import type { StoredFinding } from '../../../corpus/vocabulary/finding.ts';
import type { CampaignState } from '../../campaign/state.ts';
import { progress, type Settings } from '../options/settings.ts';
import type { ScreenFinding } from './frame.ts';
import { LiveScreen, type Source } from './live-screen.ts';
import { screenFinding } from './screen-finding.ts';
import { Speed } from './speed.ts';

const LINE_MS = 10_000;

/** What it is about. */
export interface Subject {
  readonly state: CampaignState;
  readonly executors: number;
  /** So many there are. */
  readonly findings: number;
}

export class Progress {
  private readonly settings: Settings;
  private readonly subject: () => Subject;
  private readonly speed = new Speed();
  private readonly startedMs = Date.now();
  private readonly drawn = new WeakMap<StoredFinding, ScreenFinding>();
  private screen: LiveScreen | null = null;
  private lastMs = performance.now();
  private lastRuns = 0;

  /** @param subject is asked for from `begin` on */
  constructor(settings: Settings, subject: () => Subject) {
    this.settings = settings;
    this.subject = subject;
  }

  begin(): void {
    this.lastRuns = this.subject().state.runs;
    this.speed.note(this.lastMs, this.lastRuns);
    if (!this.settings.isQuiet && !this.settings.isJson) {
      this.screen = LiveScreen.open(() => this.figures());
    }
  }

  update({ runs, featureCount, entries }: CampaignState): void {
    const nowMs = performance.now();
    this.speed.note(nowMs, runs);
    const sinceMs = nowMs - this.lastMs;
    if (this.screen !== null || sinceMs < LINE_MS) return;
    const speed = Math.round((runs - this.lastRuns) / sinceMs);
    const elapsed = Math.round((Date.now() - this.startedMs) / 1000);
    progress(
      this.settings,
      `fuzz: ${elapsed} s, ${runs} runs (${speed}k/s), ${featureCount} features, ` +
        `${entries} workloads kept, ${this.subject().findings} findings`,
    );
    this.lastMs = nowMs;
    this.lastRuns = runs;
  }

  /** Gives the terminal back. @returns what the screen has shown last; null if there was none */
  end(): ReturnType<Source> | null {
    if (this.screen === null) return null;
    this.screen.close();
    return this.figures();
  }

  private figures(): ReturnType<Source> {
    const { state, executors } = this.subject();
    const newMs = Math.max(0, ...[...state.models.values()].map((tally) => tally.newMs));
    const cases = [...state.triage.cases.values()];
    return {
      verb: 'fuzz',
      phase: state.phase,
      startedMs: this.startedMs,
      newMs: newMs === 0 ? null : newMs,
      url: null,
      models: state.pins().map(({ reference }) => reference),
      runs: state.runs,
      runsBefore: this.speed.before,
      runsPerSecond: this.speed.now(),
      past: this.speed.past(),
      features: state.featureCount,
      entries: state.entries,
      findings: this.found(state),
      underWay: cases.filter(({ stage }) => stage === 'minimize' || stage === 'verify').length,
      fleet: null,
      executors,
    };
  }

  /** In the order in which they were published. */
  private found({ triage }: CampaignState): readonly ScreenFinding[] {
    const published = triage.published().flatMap(({ published: one }) => one ?? []);
    return published
      .filter(({ finding }) => finding.known !== CANARY_ROW)
      .sort((a, b) => a.publishedMs - b.publishedMs)
      .map(({ finding, publishedMs }) => this.drawnOnce(finding, publishedMs));
  }

  private drawnOnce(finding: StoredFinding, publishedMs: number): ScreenFinding {
    const drawn =
      this.drawn.get(finding) ?? screenFinding(finding, publishedMs, this.settings.dataDir);
    this.drawn.set(finding, drawn);
    return drawn;
  }
}
