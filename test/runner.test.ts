/** Laws of the runner: every file in one suite, every fate counted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { rngSeedOf } from './support/rng-seed.ts';
import type { FileResult } from './support/run-file.ts';
import { chooseSuites, groupSuites, seededSuites } from './support/suites.ts';
import { openWeekly } from './support/weekly.ts';

const FILES = [
  'house.test.ts',
  'laws/text.test.ts',
  'laws/long.nightly.test.ts',
  'chaos/kill.test.ts',
  'workers/kernel/locks.test.ts',
  'workers/kernel/words.test.ts',
];

test('a folder is a suite, a file beside the runner is one, a lane in a name makes one; rows come first', () => {
  const suites = groupSuites(FILES, '/dist', [{ name: 'chaos', lane: 'weekly', alone: true }]);
  const kernel = suites.find((suite) => suite.name === 'workers/kernel');
  assert.deepEqual(
    suites.map((suite) => `${suite.name} ${suite.lane}`),
    ['chaos weekly', 'house quick', 'laws quick', 'laws.nightly nightly', 'workers/kernel quick'],
  );
  assert.equal(kernel?.files.length, 2);
  assert.equal(suites.flatMap((suite) => suite.files).length, FILES.length);
  assert.deepEqual(chooseSuites(suites, 'quick', ['kern', 'hou']).length, 2);
  assert.deepEqual(chooseSuites(suites, 'nightly', []).length, 1);
});

test('files that draw from RNG_SEED are those of the quick lane that say so', () => {
  const suites = groupSuites(FILES, '/dist', [], (file) => /long|locks|text/.test(file));
  const filesOf = (words: readonly string[]): readonly string[] =>
    seededSuites(suites, words).flatMap(({ files }) => files.map(({ file }) => file));
  assert.deepEqual(filesOf([]), ['/dist/laws/text.test.js', '/dist/workers/kernel/locks.test.js']);
  assert.deepEqual(filesOf(['kern']), ['/dist/workers/kernel/locks.test.js']);
});

test('a row of the table without a file is refused', () => {
  assert.throws(() => groupSuites(FILES, '/dist', [{ name: 'gone' }]), /gone/);
});

test('every fate of a test is counted, and a file that fails to load or is empty fails', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const outcomeOf = (name: string, text: string): readonly unknown[] => {
    const file = path.join(folder, `${name}.test.mjs`);
    writeFileSync(file, text);
    const result = runFileElsewhere(file);
    const reasons = result.skipped.map((skip) => skip.reason);
    return [result.passed, reasons, result.failures.map((failure) => failure.name)];
  };
  const fates = `import { test, describe } from 'node:test';
    test('good', () => {});
    test('bad', () => { throw new Error('planted'); });
    describe('group', () => { test('inner', () => {}); test('worse', () => { throw 1; }); });
    test('later', (t) => t.${'skip'}('no server'));`;
  assert.deepEqual(outcomeOf('fates', fates), [2, ['no server'], ['bad', 'worse']]);
  assert.deepEqual(outcomeOf('empty', ''), [0, [], ['empty.test.mjs']]);
  const [passed, , failures] = outcomeOf('load', 'throw new Error("planted");');
  assert.deepEqual([passed, (failures as unknown[]).length], [0, 1]);
});

test('a weekly run goes on after the suites that passed, with its seed', (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'weekly-'));
  t.after(() => rmSync(root, { recursive: true }));
  const first = openWeekly(root, false, new Date(0));
  first.record({ name: 'a', passed: 3, failed: 0, skipped: 0, seconds: 1 });
  first.record({ name: 'b', passed: 3, failed: 1, skipped: 0, seconds: 1 });
  const second = openWeekly(root, true);
  assert.deepEqual([...second.passed], ['a']);
  assert.equal(second.rngSeed, Number(process.env.RNG_SEED));
  assert.equal(openWeekly(root, false).passed.size, 0);
});

test('an rngSeed is an unsigned 32 bit number or nothing', () => {
  assert.equal(rngSeedOf('4294967295'), 4294967295);
  assert.equal(rngSeedOf(''), undefined);
  assert.throws(() => rngSeedOf('4294967296'), /unsigned/);
  assert.throws(() => rngSeedOf('-1'), /unsigned/);
});

/** node:test refuses to run files from within a test, so a process of its own does. */
function runFileElsewhere(file: string): FileResult {
  const runFile = new URL('./support/run-file.js', import.meta.url).href;
  const runner = `${file}.runner.mjs`;
  writeFileSync(
    runner,
    `import { runFile } from '${runFile}';
    process.stdout.write(JSON.stringify(await runFile(${JSON.stringify(file)}, 60)));`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return JSON.parse(spawnSync(process.execPath, [runner], { env, encoding: 'utf8' }).stdout);
}
