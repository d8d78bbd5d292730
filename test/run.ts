/**
 * The test runner: `npm test [-- NAME…]`, `npm run test:nightly`, `npm run test:weekly [-- --resume]`,
 * `npm run test:seeds [-- NAME…]`. Runs suites (support/suites.ts) file by file, some at a time; the last line is the
 * count.
 */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { shareRedis } from './queue/redis.ts';
import { debianProgram } from './support/debian.ts';
import { PACKAGE_ROOT } from './support/package-root.ts';
import { FIGURE } from './support/patience.ts';
import { rngSeedOf } from './support/rng-seed.ts';
import { type FileResult, runFile } from './support/run-file.ts';
import {
  chooseSuites,
  findSuites,
  LANES,
  type Lane,
  SEEDS,
  type Suite,
  seededSuites,
} from './support/suites.ts';
import { openWeekly, type Weekly } from './support/weekly.ts';

/** One more than there are cores: most of them wait for processes now and then. */
const FILES_AT_ONCE = availableParallelism() + 1;
/** Every run of the quick lane is the same. */
const QUICK_SEED = 1;
/** A file that hangs is stopped: far more than any that is merely slow takes. */
const HANG_SECONDS: Readonly<Record<Lane, number>> = {
  quick: 30 * 60,
  nightly: 2 * 3600,
  weekly: 12 * 3600,
};

/** Suites with one rngSeed. */
interface Pass {
  readonly rngSeed: number;
  readonly suites: readonly Suite[];
}

