/** What one verb says of an input, no other verb denies. */
import assert from 'node:assert/strict';
import { Random } from '../../corpus/vocabulary/random.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import type { Model } from '../../workers/kernel/path.ts';
import { replayVerdict } from '../../workers/reproduce/replay-verdict.ts';
import { Engine, violationsOf } from '../../workers/run/engine.ts';
import { RandomWalk } from '../../workers/schedulers/random-walk.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { exhausted, type Named, signaturesOf } from './laws.ts';

/**
 * A run of the workload, written down and read again: `replay` shows the same run; `check` knows what it shows; a
 * repro of it is reproduced; on another model it is `fixed` exactly where `check` verifies.
 * @returns whether the workload exhausts, so that there was something to compare
 */
export function assertVerbsAgree(
  model: Model,
  other: Model,
  { name, workload }: Named,
  statesMax: number,
): boolean {
  const engine = new Engine(model);
  const found = exhausted(engine, workload, statesMax);
  if (found === null) return false;
  engine.load(workload);
  const random = new Random(RNG_SEED).fork(name);
  const traced = engine.traceFused(engine.choicesOf(new RandomWalk(random)));
  const input = parseInput(printInput({ ...workload, schedule: traced.schedule }), 'law');
  engine.load(input);
  const replayed = engine.trace(input.schedule);
  assert.equal(replayed.digest, traced.digest, `another run\n${name}`);
  const known = signaturesOf(found);
  for (const { signature } of violationsOf(traced)) {
    assert.ok(known.includes(signature), `check denies ${signature}\n${name}`);
    const options = { statesMax, traceDigest: traced.digest };
    assert.equal(replayVerdict(engine, input, signature, options).verdict, 'reproduced', name);
    const there = new Engine(other);
    const elsewhere = exhausted(there, workload, statesMax);
    if (elsewhere === null) continue;
    const { verdict } = replayVerdict(there, input, signature, options);
    assert.equal(verdict === 'fixed', elsewhere.verdict === 'verified', `${verdict}\n${name}`);
  }
  return true;
}
