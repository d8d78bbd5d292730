/** Campaigns in memory: real batches, computed by a real runner, reported in whatever order a test likes. */
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { BATCH_VERSION, type Report, type Result } from '../../corpus/vocabulary/messages.ts';
import { type Due, due } from '../../daemon/campaign/due.ts';
import type { CampaignSettings, LogRecord } from '../../daemon/campaign/records.ts';
import { CampaignState } from '../../daemon/campaign/state.ts';
import type { Case } from '../../daemon/campaign/triage.ts';
import { WorkRunner } from '../../workers/batch/run-work.ts';
import { modelDigest, modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

export const BUILD = sha256Hex('build');
export const CAMPAIGN = 'c1';
const RUNS = 512;

export function pin(reference: string) {
  return { reference, digest: modelDigest(modelOf(reference)) };
}

export const SETTINGS: CampaignSettings = {
  models: ['v42-immap-read', 'xfs-mmaplock-prezero', 'canary'].map(pin),
  rngSeed: RNG_SEED,
  shares: { fresh: 9, mutate: 7 },
  stop: { runs: null, milliseconds: null, quietMilliseconds: null },
};

/** A coordinator's memory without its loop: rows go in by hand, batches come out. */
export class Coordination {
  readonly state = new CampaignState();
  readonly rows: LogRecord[] = [];
  private atMs = 0;

  constructor(settings: CampaignSettings = SETTINGS) {
    this.write({ t: 'campaign', campaign: CAMPAIGN, plan: settings, atMs: 0 });
    this.write({ t: 'led', epoch: 1, build: BUILD, atMs: 0 });
  }

  write(row: LogRecord): ReturnType<CampaignState['apply']> {
    this.rows.push(row);
    return this.state.apply(row);
  }

  report(report: Report): ReturnType<CampaignState['apply']> {
    this.atMs += 100;
    return this.write({ t: 'report', report, atMs: this.atMs });
  }

  /** What is due now, handed out. */
  plan(executors = 1): readonly Due[] {
    const missing = due({
      state: this.state,
      executors,
      ahead: 2 * executors,
      runsOf: () => RUNS,
      featuresDigestOf: () => null,
      settled: { digest: null, others: this.state.triage.settled() },
      reproOf: (one: Case) => one.record?.repro,
      seeds: [],
      canary: pin('canary'),
    });
    if (missing.length > 0) {
      const batches = missing.map(({ outstanding }) => outstanding);
      this.write({ t: 'planned', batches, atMs: this.atMs });
    }
    return missing;
  }
}

const runner = new WorkRunner(modelOf, sha256Hex('engine'));
const computed = new Map<string, Result>();

/** The report of a batch; the same work is computed once. */
export function reportOf({ outstanding, work }: Due, executor = 'e.1'): Report {
  const key = sha256Hex(JSON.stringify(work));
  const result = computed.get(key) ?? runner.run(work);
  computed.set(key, result);
  const { id } = outstanding;
  return {
    version: BATCH_VERSION,
    id,
    build: BUILD,
    campaign: CAMPAIGN,
    executor,
    milliseconds: 100,
    result,
  };
}

/** Stage and signature of each case, in order; a signature comes twice if its finding does. */
export function findingsOf({ triage }: CampaignState): readonly string[] {
  return [...triage.cases.values()].map(({ signature, stage }) => `${stage} ${signature}`).sort();
}
