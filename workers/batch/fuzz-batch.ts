/** One batch: draw workloads, run each under a few schedules, report what was new. Pure. */
import { generatorOf } from '../../corpus/breeding/generate.ts';
import { mutate } from '../../corpus/breeding/mutate.ts';
import { COMMON, type Vocabulary } from '../../corpus/breeding/weights.ts';
import { EMPTY_SCHEDULE, type Workload } from '../../corpus/vocabulary/input.ts';
import {
  addBreadth,
  type Breadth,
  type Candidate,
  EXHAUSTIVE,
  FEATURES_VERSION,
  type FuzzBatch,
  type FuzzResult,
  type NamedLists,
  NO_BREADTH,
  type SchedulerName,
  type Witness,
  type WorkloadSource,
} from '../../corpus/vocabulary/messages.ts';
import { OP_KINDS, OPERATIONS, type Op, SHARINGS } from '../../corpus/vocabulary/ops.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import type { ScopePart } from '../../corpus/vocabulary/scope.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { bucketOf, type Violation, worstOf } from '../../corpus/vocabulary/verdict.ts';
import type { Model } from '../kernel/path.ts';
import { NO_ENTRY, type Program } from '../kernel/program.ts';
import { compile } from '../model/compile.ts';
import { Coverage } from '../run/coverage.ts';
import { Engine, violationsOf } from '../run/engine.ts';
import { type Schedulers, schedulersOf, turnOf } from '../schedulers/portfolio.ts';
import { Profile } from '../schedulers/profile.ts';
import { type Counterexample, explore } from '../search/exhaustive.ts';
import { ScopeSearch } from '../search/scope-search.ts';

/** Schedules of a fresh workload or a mutant: 8-16; more hides rare workloads. */
const SCHEDULES = 16;
/** A workload whose threads share nothing has one outcome: a second run shows that. */
const SCHEDULES_ALONE = 2;

/** Called after each workload of a batch, with the runs and steps since the last call. */
export type Count = (runs: number, steps: number) => void;

/** A model made ready for batches; kept by an executor between them. */
export class FuzzRunner {
  private readonly coverage: Coverage;
  private readonly engine: Engine;
  private readonly vocabulary: Vocabulary;
  private readonly generate: (rng: Random) => Workload;
  private readonly scopes: ScopeSearch;
  private readonly profile: Profile;
  private readonly random: Random = new Random(0);
  private readonly schedulers: Schedulers;

  constructor(model: Model) {
    this.coverage = new Coverage(compile(model).size);
    this.engine = new Engine(model, undefined, this.coverage);
    this.scopes = new ScopeSearch(this.engine);
    this.vocabulary = vocabularyOf(this.engine.program);
    this.generate = generatorOf(this.vocabulary);
    this.profile = new Profile(this.coverage);
    this.schedulers = schedulersOf(this.random, this.profile);
  }

  /** @param lists what the batch names */
  run(batch: FuzzBatch, lists: NamedLists = {}, count?: Count): FuzzResult {
    const tally = new Tally(batch, lists.settled ?? [], count);
    this.coverage.clear(lists.features);
    const stream = new Random(batch.rngSeed, batch.index).fork('workloads');
    for (const source of batch.sources) this.runSource(source, stream, tally);
    return tally.report();
  }

  private runSource(source: WorkloadSource, stream: Random, tally: Tally): void {
    switch (source.kind) {
      case 'given':
        for (const text of source.texts) {
          const workload = parseInput(text, 'batch');
          if (this.engine.lackingIn(workload) !== null) continue;
          this.search(workload, tally, source.statesMax);
          if (tally.left > 0) this.runWorkload(workload, tally, source.schedules);
        }
        return;
      case 'sweep':
        tally.swept = this.scopes.search(source, (workload, violations) =>
          this.noteFound(workload, violations, tally),
        );
        return;
      case 'mutate': {
        const parents = source.parents.map((text) => parseInput(text, 'batch'));
        const end = tally.left - source.runs;
        for (let i = 0; tally.left > Math.max(0, end); i++) {
          const parent = parents[i % parents.length];
          if (parent === undefined) return;
          const other = stream.pick(parents);
          this.runWorkload(mutate(stream, parent, other, this.vocabulary), tally, SCHEDULES);
        }
        return;
      }
      case 'fresh':
        while (tally.left > 0) this.runWorkload(this.generate(stream), tally, SCHEDULES);
    }
  }

  private search(workload: Workload, tally: Tally, statesMax: number): void {
    if (statesMax === 0) return;
    const found = explore(this.engine, workload, { statesMax, all: true });
    tally.widen({ workloads: 0, given: 1, exhausted: found.isComplete ? 1 : 0 });
    tally.look(found.states, found.transitions);
    this.noteFound(workload, found.violations, tally);
  }

  /** What a search of every interleaving of a workload has met. */
  private noteFound(workload: Workload, violations: readonly Counterexample[], tally: Tally): void {
    for (const { signature, traced } of violations) {
      const violation = worstOf(violationsOf(traced), signature);
      if (violation === undefined) continue;
      tally.hit(signature, tally.runs);
      if (!tally.wants(violation)) continue;
      const text = printInput({ ...workload, schedule: traced.schedule });
      tally.witness(violation, { text, run: tally.runs, scheduler: EXHAUSTIVE });
    }
  }

  /** Operations that the model lacks are left out. */
  private runWorkload(drawn: Workload, tally: Tally, schedules: number): void {
    const { engine } = this;
    const workload = engine.lackingIn(drawn) === null ? drawn : this.without(drawn);
    tally.widen({ ...NO_BREADTH, workloads: 1 });
    engine.load(workload);
    const before = tally.left;
    this.runOnce(workload, tally, turnOf(0));
    this.profile.close(engine.kernel);
    const end = before - (this.profile.shared.length === 0 ? SCHEDULES_ALONE : schedules);
    for (let i = 1; tally.left > Math.max(0, end); i++) {
      this.runOnce(workload, tally, turnOf(i));
    }
    tally.tell();
    const features = this.coverage.takeFresh();
    if (features.length > 0) tally.keep(workload, features);
  }

