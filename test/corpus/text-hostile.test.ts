/**
 * Whatever is handed to the parser, it answers at once: a value that prints to a fixed text, or a
 * refusal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arbInput } from '../../corpus/breeding/generate.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { TEXT_BYTES_MAX } from '../../corpus/vocabulary/limits.ts';
import { parseInput, parseWrittenInput, printInput } from '../../corpus/vocabulary/text.ts';
import { RNG_SEED } from '../support/rng-seed.ts';
import {
  arbByteMutant,
  arbLineMutant,
  assertBounded,
  assertPlaces,
  intrinsics,
} from './hostile.ts';

const HEAD = 'faultline input 1\n';
const SETUP = `${HEAD}file A size 4096 pages hole\nprocess P0 a0 A 0 4096 shared\n`;
const THREAD = `${SETUP}thread T0 P0\n`;

/** The law of this file. */
function judge(text: string): 'value' | 'refusal' {
  try {
    const printed = printInput(parseInput(text, 'hostile'));
    assert.equal(printInput(parseInput(printed, 'again')), printed);
    return 'value';
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    checkRefusal(error);
    if (error.code !== 'FORMAT_NEWER') assertPlaces(text, error);
    return 'refusal';
  }
}

function checkRefusal({ code, facts, message, problems }: Refusal): void {
  assert.match(code, /^(?:INPUT_SYNTAX|INPUT_INVALID|FORMAT_NEWER)$/);
  if (code !== 'FORMAT_NEWER') {
    assert.ok(Number(facts.line) >= 1 && Number(facts.column) >= 1, message);
  }
  assert.ok(problems.length <= 20 && (problems.length > 0 || code === 'FORMAT_NEWER'), message);
  const lines = problems.map(({ line }) => line ?? 0);
  assert.deepEqual(
    lines,
    [...lines].sort((a, b) => a - b),
  );
  assert.doesNotMatch(message, /[\p{C}\p{Zl}\p{Zp}]/u);
  assert.ok(message.length < 300, message);
}

test('any string is a value or a refusal with a place', () => {
  const before = intrinsics();
  const unit = fc.constantFrom('grapheme' as const, 'binary' as const);
  const arb = unit.chain((one) => fc.string({ unit: one, maxLength: 200 }));
  const arbHead = fc.constantFrom('', HEAD, SETUP, THREAD, `${THREAD}first T0\nswitch `);
  fc.assert(
    fc.property(arbHead, arb, (head, tail) => void judge(head + tail)),
    { seed: RNG_SEED, numRuns: 3000 },
  );
  assert.deepEqual(intrinsics(), before);
});

test('a text with bytes changed is a value or a refusal with a place', () => {
  const before = intrinsics();
  const seen = { value: 0, refusal: 0 };
  fc.assert(
    fc.property(arbByteMutant(arbInput().map(printInput)), (text) => {
      seen[judge(text)] += 1;
    }),
    { seed: RNG_SEED, numRuns: 4000 },
  );
  assert.ok(seen.value > 20 && seen.refusal > 100, JSON.stringify(seen));
  assert.deepEqual(intrinsics(), before);
});

test('a text with lines and words changed is a value or a refusal with a place', () => {
  const seen = { value: 0, refusal: 0 };
  fc.assert(
    fc.property(arbLineMutant(arbInput().map(printInput)), (text) => {
      seen[judge(text)] += 1;
    }),
    { seed: RNG_SEED, numRuns: 3000 },
  );
  assert.ok(seen.value > 100 && seen.refusal > 100, JSON.stringify(seen));
});

/** As long as a text may be, and made to be slow. */
const LONG: readonly (readonly [head: string, unit: string])[] = [
  ['', '\n'],
  ['', '\r\n'],
  ['', ' '],
  ['', '> '],
  ['', '\r'],
  [HEAD, '#'],
  [HEAD, '#\n'],
  [HEAD, 'x'],
  [HEAD, '\u200b'],
  [HEAD, '\0'],
  [`${HEAD}file A size `, '9'],
  [`${HEAD}file A size 0 pages`, ' hole'],
  [`${HEAD}file A size 0\nprocess P0`, ' a0 A 0 4096 shared'],
  [THREAD, 'store a0 0\n'],
  [THREAD, 'crash\n'],
  [THREAD, 'fly\n'],
  [HEAD, 'thread T0 P0\n'],
  [HEAD, 'file\n'],
  [THREAD, 'crash #'],
  [`${THREAD}first T0\n`, 'switch T0 op 0 at end 1 to T0\n'],
  [`${THREAD}first T0\nswitch T0 op 0 at `, 'a'],
  [`${THREAD}first T0\nswitch T0 op 0 at `, 'a '],
];

