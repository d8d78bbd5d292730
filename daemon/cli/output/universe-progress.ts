/** How a search of a universe goes: a line that is redrawn on a terminal, a line every ten seconds elsewhere. */
import type { Enumeration } from '../../../corpus/breeding/universe.ts';
import type { Engine } from '../../../workers/run/engine.ts';
import { exploreWithin } from '../../../workers/search/preemption-bounded.ts';
import type { SweepOptions } from '../../../workers/search/sweep.ts';
import type { Reached } from '../../../workers/service/sweepers.ts';
import { progress, type Settings } from '../options/settings.ts';
import { counted } from './render-finding.ts';

const REDRAW_MS = 500;
const LINE_MS = 10_000;

export class UniverseProgress {
  private readonly count: number;
  private readonly jobs: number;
  private readonly settings: Settings;
  /** Of one workload, as a sample took. */
  private readonly sampleMs: number;
  private readonly isLive: boolean;
  private readonly startedMs = performance.now();
  private readonly before: number;
  private readonly statesBefore: number;
  private saidMs = performance.now();

  constructor(count: number, reached: Reached, sampleMs: number, jobs: number, settings: Settings) {
    this.count = count;
    this.before = reached.swept.workloads;
    this.statesBefore = reached.swept.states;
    this.sampleMs = sampleMs;
    this.jobs = jobs;
    this.settings = settings;
    this.isLive = process.stderr.isTTY === true && process.env.TERM !== 'dumb' && !settings.isQuiet;
  }

  begin(): void {
    const leftMs = ((this.count - this.before) * this.sampleMs) / this.jobs;
    const on = `on ${counted(this.jobs, 'executor')}`;
    if (leftMs > 0)
      progress(
        this.settings,
        `check: about ${spanText(leftMs)} ${on}; Ctrl-C stops, the same command goes on`,
      );
  }

  update({ swept: { workloads, states, met } }: Reached): void {
    const nowMs = performance.now();
    if (nowMs - this.saidMs < (this.isLive ? REDRAW_MS : LINE_MS)) return;
    this.saidMs = nowMs;
    const elapsedMs = nowMs - this.startedMs;
    // The first workloads are the smallest.
    const eachMs = Math.max(elapsedMs / (workloads - this.before), this.sampleMs / this.jobs);
    const left = spanText((this.count - workloads) * eachMs);
    const percent = ((100 * workloads) / this.count).toFixed(1);
    const rate = Math.round((states - this.statesBefore) / elapsedMs);
    const found = counted(met.length, 'signature');
    const line = `${workloads} of ${this.count} workloads (${percent} %), ${rate}k states/s, ${found}, about ${left} left`;
    if (this.isLive)
      process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else progress(this.settings, `check: ${line}`);
  }

  end(): void {
    if (this.isLive) process.stderr.write('\r\x1b[K');
  }
}

/** What is not worth a sample takes seconds. */
const SAMPLED_MIN = 2000;
const SAMPLE = 32;
const SAMPLE_MS = 2000;
/** Of one workload: a tenth of a second. */
const SAMPLE_STATES = 50_000;

/** How long a workload takes on one executor, from some that lie evenly in the universe; 0 where all are soon done. */
export function sampleMs(
  engine: Engine,
  enumeration: Enumeration,
  { workloads }: Reached['swept'],
  options: SweepOptions,
): number {
  if (enumeration.count - workloads < SAMPLED_MIN) return 0;
  const statesMax = Math.min(options.statesMax, SAMPLE_STATES);
  const startedMs = performance.now();
  let [taken, spentMs] = [0, 0];
  // Every third of them first: a slow model is sampled over all its universe too.
  for (; taken < SAMPLE && spentMs < SAMPLE_MS; taken++) {
    const place = ((taken * 11) % SAMPLE) + 0.5;
    const number = Math.floor((enumeration.count * place) / SAMPLE);
    exploreWithin(engine, enumeration.workload(number), { ...options, statesMax });
    spentMs = performance.now() - startedMs;
  }
  return spentMs / taken;
}

/** `40 s`, `12 min`, `3.5 h`. */
function spanText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
