/** A coordinator's findings and figures in memory, and a server that shows them. */
import type { TestContext } from 'node:test';
import type { Mark } from '../../corpus/store/marks.ts';
import {
  findingId,
  type PackedRecord,
  packRecord,
  type StoredFinding,
} from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import type { Moment } from '../../daemon/campaign/history.ts';
import { type Pairs, pairsIn } from '../../daemon/campaign/pairs.ts';
import { NO_SHOWN_SCOPE, type ShownScope } from '../../daemon/campaign/silence.ts';
import type {
  CampaignStatus,
  Control,
  Design,
  Published,
  ShownSubmission,
  Timeline,
  View,
  WorkerStatus,
} from '../../daemon/campaign/views.ts';
import { BOUNDS, type Bounds } from '../../daemon/http/bounds.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../daemon/http/server.ts';
import type { Showing, ShownEvent, SubmissionText } from '../../daemon/http/showing.ts';
import { sampleRecord } from '../store/sample.ts';

/** 256 bits in hex. */
const SCOPE: ShownScope = {
  ...NO_SHOWN_SCOPE,
  verified: [
    {
      threads: 2,
      ops: 1,
      pages: 1,
      kinds: ['load', 'punch'],
      areAllKinds: true,
      workloads: 856,
      of: 856,
      states: 83_460,
      transitions: 131_000,
      pairs: 9_000_000,
      inconclusive: 0,
      signatures: ['unfenced punch'],
    },
  ],
  missProbability: 5e-13,
  shows: ['B12'],
};

export const TOKEN = '5e'.repeat(32);
const FIRST_MS = Date.UTC(2026, 10, 5, 12);

export interface Sample {
  readonly finding?: Partial<StoredFinding>;
  readonly record?: Partial<PackedRecord>;
  readonly reproDigest?: string;
  readonly notOn?: readonly string[];
  readonly hits?: number;
  readonly mark?: Mark;
}

export class MemoryShowing implements Showing {
  readonly controls: Control[] = [];
  readonly known: ShownSubmission[] = [SUBMISSION];
  moments: readonly Moment[] = [];
  /** Of the workloads that are kept. */
  texts: readonly string[] = [];
  readonly designs = new Map<string, Design>();
  readonly submitted: SubmissionText[] = [];
  /** Of whatever is submitted. */
  refusal: Error | null = null;
  /** What the API answers to a request for it. */
  answer: ShownSubmission | null = null;
  workers: readonly WorkerStatus[] = [worker('w-1')];
  /** What differs from a campaign that has just begun. */
  facts: Partial<CampaignStatus> = {};
  ready = { isReady: true, why: '' };
  /** By id. */
  readonly timelines = new Map<string, Timeline>();
  private revision = 0;
  private readonly findings = new Map<string, Published>();
  private readonly records = new Map<string, PackedRecord>();
  private readonly listeners = new Set<(event: ShownEvent) => void>();

  /** A new finding, or a change of the one with this signature. */
  publish(signature: string, sample: Sample = {}): Published {
    const packed = packRecord(sampleRecord({ signature }));
    const finding = { ...packed.finding, id: findingId(signature), ...sample.finding };
    this.revision += 1;
    const published = {
      revision: this.revision,
      publishedMs: this.findings.get(finding.id)?.publishedMs ?? FIRST_MS + this.revision * 1000,
      finding,
      reproDigest: sample.reproDigest ?? sha256Hex(packed.repro),
      notOn: sample.notOn ?? [],
      hits: sample.hits ?? 1,
      mark: sample.mark ?? null,
    };
    // Later ones last, and this is the latest.
    this.findings.delete(finding.id);
    this.findings.set(finding.id, published);
    this.records.set(finding.id, { ...packed, finding, ...sample.record });
    this.tell({ kind: 'finding', published });
    return published;
  }

  /** As if its folder were damaged. */
  damage(id: string): void {
    this.records.delete(id);
  }

  status(): CampaignStatus {
    return { ...STATUS, ...this.facts };
  }

  fleet(): readonly WorkerStatus[] {
    return this.workers;
  }

  published(): readonly Published[] {
    return [...this.findings.values()];
  }

  record(id: string): PackedRecord | undefined {
    return this.records.get(id);
  }

  render(id: string, view: View): string | undefined {
    const record = this.records.get(id);
    if (record === undefined) return undefined;
    return { columns: record.columns, text: record.repro, json: JSON.stringify(record) }[view];
  }

  timeline(id: string): Timeline | undefined {
    return this.timelines.get(id);
  }

