/** Linux and its models: bytes, sizes and ptes of 20 000 random operations; a defect of Linux is found from a fresh seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipReason } from '../support/debian.ts';
import { hold, holdsEach } from './held.ts';

const OPERATIONS = 20_000;
/** One case in two thousand shows B57. */
const OPERATIONS_B57 = 40_000;

await holdsEach(OPERATIONS);

const skip = await skipReason('qemu-system-x86');
test('B57 is found where a model without it is held against ext4', { skip }, async () => {
  const held = await hold('ext4', 'modern-ext4:alloc=own_block', OPERATIONS_B57);
  const found = held.differences.map(({ input }) =>
    input.threads.flatMap(({ ops }) => ops.map(({ kind }) => kind)).join(' '),
  );
  assert.ok(
    found.some((kinds) => /^(load \w+|\w+ load) pwrite$/.test(kinds)),
    found.join('; '),
  );
  assert.ok(held.splits.length > 0, 'read(2) and a mapping of one kernel differ');
});
