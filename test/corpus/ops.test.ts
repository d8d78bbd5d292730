/** The table of operations: its columns make sense, every part of the code reads it, and the guide shows it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { opAt, rangeAt, rangeOf } from '../../corpus/breeding/op-shape.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../corpus/vocabulary/limits.ts';
import {
  type Argument,
  OP_KINDS,
  OPERATIONS,
  type OpKind,
  SHARINGS,
  weakerKinds,
} from '../../corpus/vocabulary/ops.ts';
import { PACKAGE_ROOT } from '../support/package-root.ts';
import { assertTables, table } from '../support/tables.ts';

const AREA = { file: 0, offset: 0, length: PAGE_BYTES, sharing: 'shared' } as const;

test('weaker kinds are kinds, rank below, and are made from every range', () => {
  for (const kind of OP_KINDS) {
    for (const weaker of weakerKinds(kind)) {
      assert.ok(OP_KINDS.includes(weaker), weaker);
      assert.ok(OPERATIONS[weaker].rank < OPERATIONS[kind].rank, `${weaker} for ${kind}`);
    }
  }
});

test('an operation made on a range is about that range', () => {
  const choice = { area: 0, buffered: false };
  for (const kind of OP_KINDS) {
    const range = rangeAt(0, 0, OPERATIONS[kind].unit);
    const about = rangeOf(opAt(kind, range, [AREA], choice), [AREA]);
    if (about !== null) assert.deepEqual([about.file, about.offset], [0, 0], kind);
    else assert.deepEqual(OPERATIONS[kind].args, []);
  }
});

test('a buffer has a direction, and only where there is one', () => {
  for (const kind of OP_KINDS) {
    const { args, buffer, unit, grain } = OPERATIONS[kind];
    assert.equal(args.includes('buffer'), buffer !== undefined, kind);
    assert.ok(
      [unit, grain].every((bytes) => bytes === LINE_BYTES || bytes === PAGE_BYTES),
      kind,
    );
  }
});

const WORDS: Readonly<Record<Exclude<Argument, 'buffer'>, string>> = {
  sync: '[sync]',
  area: 'a0',
  file: 'A',
  offset: 'OFF',
  length: 'LEN',
  size: 'SIZE',
  sharing: SHARINGS.join('\\|'),
};

function formOf(kind: OpKind): string {
  const { args, buffer } = OPERATIONS[kind];
  const words = args.map((arg) => (arg === 'buffer' ? `[${buffer} a0 OFF]` : WORDS[arg]));
  return `\`${[kind, ...words].join(' ')}\``;
}

function operationTable(): string {
  const rows = OP_KINDS.map((kind) => {
    const { says, unit, isOptional } = OPERATIONS[kind];
    const of = unit === PAGE_BYTES ? 'whole pages' : '';
    return [formOf(kind), says, of, isOptional ? 'may be lacking' : ''];
  });
  return table(['operation', 'is', 'takes', 'in a model'], rows);
}

test('the guide lists them', () => {
  assertTables(path.join(PACKAGE_ROOT, 'corpus'), { operations: operationTable });
});
