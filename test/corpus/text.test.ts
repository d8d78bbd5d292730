/** The text form of an input: one value, one text, one id. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import type { Refusal } from '../../corpus/vocabulary/errors.ts';
import type { Input } from '../../corpus/vocabulary/input.ts';
import { inputFromJson, inputToJson } from '../../corpus/vocabulary/input-json.ts';
import { canonicalJson } from '../../corpus/vocabulary/json.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { inputId, parseInput, printInput } from '../../corpus/vocabulary/text.ts';
import { checkInput } from '../../corpus/vocabulary/validate.ts';
import { RNG_SEED } from '../support/rng-seed.ts';

const RUNS = { seed: RNG_SEED, numRuns: 1000 };

const EXAMPLE = `faultline input 1
file A size 4096 pages written
file B size 8192 pages hole cached
process P0 a0 A 0 4096 shared a1 B 0 8192 private
thread T0 P0
store a0 2048
pwrite A 0 2048 from a1 0
thread T1 P0
punch A 0 4096
truncate A 0
first T1
switch T0 op 0 at fault/insertPte 1 to T1
`;

const EXAMPLE_INPUT: Input = {
  setup: {
    files: [
      { size: 4096, pages: ['written'] },
      { size: 8192, pages: ['hole', 'cached'] },
    ],
    processes: [
      {
        areas: [
          { file: 0, offset: 0, length: 4096, sharing: 'shared' },
          { file: 1, offset: 0, length: 8192, sharing: 'private' },
        ],
      },
    ],
  },
  threads: [
    {
      process: 0,
      ops: [
        { kind: 'store', area: 0, offset: 2048 },
        { kind: 'pwrite', file: 0, offset: 0, length: 2048, buffer: { area: 1, offset: 0 } },
      ],
    },
    {
      process: 0,
      ops: [
        { kind: 'punch', file: 0, offset: 0, length: 4096 },
        { kind: 'truncate', file: 0, size: 0 },
      ],
    },
  ],
  schedule: {
    first: 1,
    switches: [{ thread: 0, op: 0, label: 'fault/insertPte', occurrence: 1, to: 1 }],
  },
};

test('the example of the guide means what it says, in both directions', () => {
  assert.deepEqual(parseInput(EXAMPLE, 'example'), EXAMPLE_INPUT);
  assert.equal(printInput(EXAMPLE_INPUT), EXAMPLE);
  const guide = readFileSync(new URL('../../../corpus/README.md', import.meta.url), 'utf8');
  const annotated = guide.match(/^```\n(faultline input .*?)^```$/ms)?.[1] ?? assert.fail();
  assert.deepEqual(parseInput(annotated, 'guide'), EXAMPLE_INPUT);
});

test('what is printed is parsed back to the same value, schedules included', () => {
  fc.assert(
    fc.property(arbInput(), (input) => {
      assert.equal(checkInput(input), null);
      assert.deepEqual(parseInput(printInput(input), 'law'), input);
    }),
    RUNS,
  );
});

test('a printed text is parsed and printed to the same bytes', () => {
  fc.assert(
    fc.property(arbInput(), (input) => {
      const text = printInput(input);
      assert.equal(printInput(parseInput(text, 'law')), text);
    }),
    RUNS,
  );
});

/** What mails, editors and people do to a text without changing what it says. */
const DISGUISES: readonly ((line: string) => string)[] = [
  (line) => `> ${line}`,
  (line) => `>>  > ${line}`,
  (line) => `\t  ${line}  `,
  (line) => line.replaceAll(' ', ' \t  '),
  (line) => `${line}\r`,
  (line) => `${line}  # punched: see <mail@example.org> \u202e`,
  (line) => `\n# a line of its own\n\n${line}\n   \n> \n`,
];

test('quoting, blanks, comments, blank lines and CRLF do not change what a text says', () => {
  const arbDisguise = fc.array(fc.nat(DISGUISES.length - 1), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(arbInput(), arbDisguise, (input, choices) => {
      const lines = printInput(input).split('\n').slice(0, -1);
      const disguised = lines.map((line, i) => {
        const disguise = DISGUISES[choices[i % choices.length] ?? 0];
        return disguise?.(line) ?? line;
      });
      assert.deepEqual(parseInput(disguised.join('\n'), 'law'), input);
    }),
    RUNS,
  );
});

test('`first` may be left out where it is T0, and is printed all the same', () => {
  const text = 'faultline input 1\nfile A size 0\nprocess P0\nthread T0 P0\n';
  assert.equal(printInput(parseInput(text, 'short')), `${text}first T0\n`);
});

test('setups that mean the same have one text: holes to the size named, beyond it left out', () => {
  const input = (file: string) =>
    parseInput(`faultline input 1\nfile A ${file}\nprocess P0\nthread T0 P0\n`, 'setup');
  assert.deepEqual(input('size 8192'), input('size 8192 pages hole'));
  assert.deepEqual(input('size 2048 pages hole hole hole'), input('size 2048'));
  assert.notDeepEqual(input('size 0 pages hole written'), input('size 0'));
  const short = { ...EXAMPLE_INPUT, setup: { files: [{ size: 4096, pages: [] }], processes: [] } };
  assert.match(printInput(short), /^file A size 4096 pages hole$/m);
});

