/** JSON with places: it takes what JSON.parse takes, refuses the rest where it goes wrong, and never crashes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { inputFromJson, inputToJson } from '../../corpus/vocabulary/input-json.ts';
import { isJsonObject, type Json, readJson } from '../../corpus/vocabulary/json.ts';
import { type JsonPath, openJson } from '../../corpus/vocabulary/json-text.ts';
import { JSON_PARTS_MAX, TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import type { Spot } from '../../corpus/vocabulary/spots.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { arbByteMutant, assertBounded, assertPlaces, intrinsics } from './hostile.ts';

function refusalOf(text: string): Refusal | null {
  try {
    openJson(text, 'f.json', 'INPUT_INVALID');
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const whole = fc.maxSafeInteger();
const arbJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(whole, fc.boolean(), fc.constant(null), fc.string({ unit: 'binary' })),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('value'), { maxKeys: 5 }),
  ),
})).value;
/** As people and programs lay it out. */
const arbText = fc
  .tuple(arbJson, fc.constantFrom('', ' ', '\t', '  '), fc.constantFrom('', '\n', '\r\n \n'))
  .map(([value, indent, before]) => `${before}${JSON.stringify(value, null, indent)}${before}`);

test('what is read is what JSON.parse reads, or not canonical, or has a duplicate key', () => {
  const before = intrinsics();
  const seen = { read: 0, broken: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(arbText, arbByteMutant(arbText)), (text) => {
      const value = parsed(text);
      const refusal = refusalOf(text);
      if (refusal !== null) {
        assertPlaces(text, refusal);
        seen[value === undefined ? 'broken' : 'refused'] += 1;
        const isOurs = /duplicate|refused|whole number|nested deeper/.test(refusal.message);
        assert.equal(isOurs || value === undefined, true, refusal.message);
        return;
      }
      seen.read += 1;
      assert.deepEqual(openJson(text, 'f.json', 'INPUT_INVALID').value, value);
      assert.deepEqual(readJson(text), value);
    }),
    { seed: RNG_SEED | 0, numRuns: 2000 },
  );
  assert.ok(seen.read > 250 && seen.broken > 250, JSON.stringify(seen));
  assert.deepEqual(intrinsics(), before);
});

test('every value and every key is where its spot says', () => {
  const check = (
    text: string,
    value: Json,
    path: JsonPath,
    spotOf: (path: JsonPath, key?: string) => Spot,
  ): void => {
    const textAt = ({ line, column }: Spot): string =>
      text
        .split('\n')
        .slice(line - 1)
        .join('\n')
        .slice(column - 1);
    const here = textAt(spotOf(path));
    if (Array.isArray(value)) {
      assert.ok(here.startsWith('['));
      for (const [i, part] of value.entries()) check(text, part, [...path, i], spotOf);
    } else if (isJsonObject(value)) {
      assert.ok(here.startsWith('{'));
      for (const [key, part] of Object.entries(value)) {
        assert.ok(textAt(spotOf(path, key)).startsWith(JSON.stringify(key)));
        check(text, part, [...path, key], spotOf);
      }
    } else
      assert.ok(
        here.startsWith(JSON.stringify(value)),
        `${here.slice(0, 20)} at ${path.join('.')}`,
      );
  };
  fc.assert(
    fc.property(arbText, (text) => {
      if (refusalOf(text) !== null) return;
      const { value, spotOf } = openJson(text, 'f.json', 'INPUT_INVALID');
      check(text, value, [], spotOf);
      assert.deepEqual(spotOf(['none such', 7]), spotOf([]));
    }),
    { seed: RNG_SEED | 0, numRuns: 500 },
  );
});

/** A text, and the refusal that it gets. */
const REFUSED: readonly (readonly [text: string, message: string])[] = [
  ['', 'f.json:1:1: expected a value, found the end of the text'],
  ['\ufeff{}', 'f.json:1:1: expected a value, found "\\u{feff}"'],
  ['{\n  "a": 1,\n}', 'f.json:2:9: the comma before "}" is one too many'],
  ['[1, 2 , ]', 'f.json:1:7: the comma before "]" is one too many'],
  ['{,}', 'f.json:1:2: expected a key in double quotes, found ","'],
  ["{'a': 1}", 'f.json:1:2: expected a key in double quotes, found "\'"'],
  ['{"a" 1}', 'f.json:1:6: expected ":", found "1"'],
  ['{"a": 1 "b": 2}', 'f.json:1:9: expected "," or "}", found """'],
  ['[1, 2', 'f.json:1:6: expected "," or "]", found the end of the text'],
  ['[01]', 'f.json:1:3: expected "," or "]", found "1"'],
  ['[nul]', 'f.json:1:2: expected a value, found "nul"'],
  ['{"a": "x\n"}', 'f.json:1:9: expected the closing " of a string, found "\\u{a}"'],
  ['["\\x"]', 'f.json:1:3: expected an escape such as \\n or \\u00e9, found "\\"'],
  ['{} // why', 'f.json:1:4: expected the end of the text, found "/"'],
  ['{"a": 1.5}', 'f.json:1:7: 1.5 is not a whole number'],
  ['{"a": 1,\n "a": 2}', 'f.json:2:2: the key "a" is a duplicate'],
  ['{"__proto__": {}}', 'f.json:1:2: the key "__proto__" is refused'],
  ['['.repeat(33), 'f.json:1:33: nested deeper than 32'],
  [`[${'0,'.repeat(JSON_PARTS_MAX)}0]`, 'f.json:1:131072: more than 65536 values'],
  [' '.repeat(TEXT_BYTES_MAX + 1), 'f.json:1:1: 1048577 characters, at most 1048576'],
];

