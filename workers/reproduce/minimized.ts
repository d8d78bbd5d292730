/** From a witness to what is kept of its finding: minimized, proven, drawn. Pure. */
import type { HowFound } from '../../corpus/vocabulary/finding.ts';
import type { Input, Workload } from '../../corpus/vocabulary/input.ts';
import type { FindingRecord } from '../../corpus/vocabulary/record.ts';
import type { Engine, Traced } from '../run/engine.ts';
import { recordOf, type Seen } from './finding-record.ts';
import { proofText, type ReproduceOptions, reproduce } from './reproduce.ts';

/** All but what minimizing says. */
export type Witnessed = Omit<Seen, 'workload' | 'traced' | 'howFound'> & {
  readonly howFound: Omit<HowFound, 'testsUsed' | 'proof' | 'criticalPair'>;
};

/** Null if the input does not show the signature. */
export function minimizedRecord(
  engine: Engine,
  seen: Witnessed,
  witness: Input,
  budget: ReproduceOptions,
): FindingRecord | null {
  const found = reproduce(engine, witness, seen.signature, budget);
  if (found === null) return null;
  const { input: workload, traced, criticalPair: pair, proof, tests: testsUsed } = found;
  const criticalPair = pair && ([pair.before, pair.after] as const);
  const howFound = { ...seen.howFound, testsUsed, proof: proofText(proof), criticalPair };
  return recordOf({ ...seen, workload, traced, howFound });
}

/** As it was met, for what minimizing does not show again: a search has proven it, such as that nothing ever ends. */
export function drawnRecord(seen: Witnessed, workload: Workload, traced: Traced): FindingRecord {
  const unproven = { testsUsed: null, proof: null, criticalPair: null };
  return recordOf({ ...seen, workload, traced, howFound: { ...seen.howFound, ...unproven } });
}