test('the id is the SHA-256 of the text, and stays what it was', () => {
  fc.assert(
    fc.property(arbInput(), (input) => {
      const hash = createHash('sha256').update(printInput(input), 'utf8').digest('hex');
      assert.equal(inputId(input), hash);
    }),
    { ...RUNS, numRuns: 200 },
  );
  // Everything stored is named by it: a change here renames every corpus there is.
  const id = '322e113b71d66be1d083705795bdb8aa54251cd40feb4a05b1db71281db8ebcc';
  assert.equal(inputId(EXAMPLE_INPUT), id);
});

test('the JSON of an input is read back to the same input, in whatever order its keys come', () => {
  fc.assert(
    fc.property(arbInput(), (input) => {
      const json: unknown = JSON.parse(canonicalJson(inputToJson(input)));
      assert.deepEqual(inputFromJson(json), input);
      assert.deepEqual(inputFromJson(JSON.parse(JSON.stringify(inputToJson(input)))), input);
    }),
    { ...RUNS, numRuns: 500 },
  );
});

test('the JSON of an input is strict: nothing unknown, nothing missing, nothing newer', () => {
  const json = (change: object): unknown => ({ ...inputToJson(EXAMPLE_INPUT), ...change });
  const op = (one: object): unknown => json({ threads: [{ process: 0, ops: [one] }] });
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [null, /input: is not an object/],
    [[], /input: is not an object/],
    [json({ extra: 1 }), /json: input: there is no field "extra"/],
    [json({ format: 'faultline repro' }), /json: format: is not faultline input/],
    [json({ version: 0 }), /json: version: is not a version/],
    [json({ version: 2 }), /format input 2 is newer than input 1/],
    [json({ threads: {} }), /json: threads: is not a list/],
    [json({ schedule: { first: 0 } }), /"switches" is missing/],
    [json({ schedule: { first: '0', switches: [] } }), /schedule\.first: is not a number/],
    [op({ kind: 'fly' }), /ops\[0\]\.kind: is none of load, store, mmap/],
    [op({ kind: 'crash', file: 0 }), /ops\[0\]: there is no field "file"/],
    [op({ kind: 'fsync', file: 0.5 }), /thread T0 operation 0: names file 0\.5/],
    [op({ kind: 'store', area: 0, offset: 0, buffer: {} }), /no field "buffer"/],
    [op({ kind: 'truncate', file: 0, size: -0 }), /size 0 is not a whole number/],
    [JSON.parse('{"__proto__":{"a":1}}'), /no field "__proto__"/],
  ];
  for (const [value, message] of refused) {
    assert.throws(() => inputFromJson(value), { name: 'Refusal', message });
  }
});

test('canonical JSON sorts keys, is ASCII, and takes nothing but plain data', () => {
  const value = { b: [1, true, null], a: 'é\u202e"', é: -5 };
  const text = '{"a":"\\u00e9\\u202e\\"","b":[1,true,null],"\\u00e9":-5}';
  assert.equal(canonicalJson(value), text);
  assert.deepEqual(JSON.parse(text), value);
  const deep: unknown = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`);
  const refused = [
    1.5,
    NaN,
    -0,
    undefined,
    new Date(0),
    [undefined],
    new Array(2),
    1n,
    deep,
    {
      constructor: 1,
    },
  ];
  for (const one of [
    ...refused,
    () => 1,
    new Map(),
    { a: Symbol.iterator },
    { [Symbol.iterator]: 1 },
  ]) {
    assert.throws(() => canonicalJson(one), { name: 'AssertionFailure' });
  }
});

test('what is quoted from outside is printable and short', () => {
  const hostile = '\u001b]0;x\u0007 \u202eabc\u2066\u200b\ufeff\u00a0\u{e0041}\ud800 \u0000';
  assert.equal(printable(hostile, 400).replace(/[\x20-\x7e]/g, ''), '');
  assert.equal(printable('a é 漢'), 'a é 漢');
  for (const length of [39, 40, 41, 4000]) {
    const shown = printable('\u{1f600}'.repeat(length));
    assert.ok(shown.length <= 40);
    assert.doesNotThrow(() => encodeURIComponent(shown), 'half a character');
  }
});

test('a refusal names file, line and column, what was expected and what was found', () => {
  const text = EXAMPLE.replace('punch A 0 4096', 'punch  A  0 many');
  assert.throws(
    () => parseInput(text, 'mail.txt'),
    (error: Refusal) => {
      assert.equal(error.code, 'INPUT_SYNTAX');
      assert.equal(error.exit, 2);
      const message = 'mail.txt:9:13: expected a length in bytes, found "many"';
      assert.equal(error.message, message);
      return true;
    },
  );
});