  history(): readonly Moment[] {
    return this.moments;
  }

  pairs(): Pairs {
    return pairsIn(this.texts);
  }

  design(model: string): Design | undefined {
    return this.designs.get(model);
  }

  control(control: Control): void {
    this.controls.push(control);
  }

  submit(asked: SubmissionText): ShownSubmission {
    if (this.refusal !== null) throw this.refusal;
    this.submitted.push(asked);
    return SUBMISSION;
  }

  submissions(prefix: string): readonly ShownSubmission[] {
    const found = this.known.filter(({ id }) => id.startsWith(prefix));
    return found.map((one) => this.answer ?? one);
  }

  readiness(): { readonly isReady: boolean; readonly why: string } {
    return this.ready;
  }

  async metrics(): Promise<string> {
    return '# HELP faultline_runs_total Runs.\n# TYPE faultline_runs_total counter\nfaultline_runs_total 1\n';
  }

  subscribe(listener: (event: ShownEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(event: ShownEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  get listening(): number {
    return this.listeners.size;
  }
}

export const SUBMISSION: ShownSubmission = {
  id: 'ab'.repeat(32),
  state: 'answered',
  verdict: 'violation',
  submittedMs: FIRST_MS,
  text: null,
  statesMax: 1000,
  answers: [
    {
      model: 'v42-immap-read',
      modelDigest: 'cd'.repeat(32),
      verdict: 'violation',
      workloads: 2,
      exhausted: 1,
      states: 1432,
      transitions: 2325,
      runs: 128,
      violations: [
        {
          signature: 'unfenced punch',
          known: 'B12',
          looksLike: null,
          id: findingId('unfenced punch'),
          stage: 'published',
        },
      ],
      why: null,
    },
  ],
};

const STATUS: CampaignStatus = {
  campaign: 'c-1',
  state: 'running',
  version: '0.1.0',
  build: 'b1'.repeat(32),
  epoch: 1,
  rngSeed: 7,
  startedMs: FIRST_MS,
  uptimeSeconds: 3725,
  runs: 1_234_567,
  steps: 98_765_432,
  inconclusive: 12,
  runsPerSecond: 48_120.4,
  batches: { planned: 130, folded: 126, quarantined: 0 },
  findings: { published: 3, underWay: 1, refuted: 0 },
  redis: { isUp: true, outages: 0 },
  schedulers: [
    { scheduler: 'surw', witnesses: 120, findings: 2 },
    { scheduler: 'pct3', witnesses: 9, findings: 1 },
  ],
  models: [
    {
      model: 'v42-immap-read',
      runs: 1_000_000,
      breadth: { workloads: 62_500, given: 41, exhausted: 39 },
      scope: SCOPE,
      isAnyExpected: true,
      notSeen: ['B17'],
      excludedRate: 3e-6,
      steps: 80_000_000,
      features: 4321,
      entries: 210,
      findings: 2,
    },
    {
      model: 'xfs-mmaplock-prezero:fix=none',
      runs: 234_567,
      breadth: { workloads: 14_660, given: 41, exhausted: 40 },
      scope: NO_SHOWN_SCOPE,
      isAnyExpected: true,
      notSeen: [],
      excludedRate: 3 / 234_567,
      steps: 18_765_432,
      features: 2100,
      entries: 98,
      findings: 1,
    },
  ],
};

export function worker(id: string, facts: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    id,
    host: 'lab-3',
    pid: 4242,
    build: 'b1'.repeat(32),
    version: '0.1.0',
    executors: 2,
    busy: 2,
    isDraining: false,
    runs: 600_000,
    metrics: '127.0.0.1:40123',
    secondsSinceSeen: 0.4,
    ...facts,
  };
}

export interface Served extends RunningServer {
  readonly showing: MemoryShowing;
  /** What the server said of bugs of ours. */
  readonly faults: unknown[];
}

/** A server that ends with the test. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  options: Partial<ServerOptions> = {},
  bounds: Partial<Bounds> = {},
): Promise<Served> {
  const showing = new MemoryShowing();
  const faults: unknown[] = [];
  const server = await startServer(
    {
      showing,
      host: '127.0.0.1',
      port: 0,
      token: TOKEN,
      tls: null,
      isInsecureAllowed: false,
      version: '0.1.0',
      onFault: (error) => faults.push(error),
      ...options,
    },
    { ...BOUNDS, ...bounds },
  );
  t.after(() => server.close());
  return { ...server, showing, faults };
}