interface SuiteResult {
  readonly suite: Suite;
  readonly passed: number;
  readonly skipped: FileResult['skipped'];
  readonly seconds: number;
  readonly files: readonly FileResult[];
  /** Each is printed in full and counts as one failure. */
  readonly complaints: readonly string[];
}

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      lane: { type: 'string', default: 'quick' },
      seeds: { type: 'string' },
      resume: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const lane = LANES.find((name) => name === values.lane);
  if (lane === undefined) return refuse(`no lane ${values.lane}; there are ${LANES.join(', ')}`);
  if (values.seeds !== undefined && !/^[1-9]\d{0,4}$/.test(values.seeds)) {
    return refuse(`--seeds ${values.seeds} is not a number of seeds, such as 20`);
  }
  const all = findSuites(PACKAGE_ROOT);
  // Asked for by number, the seeds are all that runs.
  const chosen = values.seeds === undefined ? chooseSuites(all, lane, positionals) : [];
  const seeds = Number(values.seeds ?? SEEDS[lane]);
  const seeded = seeds === 0 ? [] : seededSuites(all, positionals);
  if (chosen.length + seeded.length === 0 && positionals.length > 0) {
    const known = all.map((suite) => `${suite.name} (${suite.lane})`).join(', ');
    return refuse(`no ${lane} suite is named like ${positionals.join(' or ')}; there are ${known}`);
  }
  const weekly = lane === 'weekly' ? openWeekly(PACKAGE_ROOT, values.resume === true) : undefined;
  const rngSeed = chooseRngSeed(lane, weekly);
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`.trim();
  print(`rngSeed ${rngSeed}; RNG_SEED=${rngSeed} repeats this run`);
  const passes: Pass[] = chosen.length === 0 ? [] : [{ rngSeed, suites: chosen }];
  for (let i = 0; i < seeds && seeded.length > 0; i++) {
    passes.push({ rngSeed: (rngSeed + i) >>> 0, suites: seeded });
  }
  const endings: (() => unknown)[] = [];
  await startRedis(passes, endings);
  const count = await runPasses(passes, weekly);
  for (const end of endings) await end();
  print(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count.failed > 0 ? 1 : 0;
}

/** One for all; where there is none, tests say so when they are skipped. */
async function startRedis(passes: readonly Pass[], endings: (() => unknown)[]): Promise<void> {
  const isWanted = passes.some(({ suites }) => suites.some(({ redis }) => redis));
  if (!isWanted || 'missing' in (await debianProgram('redis-server'))) return;
  await shareRedis({ after: (end) => endings.push(end) });
  // A terminal ends it with the runner; others do not.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, async () => {
      for (const end of endings) await end();
      process.exit(1);
    });
  }
}

function chooseRngSeed(lane: Lane, weekly: Weekly | undefined): number {
  const given = rngSeedOf(process.env.RNG_SEED) ?? weekly?.rngSeed;
  return given ?? (lane === 'quick' ? QUICK_SEED : randomInt(2 ** 32));
}

async function runPasses(passes: readonly Pass[], weekly: Weekly | undefined): Promise<Count> {
  const count: Count = { passed: 0, failed: 0, skipped: 0 };
  const failing = new Set<number>();
  for (const { rngSeed, suites } of passes) {
    const failed = count.failed;
    process.env.RNG_SEED = String(rngSeed);
    if (passes.length > 1) print(`-- rngSeed ${rngSeed}`);
    await runSuites(suites, weekly, count);
    if (count.failed > failed) failing.add(rngSeed);
  }
  if (passes.length > 1) {
    print(`${passes.length} passes; failing seeds: ${[...failing].join(', ') || 'none'}`);
  }
  return count;
}

async function runSuites(
  chosen: readonly Suite[],
  weekly: Weekly | undefined,
  count: Count,
): Promise<void> {
  const isOpen = (suite: Suite): boolean => weekly?.passed.has(suite.name) !== true;
  for (const suite of chosen) if (!isOpen(suite)) print(`done  ${suite.name} (an earlier run)`);

  const finish = (result: SuiteResult): void => {
    count.passed += result.passed;
    count.failed += result.complaints.length;
    count.skipped += result.skipped.length;
    printSuite(result);
    weekly?.record(rowOf(result));
  };
  const open = chosen.filter(isOpen);
  await runTogether(
    open.filter((suite) => !suite.alone),
    FILES_AT_ONCE,
    finish,
  );
  await runTogether(
    open.filter((suite) => suite.alone),
    1,
    finish,
  );
}

/** Files of several suites side by side; a suite is finished when its last file is. */
async function runTogether(
  suites: readonly Suite[],
  filesAtOnce: number,
  finish: (result: SuiteResult) => void,
): Promise<void> {
  const queue = suites.flatMap((suite) => suite.files.map((file) => ({ suite, file })));
  const resultsOf = new Map<Suite, FileResult[]>(suites.map((suite) => [suite, []]));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { suite, file } = next;
      const results = resultsOf.get(suite) ?? [];
      results.push(await runFile(file.file, HANG_SECONDS[suite.lane]));
      if (results.length === suite.files.length) finish(judge(suite, results));
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
}

function judge(suite: Suite, results: readonly FileResult[]): SuiteResult {
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const skipped = results.flatMap((result) => result.skipped);
  const complaints = results.flatMap(complaintsOf);
  if (process.env.CI === 'true' && skipped.length > 0) {
    complaints.push(`skipped ${skipped.length} tests; in CI nothing may be skipped`);
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  return { suite, passed, skipped, seconds, files: results, complaints };
}

function complaintsOf(result: FileResult): readonly string[] {
  const complaints = result.failures.map(({ name, detail }) => `${name}\n${indent(detail)}`);
  const last = complaints.at(-1);
  if (last === undefined || result.output.trim() === '') return complaints;
  return [...complaints.slice(0, -1), `${last}\n${indent(`printed:\n${result.output.trim()}`)}`];
}

function printSuite(result: SuiteResult): void {
  const { suite, skipped, complaints } = result;
  const tests = `${String(result.passed).padStart(5)} tests`;
  const slow =
    result.seconds > suite.shareSeconds ? `  slow (its share: ${suite.shareSeconds} s)` : '';
  const time = `${result.seconds.toFixed(1).padStart(7)} s${slow}`;
  print(`${complaints.length > 0 ? 'FAIL' : 'ok  '}  ${suite.name.padEnd(28)}${tests}${time}`);
  if (slow !== '' || process.env.TEST_TIMES === '1') printFiles(result);
  for (const line of result.files.flatMap(({ output }) => output.split('\n'))) {
    if (line.startsWith(FIGURE)) print(`      ${line.slice(FIGURE.length)}`);
  }
  for (const { name, reason } of skipped) print(`      skipped: ${name}: ${reason}`);
  for (const complaint of complaints) print(`\n${indent(complaint)}\n`);
  if (complaints.length === 0) return;
  const script = suite.lane === 'quick' ? 'test' : `run test:${suite.lane}`;
  print(`      again: RNG_SEED=${process.env.RNG_SEED} npm ${script} -- ${suite.name}\n`);
}

function printFiles({ files }: SuiteResult): void {
  for (const { file, seconds } of files) {
    print(`      ${seconds.toFixed(1).padStart(7)} s  ${path.basename(file)}`);
  }
}

function rowOf(result: SuiteResult): Parameters<Weekly['record']>[0] {
  const { suite, passed, skipped, complaints } = result;
  const seconds = Math.round(result.seconds * 10) / 10;
  return { name: suite.name, passed, failed: complaints.length, skipped: skipped.length, seconds };
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

function refuse(line: string): number {
  process.stderr.write(`${line}\n`);
  return 2;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
