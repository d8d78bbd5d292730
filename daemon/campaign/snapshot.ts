/** The state of a campaign as JSON, and back: what a log keeps in place of all the records that led to it. */
import { currentSnapshot } from './earlier.ts';
import { Frontier, type FrontierJson } from './frontier.ts';
import type { Outstanding } from './records.ts';
import { CampaignState } from './state.ts';
import { emptyTally, type ModelTally } from './tally.ts';
import type { Case } from './triage.ts';

const FACTS = [
  'campaign',
  'settings',
  'phase',
  'startedMs',
  'epoch',
  'build',
  'nextIndex',
  'reopened',
  'nextId',
  'folded',
  'quarantined',
  'duplicates',
  'runs',
  'steps',
  'inconclusive',
  'ranMs',
  'lastReportMs',
  'lastFindingMs',
  'ranAtFindingMs',
  'pinned',
  'canaries',
  'quarantinedBatches',
  'submissions',
] as const;
type CampaignFacts = Pick<CampaignState, (typeof FACTS)[number]>;

/** A campaign's state as JSON. */
export interface Snapshot {
  readonly facts: CampaignFacts;
  readonly models: readonly (Omit<ModelTally, 'frontier'> & {
    readonly model: string;
    readonly frontier: FrontierJson;
  })[];
  readonly outstanding: readonly Outstanding[];
  readonly cases: readonly Case[];
  readonly revision: number;
  readonly mismatches: number;
}

export function snapshotOf(state: CampaignState): Snapshot {
  const { triage, models, outstanding } = state;
  return {
    facts: Object.fromEntries(FACTS.map((name) => [name, state[name]])) as unknown as CampaignFacts,
    models: [...models].map(([model, { frontier, ...tally }]) => {
      return { model, ...tally, frontier: frontier.toJson() };
    }),
    outstanding: [...outstanding.values()],
    cases: [...triage.cases.values()],
    revision: triage.revision,
    mismatches: triage.mismatches,
  };
}

/** @param snapshot of this version or of an earlier one */
export function stateOf(snapshot: Snapshot): CampaignState {
  const { facts, models, outstanding, cases, ...counts } = currentSnapshot(snapshot);
  const state = new CampaignState();
  Object.assign(state, facts);
  for (const { model, frontier, ...tally } of models) {
    // A snapshot of an earlier version has no breadth and no scope.
    state.models.set(model, { ...emptyTally(), ...tally, frontier: Frontier.fromJson(frontier) });
  }
  for (const batch of outstanding) state.outstanding.set(batch.id, batch);
  for (const one of cases) {
    // A snapshot of an earlier version has no buckets, and no witnesses that wait.
    const { buckets = [one.signature], waiting = [] } = one;
    state.triage.cases.set(one.signature, { ...one, buckets, waiting });
  }
  Object.assign(state.triage, counts);
  return state;
}
