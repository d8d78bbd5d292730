/**
 * What the campaign log holds: everything that ever changed what a coordinator knows, one record a change. The state is
 * a function of the records (`state.ts`), so a coordinator that died goes on where it was.
 */
import type { StoredFinding } from '../../corpus/vocabulary/finding.ts';
import type { Kind, ModelPin, Report } from '../../corpus/vocabulary/messages.ts';
import type { Scope } from '../../corpus/vocabulary/scope.ts';
import type { Shares } from './plan-batch.ts';
import type { Place } from './scope-progress.ts';
import type { Question } from './submissions.ts';
import type { Control } from './views.ts';

/** What a campaign is to do; the campaign file says the same (`campaign-file.ts`). */
export interface CampaignSettings {
  readonly models: readonly ModelPin[];
  readonly rngSeed: number;
  readonly shares: Shares;
  /** Universes to search first, on all executors, in place of small ones beside the runs. */
  readonly scopes?: readonly Scope[];
  /** When to stop; null for never. */
  readonly stop: StopRule;
}

export interface StopRule {
  readonly runs: number | null;
  /** Of fuzzing, not of the calendar. */
  readonly milliseconds: number | null;
  /** Without a new finding. */
  readonly quietMilliseconds: number | null;
}

/** One batch that was handed out, as far as it must be known to hand it out again. */
export interface Outstanding {
  readonly id: string;
  readonly kind: Kind;
  /** Of a fuzz batch. */
  readonly index: number | null;
  /** Of a fuzz batch, else 0. */
  readonly runs: number;
  /** Of everything that is about a finding. */
  readonly signature: string | null;
  /** Of a fuzz batch that searches a part of a scope. */
  readonly sweep?: Place;
  /** Of a fuzz batch that answers a submission: which, and on which model. */
  readonly submitted?: { readonly id: string; readonly model: string };
}

export type LogRecord = { readonly atMs: number } & (
  | { readonly t: 'campaign'; readonly campaign: string; readonly plan: CampaignSettings }
  | { readonly t: 'led'; readonly epoch: number; readonly build: string }
  | { readonly t: 'planned'; readonly batches: readonly Outstanding[] }
  /** A report, without candidates that bring nothing new. */
  | { readonly t: 'report'; readonly report: Report }
  /** Their jobs are gone and no report of them waits: what they were to do is handed out again. */
  | { readonly t: 'abandoned'; readonly ids: readonly string[] }
  | { readonly t: 'control'; readonly control: Control }
  /** What somebody wants to have searched; comes once. */
  | ({ readonly t: 'submitted' } & Question)
  /** A finding's folder is on disk. */
  | { readonly t: 'stored'; readonly signature: string }
  /** A finding that somebody else put into the data directory. */
  | { readonly t: 'adopted'; readonly finding: StoredFinding; readonly reproDigest: string }
  /** A finding whose folder is gone or damaged: it may be found again. */
  | { readonly t: 'forgotten'; readonly signature: string }
);
