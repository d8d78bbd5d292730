/** A repro travels as one text and comes back as it was. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { canonicalJson, sha256Hex } from '../../corpus/vocabulary/json.ts';
import { TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import type { Repro } from '../../corpus/vocabulary/repro.ts';
import { isModelRef, parseRepro, printRepro } from '../../corpus/vocabulary/repro.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import { arbByteMutant, arbLineMutant, assertBounded, intrinsics } from './hostile.ts';

const arbDigest = fc.nat().map((number) => sha256Hex(String(number)));
const arbModelRef = fc.constantFrom('v42-immap-read', 'modern', 'v42-immap-read:policy=new,x=1.5');
const arbModelJson = fc
  .dictionary(
    fc.stringMatching(/^k[a-z~/]{1,12}$/),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  )
  .map((model) => canonicalJson({ ...model, '# not a comment': ['> no quote either', null] }));

const PLAIN = { noNullPrototype: true };

const arbRepro: fc.Arbitrary<Repro> = fc.record(
  {
    input: arbInput(),
    modelRef: arbModelRef,
    modelJson: arbModelJson,
    modelDigest: arbDigest,
    engine: arbDigest.map((digest) => digest.slice(0, 16)),
    signature: fc.constantFrom(
      'stale-mapping O4 block fault/insertPte|punch/freeBlocks',
      'deadlock V.W',
    ),
    catalogue: fc.option(fc.constantFrom('B12', 'B104')),
    traceDigest: arbDigest,
    origin: fc.option(
      fc.record(
        { rngSeed: fc.nat(0xffffffff), batch: fc.nat(), run: fc.nat(), model: arbModelRef },
        PLAIN,
      ),
    ),
  },
  PLAIN,
);

const REPRO = `faultline repro 1
model v42-immap-read:policy=new
model-digest ${'0123456789abcdef'.repeat(4)}
engine 0123456789abcdef
signature stale-mapping O4 block fault/insertPte|punch/freeBlocks
known B12
trace fedcba9876543210
origin rng-seed 4294967295 batch 3 run 17 model v42-immap-read
input
faultline input 1
file A size 4096 pages written
process P0 a0 A 0 4096 shared
thread T0 P0
load a0 0
thread T1 P0
punch A 0 4096
first T0
switch T0 op 0 at fault/insertPte 1 to T1
model-json
{"name":"v42-immap-read","paths":{"fault":["downRead(immap) # not a comment"]}}
end
`;

test('a repro is printed and parsed to the same value and the same bytes', () => {
  fc.assert(
    fc.property(arbRepro, (repro) => {
      const text = printRepro(repro);
      assert.deepEqual(parseRepro(text, 'law'), repro);
      assert.equal(printRepro(parseRepro(text, 'law')), text);
    }),
    { seed: RNG_SEED, numRuns: 500 },
  );
});

test('the example of the guide is a repro', () => {
  const guide = readFileSync(new URL('../../../corpus/README.md', import.meta.url), 'utf8');
  const annotated = guide.match(/^```\n(faultline repro .*?)^```$/ms)?.[1] ?? assert.fail();
  const repro = parseRepro(annotated, 'guide');
  assert.equal(printRepro(repro), annotated.replace(/ +#.*$/gm, ''));
});

test('a repro quoted, commented and with its facts in another order says the same', () => {
  const repro = parseRepro(REPRO, 'repro');
  assert.equal(printRepro(repro), REPRO);
  const quoted = REPRO.replace(/^/gm, '> ').replaceAll('\n', '\r\n');
  assert.deepEqual(parseRepro(quoted, 'mail'), repro);
  const commented = REPRO.replace('known B12\n', '').replace(
    'input\n',
    'known   B12 # a comment\n\ninput\n',
  );
  assert.deepEqual(parseRepro(`# found by night\n${commented}\n# the end\n`, 'mail'), repro);
});

/** What is replaced in the repro above, and what is said about it. */
const REFUSED: readonly (readonly [from: string | RegExp, to: string, message: RegExp])[] = [
  ['repro 1', 'repro 2', /format repro 2 is newer than repro 1/],
  ['repro 1', 'input 1', /r:1:11: expected "repro", found "input"/],
  ['faultline input 1', 'faultline input 2', /format input 2 is newer than input 1/],
  [/^model .*\n/m, '', /r:8:1: expected "model", found "input"/],
  [/^trace .*\n/m, '', /r:8:1: expected "trace", found "input"/],
  [
    'known B12',
    'engine 0123456789abcdef',
    /r:6:1: expected "known" or "trace" or "origin" or "input"/,
  ],
  ['known B12', 'plugin ./x.js', /r:6:1: expected .*, found "plugin"/],
  ['known B12', 'known B12 B13', /r:6:11: expected the end of the line/],
  ['known B12', 'known C12', /r:6:7: expected a bug such as B12/],
  ['v42-immap-read:policy=new', '../../etc/passwd', /r:2:7: expected a model reference/],
  ['v42-immap-read:policy=new', 'v42:policy', /r:2:7: expected a model reference/],
  ['0123456789abcdef'.repeat(4), '0123456789abcdef', /r:3:14: expected a SHA-256/],
  ['engine 0123456789abcdef', 'engine 0123456789ABCDEF', /r:4:8: expected a digest/],
  [/^signature .*$/m, 'signature', /r:5:10: expected a signature, found the end of the line/],
  [/^signature .*$/m, `signature ${'x '.repeat(400)}`, /r:5:11: expected a signature/],
  [/^signature .*$/m, 'signature a\u202eb', /r:5:11: expected a signature, found "a\\u{202e}b"/],
  ['rng-seed 4294967295', 'rng-seed -1', /r:8:17: expected a number, found "-1"/],
  ['punch A 0 4096', 'punch A 0 4000', /r:16:1: length 4000 is not a multiple of 2048/],
  ['punch A 0 4096', 'crunch A 0 4096', /r:16:1: expected an operation/],
  [/^model-json\n.*\n/m, '', /r:19:1: expected "switch", found "end"/],
  ['model-json\n', 'model-json here\n', /r:19:12: expected the end of the line/],
  ['{"name"', '{ "name"', /r:20:1: expected a model as canonical JSON on one line/],
  ['{"name"', '{"name":"twice","name"', /r:20:1: expected a model as canonical JSON/],
  ['{"name"', '{"__proto__":{},"name"', /r:20:1: expected a model as canonical JSON/],
  ['{"name"', '{"a":1.5,"name"', /r:20:1: expected a model as canonical JSON/],
  [/\{.*\}/, '[]', /r:20:1: expected a model as canonical JSON/],
  [/\{.*\}/, `{"a":${'['.repeat(50)}${']'.repeat(50)}}`, /r:20:1: expected a model/],
  ['\nend\n', '\n', /expected "end", found the end of the text/],
  [
    '\nend\n',
    '\nend\nfaultline input 1\n',
    /r:22:1: expected the end of the text, found "faultline"/,
  ],
];

