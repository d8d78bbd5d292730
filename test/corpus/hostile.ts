/**
 * What is done to a text to see whether a parser holds, and a look at what it must not have
 * touched.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Refusal } from '../../corpus/vocabulary/errors.ts';

/** Characters that have fooled parsers and terminals. */
const CHARACTERS = [
  ...' \t\n\r#>"\'\\/-+.,:;{}[]()$`%&|<=~0179aATP',
  '\0',
  '\x07',
  '\x1b',
  '\x7f',
  '\x85',
  '\u00a0',
  '\u00ad',
  '\u034f',
  '\u061c',
  '\u200b',
  '\u200e',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u3000',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '\u{1f600}',
  'é',
] as const;

const WORDS = [
  'file',
  'process',
  'thread',
  'first',
  'switch',
  'A',
  'B',
  'C',
  'a0',
  'a1',
  'a2',
  'P0',
  'P1',
  'T0',
  'T1',
  'T9',
  'size',
  'pages',
  'hole',
  'written',
  'shared',
  'private',
  'op',
  'at',
  'to',
  'end',
  'into',
  'from',
  'store',
  'mmap',
  'collapse',
  'crash',
  '0',
  '1',
  '2048',
  '4096',
  '32768',
  '99999999999999',
  '-1',
  'NaN',
  'Infinity',
  '0x10',
  '1e9',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  'faultline',
  'input',
  'repro',
  'model-json',
  'null',
  'undefined',
  '#',
  '>',
] as const;

interface Edit {
  readonly at: number;
  readonly kind: 'delete' | 'insert' | 'replace' | 'double';
  readonly with: string;
}

function arbEdits(values: readonly string[]): fc.Arbitrary<Edit[]> {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('delete', 'insert', 'replace', 'double'),
    with: fc.constantFrom(...values),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 });
}

function edited(parts: readonly string[], { at, kind, with: value }: Edit): readonly string[] {
  const index = at % (parts.length + 1);
  const part = parts[index] ?? '';
  if (kind === 'delete') return parts.toSpliced(index, 1);
  if (kind === 'insert') return parts.toSpliced(index, 0, value);
  return parts.toSpliced(index, 1, ...(kind === 'replace' ? [value] : [part, part]));
}

/** A few characters lost, added, replaced or doubled. */
export function arbByteMutant(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, arbEdits(CHARACTERS))
    .map(([text, edits]) => edits.reduce(edited, text.split('') as readonly string[]).join(''));
}

/** A few words replaced and a few lines lost, doubled, moved to the end or put in. */
export function arbLineMutant(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const words = fc.oneof(arbEdits(WORDS), fc.constant<Edit[]>([]));
  const lines = fc.oneof(arbEdits(WORDS), fc.constant<Edit[]>([]));
  return fc.tuple(texts, words, lines).map(([text, wordEdits, lineEdits]) => {
    const parts = wordEdits.reduce(edited, text.split(/(?<=[ \n])/) as readonly string[]);
    return lineEdits.reduce(edited, parts.join('').split('\n') as readonly string[]).join('\n');
  });
}

const INTRINSICS: readonly object[] = [
  Object,
  Function,
  Array,
  String,
  Number,
  Boolean,
  Symbol,
  Map,
  Set,
  WeakMap,
  Promise,
  RegExp,
  Date,
  Error,
  JSON,
  Math,
  Reflect,
  Proxy,
  BigInt,
  ArrayBuffer,
  Int32Array,
  Uint8Array,
  DataView,
  globalThis,
];

/**
 * The property names of built-in objects and of their prototypes, and what stands on
 * `Object.prototype`.
 */
export function intrinsics(): readonly (readonly PropertyKey[])[] {
  const owners = INTRINSICS.flatMap((one) => {
    const prototype: unknown = Reflect.get(one, 'prototype');
    return typeof prototype === 'object' && prototype !== null ? [one, prototype] : [one];
  });
  return owners.map((owner) => Reflect.ownKeys(owner));
}

const SHARE = 8;
/** Linear growth is 8, quadratic 64. */
const GROWTH_MAX = 24;
/** What takes less says nothing about growth. */
const LEAST_MS = 2;
/** Neighbours on the machine spoil some. */
const TRIES = 20;

/** Fails if `work` grows with its size nearly as a square does, compared with an eighth of the size in the same run. */
export function assertBounded(work: (size: number) => void, size: number, what: string): void {
  const part = Math.ceil(size / SHARE);
  let [ofAll, ofPart] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let tries = 0; tries < TRIES; tries++) {
    ofPart = Math.min(
      ofPart,
      cpuMsOf(() => work(part)),
    );
    ofAll = Math.min(
      ofAll,
      cpuMsOf(() => work(size)),
    );
    if (ofAll <= GROWTH_MAX * Math.max(ofPart, LEAST_MS)) return;
  }
  assert.fail(`${what}: ${ofAll} ms for ${size}, ${ofPart} ms for ${part}`);
}

/** Of this process, so that a busy machine does not make a parser slow. */
function cpuMsOf(act: () => void): number {
  const begin = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

/**
 * The law of every refusal of a text: it has problems, few enough to read, each in one line of the text and in
 * words that a terminal can show.
 */
export function assertPlaces(text: string, { problems, message }: Refusal): void {
  const lines = text.split('\n');
  assert.ok(problems.length > 0 && problems.length <= 20, message);
  for (const { file, line, column, where, what } of problems) {
    assert.ok(file.length > 0 && line !== null && column !== null, what);
    const width = lines[line - 1]?.length ?? assert.fail(`line ${line} of ${lines.length}`);
    assert.ok(column >= 1 && column <= width + 1, `column ${column} of line ${line}`);
    assert.doesNotMatch(where + what, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.ok(what.length < 300, what);
  }
}
