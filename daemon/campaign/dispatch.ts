/**
 * What should be in the queue now: for every finding its next step, a canary now and then, and explorations up
 * to twice the executors. Pure: it reads the book and says which works are missing.
 */
import { BATCH_BYTES_MAX } from '../../corpus/exchange/codec.ts';
import type { CanaryRun, Comparison, ModelPin, Work } from '../../corpus/vocabulary/messages.ts';
import { minimizationOf, modelOfBatch, planExploration } from './plan.ts';
import type { Outstanding } from './records.ts';
import type { Place } from './scope-progress.ts';
import type { Book } from './state.ts';
import { hasLeft, sweepDue } from './sweeps.ts';
import type { Case } from './triage.ts';

/** One batch to be handed out. */
export interface Due {
  readonly outstanding: Outstanding;
  readonly work: Work;
  readonly models: readonly ModelPin[];
}

export interface Circumstances {
  readonly book: Book;
  /** Of all live workers; where none is seen, one is hoped for. */
  readonly executors: number;
  /** Runs of the next batch of a model. */
  runsOf(model: string): number;
  /** Digest of the features that workers can look up; null if there are none. */
  snapshotOf(model: string): string | null;
  /** Text of a published finding's repro; undefined if it is gone or damaged. */
  reproOf(one: Case): string | undefined;
  /** Texts of corpus/seeds. */
  readonly seeds: readonly string[];
  readonly canary: ModelPin;
}

/** One waits while one is computed. */
const EXPLORATIONS_AN_EXECUTOR = 2;
/** The rest of a long list waits in the book, which costs no Redis. */
const MINIMIZATIONS_AN_EXECUTOR = 4;
const COMPARISONS_AN_EXECUTOR = 1;
/** A canary costs 20 ms: one in so many reports is a thousandth of the work. */
const REPORTS_A_CANARY = 32;
const CANARY_RUNS = 2048;
/** Of the signatures that a batch is told: half of what it may weigh. One left out costs a witness too many. */
const KNOWN_BYTES_MAX = BATCH_BYTES_MAX / 2;

/** Of one turn: each takes up to a millisecond to plan, and turns follow each other within a tenth of a second. */
const EXPLORATIONS_A_TURN = 256;
/** What one core plans for; a heartbeat that says more does not make us plan without end. */
const EXECUTORS_MAX = 4096;

export function due(circumstances: Circumstances): readonly Due[] {
  const executors = Math.min(circumstances.executors, EXECUTORS_MAX);
  const given = { ...circumstances, executors };
  const counter = new Counter(given.book);
  return [
    ...verifications(given, counter),
    ...minimizations(given, counter),
    ...canaries(given, counter),
    ...comparisons(given, counter),
    ...explorations(given, counter),
  ];
}

/** Whether a campaign that is to stop has come to its end. */
export function isAtEnd(book: Book): boolean {
  if (book.outstanding.size > 0) return false;
  return [...book.triage.cases.values()].every(
    ({ stage, isCompared }) => stage === 'refuted' || (stage === 'published' && isCompared),
  );
}

/** Why a campaign should stop, or null. */
export function reasonToStop(book: Book): string | null {
  const stop = book.plan?.stop;
  if (stop === undefined || book.state !== 'running') return null;
  const isProven = !hasScopesLeft(book);
  if (stop.runs !== null && book.runs >= stop.runs && isProven) return 'its runs are made';
  if (stop.milliseconds !== null && book.ranMs >= stop.milliseconds) return 'its time is over';
  const quietMs = book.ranMs - book.ranAtFindingMs;
  const isQuiet = stop.quietMilliseconds !== null && quietMs >= stop.quietMilliseconds;
  return isQuiet && book.folded > 0 ? 'nothing new was found for long' : null;
}

/** Whether a scope that the campaign names is not searched yet. */
function hasScopesLeft(book: Book): boolean {
  const { scopes = [], models = [] } = book.plan ?? {};
  return models.some(({ reference }) => hasLeft(book.tallyOf(reference).scope, scopes));
}

/** Hands out ids; no id comes twice in one ledger. */
class Counter {
  private readonly book: Book;
  private next: number;

  constructor(book: Book) {
    this.book = book;
    this.next = book.nextId;
  }

  /** @param sweep where the part of a scope begins that an exploration searches */
  make(work: Work, models: readonly ModelPin[], signature: string | null, sweep?: Place): Due {
    const id = `${work.kind}-${this.book.campaign}-${this.next}`;
    this.next += 1;
    const isExploration = work.kind === 'explore';
    const outstanding: Outstanding = {
      id,
      kind: work.kind,
      index: isExploration ? work.index : null,
      runs: isExploration ? work.runs : 0,
      signature,
      ...(sweep === undefined ? {} : { sweep }),
    };
    return { outstanding, work, models };
  }
}

function verifications({ book }: Circumstances, counter: Counter): readonly Due[] {
  return waiting(book, 'verify').flatMap(({ signature, record, executor }) => {
    if (record === null) return [];
    const { model } = record.finding;
    const work = { kind: 'verify', model, repro: record.repro, notOn: executor } as const;
    return [counter.make(work, pinsOf(book, model), signature)];
  });
}