test('a repro that lacks something, repeats it or says too much is refused at its line', () => {
  for (const [from, to, message] of REFUSED) {
    const text = REPRO.replace(from, to);
    assert.notEqual(text, REPRO);
    assert.throws(() => parseRepro(text, 'r'), { name: 'Refusal', message });
  }
});

test('a repro changed by chance is a repro or a refusal, and touches nothing else', () => {
  const before = intrinsics();
  const texts = arbRepro.map(printRepro);
  fc.assert(
    fc.property(fc.oneof(arbByteMutant(texts), arbLineMutant(texts)), (text) => {
      try {
        const printed = printRepro(parseRepro(text, 'mutant'));
        assert.equal(printRepro(parseRepro(printed, 'again')), printed);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }),
    { seed: RNG_SEED, numRuns: 1500 },
  );
  assert.deepEqual(intrinsics(), before);
});

test('the largest hostile model is answered in bounded time', () => {
  const head = REPRO.slice(0, REPRO.indexOf('{'));
  for (const unit of ['[', '{"a":', '"', '\\', '0,', '[],', '{},', 'x', ' ', '\\u0000']) {
    for (const open of ['', '{"a":[', '{"a":"']) {
      const text = (head + open + unit.repeat(TEXT_BYTES_MAX / unit.length)).slice(
        0,
        TEXT_BYTES_MAX,
      );
      assertBounded((size) => refused(text.slice(0, size)), text.length, open + unit);
    }
  }
});

function refused(text: string): void {
  assert.throws(() => parseRepro(text, 'large'), { name: 'Refusal' });
}

test('a model reference is a name and toggles, and never a path', () => {
  for (const good of ['modern', 'v42-immap-read', 'mine_2:a=b', 'm:a=b,c-d=1.5']) {
    assert.ok(isModelRef(good), good);
  }
  const bad = [
    '',
    './m.json',
    'a/b',
    '..',
    'a:',
    'a:b',
    'a:b=',
    'a:b=c,',
    'a b',
    'é',
    'a\n',
    'a'.repeat(257),
  ];
  for (const one of bad) assert.ok(!isModelRef(one), one);
});

test('printing refuses what parsing would not take', () => {
  const repro = parseRepro(REPRO, 'repro');
  const wrong: readonly Partial<Repro>[] = [
    { modelRef: './model.json' },
    { modelDigest: 'abc' },
    { signature: 'two\nlines' },
    { signature: '' },
    { catalogue: 'X' },
    { modelJson: '{"b":1,"a":2}' },
    { modelJson: '{}\n' },
  ];
  for (const part of wrong) {
    assert.throws(() => printRepro({ ...repro, ...part }), { name: 'AssertionFailure' });
  }
});
