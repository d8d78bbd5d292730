/**
 * Two sides that play the same operations: the simulator under one model stands for a kernel, and is held against another
 * model. What differs is found, and shrunk; what does not is silent. And `guest/play` on this machine's own file system.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { kindsPlayed, NOT_PLAYED, type Seen } from '../../deploy/lab/conform/cases.ts';
import { type Conformed, Conformity, type Play } from '../../deploy/lab/conform/conform.ts';
import { simulate } from '../../deploy/lab/conform/simulator.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const OPERATIONS = 4000;
/** One case in two thousand shows B57. */
const OPERATIONS_B57 = 40_000;

/** What a file system would show whose paths were those of the model. */
function as(reference: string): Play {
  const program = compile(modelOf(reference));
  return async (cases) =>
    cases.map((input): Seen => ({ lines: simulate(program, input).seen, split: -1 }));
}

function held(kernel: string, model: string, operations = OPERATIONS): Promise<Conformed> {
  const conformity = new Conformity(
    kindsPlayed(kernel.includes('reflink=on')),
    compile(modelOf(model)),
    as(kernel),
  );
  return conformity.compare(RNG_SEED, operations, () => {});
}

function operationsOf({ differences }: Conformed): readonly string[] {
  return differences.map(({ input }) =>
    input.threads.flatMap(({ ops }) => ops.map(({ kind }) => kind)).join(' '),
  );
}

for (const model of ['modern-ext4', 'modern-xfs', 'modern-xfs:reflink=on']) {
  test(`${model} conforms to itself`, async () => {
    const { differences, operations } = await held(model, model);
    assert.ok(operations >= OPERATIONS);
    assert.deepEqual(differences, []);
  });
}

test('B58, a store behind EOF that shows when the file grows: two operations are left', async () => {
  const found = operationsOf(await held('modern-ext4', 'modern-ext4:tail=zero'));
  assert.ok(found.includes('store truncate'), found.join('; '));
});

test('B57, a zero page that a pwrite leaves mapped: three operations are left', async () => {
  const found = operationsOf(
    await held('modern-ext4', 'modern-ext4:alloc=own_block', OPERATIONS_B57),
  );
  // What converts the neighbours is a store or another pwrite.
  assert.ok(
    found.some((kinds) => /^(load \w+|\w+ load) pwrite$/.test(kinds)),
    found.join('; '),
  );
});

test('every operation is played, or says why not', () => {
  for (const kind of OP_KINDS) {
    assert.notEqual(kindsPlayed(true).includes(kind), NOT_PLAYED[kind] !== undefined, kind);
  }
});
