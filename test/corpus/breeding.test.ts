/** Fresh and mutated workloads: valid, drawn from one number, and of every kind there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  arbInput,
  arbWorkload,
  generateWorkload,
  generatorOf,
} from '../../corpus/breeding/generate.ts';
import { mutate, mutateBy } from '../../corpus/breeding/mutate.ts';
import { OPERATORS } from '../../corpus/breeding/operators.ts';
import { COMMON } from '../../corpus/breeding/weights.ts';
import type { Workload } from '../../corpus/vocabulary/input.ts';
import { EMPTY_SCHEDULE } from '../../corpus/vocabulary/input.ts';
import { FILES, OPS, THREADS } from '../../corpus/vocabulary/limits.ts';
import { OP_KINDS, OPERATIONS, SHARINGS } from '../../corpus/vocabulary/ops.ts';
import { Random } from '../../corpus/vocabulary/random.ts';
import { parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput, checkWorkload } from '../../corpus/vocabulary/validate.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const DRAWS = 5000;

function fresh(count: number, stream: number): readonly Workload[] {
  const rng = new Random(RNG_SEED, stream);
  return Array.from({ length: count }, () => generateWorkload(rng));
}

function textOf(workload: Workload): string {
  return printInput({ ...workload, schedule: EMPTY_SCHEDULE });
}

test('every fresh workload is valid, and is what its text says', () => {
  for (const workload of fresh(DRAWS, 1)) {
    assert.equal(checkWorkload(workload), null);
    const { setup, threads } = parseInput(textOf(workload), 'fresh');
    assert.deepEqual({ setup, threads }, workload);
  }
});

test('every mutated workload is valid, over generations and with two parents', () => {
  const rng = new Random(RNG_SEED, 2);
  const parents = fresh(64, 3);
  let child = parents[0] ?? assert.fail();
  for (let i = 0; i < DRAWS; i++) {
    child = mutate(
      rng,
      i % 50 === 0 ? rng.pick(parents) : child,
      rng.oneIn(3) ? null : rng.pick(parents),
    );
    const problem = checkWorkload(child);
    assert.equal(problem, null, `${problem}\n${textOf(child)}`);
  }
});

test('the same number gives the same workloads and the same children', () => {
  const family = (): readonly string[] => {
    const rng = new Random(RNG_SEED, 4);
    const parents = Array.from({ length: 50 }, () => generateWorkload(rng));
    const children = parents.map((parent) => mutate(rng, parent, rng.pick(parents)));
    return [...parents, ...children].map(textOf);
  };
  assert.deepEqual(family(), family());
});

test('streams forked for different purposes do not disturb each other', () => {
  const run = (draws: number): string => {
    const root = new Random(RNG_SEED, 5);
    const mutation = root.fork('mutate');
    const generation = root.fork('generate');
    for (let i = 0; i < draws; i++) mutation.next();
    return textOf(generateWorkload(generation));
  };
  assert.equal(run(0), run(7));
  const root = new Random(RNG_SEED, 5);
  assert.notEqual(root.fork('mutate').next(), root.fork('generate').next());
});

test('a child is not its parent, and leaves its parent as it was', () => {
  const rng = new Random(RNG_SEED, 6);
  const parents = fresh(500, 7);
  const before = parents.map(textOf);
  const children = parents.map((parent) => textOf(mutate(rng, parent, rng.pick(parents))));
  assert.deepEqual(parents.map(textOf), before);
  const same = children.filter((child, i) => child === before[i]).length;
  // Two changes may undo each other: 1-2 % of the children were seen to come out like their parent.
  assert.ok(same < 25, `${same} of 500 children are like their parent`);
});

test('every operator finds something to change, and all that it makes is valid', () => {
  const rng = new Random(RNG_SEED, 8);
  const parents = fresh(400, 9);
  for (const operator of OPERATORS) {
    let changed = 0;
    for (const parent of parents) {
      const child = mutateBy(operator, rng, parent, rng.pick(parents));
      if (child === null) continue;
      assert.equal(checkWorkload(child), null, `${operator.name}\n${textOf(parent)}`);
      if (textOf(child) !== textOf(parent)) changed += 1;
    }
    assert.ok(changed >= 20, `${operator.name} changed ${changed} of 400`);
  }
});

test('mutation ends: the smallest and the largest workloads have children too', () => {
  const rng = new Random(RNG_SEED, 10);
  const one = 'faultline input 1\nfile A size 0\nprocess P0\nthread T0 P0\n';
  const ops = 'pwrite A 30720 2048 from a0 0\n'.repeat(OPS);
  const threads = Array.from({ length: THREADS }, (_, i) => `thread T${i} P0\n${ops}`).join('');
  const setup = 'file A size 0\nfile B size 0\nprocess P0\nprocess P1\n';
  const full = `faultline input 1\n${setup}${threads}`;
  for (const text of [one, full]) {
    const parent = parseInput(text, 'extreme');
    for (let i = 0; i < 500; i++) assert.equal(checkWorkload(mutate(rng, parent, parent)), null);
  }
});

test('special kinds are drawn, fresh and by mutation, where a model has them', () => {
  const everything = { kinds: OP_KINDS, sharings: SHARINGS, hasSync: true };
  const rng = new Random(RNG_SEED, 12);
  const generate = generatorOf(everything);
  const drawn = Array.from({ length: 1000 }, () => generate(rng));
  const mutants = fresh(1000, 13).map((parent) => mutate(rng, parent, null, everything));
  for (const workloads of [drawn, mutants]) {
    const kinds = new Set(workloads.flatMap(({ threads }) => threads.flatMap(kindsOf)));
    for (const kind of OP_KINDS) if (OPERATIONS[kind].isSpecial) assert.ok(kinds.has(kind), kind);
    const areas = workloads.flatMap(({ setup }) => setup.processes.flatMap((one) => one.areas));
    assert.ok(areas.some((area) => area?.sharing === 'sync'));
    const ops = workloads.flatMap(({ threads }) => threads.flatMap((thread) => thread.ops));
    assert.ok(ops.some((op) => 'sync' in op));
  }
});

test('fresh workloads are mostly small, mostly two threads, and of every common kind', () => {
  const workloads = fresh(DRAWS, 11);
  const share = (isSo: (workload: Workload) => boolean): number =>
    workloads.filter(isSo).length / workloads.length;
  const kinds = new Set(workloads.flatMap(({ threads }) => threads.flatMap(kindsOf)));
  assert.deepEqual([...kinds].sort(), [...COMMON.kinds].sort());
  const counts = {
    onePage: share(({ setup }) => setup.files.every(({ pages }) => pages.length <= 3)),
    twoThreads: share(({ threads }) => threads.length === 2),
    threeThreads: share(({ threads }) => threads.length === 3),
    fewOps: share(({ threads }) => threads.every(({ ops }) => ops.length <= 3)),
    twoProcesses: share(({ setup }) => setup.processes.length === 2),
    buffered: share(({ threads }) => threads.some(({ ops }) => ops.some((op) => 'buffer' in op))),
  };
  const atLeast = {
    onePage: 0.8,
    twoThreads: 0.65,
    threeThreads: 0.1,
    fewOps: 0.65,
    twoProcesses: 0.4,
    buffered: 0.05,
  };
  for (const [name, least] of Object.entries(atLeast)) {
    const found = Object.entries(counts).find(([key]) => key === name)?.[1] ?? 0;
    assert.ok(found >= least, `${name}: ${found} < ${least}`);
  }
});

test('in some workloads two threads read or write one file through a mapping of the other', () => {
  const crosswise = fresh(DRAWS, 12).filter(({ setup, threads }) => {
    const copies = threads.map(({ process, ops }) =>
      ops.flatMap((op) => {
        if (!('buffer' in op) || op.buffer === null) return [];
        const from = setup.processes[process]?.areas[op.buffer.area]?.file;
        return [`${from} to ${op.file}`];
      }),
    );
    return ['0 to 1', '1 to 0'].every((copy) => copies.some((ofThread) => ofThread.includes(copy)));
  });
  assert.ok(crosswise.length >= DRAWS / 1000, `${crosswise.length} of ${DRAWS}`);
});

function kindsOf({ ops }: Workload['threads'][number]): readonly string[] {
  return ops.map(({ kind }) => kind);
}

test('options narrow what is drawn, and shrinking stays valid', () => {
  const options = {
    kinds: ['load', 'punch'],
    threadsMax: 2,
    opsMax: 2,
    pagesMax: 1,
    filesMax: 1,
  } as const;
  fc.assert(
    fc.property(arbWorkload({ ...options, processesMax: 1 }), ({ setup, threads }) => {
      assert.ok(setup.files.length === 1 && setup.processes.length === 1 && threads.length <= 2);
      assert.ok(threads.every(({ ops }) => ops.length <= 2));
      assert.ok(threads.flatMap(kindsOf).every((kind) => kind === 'load' || kind === 'punch'));
    }),
    { seed: RNG_SEED, numRuns: 500 },
  );
  const problems: (string | null)[] = [];
  const failing = fc.property(arbInput(), (input) => {
    problems.push(checkInput(input));
    return input.threads.length < 2 || input.setup.files.length < FILES;
  });
  const details = fc.check(failing, { seed: RNG_SEED, numRuns: 1000 });
  assert.ok(details.failed && details.numShrinks > 0);
  assert.ok(problems.every((problem) => problem === null));
  const { setup, threads, schedule } = details.counterexample?.[0] ?? assert.fail();
  assert.equal(setup.processes.length, 1);
  assert.ok(threads.every(({ ops }) => ops.length === 1));
  assert.deepEqual(schedule, EMPTY_SCHEDULE);
});