test('the longest hostile texts are answered in bounded time', () => {
  for (const [head, unit] of LONG) {
    const units = Math.ceil(TEXT_BYTES_MAX / unit.length);
    const text = (head + unit.repeat(units)).slice(0, TEXT_BYTES_MAX);
    assertBounded((size) => void judge(text.slice(0, size)), text.length, JSON.stringify(unit));
  }
});

test('a text that is too long is not looked at', () => {
  const text = THREAD + '#'.repeat(TEXT_BYTES_MAX);
  assert.throws(() => parseInput(text, 'f'), { message: /f:1:1: expected at most 1048576 bytes/ });
});

/** A line, and where behind the given head it is refused and why. */
type Row = readonly [line: string, column: number, message: RegExp];

const AT_HEAD: readonly Row[] = [
  ['', 1, /expected "faultline input 1", found the end of the text/],
  ['fault line input 1', 1, /expected "faultline input 1", found "fault"/],
  ['\ufefffaultline input 1', 1, /found "\\u{feff}faultline"/],
  ['Faultline input 1', 1, /found "Faultline"/],
  ['faultline', 10, /expected "input", found the end of the line/],
  ['faultline repro 1', 11, /expected "input", found "repro"/],
  ['faultline input', 16, /expected a version/],
  ['faultline input 0', 17, /expected a version, found "0"/],
  ['faultline input 01', 17, /expected a version, found "01"/],
  ['faultline input 1.0', 17, /expected a version, found "1.0"/],
  ['faultline input 1 please', 19, /expected the end of the line, found "please"/],
  ['faultline\u00a0input 1', 1, /found "faultline\\u{a0}input"/],
];

const AFTER_HEAD: readonly Row[] = [
  ['', 1, /expected "file", found the end of the text/],
  ['process P0', 1, /expected "file", found "process"/],
  ['thread T0 P0', 1, /expected "file"/],
  ['store a0 0', 1, /expected "file", found "store"/],
  ['first T0', 1, /expected "file"/],
  ['toString', 1, /expected "file", found "toString"/],
  ['__proto__', 1, /expected "file", found "__proto__"/],
  ['file', 5, /expected "A", found the end of the line/],
  ['file B size 0', 6, /expected "A", found "B"/],
  ['file a size 0', 6, /expected "A", found "a"/],
  ['file A 4096', 8, /expected "size", found "4096"/],
  ['file A size', 12, /expected a size in bytes/],
  ['file A size -1', 13, /found "-1"/],
  ['file A size 1e3', 13, /found "1e3"/],
  ['file A size 0x1000', 13, /found "0x1000"/],
  ['file A size 04096', 13, /found "04096"/],
  ['file A size 4096.0', 13, /found "4096.0"/],
  ['file A size 99999999999', 13, /found "99999999999"/],
  ['file A size ٤٠٩٦', 13, /expected a size in bytes/],
  ['file A size 4096 hole', 18, /expected the end of the line, found "hole"/],
  ['file A size 4096 pages', 23, /expected the state of a page, hole or cached/],
  ['file A size 4096 pages hole wet', 29, /expected the state of a page.*found "wet"/],
  [`file A size 0 pages${' hole'.repeat(9)}`, 61, /expected the end of the line, found "hole"/],
  ['file A size 0 \u202epages', 15, /expected the end of the line, found "\\u{202e}pages"/],
];

const AFTER_SETUP: readonly Row[] = [
  ['', 1, /expected "process" or "thread", found the end of the text/],
  ['file B size 0', 1, /expected "process" or "thread", found "file"/],
  ['process P0', 9, /expected "P1", found "P0"/],
  ['process P1 a2 A 0 4096 shared', 12, /expected an area, a0 or a1, found "a2"/],
  ['process P1 a0 A 0 4096 shared a0 A 0 4096 shared', 31, /expected an area, a1, found "a0"/],
  ['process P1 a0 C 0 4096 shared', 15, /expected a file, A or B, found "C"/],
  ['process P1 a0 A 0 4096', 23, /expected "shared" or "private"/],
  ['process P1 a0 A 0 4096 SHARED', 24, /found "SHARED"/],
  ['process P1 a0 A 2048 4096 shared', 1, /a0: offset 2048 is not a multiple of 4096/],
  ['process P1 a0 A 0 0 shared', 1, /a0: length is 0/],
  ['process P1 a0 A 4096 32768 shared', 1, /a0: range ends at 36864, beyond 32768/],
  ['process P1 a1 B 0 4096 shared', 1, /a1: file B is not declared; the nearest is A$/],
  ['thread T1 P0', 8, /expected "T0", found "T1"/],
  ['thread T0', 10, /expected a process, P0 or P1/],
  ['thread T0 P1', 1, /process P1 is not declared; the nearest is P0$/],
];