function minimizations({ book, executors }: Circumstances, counter: Counter): readonly Due[] {
  const room = MINIMIZATIONS_AN_EXECUTOR * executors - book.outstandingOf('minimize').length;
  return waiting(book, 'minimize')
    .slice(0, Math.max(0, room))
    .flatMap(({ signature, discovery, givenUp }) => {
      if (discovery === null || book.plan === null) return [];
      const { rngSeed } = book.plan;
      // What could not be shrunk is kept as it was met.
      const work =
        givenUp > 0 ? minimizationOf(discovery, rngSeed, 0) : minimizationOf(discovery, rngSeed);
      return [counter.make(work, pinsOf(book, discovery.model), signature)];
    });
}

function waiting(book: Book, stage: 'minimize' | 'verify'): readonly Case[] {
  return [...book.triage.cases.values()].filter(
    (one) => one.stage === stage && !book.isUnderWay(stage, one.signature),
  );
}

function canaries({ book, canary }: Circumstances, counter: Counter): readonly Due[] {
  const { seen, lastFolded } = book.canaries;
  const isDue = seen === 0 || book.folded - lastFolded >= REPORTS_A_CANARY;
  if (!isDue || book.outstandingOf('canary').length > 0) return [];
  const work: CanaryRun = {
    kind: 'canary',
    exploration: {
      kind: 'explore',
      index: 0,
      model: canary.reference,
      rngSeed: 1,
      runs: CANARY_RUNS,
      sources: [{ kind: 'fresh' }],
      known: [],
      frontier: null,
    },
  };
  return [counter.make(work, [canary], null)];
}

function comparisons(given: Circumstances, counter: Counter): readonly Due[] {
  const { book, executors } = given;
  const room = COMPARISONS_AN_EXECUTOR * executors - book.outstandingOf('matrix').length;
  const open = book.triage.published().filter(({ signature, isCompared }) => {
    return !isCompared && !book.isUnderWay('matrix', signature);
  });
  const made: Due[] = [];
  for (const one of open) {
    if (made.length >= room) break;
    const repro = given.reproOf(one);
    if (repro === undefined) continue;
    const others = book.pins().filter(({ reference }) => !one.models.includes(reference));
    const models = others.map(({ reference }) => reference);
    const work: Comparison = { kind: 'matrix', repro, models };
    made.push(counter.make(work, others, one.signature));
  }
  return made;
}

function explorations(given: Circumstances, counter: Counter): readonly Due[] {
  const { book, executors } = given;
  const { plan } = book;
  if (plan === null || book.state !== 'running') return [];
  const underWay = book.outstandingOf('explore');
  const wanted = EXPLORATIONS_AN_EXECUTOR * executors;
  const missing = Math.min(wanted - underWay.length, EXPLORATIONS_A_TURN);
  const names = plan.models.map(({ reference }) => reference);
  const known = newest(book.triage.known(), KNOWN_BYTES_MAX);
  // Of few runs for several models, the first batch leaves the others theirs.
  const shareMax = Math.ceil((plan.stop.runs ?? Number.POSITIVE_INFINITY) / names.length);
  let left = (plan.stop.runs ?? Number.POSITIVE_INFINITY) - book.runs - plannedRuns(book);
  const begun: Outstanding[] = [...underWay];
  const made: Due[] = [];
  // A model that has nothing to do is passed by.
  for (let i = 0; made.length < missing && i < missing + names.length; i++) {
    const index = book.reopened[i] ?? book.nextIndex + i - book.reopened.length;
    const model = modelOfBatch({ models: names }, index);
    const own = begun.filter((one) => modelOfBatch({ models: names }, one.index ?? 0) === model);
    const { isFirst, sweep } = beginningOf(book, model, own);
    const runs = sweep?.isAsked === true ? 0 : Math.min(left, shareMax, given.runsOf(model));
    if (runs === 0 && sweep?.isAsked !== true) continue;
    left -= runs;
    const work = planExploration({
      index,
      model,
      rngSeed: plan.rngSeed,
      runs,
      seeds: isFirst && runs > 0 ? given.seeds : [],
      sweep: sweep?.source ?? null,
      shares: plan.shares,
      frontier: book.tallyOf(model).frontier,
      snapshot: given.snapshotOf(model),
      known,
    });
    const one = counter.make(work, pinsOf(book, model), null, sweep?.place);
    begun.push(one.outstanding);
    made.push(one);
  }
  return made;
}

/** What a model's next batch begins with: its seeds, in the first that makes runs, or a part of a scope. */
function beginningOf(book: Book, model: string, underWay: readonly Outstanding[]) {
  const { runs, scope: progress } = book.tallyOf(model);
  // Those that are planned before the first has answered do not have the seeds.
  const isFirst = runs === 0 && underWay.every((one) => one.runs === 0);
  const asked = book.plan?.scopes;
  if (isFirst && asked === undefined) return { isFirst, sweep: null };
  const places = underWay.flatMap(({ sweep }) => sweep ?? []);
  return { isFirst, sweep: sweepDue({ progress, runs, underWay: places, asked }) };
}

/** The end of a list of ASCII texts that fits, as JSON. */
function newest(texts: readonly string[], bytesMax: number): readonly string[] {
  let bytes = 0;
  const first = texts.findLastIndex((text) => {
    bytes += text.length + '"",'.length;
    return bytes > bytesMax;
  });
  return texts.slice(first + 1);
}

function plannedRuns(book: Book): number {
  return book.outstandingOf('explore').reduce((sum, { runs }) => sum + runs, 0);
}

function pinsOf(book: Book, model: string): readonly ModelPin[] {
  const pin = book.pinOf(model);
  return pin === undefined ? [] : [pin];
}
