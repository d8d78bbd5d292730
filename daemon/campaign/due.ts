/**
 * What should be in the queue now: for every finding its next step, a canary now and then, and fuzz batches up
 * to twice the executors. Pure: it reads the state and says which works are missing.
 */
import type { CanaryRun, Comparison, ModelPin, Work } from '../../corpus/vocabulary/messages.ts';
import { minimizationOf, modelOfBatch, planFuzzBatch, type Settled } from './plan-batch.ts';
import type { Outstanding } from './records.ts';
import { hasLeft, type Place, sweepDue } from './scope-progress.ts';
import type { CampaignState } from './state.ts';
import { isAnswered, openModels, planSubmitted } from './submissions.ts';
import type { Case } from './triage.ts';

/** One batch to be handed out. */
export interface Due {
  readonly outstanding: Outstanding;
  readonly work: Work;
  readonly models: readonly ModelPin[];
}

export interface Circumstances {
  readonly state: CampaignState;
  /** Of all live workers. */
  readonly executors: number;
  /** Fuzz batches that are to be under way. */
  readonly ahead: number;
  /** Runs of the next batch of a model. */
  runsOf(model: string): number;
  /** Digest of the features that workers can look up; null if there are none. */
  featuresDigestOf(model: string): string | null;
  readonly settled: Settled;
  /** Text of a published finding's repro; undefined if it is gone or damaged. */
  reproOf(one: Case): string | undefined;
  /** Texts of corpus/seeds. */
  readonly seeds: readonly string[];
  /** The planted bug that tells whether executors work; null in `fuzz`. */
  readonly canary: ModelPin | null;
}

/** The rest of a long list waits in the state, which costs no Redis. */
const MINIMIZATIONS_AN_EXECUTOR = 4;
const COMPARISONS_AN_EXECUTOR = 1;
const SUBMITTED_AN_EXECUTOR = 1;
/** A canary costs 20 ms: one in so many reports is a thousandth of the work. */
const REPORTS_A_CANARY = 32;
const CANARY_RUNS = 2048;
/** Of one turn: each takes up to a millisecond to plan, and turns follow each other within a tenth of a second. */
const FUZZ_BATCHES_A_TURN = 256;
/** What one core plans for; a heartbeat that says more does not make us plan without end. */
const EXECUTORS_MAX = 4096;

export function due(circumstances: Circumstances): readonly Due[] {
  const executors = Math.min(circumstances.executors, EXECUTORS_MAX);
  const ahead = Math.min(circumstances.ahead, 2 * EXECUTORS_MAX);
  const given = { ...circumstances, executors, ahead };
  const ids = new BatchIds(given.state);
  return [
    ...verifications(given, ids),
    ...minimizations(given, ids),
    ...canaries(given, ids),
    ...comparisons(given, ids),
    ...submitted(given, ids),
    ...fuzzBatches(given, ids),
  ];
}

/** Whether a campaign that is to stop has come to its end. */
export function isAtEnd(state: CampaignState): boolean {
  const isAsked = state.submissions.some((one) => !isAnswered(one));
  if (state.outstanding.size > 0 || isAsked) return false;
  return [...state.triage.cases.values()].every(
    ({ stage, isCompared }) => stage === 'refuted' || (stage === 'published' && isCompared),
  );
}

/** Why a campaign should stop, or null. */
export function reasonToStop(state: CampaignState): string | null {
  const stop = state.settings?.stop;
  if (stop === undefined || state.phase !== 'running') return null;
  const isProven = !hasScopesLeft(state);
  if (stop.runs !== null && state.runs >= stop.runs && isProven) return 'its runs are made';
  if (stop.milliseconds !== null && state.ranMs >= stop.milliseconds) return 'its time is over';
  const quietMs = state.ranMs - state.ranAtFindingMs;
  const isQuiet = stop.quietMilliseconds !== null && quietMs >= stop.quietMilliseconds;
  return isQuiet && state.folded > 0 ? 'nothing new was found for long' : null;
}

/** Whether a scope that the campaign names is not searched yet. */
function hasScopesLeft(state: CampaignState): boolean {
  const { scopes = [], models = [] } = state.settings ?? {};
  return models.some(({ reference }) => hasLeft(state.tallyOf(reference).scope, scopes));
}

