/** Linux and its models: bytes, sizes and ptes of 20 000 random operations; a defect of Linux is found from a fresh seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conformity } from '../../deploy/lab/conform/conform.ts';
import { compile } from '../../workers/model/compile.ts';
import { modelOf } from '../../workers/models/registry.ts';
import { skipReason } from '../support/debian.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { hold, holdsEach } from './held.ts';
import { as, operationsOf } from './simulated.ts';

const OPERATIONS = 20_000;
/** One case in two thousand shows B57. */
const OPERATIONS_B57 = 40_000;

await holdsEach(OPERATIONS);

const skip = await skipReason('qemu-system-x86');
test('B57 is found where a model without it is held against ext4', { skip }, async () => {
  const held = await hold('ext4', 'modern-ext4:alloc=own_block', OPERATIONS_B57);
  const found = operationsOf(held);
  assert.ok(
    found.some((kinds) => /^(load \w+|\w+ load) pwrite$/.test(kinds)),
    found.join('; '),
  );
  assert.ok(held.splits.length > 0, 'read(2) and a mapping of one kernel differ');
});

test('a kernel that is wrong everywhere: eight kinds are shrunk, the others are named', async () => {
  const wrong = as('modern-ext4', (lines) => lines.map((line, i) => (i === 0 ? line : `${line}?`)));
  const shrinking: string[] = [];
  const told = {
    played: () => {},
    shrinking: (number: number, of: number, kind: string) =>
      shrinking.push(`${number} of ${of}: ${kind}`),
  };
  const model = compile(modelOf('modern-ext4'));
  const found = await new Conformity(wrong, model).compare(RNG_SEED, 2000, told);
  assert.equal(found.differences.length, 8);
  assert.equal(shrinking.length, 8);
  assert.match(shrinking[2] ?? '', /^3 of 8: \w+$/);
  assert.ok(found.notShrunk.length > 0);
  const shown = operationsOf(found).map((kinds) => kinds.split(' ').at(-1) ?? '');
  assert.deepEqual(
    found.notShrunk.filter((kind) => shown.includes(kind)),
    [],
  );
  assert.ok(found.differences.every(({ isSmallest }) => isSmallest));
});
