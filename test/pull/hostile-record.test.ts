/**
 * Whatever arrives as a record of a finding, it is one or it is refused, at once, and nothing of this process is
 * changed by looking at it (reliability.md S5, S6).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { packRecord } from '../../corpus/vocabulary/finding.ts';
import { sha256Hex } from '../../corpus/vocabulary/json.ts';
import { printRepro } from '../../corpus/vocabulary/repro.ts';
import type { Listed } from '../../daemon/pull/pull-listing.ts';
import { readRecord } from '../../daemon/pull/pull-record.ts';
import { arbByteMutant, arbLineMutant, intrinsics } from '../corpus/hostile.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { recordOf } from './shelf.ts';

const REVISION = 7;
const RECORD = recordOf(0);

/** What is put where something else was. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  1e308,
  '',
  'x'.repeat(5000),
  '\0',
  '\u202e',
  '\ud800',
  '__proto__',
  'constructor',
  '../../x',
  'v42-immap-read:policy=new',
  'deadlock',
  [],
  [[[[]]]],
  {},
  { toString: 1 },
  { length: 1 },
  JSON.parse('{"__proto__":{"polluted":1}}'),
];
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'x', 'id', 'repro'];

interface Edit {
  /** Picks a place in the tree. */
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'add';
  readonly value: unknown;
  readonly key: string;
}

const arbEdit: fc.Arbitrary<Edit> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('replace', 'remove', 'add'),
  value: fc.constantFrom(...HOSTILE),
  key: fc.constantFrom(...KEYS),
});

/** Of each value in the tree: how to change it. */
function placesOf(value: unknown, put: (value: unknown) => void): ((value: unknown) => void)[] {
  if (typeof value !== 'object' || value === null) return [put];
  const parts = Object.entries(value).flatMap(([key, part]) =>
    placesOf(part, (changed) => define(value, key, changed)),
  );
  return [put, ...parts];
}

