/** All workloads of a size: each once, none left out, by numbers that stay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enumeration, rawCountOf, type Universe } from '../../corpus/breeding/universe.ts';
import { EMPTY_SCHEDULE, type Workload } from '../../corpus/vocabulary/input.ts';
import { OP_KINDS, OPERATIONS } from '../../corpus/vocabulary/ops.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { checkWorkload } from '../../corpus/vocabulary/validate.ts';
import { everyWorkload, SMALL, sameness, WEEKLY, WITHIN } from '../support/universes.ts';

const USUAL = OP_KINDS.filter((kind) => !OPERATIONS[kind].isSpecial);

/** Reviewed like code: another count is a decision, and `check` begins anew. */
const COUNTS: readonly (readonly [string, Universe, number])[] = [
  ['two operations on two pages', SMALL, 286],
  ['one thread', { ...SMALL, threads: 1 }, 58],
  ['usual kinds, one operation', { ...SMALL, kinds: USUAL }, 8477],
  ['three threads', { ...SMALL, threads: 3 }, 1010],
  ['two lines', { ...SMALL, ...WITHIN, pages: 1, lines: 2 }, 160],
  ['two files', { ...SMALL, pages: 1, files: 2 }, 190],
  ['two sorts of mappings', { ...SMALL, sharings: ['shared', 'private'] }, 539],
  ['of the weekly lane', WEEKLY, 488_136],
];

for (const [name, universe, count] of COUNTS) {
  test(`${name}: ${count} workloads`, () => {
    const enumeration = new Enumeration(universe);
    assert.equal(enumeration.count, count);
    assert.ok(count <= rawCountOf(universe));
  });
}

function all(enumeration: Enumeration): readonly Workload[] {
  const slices = Array.from({ length: enumeration.slices }, (_, slice) => slice);
  return slices.flatMap((slice) => enumeration.workloadsOf(slice));
}

const textOf = (workload: Workload): string =>
  printInput({ ...workload, schedule: EMPTY_SCHEDULE });

for (const universe of [
  { ...SMALL, kinds: OP_KINDS, pages: 1 },
  { ...SMALL, threads: 3 },
  { ...SMALL, files: 2, pages: 1, ops: 2 },
]) {
  test(`each workload once, valid, by its number: ${JSON.stringify(universe)}`, () => {
    const enumeration = new Enumeration(universe);
    const workloads = all(enumeration);
    assert.equal(workloads.length, enumeration.count);
    assert.equal(new Set(workloads.map(textOf)).size, workloads.length);
    for (const workload of workloads) assert.equal(checkWorkload(workload), null);
    for (let number = 0; number < workloads.length; number += 397) {
      assert.deepEqual(enumeration.workload(number), workloads[number]);
      assert.deepEqual([...enumeration.workloadsFrom(number)], workloads.slice(number));
    }
    const sizes = workloads.map(({ threads }) => threads.length);
    assert.deepEqual(sizes, sizes.toSorted(), 'fewer threads first');
  });
}

for (const universe of [
  SMALL,
  { ...SMALL, ...WITHIN, pages: 1, lines: 2 },
  { ...SMALL, files: 2, pages: 1 },
  { ...SMALL, pages: 1, ops: 2 },
  { ...SMALL, pages: 1, threads: 3 },
]) {
  test(`one of all that are the same but for names: ${JSON.stringify(universe)}`, () => {
    const classes = new Set([...everyWorkload(universe)].map(sameness));
    const found = all(new Enumeration(universe)).map(sameness);
    assert.equal(new Set(found).size, found.length, 'no two are the same');
    assert.equal(found.length, classes.size, 'none is left out');
    assert.ok(found.every((one) => classes.has(one)));
  });
}
