/** FILE takes an input or a repro, as text or as JSON, and refuses everything else with a coded error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { type InputJson, inputToJson } from '../../corpus/vocabulary/input-json.ts';
import { isJsonObject, readJson } from '../../corpus/vocabulary/json.ts';
import { printRepro, type Repro } from '../../corpus/vocabulary/repro.ts';
import { type ReproJson, reproToJson } from '../../corpus/vocabulary/repro-json.ts';
import { printInput } from '../../corpus/vocabulary/text.ts';
import { parseSubject } from '../../daemon/cli/options/subject.ts';
import { arbByteMutant, arbLineMutant, assertPlaces, intrinsics } from '../corpus/hostile.ts';
import { sampleRecord } from '../store/sample.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const arbRepro: fc.Arbitrary<Repro> = fc
  .tuple(arbInput(), fc.boolean(), fc.boolean())
  .map(([input, isKnown, hasOrigin]) => {
    const { repro } = sampleRecord();
    const catalogue = isKnown ? repro.catalogue : null;
    return { ...repro, input, catalogue, origin: hasOrigin ? repro.origin : null };
  });

test('each form of an input and of a repro is recognised', () => {
  fc.assert(
    fc.property(arbRepro, (repro) => {
      const { input } = repro;
      const forms = [
        [printInput(input), null],
        [JSON.stringify(inputToJson(input)), null],
        [printRepro(repro), repro],
        [JSON.stringify(reproToJson(repro), null, 2), repro],
        [printRepro(repro).replace(/^/gm, '> '), repro],
      ] as const;
      for (const [text, expected] of forms) {
        const subject = parseSubject(text, 'law', null);
        assert.deepEqual(subject.input, input);
        assert.deepEqual(subject.repro, expected);
      }
    }),
    { seed: RNG_SEED, numRuns: 200 },
  );
});

test('a spoiled repro is a repro or a refusal, and leaves the language as it was', () => {
  const before = intrinsics();
  const texts = arbRepro.map((repro) => JSON.stringify(reproToJson(repro)));
  fc.assert(
    fc.property(arbByteMutant(texts), (text) => {
      try {
        parseSubject(text, 'mutant', null);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
    { seed: RNG_SEED, numRuns: 2000 },
  );
  assert.deepEqual(intrinsics(), before);
});

/** The code of the refusal, or null; whatever the text, it says where it goes wrong. */
function refusedWith(text: string): string | null {
  try {
    parseSubject(text, 'bytes', null);
    return null;
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    if (error.exit === 2) assertPlaces(text, error);
    else assert.equal(error.code, 'FORMAT_NEWER');
    return error.code;
  }
}

test('any bytes are an input, a repro, or a refusal with a place', () => {
  const bytes = fc
    .uint8Array({ maxLength: 300 })
    .map((array) => Buffer.from(array).toString('utf8'));
  const heads = [
    '',
    '{',
    '{"format":"faultline repro",',
    'faultline repro 1\n',
    'faultline input 1\n',
  ];
  const arbBytes = fc.tuple(fc.constantFrom(...heads), bytes).map(([head, tail]) => head + tail);
  const arbForms = arbRepro.chain((repro) =>
    fc.constantFrom(
      printInput(repro.input),
      printRepro(repro),
      JSON.stringify(inputToJson(repro.input), null, 2),
      JSON.stringify(reproToJson(repro), null, 2),
    ),
  );
  const seen = new Set<string | null>();
  fc.assert(
    fc.property(fc.oneof(arbBytes, arbByteMutant(arbForms), arbLineMutant(arbForms)), (text) => {
      seen.add(refusedWith(text));
    }),
    { seed: RNG_SEED, numRuns: 3000 },
  );
  for (const code of [null, 'INPUT_SYNTAX', 'INPUT_INVALID']) assert.ok(seen.has(code), `${code}`);
});

test('slips in the JSON of an input are refused where they stand', () => {
  const text = JSON.stringify(
    {
      format: 'faultline input',
      version: 1,
      setup: { files: [{ size: 0, pages: [] }], processes: [{ areas: [null, null] }] },
      threads: [
        {
          process: 0,
          ops: [
            { kind: 'load', area: 0, offset: 0 },
            { kind: 'fsync', file: 1 },
          ],
        },
      ],
      schedule: { first: 0, switches: [] },
    },
    null,
    1,
  );
  assert.throws(
    () => parseSubject(text, 'f.json', null),
    (error: Refusal) => {
      assertPlaces(text, error);
      const lines = error.problems.map(({ line }) =>
        text
          .split('\n')
          .slice(line ?? 0)[0]
          ?.trim(),
      );
      assert.deepEqual(lines, ['"kind": "load",', '"kind": "fsync",']);
      return true;
    },
  );
});

test('the spot of a part is known for a plain input, from text and from JSON, and not for a repro', () => {
  const switches = [{ thread: 0, op: 0, label: 'fault/x', occurrence: 1, to: 0 }];
  const input = { ...sampleRecord().repro.input, schedule: { first: 0, switches } };
  const text = printInput(input);
  const json = JSON.stringify(inputToJson(input), null, 1);
  for (const [form, word] of [
    [text, 'switch'],
    [json, '{'],
  ] as const) {
    const spot = parseSubject(form, 'f', null).spotOf?.({ kind: 'switch', index: 0 });
    const line = form.split('\n')[(spot?.line ?? 0) - 1] ?? '';
    assert.ok(line.slice((spot?.column ?? 0) - 1).startsWith(word), line);
  }
  assert.equal(parseSubject(printRepro(sampleRecord().repro), 'f', null).spotOf, null);
});

const REPRO: ReproJson = reproToJson(sampleRecord().repro);
const NEWER: InputJson = { ...REPRO.input, version: 2 as 1 };

/** Each must be refused with these words. */
const REFUSED: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'a field too many': [{ ...REPRO, more: 1 }, /no field "more"/],
  'a field too few': [{ ...REPRO, signature: undefined }, /"signature" is missing/],
  'a statement in a value': [{ ...REPRO, signature: 'a\nknown B13' }, /not a line of text/],
  'a comment in a value': [{ ...REPRO, engine: 'e0'.repeat(8).concat(' # x') }, /canonical form/],
  'a model that is a path': [{ ...REPRO, model: '../../etc/passwd' }, /a model reference/],
  'a model that is no JSON': [{ ...REPRO, modelJson: 'process.exit()' }, /canonical JSON/],
  'an origin with more': [
    { ...REPRO, origin: { ...REPRO.origin, x: 1 } },
    /origin: there is no field "x"/,
  ],
  'a newer repro': [{ ...REPRO, version: 2 }, /repro 2 is newer than repro 1/],
  'a newer input': [{ ...REPRO, input: NEWER }, /input 2 is newer than input 1/],
  'a version that is none': [{ ...REPRO, version: '1' }, /version: is not a version/],
  'an operation that is none': [
    { ...REPRO, input: { ...REPRO.input, threads: [{ process: 0, ops: [{ kind: 'nap' }] }] } },
    /ops\[0\].kind: is none of/,
  ],
};

for (const [what, [value, why]] of Object.entries(REFUSED)) {
  test(`a repro with ${what} is refused`, () => {
    assert.ok(isJsonObject(readJson(JSON.stringify(value))));
    assert.throws(
      () => parseSubject(JSON.stringify(value), 'file.json', null),
      (error) => error instanceof Refusal && why.test(error.message),
    );
  });
}
