/** The port between a coordinator and the server that shows it. Nothing here waits for Redis. */
import type { PackedRecord } from '../../corpus/vocabulary/finding.ts';
import type {
  CampaignStatus,
  Control,
  Design,
  Published,
  View,
  WorkerStatus,
} from '../campaign/views.ts';

export type ShownEvent =
  | { readonly kind: 'finding'; readonly published: Published }
  | { readonly kind: 'status'; readonly status: CampaignStatus };

export interface Showing {
  status(): CampaignStatus;
  /** Live workers, by id. */
  fleet(): readonly WorkerStatus[];
  /** In order of their revisions. */
  published(): readonly Published[];
  /** By full id; undefined if there is none, or its folder is damaged. */
  record(id: string): PackedRecord | undefined;
  render(id: string, view: View): string | undefined;
  /** Undefined where this build cannot read the model. */
  design(model: string): Design | undefined;
  control(control: Control): void;
  /** Whether batches are being planned and reports taken, and if not, why not. */
  readiness(): { readonly isReady: boolean; readonly why: string };
  /** Text of `/metrics`. */
  metrics(): Promise<string>;
  /** @returns ends it */
  subscribe(listener: (event: ShownEvent) => void): () => void;
}