const AFTER_THREAD: readonly Row[] = [
  ['fly a0 0', 1, /expected an operation or "thread" or "first" or "switch", found "fly"/],
  ['constructor', 1, /expected an operation/],
  ['store A 0', 7, /expected an area, a0 or a1, found "A"/],
  ['store a0', 9, /expected an offset in bytes/],
  ['store a0 1', 1, /offset 1 is not a multiple of 2048/],
  ['store a0 32768', 1, /range ends at 34816, beyond 32768/],
  ['load a0 0 0', 11, /expected the end of the line, found "0"/],
  ['pread A 0 4096 from a0 0', 16, /expected the end of the line, found "from"/],
  ['pwrite A 0 4096 into a0 0', 17, /expected the end of the line, found "into"/],
  ['pwrite A 0 4096 from', 21, /expected an area/],
  ['pwrite A 0 4096 from a0 30720', 1, /buffer: range ends at 34816/],
  ['pwrite B 0 4096', 1, /file B is not declared; the nearest is A$/],
  ['pwrite A 0 0', 1, /length is 0/],
  ['collapse A 2048 4096', 1, /offset 2048 is not a multiple of 4096/],
  ['insert A 0 2048', 1, /length 2048 is not a multiple of 4096/],
  ['punch A 32768 2048', 1, /range ends at 34816/],
  ['truncate A 34816', 1, /size 34816 is more than 32768/],
  ['truncate A', 11, /expected a size in bytes/],
  ['mmap a0 A 0 4096', 17, /expected "shared" or "private"/],
  ['fsync', 6, /expected a file, A or B/],
  ['crash now', 7, /expected the end of the line, found "now"/],
  ['first T4', 7, /expected a thread, T0 or T1 or T2 or T3, found "T4"/],
  ['first T1', 1, /thread T1 is not declared; the nearest is T0$/],
  ['switch T0 op 0 at é 1 to T0', 19, /expected the label of a step/],
  ['switch T0 op 0 at fault/x 1 to T0', 1, /operation 0 stands for the end of the thread/],
  ['switch T0 op 1 at end 1 to T0', 1, /names operation 1, the thread has 0/],
  ['switch T0 op 0 at end 0 to T0', 1, /occurrence 0 is not within 1 to 4096/],
  ['switch T0 op 0 at end 1 to T3', 1, /thread T3 is not declared; the nearest is T0$/],
  ['switch T1 op 0 at end 1 to T0', 1, /thread T1 is not declared; the nearest is T0$/],
  ['> > fly', 5, /expected an operation/],
  ['store a0 0\rcrash', 10, /found "0\\u{d}crash"/],
  ['\u001b[2J', 1, /found "\\u{1b}\[2J"/],
];

test('hand-made hostile lines are refused where they go wrong, in words that help', () => {
  const tables = [
    { head: '', rows: AT_HEAD },
    { head: HEAD, rows: AFTER_HEAD },
    { head: SETUP, rows: AFTER_SETUP },
    { head: THREAD, rows: AFTER_THREAD },
  ];
  assert.ok(tables.flatMap(({ rows }) => rows).length >= 60);
  for (const { head, rows } of tables) {
    for (const [line, column, message] of rows) {
      const tail = head === SETUP && line.startsWith('process') ? '\nthread T0 P0' : '';
      const refusal = refusalOf(head + line + tail);
      checkRefusal(refusal);
      assert.match(refusal.message, message);
      assert.deepEqual(
        { line: refusal.facts.line, column: refusal.facts.column },
        { line: head.split('\n').length, column },
        refusal.message,
      );
    }
  }
});

