/**
 * Which test file belongs to which suite and lane. A folder below `test/` is a suite, a file beside `run.ts` is one of
 * its own; `*.nightly.test.ts` and `*.weekly.test.ts` make the suites `FOLDER.nightly` and `FOLDER.weekly`. The table
 * says what differs from the default.
 *
 * Which lane a test belongs to, seconds being those of two quiet cores:
 * - quick: up to 20 s, or up to 60 s where it guards a promise of README.md's first screen or of "How it works" (every
 *   interleaving is judged; the same rngSeed finds the same; whatever is killed, nothing is lost). One fixed rngSeed.
 * - nightly: up to ten minutes, faults twenty: longer samples of what quick samples, memory over 100 000 batches, and every file that
 *   draws from RNG_SEED with SEEDS seeds, campaigns and fleets apart. The first seed is drawn.
 * - weekly: hours.
 *
 * No lane judges speed: `bench` does.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const LANES = ['quick', 'nightly', 'weekly'] as const;
export type Lane = (typeof LANES)[number];

export interface SuiteRow {
  readonly name: string;
  readonly lane?: Lane;
  /** Seconds of its files, added up; one that takes more is marked `slow` in the output. */
  readonly shareSeconds?: number;
  /** Takes databases of the one Redis of the run. */
  readonly redis?: boolean;
  /** Whether what it draws is worth twenty seeds a night: not where each test is a campaign or a fleet. */
  readonly seeded?: boolean;
  /** Measures time or memory, so nothing else may run beside it. */
  readonly alone?: boolean;
}

interface TestFile {
  /** Compiled, as an absolute path. */
  readonly file: string;
  /** It draws from RNG_SEED. */
  readonly isSeeded: boolean;
}

export interface Suite extends Required<SuiteRow> {
  readonly files: readonly TestFile[];
}

/** In this order; the longest first, so that no core waits for them at the end. */
const SUITES: readonly SuiteRow[] = [
  { name: 'e2e', shareSeconds: 60, seeded: false },
  { name: 'chaos', shareSeconds: 40, seeded: false },
  { name: 'workers', shareSeconds: 50 },
  { name: 'laws', shareSeconds: 30 },
  { name: 'queue', shareSeconds: 50, redis: true },
  { name: 'exhaustive', shareSeconds: 50 },
  { name: 'daemon', shareSeconds: 30, redis: true },
  { name: 'daemon.nightly', alone: true },
  { name: 'queue.nightly', alone: true },
  { name: 'chaos.nightly', shareSeconds: 2400, alone: true },
  { name: 'daemon.weekly', alone: true },
  { name: 'chaos.weekly', shareSeconds: 18_000, alone: true },
];

/** With how many seeds a lane repeats the files that draw from RNG_SEED. */
export const SEEDS: Readonly<Record<Lane, number>> = { quick: 0, nightly: 20, weekly: 0 };
const SHARE_SECONDS: Readonly<Record<Lane, number>> = { quick: 20, nightly: 600, weekly: 7200 };
const TEST_FILE = /^(?<stem>.*?)(?:\.(?<lane>nightly|weekly))?\.test\.ts$/;
const SEEDED = /\bRNG_SEED\b[^;]*from '[^']*\/rng-seed\.ts'/;

export function findSuites(root: string, rows: readonly SuiteRow[] = SUITES): readonly Suite[] {
  const folder = path.join(root, 'test');
  const isSeeded = (file: string): boolean =>
    SEEDED.test(readFileSync(path.join(folder, file), 'utf8'));
  return groupSuites(testFilesOf(folder), path.join(root, 'dist/test'), rows, isSeeded);
}

/** `files` are relative to `test/`; the answer names their compiled form below `compiled`. */
export function groupSuites(
  files: readonly string[],
  compiled: string,
  rows: readonly SuiteRow[],
  isSeeded: (file: string) => boolean = () => false,
): readonly Suite[] {
  const filesOf = new Map<string, TestFile[]>();
  for (const file of files) {
    const name = suiteNameOf(file);
    const list = filesOf.get(name) ?? [];
    const made = path.join(compiled, file.replace(/\.ts$/, '.js'));
    list.push({ file: made, isSeeded: isSeeded(file) });
    filesOf.set(name, list);
  }
  for (const row of rows) {
    if (!filesOf.has(row.name))
      throw new Error(`suite ${row.name} is in the table, but has no file`);
  }
  const named = rows.map(({ name }) => name);
  const names = [...new Set([...named, ...filesOf.keys()])];
  return names.map((name) => {
    const list = filesOf.get(name) ?? [];
    const row = rows.find((candidate) => candidate.name === name);
    const lane = row?.lane ?? laneOf(name);
    const shareSeconds = row?.shareSeconds ?? SHARE_SECONDS[lane];
    const { redis = false, seeded = true, alone = false } = row ?? {};
    return { name, lane, shareSeconds, redis, seeded, alone, files: list };
  });
}

/** The suites of a lane whose name contains one of the words; all of them if there is no word. */
export function chooseSuites(
  suites: readonly Suite[],
  lane: Lane,
  words: readonly string[],
): readonly Suite[] {
  return suites.filter(
    (suite) =>
      suite.lane === lane &&
      (words.length === 0 || words.some((word) => suite.name.includes(word))),
  );
}

/** The quick suites again, with no other files than those that draw from RNG_SEED. */
export function seededSuites(suites: readonly Suite[], words: readonly string[]): readonly Suite[] {
  return chooseSuites(suites, 'quick', words)
    .filter(({ seeded }) => seeded)
    .map((suite) => ({ ...suite, files: suite.files.filter(({ isSeeded }) => isSeeded) }))
    .filter(({ files }) => files.length > 0);
}

function suiteNameOf(file: string): string {
  const match = TEST_FILE.exec(path.basename(file));
  const folder = path.dirname(file).split(path.sep).join('/');
  const stem = folder === '.' ? (match?.groups?.stem ?? file) : folder;
  const lane = match?.groups?.lane;
  return lane === undefined ? stem : `${stem}.${lane}`;
}

function laneOf(name: string): Lane {
  return LANES.find((lane) => name.endsWith(`.${lane}`)) ?? 'quick';
}

function testFilesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => TEST_FILE.test(path.basename(file)))
    .sort();
}