test('what is no JSON is refused where it goes wrong', () => {
  for (const [text, message] of REFUSED) assert.equal(refusalOf(text)?.message, message);
});

test('numbers that are not whole, keys twice and keys that are refused are listed together', () => {
  const refusal = refusalOf('{"a": 1.5,\n "b": [-0, 2],\n "b": {"constructor": 1e400}}');
  const found = refusal?.problems.map(({ line, column, what }) => `${line}:${column} ${what}`);
  assert.deepEqual(found, [
    '1:7 1.5 is not a whole number',
    '2:8 -0 is not a whole number',
    '3:2 the key "b" is a duplicate',
    '3:8 the key "constructor" is refused',
    '3:23 1e400 is not a whole number',
  ]);
  const many = refusalOf(`[${'0.5,'.repeat(1000)}0]`);
  assert.deepEqual([many?.problems.length, many?.more], [20, 980]);
});

test('the longest hostile JSON is answered in bounded time', () => {
  const units = ['[', '{"a":', '"', '\\', '0,', '[],', '0.5,', 'x', ' ', '\n', '\\u0000', '"a":1,'];
  for (const unit of units) {
    for (const open of ['', '{"a":[', '{']) {
      const text = (open + unit.repeat(TEXT_BYTES_MAX / unit.length)).slice(0, TEXT_BYTES_MAX);
      const work = (size: number): void => void refusalOf(text.slice(0, size));
      assertBounded(work, text.length, JSON.stringify(open + unit));
    }
  }
});

test('the JSON of an input that was changed is an input or a refusal with a place', () => {
  const seen = { value: 0, refusal: 0 };
  const texts = arbInput().map((input) => JSON.stringify(inputToJson(input), null, 1));
  const words = fc.constantFrom('"a"', '-1', '1e9', 'null', '[]', '{}', '"store"', '0.5', '7');
  const arbMutant = fc.tuple(texts, fc.nat(), words).map(([text, at, word]) => {
    const values = [...text.matchAll(/(?<=: )[^\s,[{]+/g)];
    const { index = 0, 0: old = '' } = values[at % values.length] ?? {};
    return text.slice(0, index) + word + text.slice(index + old.length);
  });
  fc.assert(
    fc.property(fc.oneof(arbMutant, arbByteMutant(texts)), (text) => {
      try {
        const { value, spotOf } = openJson(text, 'f.json', 'INPUT_INVALID');
        inputFromJson(value, 'f.json', { spotOf, base: [] });
        seen.value += 1;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        seen.refusal += 1;
        if (error.code !== 'FORMAT_NEWER') assertPlaces(text, error);
      }
    }),
    { seed: RNG_SEED | 0, numRuns: 1500 },
  );
  assert.ok(seen.value > 20 && seen.refusal > 100, JSON.stringify(seen));
});

test('all that is wrong with the JSON of an input is refused together, in its order', () => {
  const text = JSON.stringify(
    {
      format: 'faultline input',
      version: 1,
      setup: { files: [{ size: '0', pages: ['wet'] }], processes: [{}] },
      threads: [{ process: 0, ops: [{ kind: 'stroe' }, { kind: 'fsync', fil: 0 }] }],
      schedule: { first: 0 },
    },
    null,
    1,
  );
  const { value, spotOf } = openJson(text, 'f.json', 'INPUT_INVALID');
  assert.throws(
    () => inputFromJson(value, 'f.json', { spotOf, base: [] }),
    (error: Refusal) => {
      assertPlaces(text, error);
      const places = error.problems.map(({ where }) => where);
      assert.deepEqual(places, [
        'setup.files[0].size',
        'setup.files[0].pages[0]',
        'setup.processes[0]',
        'threads[0].ops[0].kind',
        'threads[0].ops[1]',
        'threads[0].ops[1]',
        'schedule',
      ]);
      assert.match(error.problems[3]?.what ?? '', /; the nearest is store$/);
      assert.match(error.problems[5]?.what ?? '', /no field "fil"; the nearest is file$/);
      return true;
    },
  );
});
