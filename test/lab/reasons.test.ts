/** What is understood has a reason, and what is only like it has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOp, type Op } from '../../corpus/vocabulary/ops.ts';
import { reasonFor } from '../../deploy/lab/conform/reasons.ts';

const WRITE = makeOp('pwrite', { file: 0, offset: 4096, length: 2048 });
const COPY = makeOp('pwrite', {
  file: 0,
  offset: 4096,
  length: 2048,
  buffer: { area: 0, offset: 0 },
});
const READ = makeOp('pread', { file: 0, offset: 0, length: 2048, buffer: { area: 0, offset: 0 } });

const LONG = makeOp('pwrite', { file: 0, offset: 0, length: 6144 });

type Row = readonly [ops: readonly Op[], kernel: string, simulator: string, isKnown: boolean];
// biome-ignore format: a table
const ROWS: readonly Row[] = [
  [[READ], '0 4096:1919 ----', 'SIGBUS 4096:1919 ----', true],
  [[READ], '0 4096:1919 ----', 'SIGBUS 4096:1900 ----', false],
  [[COPY], 'EFAULT 4082:0000 ----', 'SIGBUS 0:---- ----', true],
  [[COPY], 'EFAULT 4096:0000 ----', 'SIGBUS 0:---- ----', false],
  [[LONG], '0 8192:02020200 -------- -', '0 8192:02020200 ----0200 -', true],
  [[LONG], '0 8192:02020200 ----0200 -', '0 8192:02020200 -------- -', false],
  [[WRITE], '0 8192:02020200 -------- -', '0 8192:02020200 ----0200 -', false],
];

for (const [ops, kernel, simulator, isKnown] of ROWS) {
  const kinds = ops.map(({ kind }) => kind).join(', ');
  test(`${kinds}: ${kernel} for ${simulator} is ${isKnown ? '' : 'not '}understood`, () => {
    assert.equal(reasonFor(ops, ops.length - 1, kernel, simulator) !== null, isKnown);
  });
}
