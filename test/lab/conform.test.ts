/**
 * Two sides that play the same operations: the simulator under one model stands for a kernel, and is held against another
 * model. What differs is found, and shrunk; what does not is silent. And `guest/play` on this machine's own file system.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { kindsPlayed, NOT_PLAYED } from '../../deploy/lab/conform/cases.ts';
import { type Conformed, Conformity, type Real } from '../../deploy/lab/conform/conform.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { as, operationsOf, UNTOLD } from './simulated.ts';

const OPERATIONS = 4000;
/** One case in two thousand shows B57. */
const OPERATIONS_B57 = 40_000;

function held(kernel: string, model: string, operations = OPERATIONS): Promise<Conformed> {
  return new Conformity(as(kernel), compile(modelOf(model))).compare(RNG_SEED, operations, UNTOLD);
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

test('as few cases are played as the operations need', async () => {
  const { operations, cases } = await held('modern-ext4', 'modern-ext4', 20);
  assert.ok(operations >= 20 && operations < 60, String(operations));
  assert.ok(cases < 10, String(cases));
});

test('an operation that the file system does not have ends its case', async () => {
  const refusing = as('modern-ext4', ([setup = '', ...lines]) => [
    setup,
    ...lines.map((line, i) => (i === 1 ? 'EOPNOTSUPP 0:' : i > 1 ? 'other' : line)),
  ]);
  const model = compile(modelOf('modern-ext4'));
  const found = await new Conformity(refusing, model).compare(RNG_SEED, 500, UNTOLD);
  assert.deepEqual(found.differences, []);
  assert.ok(found.refused > 0 && found.refused <= found.cases);
  assert.ok(found.compared <= found.cases && found.compared * 2 < found.operations);
});

test('without DAX a page that one side does not map is no difference, other bytes are one', async () => {
  const changed = (pattern: RegExp, to: string) => (lines: readonly string[]) =>
    lines.map((line) =>
      line
        .split(' ')
        .map((part, i) => (i > 0 && !part.includes(':') ? part.replaceAll(pattern, to) : part))
        .join(' '),
    );
  const model = compile(modelOf('modern-ext4'));
  const found = (real: Real): Promise<Conformed> =>
    new Conformity(real, model).compare(RNG_SEED, 100, UNTOLD);
  const around = as('modern-ext4', changed(/--/g, '77'));
  assert.deepEqual((await found({ ...around, hasDax: false })).differences, []);
  const other = as('modern-ext4', changed(/00/g, '77'));
  assert.notDeepEqual((await found({ ...other, hasDax: false })).differences, []);
});

test('every operation is played, or says why not', () => {
  for (const kind of OP_KINDS) {
    assert.notEqual(kindsPlayed(true).includes(kind), NOT_PLAYED[kind] !== undefined, kind);
  }
});
