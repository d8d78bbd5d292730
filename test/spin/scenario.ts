/** Scenarios of `bench detect` by name. */
import type { Scenario } from '../../workers/bench/detect/scenarios.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { seedNamed } from '../workers/support/search.ts';

export function scenarioOf(row: string, model: string, seed: string): Scenario {
  return { row, model: modelOf(model), seed, workload: seedNamed(seed) };
}
