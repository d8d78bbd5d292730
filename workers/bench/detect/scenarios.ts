/**
 * What detection is measured on: a row of the catalogue, a model that claims to show it, and a seed that was written for
 * it. A seed that cannot show its row on a model is no scenario there: exhaustive search says so.
 */
import {
  CANARY_ROW,
  CATALOGUE,
  type CatalogueRow,
  rowOf,
} from '../../../corpus/vocabulary/catalogue.ts';
import type { Workload } from '../../../corpus/vocabulary/input.ts';
import { Random } from '../../../corpus/vocabulary/random.ts';
import type { Model } from '../../kernel/path.ts';
import { canonicalReference, flavours, isBuiltIn, modelOf } from '../../models/registry.ts';
import { Engine } from '../../run/engine.ts';
import { schedulersOf, turnOf } from '../../schedulers/portfolio.ts';
import { Profile } from '../../schedulers/profile.ts';
import { explore } from '../../search/exhaustive.ts';
import type { Seed } from '../../search/verdict-table.ts';

export interface Scenario {
  readonly row: string;
  readonly model: Model;
  readonly seed: string;
  readonly workload: Workload;
}

/** Schedules up to and with the first that shows the row; null if none of `schedulesMax` does. */
export type Trial = (
  rngSeed: number,
  schedulesMax: number,
) => number | null | Promise<number | null>;

/** Makes a scenario ready; null where it cannot be carried over. */
export type Detector = (scenario: Scenario) => Trial | null;

/** A row, and the models that claim to show it. */
export interface Claim {
  readonly row: CatalogueRow;
  readonly models: readonly Model[];
}

export interface Scenarios {
  readonly shown: readonly Scenario[];
  /** Neither shown by a run nor searched to the end. */
  readonly unknown: readonly Scenario[];
}

/** Every built-in model, and another value of one toggle where it claims a row that the default does not. */
export function claimsOf(given: Model | null): readonly Claim[] {
  const models = given === null ? flavours().map(modelOf) : [given];
  const claims = (model: Model, { id }: CatalogueRow): boolean => model.expect.find.includes(id);
  return CATALOGUE.filter(({ id }) => id !== CANARY_ROW).flatMap((row) => {
    const claiming = models.filter((model) => {
      const isDefault = given !== null || canonicalReference(model) === model.name;
      return claims(model, row) && (isDefault || !claims(modelOf(model.name), row));
    });
    return claiming.length === 0 ? [] : [{ row, models: claiming }];
  });
}

/** Seeds that are named after a row, or after the form of it that another design shows. */
export function candidatesOf({ row, models }: Claim, seeds: readonly Seed[]): readonly Scenario[] {
  const forms = CATALOGUE.filter(({ sameAs = [] }) => sameAs.includes(row.id));
  const names = [row, ...forms].map(({ id }) => `${id.toLowerCase()}-`);
  const named = seeds.filter(({ name }) => names.some((start) => name.startsWith(start)));
  return pairsOf({ row, models }, named);
}

/** The candidates that can show their row; where none can, the shortest seed of another row for each model. */
export function scenariosOf(claim: Claim, seeds: readonly Seed[]): Scenarios {
  const named = sorted(candidatesOf(claim, seeds));
  if (named.shown.length > 0) return named;
  const shortest = [...seeds].sort((a, b) => operationsOf(a.workload) - operationsOf(b.workload));
  const found = claim.models.flatMap((model) => {
    const pairs = pairsOf({ row: claim.row, models: [model] }, shortest);
    return pairs.find((scenario) => reachOf(scenario) === 'shown') ?? [];
  });
  return { shown: found, unknown: named.unknown };
}

export function nameOf({ row, model, seed }: Scenario): string {
  return `${row} ${canonicalReference(model)} ${seed}`;
}

/** Asks an engine whether its last run has shown a row. */
export function lookoutOf({ row, model }: Scenario, engine: Engine): () => boolean {
  const builtIn = isBuiltIn(model);
  const rows = new Map<string, boolean>();
  const isOf = (signature: string): boolean => {
    const known = rows.get(signature) ?? rowOf(signature, builtIn)?.id === row;
    rows.set(signature, known);
    return known;
  };
  return () => engine.judge.violations.some(({ signature }) => isOf(signature));
}

function pairsOf({ row, models }: Claim, seeds: readonly Seed[]): readonly Scenario[] {
  return models.flatMap((model) => {
    const engine = new Engine(model);
    return seeds
      .filter(({ workload }) => engine.lackingIn(workload) === null)
      .map(({ name, workload }) => ({ row: row.id, model, seed: name, workload }));
  });
}

function operationsOf({ threads }: Workload): number {
  return threads.reduce((sum, { ops }) => sum + ops.length, 0);
}

function sorted(candidates: readonly Scenario[]): Scenarios {
  const reaches = candidates.map(reachOf);
  return {
    shown: candidates.filter((_, i) => reaches[i] === 'shown'),
    unknown: candidates.filter((_, i) => reaches[i] === 'unknown'),
  };
}

type Reach = 'shown' | 'absent' | 'unknown';

/** Most seeds show their row within so many runs, which are cheaper than a search. */
const PROBES = 256;
const STATES_MAX = 100_000;
/** Where the states are too many to be searched. */
const PROBES_MAX = 10_000;

/** The same for every rngSeed, so that each measures the same scenarios. */
function reachOf(scenario: Scenario): Reach {
  const engine = new Engine(scenario.model);
  engine.load(scenario.workload);
  const shows = probing(engine, scenario);
  if (shows(PROBES)) return 'shown';
  const searched = searchedIn(engine, scenario);
  if (searched !== 'unknown') return searched;
  return shows(PROBES_MAX) ? 'shown' : 'unknown';
}

/** Goes on with the runs of the portfolio up to a number of them, or to one that shows the row. */
function probing(engine: Engine, scenario: Scenario): (runsMax: number) => boolean {
  const shows = lookoutOf(scenario, engine);
  const random = new Random(0);
  const profile = new Profile();
  const schedulers = schedulersOf(random, profile);
  let n = 0;
  return (runsMax) => {
    for (; n < runsMax; n++) {
      random.reseed(0, n);
      engine.run(schedulers[turnOf(n)], n === 0 ? profile : null);
      if (n === 0) profile.close(engine.kernel);
      if (shows()) return true;
    }
    return false;
  };
}

function searchedIn(engine: Engine, { row, model, workload }: Scenario): Reach {
  const found = explore(engine, workload, { statesMax: STATES_MAX, all: true });
  const builtIn = isBuiltIn(model);
  const isShown = found.violations.some(({ signature }) => rowOf(signature, builtIn)?.id === row);
  if (isShown) return 'shown';
  return found.isComplete ? 'absent' : 'unknown';
}
