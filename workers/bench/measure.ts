/**
 * What `faultline bench` measures, one thing after the other on one core. What fuzzing does comes first, while
 * V8 knows nothing else; the parts that a run can do without come last, against a full run of their own.
 */
import type { Workload } from '../../corpus/vocabulary/input.ts';
import type { FuzzBatch, FuzzResult } from '../../corpus/vocabulary/messages.ts';
import { FuzzRunner } from '../batch/fuzz-batch.ts';
import type { Model } from '../kernel/path.ts';
import { Engine } from '../run/engine.ts';
import { explore } from '../search/exhaustive.ts';
import { calibration } from './calibration.ts';
import { BARE, EVERYTHING, type Parts, rig } from './rig.ts';
import { type Done, type Rate, rateOf, ratesOf, type Timing } from './rounds.ts';
import { minimizing } from './witnesses.ts';

export interface Subject {
  readonly model: Model;
  readonly workload: Workload;
  readonly rngSeed: number;
  /** Batches of the planner on the model. */
  readonly batches: PlanBatches;
}

/** @param keepsParents plan with what has been reported, as a campaign does: nearly half of a batch is mutants */
export type PlanBatches = (keepsParents: boolean) => Batches;

interface Batches {
  next(): FuzzBatch;
  reported(report: FuzzResult): void;
}

export interface BenchOptions {
  /** How long each thing is measured. */
  readonly timeMs: number;
  /** Told the name of what is being measured. */
  readonly began: (what: string) => void;
}

export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** How busy others kept the machine. */
export const TAKEN = 'machine.taken';

/** Until V8 has compiled everything and compiles no more. */
const WARM_UP_MS = 1500;
/** The standard workload has some 31 thousand. */
const STATES_MAX = 2_000_000;

const SHARES: readonly (readonly [string, Parts])[] = [
  ['share.oracles', { ...EVERYTHING, oracles: false }],
  ['share.coverage', { ...EVERYTHING, coverage: false }],
  ['share.surw', { ...EVERYTHING, surw: false }],
];

export function measure(subject: Subject, { timeMs, began }: BenchOptions): readonly Result[] {
  const timing: Timing = { timeMs, warmUpMs: Math.min(WARM_UP_MS, timeMs) };
  const { model, workload, rngSeed } = subject;
  const taken = takenByOthers();

  began('runs');
  const engine = rateOf(rig(model, workload, EVERYTHING, rngSeed), timing);
  began('batches');
  const fuzz = rateOf(fuzzing(subject, false), timing);
  const campaign = rateOf(fuzzing(subject, true), timing);
  began('states');
  const states = rateOf(exploring(subject), timing);
  began('minimizing');
  const minimized = rateOf(minimizing(), timing);
  began('calibration');
  const toy = rateOf(calibration(), timing);
  began('shares');
  const shares = sharesOf(subject, timing);
  return [
    { name: 'engine.runs', value: engine.units, unit: 'runs/s' },
    { name: 'engine.steps', value: engine.steps, unit: 'steps/s' },
    ...shares,
    { name: 'fuzz.runs', value: fuzz.units, unit: 'runs/s' },
    { name: 'fuzz.steps', value: fuzz.steps, unit: 'steps/s' },
    { name: 'fuzz.ratio', value: (100 * fuzz.units) / engine.units, unit: '%' },
    { name: 'campaign.runs', value: campaign.units, unit: 'runs/s' },
    { name: 'explore.states', value: states.units, unit: 'states/s' },
    { name: 'minimize.witness', value: 1000 / minimized.units, unit: 'ms' },
    { name: 'calibration.steps', value: toy.steps, unit: 'steps/s' },
    { name: 'calibration.ratio', value: (100 * engine.steps) / toy.steps, unit: '%' },
    { name: TAKEN, value: taken(), unit: '%' },
    { name: 'memory.rss', value: process.memoryUsage().rss / 1e6, unit: 'MB' },
  ];
}

/** The share of our core's time that others on the machine had; V8's own threads hide a part of it. */
function takenByOthers(): () => number {
  const startedMs = performance.now();
  const started = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(started);
    const spent = (user + system) / 1000 / (performance.now() - startedMs);
    return 100 * Math.max(0, 1 - spent);
  };
}

/**
 * By leaving out, step for step, since a random walk takes other ways. Shares of parts that use each other's
 * work do not add up.
 */
function sharesOf(
  { model, workload, rngSeed }: Subject,
  { timeMs, warmUpMs }: Timing,
): readonly Result[] {
  const variants: readonly Parts[] = [EVERYTHING, BARE, ...SHARES.map(([, parts]) => parts)];
  const works = variants.map((parts) => rig(model, workload, parts, rngSeed));
  const [full, bare, ...others] = ratesOf(works, { timeMs, warmUpMs: warmUpMs / 2 }) as [
    Rate,
    Rate,
    ...Rate[],
  ];
  const left = (rate: Rate): number => (100 * full.steps) / rate.steps;
  return [
    ...others.map((rate, i) => {
      return { name: SHARES[i]?.[0] ?? '', value: 100 - left(rate), unit: '%' };
    }),
    { name: 'share.machine', value: left(bare), unit: '%' },
  ];
}

export function fuzzing({ model, batches }: Subject, keepsParents: boolean): () => Done {
  const runner = new FuzzRunner(model);
  const planned = batches(keepsParents);
  return () => {
    const report = runner.run(planned.next());
    planned.reported(report);
    return { units: report.runs, steps: report.steps };
  };
}

export function exploring({ model, workload }: Subject): () => Done {
  const engine = new Engine(model);
  return () => {
    const found = explore(engine, workload, { statesMax: STATES_MAX, all: true });
    return { units: found.states, steps: found.transitions };
  };
}