/** Hands out the ids of batches; no id comes twice in one log. */
class BatchIds {
  private readonly state: CampaignState;
  private next: number;

  constructor(state: CampaignState) {
    this.state = state;
    this.next = state.nextId;
  }

  /** @param more what a fuzz batch is for, beside its place in the campaign */
  make(
    work: Work,
    models: readonly ModelPin[],
    signature: string | null,
    more: Pick<Outstanding, 'sweep' | 'submitted'> = {},
  ): Due {
    const id = `${work.kind}-${this.state.campaign}-${this.next}`;
    this.next += 1;
    const isFuzz = work.kind === 'fuzz';
    const outstanding: Outstanding = {
      id,
      kind: work.kind,
      index: isFuzz && more.submitted === undefined ? work.index : null,
      runs: isFuzz ? work.runs : 0,
      signature,
      ...more,
    };
    return { outstanding, work, models };
  }
}

function verifications({ state }: Circumstances, ids: BatchIds): readonly Due[] {
  return waiting(state, 'verify').flatMap(({ signature, record, executor }) => {
    if (record === null) return [];
    const { model } = record.finding;
    const work = { kind: 'verify', model, repro: record.repro, notOn: executor } as const;
    return [ids.make(work, pinsOf(state, model), signature)];
  });
}

function minimizations({ state, executors }: Circumstances, ids: BatchIds): readonly Due[] {
  const room = MINIMIZATIONS_AN_EXECUTOR * executors - state.outstandingOf('minimize').length;
  return waiting(state, 'minimize')
    .slice(0, Math.max(0, room))
    .flatMap(({ signature, discovery, quarantined }) => {
      if (discovery === null || state.settings === null) return [];
      const { rngSeed } = state.settings;
      // What could not be shrunk is kept as it was met.
      const work =
        quarantined > 0
          ? minimizationOf(discovery, rngSeed, 0)
          : minimizationOf(discovery, rngSeed);
      return [ids.make(work, pinsOf(state, discovery.model), signature)];
    });
}

function waiting(state: CampaignState, stage: 'minimize' | 'verify'): readonly Case[] {
  const underWay = state.underWay(stage);
  return [...state.triage.cases.values()].filter(
    (one) => one.stage === stage && !underWay.has(one.signature),
  );
}

function canaries({ state, canary }: Circumstances, ids: BatchIds): readonly Due[] {
  const { seen, foldedAtLastCanary } = state.canaries;
  if (canary === null) return [];
  const isDue = seen === 0 || state.folded - foldedAtLastCanary >= REPORTS_A_CANARY;
  if (!isDue || state.outstandingOf('canary').length > 0) return [];
  const work: CanaryRun = {
    kind: 'canary',
    batch: {
      kind: 'fuzz',
      index: 0,
      model: canary.reference,
      rngSeed: 1,
      runs: CANARY_RUNS,
      sources: [{ kind: 'fresh' }],
      settledDigest: null,
      settled: [],
      featuresDigest: null,
    },
  };
  return [ids.make(work, [canary], null)];
}

function comparisons(given: Circumstances, ids: BatchIds): readonly Due[] {
  const { state, executors } = given;
  const room = COMPARISONS_AN_EXECUTOR * executors - state.outstandingOf('compare').length;
  const underWay = state.underWay('compare');
  const open = state.triage.published().filter(({ signature, isCompared }) => {
    return !isCompared && !underWay.has(signature);
  });
  const made: Due[] = [];
  for (const one of open) {
    if (made.length >= room) break;
    const repro = given.reproOf(one);
    if (repro === undefined) continue;
    const others = state.pins().filter(({ reference }) => !one.models.includes(reference));
    const models = others.map(({ reference }) => reference);
    const work: Comparison = { kind: 'compare', repro, models };
    made.push(ids.make(work, others, one.signature));
  }
  return made;
}

/** Also of a campaign that pauses: somebody waits for each. */
function submitted({ state, executors, seeds }: Circumstances, ids: BatchIds): readonly Due[] {
  const { settings, submissions } = state;
  const underWay = state.outstandingOf('fuzz').flatMap(({ submitted: of }) => of ?? []);
  const open = submissions.flatMap((one) => {
    const isHere = (name: string): boolean =>
      underWay.some(({ id, model }) => id === one.id && model === name);
    return openModels(one).flatMap((model) => (isHere(model) ? [] : [{ one, model }]));
  });
  const room = Math.max(0, SUBMITTED_AN_EXECUTOR * executors - underWay.length);
  return open.slice(0, room).map(({ one, model }) => {
    const work = planSubmitted(one, model, settings?.rngSeed ?? 0, seeds);
    const of = { id: one.id, model };
    return ids.make(work, pinsOf(state, model), null, { submitted: of });
  });
}

