/** A scenario as a Promela program whose claims stand for its row, and Faultline's own search for the same. */
import { assert } from '../../../../corpus/vocabulary/assert.ts';
import { CATALOGUE, rowOf } from '../../../../corpus/vocabulary/catalogue.ts';
import { EMPTY_SCHEDULE } from '../../../../corpus/vocabulary/input.ts';
import type { ViolationClass } from '../../../../corpus/vocabulary/verdict.ts';
import { isBuiltIn } from '../../../models/registry.ts';
import type { OracleId } from '../../../oracles/oracle.ts';
import { Engine } from '../../../run/engine.ts';
import { explore } from '../../../search/exhaustive.ts';
import { CLAIM_OF } from '../../../views/promela/defines.ts';
import { renderPromela } from '../../../views/promela/promela.ts';
import { hasClaim, oraclesOf } from '../../../views/promela/watched.ts';
import { lookoutOf, type Scenario } from '../scenarios.ts';

/** States that a search has stored when it met the row; where it has not, all that it has stored. */
export interface Searched {
  readonly states: number;
  readonly isFound: boolean;
  /** Why the search has not come to its end; null where it has, and where the row was found. */
  readonly cut: 'states' | 'memory' | 'depth' | 'time' | 'denials' | null;
}

export interface Carried {
  readonly scenario: Scenario;
  /** Those that are denied where the row shows, if not where it alone does. */
  readonly claims: readonly string[];
  readonly text: string;
  readonly searched: Searched;
}

const STATES_MAX = 1_000_000;

/** @returns why there is no program, or none that can deny the row */
export function carriedOver(scenario: Scenario): Carried | { readonly lacks: string } {
  const { row, model, workload } = scenario;
  const promela = renderPromela(model, { ...workload, schedule: EMPTY_SCHEDULE });
  if ('lacks' in promela) return promela;
  const { text } = promela;
  const claimed = searchFor(scenario, oraclesOf(text));
  const classes = claimed.searched.cut === null ? claimed.classes : [classOf(row)];
  const claims = new Set(classes.flatMap((one) => CLAIM_OF[one] ?? []));
  const watched = [...claims].filter((claim) => hasClaim(text, claim));
  if (watched.length === 0) return { lacks: `no claim of its program is about ${row}` };
  return { scenario, claims: watched, text, searched: searchFor(scenario).searched };
}

/** Whether an engine that judges as the claims do has shown the row. */
export function judgeOf({ scenario, text }: Carried): {
  readonly engine: Engine;
  readonly shows: () => boolean;
} {
  const engine = new Engine(scenario.model, oraclesOf(text));
  engine.load(scenario.workload);
  return { engine, shows: lookoutOf(scenario, engine) };
}

function searchFor(
  { row, model, workload }: Scenario,
  oracles?: ReadonlySet<OracleId>,
): { readonly searched: Searched; readonly classes: readonly ViolationClass[] } {
  const builtIn = isBuiltIn(model);
  const met: { readonly states: number; readonly class: ViolationClass }[] = [];
  const found = explore(new Engine(model, oracles), workload, {
    statesMax: STATES_MAX,
    all: false,
    counts: (violation, states) => {
      const isOfRow = rowOf(violation.signature, builtIn)?.id === row;
      if (isOfRow && !Number.isNaN(states)) met.push({ states, class: violation.class });
      return isOfRow;
    },
  });
  const classes = met.map((one) => one.class);
  const first = met[0];
  if (first !== undefined)
    return { searched: { states: first.states, isFound: true, cut: null }, classes };
  const cut = found.isComplete ? null : 'states';
  return { searched: { states: found.states, isFound: false, cut }, classes };
}

function classOf(row: string): ViolationClass {
  const known = CATALOGUE.find(({ id }) => id === row);
  assert(known !== undefined, 'a scenario is of a row of the catalogue', row);
  return known.class;
}
