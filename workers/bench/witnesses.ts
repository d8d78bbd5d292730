/**
 * The fixed set that minimizing is measured with: workloads as the fuzzer found them, full of operations that
 * have nothing to do with the bug. Their schedules are found anew, by a random walk that is always the same,
 * so that a label may change its name and the set stays the same.
 */
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { parseInput } from '../../corpus/vocabulary/text.ts';
import { modelOf } from '../models/registry.ts';
import { reproduce } from '../reproduce/reproduce.ts';
import { Engine } from '../run/engine.ts';
import { RandomWalk } from '../schedulers/random-walk.ts';
import type { Done } from './rounds.ts';

interface Planted {
  readonly model: string;
  readonly text: string;
}

const PLANTED: readonly Planted[] = [
  {
    model: 'v42-immap-read',
    text: `faultline input 1
file A size 8192 pages written hole
process P0 a0 A 0 4096 shared a1 A 0 4096 shared
process P1 a0 A 0 4096 shared
thread T0 P1
fsync A
load a0 0
load a0 2048
thread T1 P1
pwrite A 2048 2048
load a0 0
punch A 0 4096
store a0 0
first T0
`,
  },
  {
    model: 'v42-immap-read',
    text: `faultline input 1
file A size 12288 pages hole written unwritten
file B size 32768 pages cached hole written cached hole written cached hole
process P0 a0 A 0 12288 shared
thread T0 P0
pwrite A 4096 4096
load a0 4096
insert B 4096 4096
thread T1 P0
load a0 6144
zero A 4096 4096
punch B 4096 4096
store a0 6144
load a0 4096
first T0
`,
  },
  {
    model: 'v43rc-immap-write',
    text: `faultline input 1
file A size 4096 pages hole
process P0 a0 A 0 4096 shared
process P1 a0 A 0 4096 shared
thread T0 P1
store a0 2048
truncate A 0
thread T1 P1
punch A 0 4096
thread T2 P1
store a0 0
fallocate A 0 2048
thread T3 P1
punch A 0 2048
store a0 2048
store a0 0
first T0
`,
  },
  {
    model: 'v48-entry-lock',
    text: `faultline input 1
file A size 16384 pages cached written hole hole
process P0 a0 A 0 12288 shared
thread T0 P0
truncate A 2048
pwrite A 0 8192
store a0 2048
thread T1 P0
store a0 0
msync a0
thread T2 P0
pwrite A 2048 4096
fsync A
first T0
`,
  },
  {
    model: 'xfs-mmaplock-prezero',
    text: `faultline input 1
file A size 4096 pages cached
process P0 a0 A 0 32768 shared a1 A 4096 4096 private
process P1 a0 A 0 4096 shared
thread T0 P0
load a0 0
pwrite A 2048 4096
commit
thread T1 P1
store a0 0
pread A 0 2048
load a0 0
pread A 0 4096
thread T2 P0
pwrite A 0 2048
fsync A
truncate A 4096
first T0
`,
  },
];

/** Each shows its bug within twenty walks today; a change of the engine may cost some more. */
const WALKS_MAX = 1024;
/** What an executor allows for one witness. */
const BUDGET = { testsMax: 4000, statesMax: 200_000 };

interface PlantedWitness {
  readonly engine: Engine;
  readonly input: Input;
  readonly signature: string;
}

/** Minimizes one after the other; a unit is a witness. */
export function minimizing(): () => Done {
  const witnesses = PLANTED.map(findWitness);
  return () => {
    for (const { engine, input, signature } of witnesses) {
      const found = reproduce(engine, input, signature, BUDGET);
      assert(found !== null, 'a witness does not reproduce', signature);
    }
    return { units: witnesses.length, steps: 0 };
  };
}

function findWitness({ model, text }: Planted): PlantedWitness {
  const engine = new Engine(modelOf(model));
  const input = parseInput(text, 'witness');
  const random = new Random(0);
  const walk = new RandomWalk(random);
  engine.load(input);
  for (let number = 0; number < WALKS_MAX; number++) {
    random.reseed(1, number);
    engine.run(walk);
    const violation = engine.judge.violations[0];
    if (violation === undefined) continue;
    const { signature } = violation;
    random.reseed(1, number);
    const { schedule } = engine.traceFused(engine.choicesOf(walk));
    return { engine, input: { ...input, schedule }, signature };
  }
  throw new Error(`no random walk of ${WALKS_MAX} finds the bug of a witness on ${model}`);
}