/** Assigning would reach what an object inherits. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function edited(answer: { root: unknown }, { place, kind, value, key }: Edit): void {
  const places = placesOf(answer.root, (changed) => Object.assign(answer, { root: changed }));
  const put = places[place % places.length];
  const { root } = answer;
  if (kind === 'replace') put?.(value);
  else if (typeof root === 'object' && root !== null) {
    const objects = [root, ...Object.values(root)].filter((one) => typeof one === 'object');
    const target: unknown = objects[place % objects.length];
    if (typeof target !== 'object' || target === null) return;
    if (kind === 'remove') Reflect.deleteProperty(target, Object.keys(target)[place % 7] ?? '');
    else define(target, key, value);
  }
}

const arbAnswer = arbInput().map((input) => {
  const record = { ...RECORD, repro: { ...RECORD.repro, input } };
  const reproDigest = sha256Hex(printRepro(record.repro));
  return { ...RECORD.finding, revision: REVISION, reproDigest, record: packRecord(record) };
});
const arbTree = fc
  .tuple(arbAnswer, fc.array(arbEdit, { minLength: 1, maxLength: 3 }))
  .map(([answer, edits]) => {
    const holder: { root: unknown } = { root: structuredClone(answer) };
    // Each edit brings its own value, which the next one may change.
    for (const edit of edits) edited(holder, { ...edit, value: structuredClone(edit.value) });
    return JSON.stringify(holder.root);
  });
const arbRepro = fc
  .tuple(arbAnswer, arbLineMutant(arbAnswer.map(({ record }) => record.repro)))
  .map(([answer, repro]) => JSON.stringify({ ...answer, record: { ...answer.record, repro } }));

/** The law: a record that is what it says, or a reason in plain words. */
function judge(text: string): 'record' | 'refused' {
  const listed: Listed = {
    revision: REVISION,
    publishedMs: 0,
    finding: RECORD.finding,
    // What anybody may say who also says the revision; a hash of a lie is a lie.
    reproDigest: digestIn(text),
  };
  const result = readRecord(text, listed, () => true);
  if (typeof result === 'string') {
    assert.doesNotMatch(result, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.ok(result.length > 5 && result.length < 400, result);
    return 'refused';
  }
  const { finding, repro } = result;
  assert.equal(finding.id, RECORD.finding.id);
  assert.equal(sha256Hex(printRepro(repro)), listed.reproDigest);
  return 'record';
}

function digestIn(text: string): string {
  return /"reproDigest":"([0-9a-f]{64})"/.exec(text)?.[1] ?? '0'.repeat(64);
}

const ARBITRARIES: Readonly<Record<string, readonly [fc.Arbitrary<string>, number]>> = {
  'parts changed, removed and added': [arbTree, 900],
  'characters changed': [arbByteMutant(arbAnswer.map((answer) => JSON.stringify(answer))), 600],
  'lines and words of the repro changed': [arbRepro, 500],
};

for (const [what, [arb, numRuns]] of Object.entries(ARBITRARIES)) {
  test(`${what}: a record or a reason`, () => {
    const before = intrinsics();
    const seen = { record: 0, refused: 0 };
    fc.assert(
      fc.property(arb, (text) => {
        seen[judge(text)] += 1;
      }),
      { seed: RNG_SEED, numRuns },
    );
    assert.ok(seen.refused > numRuns / 2, JSON.stringify(seen));
    assert.deepEqual(intrinsics(), before);
  });
}

test('what was not changed is a record', () => {
  const law = fc.property(arbAnswer, (one) => judge(JSON.stringify(one)) === 'record');
  fc.assert(law, { seed: RNG_SEED, numRuns: 100 });
});

/** A key in every way that JSON can spell it, one character at a time. */
function spellingsOf(key: string): readonly string[] {
  const escaped = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const one = [...key].map((unit, i) => key.slice(0, i) + escaped(unit) + key.slice(i + 1));
  return [key, ...one, [...key].map(escaped).join('')];
}

test('keys that reach a prototype are refused, however they are spelled and wherever they stand', () => {
  const before = intrinsics();
  const answer = { ...RECORD.finding, revision: REVISION, record: packRecord(RECORD) };
  const text = JSON.stringify(answer);
  const places = ['"record":{', '"finding":{', '"howFound":{'];
  let tried = 0;
  for (const key of ['__proto__', 'constructor', 'prototype'].flatMap(spellingsOf)) {
    for (const place of ['{', ...places]) {
      const at = text.indexOf(place) + place.length;
      const hostile = `${text.slice(0, at)}"${key}":{"polluted":1},${text.slice(at)}`;
      assert.equal(judge(hostile), 'refused', `${key} in ${place}`);
      tried += 1;
    }
  }
  assert.ok(tried > 130, `${tried} keys`);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.deepEqual(intrinsics(), before);
});

/** As long as an answer may be, and made to be slow. */
const LONG: Readonly<Record<string, string>> = {
  'opening brackets': '['.repeat(1 << 21),
  'opening braces': '{"a":'.repeat(1 << 18),
  numbers: `[${'0,'.repeat(1 << 20)}0]`,
  quotes: '"'.repeat(1 << 21),
  backslashes: `"${'\\'.repeat(1 << 21)}"`,
  'a text of quotes': JSON.stringify({ record: { repro: '"'.repeat(1 << 19) } }),
  'a repro of comments': JSON.stringify({
    record: { ...packRecord(RECORD), repro: '#\n'.repeat(1 << 18) },
  }),
  'many models': JSON.stringify({
    record: {
      ...packRecord(RECORD),
      finding: { ...RECORD.finding, models: Array(60_000).fill('a') },
    },
  }),
};

for (const [what, text] of Object.entries(LONG)) {
  test(`as long as it may be, of ${what}: refused at once`, () => {
    // The first look at a long text compiles what looks at it.
    readRecord(
      text,
      { revision: 0, publishedMs: 0, finding: RECORD.finding, reproDigest: '' },
      () => true,
    );
    assert.equal(judge(text), 'refused');
  });
}

test('our own mistakes are not taken for those of a record', () => {
  const listed = { revision: 0, publishedMs: 0, finding: RECORD.finding, reproDigest: '' };
  const text = JSON.stringify({
    record: packRecord(RECORD),
    revision: 1,
    reproDigest: sha256Hex(printRepro(RECORD.repro)),
  });
  const ours = new TypeError('ours');
  const check = (): never => {
    throw ours;
  };
  assert.throws(
    () => readRecord(text, listed, check),
    (error) => error === ours && !(error instanceof Refusal),
  );
});