function refusalOf(text: string): Refusal {
  try {
    parseInput(text, 'line');
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return assert.fail(`accepted: ${text}`);
}

/** What is wrong with a text, a row each. */
function listed(text: string): readonly string[] {
  return refusalOf(text).problems.map(({ line, column, what }) => `${line}:${column} ${what}`);
}

test('all that is wrong is refused together, and no line is refused for one before it', () => {
  const text = [
    'faultline input 1',
    'file A size 4097',
    'process P0 a0 A 0 4096 shared',
    'thread T0 P0',
    'lod a0 0',
    'punch A 0 many',
    'store a0 1',
    'store a0 0 now',
    'thread T1 P0',
    'pwrite B 0 2048',
    'first T1',
    'swich T0 op 0 at x 1 to T1',
    'switch T0 op 9 at x 1 to T1',
    'switch T0 op 3 at x 1 to T1',
  ];
  const words = 'an operation or "thread" or "first" or "switch"';
  assert.deepEqual(listed(text.join('\n')), [
    '2:1 size 4097 is not a multiple of 2048',
    `5:1 expected ${words}, found "lod"; the nearest is load`,
    '6:11 expected a length in bytes, found "many"',
    '7:1 offset 1 is not a multiple of 2048',
    '8:12 expected the end of the line, found "now"',
    '10:1 file B is not declared; the nearest is A',
    '12:1 expected "switch", found "swich"; the nearest is switch',
    '13:1 names operation 9, the thread has 4',
  ]);
  assert.equal(refusalOf(text.join('\n')).code, 'INPUT_INVALID');
});

test('lines that use a wrong declaration are not refused for it', () => {
  const rest =
    'thread T0 P0\nstore a0 0\nthread T1 P1\npwrite B 0 2048\nfly\nswitch T1 op 0 at x 1 to T0\n';
  const head = `${HEAD}file A size 0\nfiel B size 0\nprocess P0 a0 A 0 4096\nproces P1\n`;
  const [file, area, process, fly, ...others] = listed(head + rest);
  assert.match(file ?? '', /^3:1 expected "file" or "process", found "fiel"; the nearest is file$/);
  assert.match(area ?? '', /^4:23 expected "shared" or "private"/);
  assert.match(process ?? '', /^5:1 .*; the nearest is process$/);
  assert.match(fly ?? '', /^10:1 expected an operation/);
  assert.deepEqual(others, []);
});

test('an area that a person names is mapped by the setup or by an operation of its process', () => {
  const setup = `${HEAD}file A size 4096\nprocess P0 a0 A 0 4096 shared\nprocess P1\n`;
  const slips = (ops: string): readonly string[] => {
    try {
      parseWrittenInput(`${setup}${ops}\n`, 'f');
      return [];
    } catch (error) {
      assert.ok(error instanceof Refusal, String(error));
      parseInput(`${setup}${ops}\n`, 'what is not written by hand may');
      return error.problems.map(({ line, column, what }) => `${line}:${column} ${what}`);
    }
  };
  assert.deepEqual(slips('thread T0 P0\nload a0 0\npread A 0 2048 into a0 0\nmsync a0'), []);
  assert.deepEqual(slips('thread T0 P0\nload a1 0\nthread T1 P0\nmmap a1 A 0 4096 shared'), []);
  const [load, pwrite, msync, munmap, ...others] = slips(
    'thread T0 P0\nload a1 0\npwrite A 0 2048 from a1 0\nthread T1 P1\nmsync a0\nmunmap a1\nmmap a0 A 0 4096 shared',
  );
  assert.match(
    load ?? '',
    /^6:1 area a1 is not declared: neither .* P0 maps it; the nearest is a0$/,
  );
  assert.match(pwrite ?? '', /^7:1 area a1 is not declared/);
  assert.match(msync ?? '', /^10:1 area a1 .* P1 maps it; the nearest is a0$/);
  assert.deepEqual([munmap, ...others], [undefined]);
});

test('a text of nothing but mistakes is not read to its end', () => {
  const { problems, more } = refusalOf(`${THREAD}${'fly\n'.repeat(5000)}`);
  assert.deepEqual([problems.length, more], [20, 80]);
});

test('a list that is too long is refused at its first entry too many', () => {
  const ops = refusalOf(`${THREAD}${'store a0 0\n'.repeat(9)}`);
  assert.equal(ops.message, 'line:11:1: a thread can have 6 operations');
  const threads = refusalOf(`${SETUP}${[0, 1, 2, 3, 4].map((i) => `thread T${i} P0\n`).join('')}`);
  assert.match(threads.message, /^line:8:8: expected no more than T0 and T1 and T2 and T3/);
});

test('a version to come is told apart from a mistake', () => {
  for (const version of ['2', '10', '9'.repeat(5000)]) {
    const refusal = refusalOf(`faultline input ${version}\nwhatever comes then`);
    assert.equal(refusal.code, 'FORMAT_NEWER');
    assert.equal(refusal.exit, 125);
    checkRefusal(refusal);
  }
});
