/** The port between a coordinator and the server that shows it. Nothing here waits for Redis. */
import type { PackedRecord } from '../../corpus/vocabulary/finding.ts';
import type { Moment } from '../campaign/history.ts';
import type { Pairs } from '../campaign/pairs.ts';
import type {
  CampaignStatus,
  Control,
  Design,
  Published,
  ShownSubmission,
  Timeline,
  View,
  WorkerStatus,
} from '../campaign/views.ts';

export type ShownEvent =
  | { readonly kind: 'finding'; readonly published: Published }
  | { readonly kind: 'status'; readonly status: CampaignStatus };

/** What somebody wants to have searched, as it was sent; at least one of the first two. */
export interface SubmissionText {
  readonly input: string | null;
  /** A reference, or a model's text or JSON; null for those of the campaign. */
  readonly model: string | null;
  readonly statesMax: number;
}

export interface Showing {
  status(): CampaignStatus;
  /** Live workers, by id. */
  fleet(): readonly WorkerStatus[];
  /** In order of their revisions. */
  published(): readonly Published[];
  /** By full id; undefined if there is none, or its folder is damaged. */
  record(id: string): PackedRecord | undefined;
  render(id: string, view: View): string | undefined;
  /** By full id; undefined where this build does not run it as it was found. */
  timeline(id: string): Timeline | undefined;
  history(): readonly Moment[];
  /** Of the workloads that are kept, of all models. */
  pairs(): Pairs;
  /** Undefined where this build cannot read the model. */
  design(model: string): Design | undefined;
  control(control: Control): void;
  /** @throws Refusal for what cannot be searched, with its line; ENVIRONMENT where it cannot be taken now */
  submit(asked: SubmissionText): ShownSubmission;
  /** By full id, or how it begins. */
  submissions(id: string): readonly ShownSubmission[];
  /** Whether batches are being planned and reports taken, and if not, why not. */
  readiness(): { readonly isReady: boolean; readonly why: string };
  /** Text of `/metrics`. */
  metrics(): Promise<string>;
  /** @returns ends it */
  subscribe(listener: (event: ShownEvent) => void): () => void;
}