/** Under way, with a place in the campaign. */
function fuzzOf(state: CampaignState): readonly Outstanding[] {
  return state.outstandingOf('fuzz').filter(({ index }) => index !== null);
}

function fuzzBatches(given: Circumstances, ids: BatchIds): readonly Due[] {
  const { state, ahead } = given;
  const { settings } = state;
  if (settings === null || state.phase !== 'running') return [];
  const underWay = fuzzOf(state);
  const missing = Math.min(ahead - underWay.length, FUZZ_BATCHES_A_TURN);
  const names = settings.models.map(({ reference }) => reference);
  // Of few runs for several models, the first batch leaves the others theirs.
  const shareMax = Math.ceil((settings.stop.runs ?? Number.POSITIVE_INFINITY) / names.length);
  let left = (settings.stop.runs ?? Number.POSITIVE_INFINITY) - state.runs - plannedRuns(state);
  const begun = new Begun(names, underWay);
  const made: Due[] = [];
  // A model that has nothing to do is passed by.
  for (let i = 0; made.length < missing && i < missing + names.length; i++) {
    const index = state.reopened[i] ?? state.nextIndex + i - state.reopened.length;
    const model = modelOfBatch(names, index);
    const { isFirst, sweep } = beginningOf(state, model, begun.of(model));
    const runs = sweep?.isAsked === true ? 0 : Math.min(left, shareMax, given.runsOf(model));
    if (runs === 0 && sweep?.isAsked !== true) continue;
    left -= runs;
    const work = planFuzzBatch({
      index,
      model,
      rngSeed: settings.rngSeed,
      runs,
      seeds: isFirst && runs > 0 ? given.seeds : [],
      sweep: sweep?.source ?? null,
      shares: settings.shares,
      frontier: state.tallyOf(model).frontier,
      featuresDigest: given.featuresDigestOf(model),
      settled: given.settled,
    });
    const place = sweep === null ? {} : { sweep: sweep.place };
    const one = ids.make(work, pinsOf(state, model), null, place);
    begun.add(one.outstanding);
    made.push(one);
  }
  return made;
}

/** Of a model's fuzz batches under way, what its next one depends on: a large fleet has thousands of them. */
interface BegunOfModel {
  readonly places: Place[];
  hasRuns: boolean;
}

class Begun {
  private readonly names: readonly string[];
  private readonly models = new Map<string, BegunOfModel>();

  constructor(names: readonly string[], underWay: readonly Outstanding[]) {
    this.names = names;
    for (const one of underWay) this.add(one);
  }

  of(model: string): BegunOfModel {
    const there = this.models.get(model) ?? { places: [], hasRuns: false };
    this.models.set(model, there);
    return there;
  }

  add({ index, runs, sweep }: Outstanding): void {
    const own = this.of(modelOfBatch(this.names, index ?? 0));
    if (runs > 0) own.hasRuns = true;
    if (sweep !== undefined) own.places.push(sweep);
  }
}

/** What a model's next batch begins with: its seeds, in the first that makes runs, or a part of a scope. */
function beginningOf(state: CampaignState, model: string, { hasRuns, places }: BegunOfModel) {
  const { runs, scope: progress } = state.tallyOf(model);
  // Those that are planned before the first has answered do not have the seeds.
  const isFirst = runs === 0 && !hasRuns;
  const asked = state.settings?.scopes;
  if (isFirst && asked === undefined) return { isFirst, sweep: null };
  return { isFirst, sweep: sweepDue({ progress, runs, underWay: places, asked }) };
}

function plannedRuns(state: CampaignState): number {
  return fuzzOf(state).reduce((sum, { runs }) => sum + runs, 0);
}

function pinsOf(state: CampaignState, model: string): readonly ModelPin[] {
  const pin = state.pinOf(model);
  return pin === undefined ? [] : [pin];
}
