/** What a coordinator lets the outside see: plain data, already bounded. */
import type { Mark } from '../../corpus/store/marks.ts';
import type { PackedRecord, Standing, StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { ModelPin } from '../../corpus/vocabulary/messages.ts';
import type { Silence } from './silence.ts';

/** `starting`: the coordinator waits for its Redis; what it shows is what the log has. */
export const CAMPAIGN_PHASES = ['starting', 'running', 'paused', 'draining', 'finished'] as const;
export type CampaignPhase = (typeof CAMPAIGN_PHASES)[number];

const VIEWS = ['columns', 'text', 'json'] as const;
export type View = (typeof VIEWS)[number];

export const CONTROLS = ['pause', 'resume', 'stop'] as const;
export type Control = (typeof CONTROLS)[number];
/** What a campaign is once it has done what it was told. */
export const LEADS_TO: Readonly<Record<Control, CampaignPhase>> = {
  pause: 'paused',
  resume: 'running',
  stop: 'draining',
};

/** A finding that another executor has confirmed. It is listed at once; its folder may follow. */
export interface Published {
  /** Grows with every publication or change of any finding, so it orders them and marks how far a reader has come. */
  readonly revision: number;
  /** Milliseconds since 1970 of its first publication. */
  readonly publishedMs: number;
  readonly finding: StoredFinding;
  /** SHA-256 of the repro's text. */
  readonly reproDigest: string;
  /** Models on which a search of every interleaving did not meet it. */
  readonly notOn: readonly string[];
  /** Runs that met it so far. */
  readonly hits: number;
  /** What somebody has decided about it (`faultline mark`). */
  readonly mark: Mark | null;
}

/** A model as people read it. */
export interface Design {
  readonly title: string;
  /** As it was written. */
  readonly text: string;
  /** Rows of the catalogue. */
  readonly find: readonly string[];
  readonly clean: readonly string[];
  /** The lock order that its paths have, a line a group of them, and what contradicts it. */
  readonly order: readonly string[];
  readonly problems: readonly string[];
  /** The same as SVG. */
  readonly graph: string;
}

/** A finding's run as people see it. */
export interface Timeline {
  readonly svg: string;
  /** Sentences. */
  readonly says: readonly string[];
  /** The two steps whose order decides: `step 8, T1 unmap: clear the pte`. */
  readonly pair: readonly [string, string] | null;
}

/** What models say of themselves; who knows them answers. */
export interface Expectations {
  /** Rows of the catalogue that a model is expected to show; none where it is not known here. */
  expectedOf(model: ModelPin): readonly string[];
  standingOf(finding: StoredFinding): Standing;
  /** Undefined where it cannot be read here. */
  designOf(model: ModelPin): Design | undefined;
  /** Undefined where this build does not run it as it was found. */
  timelineOf(record: PackedRecord): Timeline | undefined;
}

export interface ModelProgress extends Silence {
  readonly steps: number;
  readonly features: number;
  /** Workloads kept as parents. */
  readonly entries: number;
  readonly findings: number;
}

/** What came of the runs that a scheduler drew, since the coordinator began. */
export interface SchedulerYield {
  readonly scheduler: string;
  /** First runs of a batch with a violation that it was to report. */
  readonly witnesses: number;
  /** Of these, minimized to a finding. */
  readonly findings: number;
}

export interface CampaignStatus {
  readonly campaign: string;
  readonly state: CampaignPhase;
  readonly version: string;
  readonly build: string;
  readonly epoch: number;
  readonly rngSeed: number;
  readonly startedMs: number;
  /** Of this coordinator process. */
  readonly uptimeSeconds: number;
  readonly runs: number;
  readonly steps: number;
  readonly inconclusive: number;
  /** Over the last half minute. */
  readonly runsPerSecond: number;
  readonly batches: {
    readonly planned: number;
    readonly folded: number;
    readonly quarantined: number;
  };
  readonly findings: {
    readonly published: number;
    readonly underWay: number;
    readonly refuted: number;
  };
  readonly redis: { readonly isUp: boolean; readonly outages: number };
  readonly models: readonly ModelProgress[];
  readonly schedulers: readonly SchedulerYield[];
}

export const SUBMISSION_STATES = ['waiting', 'searched', 'answered'] as const;

/** `lacking`: the model has no path for an operation; `failed`: given up, and `why` says the reason. */
export const SUBMITTED_VERDICTS = [
  'violation',
  'failed',
  'inconclusive',
  'verified',
  'lacking',
] as const;
export type SubmittedVerdict = (typeof SUBMITTED_VERDICTS)[number];

export const VIOLATION_STAGES = ['minimize', 'verify', 'published', 'refuted'] as const;

export interface ShownViolation {
  readonly signature: string;
  /** Row of the catalogue, as of a finding: on a model of one's own it only looks like it. */
  readonly known: string | null;
  readonly looksLike: string | null;
  /** Id of the finding. */
  readonly id: string;
  /** How far its finding is; null if there is none any more. */
  readonly stage: (typeof VIOLATION_STAGES)[number] | null;
}

/** What came of a submission on one model; null and zeros until it was searched. */
export interface ShownAnswer {
  readonly model: string;
  readonly modelDigest: string;
  readonly verdict: SubmittedVerdict | null;
  readonly workloads: number;
  /** Of these, searched to the last interleaving. */
  readonly exhausted: number;
  readonly states: number;
  readonly transitions: number;
  readonly runs: number;
  readonly violations: readonly ShownViolation[];
  readonly why: string | null;
}

export interface ShownSubmission {
  readonly id: string;
  /** `searched`: on all of its models; `answered`: and what was found is published, or refuted. */
  readonly state: (typeof SUBMISSION_STATES)[number];
  /** The gravest of its models; null until all were searched. */
  readonly verdict: SubmittedVerdict | null;
  readonly submittedMs: number;
  /** The input; null for every seed. */
  readonly text: string | null;
  readonly statesMax: number;
  readonly answers: readonly ShownAnswer[];
}

export interface WorkerStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly build: string;
  readonly version: string;
  readonly executors: number;
  readonly busy: number;
  readonly isDraining: boolean;
  readonly runs: number;
  /** Where its metrics are served, such as `127.0.0.1:40123`; null if nowhere. */
  readonly metrics: string | null;
  readonly secondsSinceSeen: number;
}