  private runOnce(workload: Workload, tally: Tally, name: SchedulerName): void {
    const { engine, profile, coverage } = this;
    const number = tally.runs;
    this.random.reseed(tally.batch.rngSeed ^ Math.imul(tally.batch.index, 0x9e3779b1), number);
    const steps = engine.run(this.schedulers[name], name === 'alone' ? profile : coverage);
    coverage.noteEdges(engine.kernel);
    tally.count(steps, engine.isInconclusive(steps));
    if (engine.judge.violations.length > 0) this.note(workload, tally, name, number);
  }

  private without(workload: Workload): Workload {
    const { entry, hasDsync } = this.engine.program;
    const isThere = (op: Op): boolean =>
      entry[op.kind] !== NO_ENTRY && (hasDsync || !('sync' in op));
    const threads = workload.threads.map((one) => ({ ...one, ops: one.ops.filter(isThere) }));
    return { ...workload, threads };
  }

  private note(workload: Workload, tally: Tally, name: SchedulerName, number: number): void {
    const { violations } = this.engine.judge;
    const met = new Set(violations.map(({ signature }) => signature));
    for (const signature of met) tally.hit(signature, number);
    const unknown = violations.filter((violation) => tally.wants(violation));
    if (unknown.length === 0) return;
    // The same draws again, written down.
    this.random.reseed(tally.batch.rngSeed ^ Math.imul(tally.batch.index, 0x9e3779b1), number);
    const choices = this.engine.choicesOf(this.schedulers[name]);
    for (const violation of unknown) {
      const { schedule } = this.engine.traceFused(choices, violation.signature);
      const text = printInput({ ...workload, schedule });
      tally.witness(violation, { text, run: number, scheduler: name });
    }
  }
}

/** What a model is drawn from: what all are, and what is special to it. */
function vocabularyOf({ entry, hasMapSync, hasDsync }: Program): Vocabulary {
  const special = OP_KINDS.filter((kind) => OPERATIONS[kind].isSpecial && entry[kind] !== NO_ENTRY);
  if (special.length === 0 && !hasMapSync && !hasDsync) return COMMON;
  return {
    kinds: [...COMMON.kinds, ...special],
    sharings: hasMapSync ? SHARINGS : COMMON.sharings,
    hasSync: hasDsync,
  };
}

/** What a batch has come to so far. */
class Tally {
  readonly batch: FuzzBatch;
  runs = 0;
  private steps = 0;
  private readonly told: Count | undefined;
  private toldRuns = 0;
  private toldSteps = 0;
  private inconclusive = 0;
  private readonly candidates: Candidate[] = [];
  private readonly witnesses: Witness[] = [];
  private readonly hits = new Map<string, { count: number; first: number }>();
  private readonly settled: ReadonlySet<string>;
  private readonly witnessed = new Set<string>();
  swept: ScopePart | null = null;
  private breadth: Breadth = NO_BREADTH;
  private searched: FuzzResult['searched'];

  constructor(batch: FuzzBatch, settled: readonly string[], told?: Count) {
    this.batch = batch;
    this.told = told;
    this.settled = new Set([...settled, ...batch.settled]);
  }

  get left(): number {
    return this.batch.runs - this.runs;
  }

  count(steps: number, isInconclusive: boolean): void {
    this.runs++;
    this.steps += steps;
    if (isInconclusive) this.inconclusive++;
  }

  widen(more: Breadth): void {
    this.breadth = addBreadth(this.breadth, more);
  }

  look(states: number, transitions: number): void {
    const before = this.searched ?? { states: 0, transitions: 0 };
    this.searched = {
      states: before.states + states,
      transitions: before.transitions + transitions,
    };
  }

  /** What came in since the last time. */
  tell(): void {
    this.told?.(this.runs - this.toldRuns, this.steps - this.toldSteps);
    this.toldRuns = this.runs;
    this.toldSteps = this.steps;
  }

  hit(signature: string, run: number): void {
    const seen = this.hits.get(signature);
    if (seen === undefined) this.hits.set(signature, { count: 1, first: run });
    else seen.count++;
  }

  /** Whether its bucket has no witness yet, of this batch or of one before; true once. */
  wants(violation: Violation): boolean {
    const bucket = bucketOf(violation);
    if (this.witnessed.has(bucket)) return false;
    this.witnessed.add(bucket);
    return !this.settled.has(violation.signature) && !this.settled.has(bucket);
  }

  keep(workload: Workload, features: readonly number[]): void {
    const text = printInput({ ...workload, schedule: EMPTY_SCHEDULE });
    this.candidates.push({ text, features });
  }

  witness(violation: Violation, found: Omit<Witness, 'signature' | 'bucket'>): void {
    const { signature, site } = violation;
    const bucket = site === '' ? {} : { bucket: bucketOf(violation) };
    this.witnesses.push({ signature, ...bucket, ...found });
  }

  report(): FuzzResult {
    return {
      kind: 'fuzz',
      index: this.batch.index,
      model: this.batch.model,
      runs: this.runs,
      steps: this.steps,
      inconclusive: this.inconclusive,
      featuresVersion: FEATURES_VERSION,
      candidates: this.candidates,
      witnesses: this.witnesses,
      hits: Object.fromEntries(this.hits),
      breadth: this.breadth,
      ...(this.searched === undefined ? {} : { searched: this.searched }),
      ...(this.swept === null ? {} : { swept: this.swept }),
    };
  }
}
