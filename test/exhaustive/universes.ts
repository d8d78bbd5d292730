/** Whether workloads that a universe takes for one are one to a model: the same states, the same signatures. */
import assert from 'node:assert/strict';
import { Enumeration, type Universe } from '../../corpus/breeding/universe.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { Engine } from '../../workers/run/engine.ts';
import { explore } from '../../workers/search/exhaustive.ts';
import { everyWorkload, sameness } from '../support/universes.ts';

const STATES_MAX = 1_000_000;

/**
 * Whatever names its threads, pages, lines and files have.
 * @param isCounted the same number of states, too
 */
export function assertNamesDoNotMatter(
  reference: string,
  universe: Universe,
  isCounted = true,
): void {
  const engine = new Engine(modelOf(reference));
  const outcomeOf = (workload: Workload): string => {
    const found = explore(engine, workload, { statesMax: STATES_MAX, all: true });
    const { states, transitions, verdict, violations } = found;
    const signatures = violations.map(({ signature }) => signature).sort();
    const counts = isCounted ? `, ${states} states, ${transitions} transitions` : '';
    return `${verdict}${counts}: ${signatures.join(', ')}`;
  };
  const enumeration = new Enumeration(universe);
  const outcomes = new Map<string, string>();
  for (let slice = 0; slice < enumeration.slices; slice++) {
    for (const workload of enumeration.workloadsOf(slice)) {
      outcomes.set(sameness(workload), outcomeOf(workload));
    }
  }
  for (const workload of everyWorkload(universe)) {
    const text = JSON.stringify(workload);
    assert.equal(outcomeOf(workload), outcomes.get(sameness(workload)), text);
  }
}
