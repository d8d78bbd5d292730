/**
 * Which test file belongs to which suite, and what a suite may cost. A folder below `test/` is a suite, a
 * file beside `run.ts` is one of its own; `*.nightly.test.ts` and `*.weekly.test.ts` make the suites
 * `FOLDER.nightly` and `FOLDER.weekly`. The table says what differs from the default.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';

export const LANES = ['quick', 'nightly', 'weekly'] as const;
export type Lane = (typeof LANES)[number];

export interface SuiteRow {
  readonly name: string;
  readonly lane?: Lane;
  /** Seconds of its files, added up: more than 1.5 times as many is a failure. */
  readonly budgetSeconds?: number;
  /** Measures time or memory, so nothing else may run beside it. */
  readonly alone?: boolean;
}

export interface Suite extends Required<SuiteRow> {
  /** Compiled files, as absolute paths. */
  readonly files: readonly string[];
}

export const SUITES: readonly SuiteRow[] = [
  { name: 'house', budgetSeconds: 10 },
  { name: 'style', budgetSeconds: 20 },
  { name: 'cli', budgetSeconds: 45 },
  { name: 'workers', budgetSeconds: 50 },
  { name: 'exhaustive', budgetSeconds: 75 },
  { name: 'e2e', budgetSeconds: 100 },
  { name: 'chaos', budgetSeconds: 60, alone: true },
  { name: 'queue', budgetSeconds: 60 },
  { name: 'daemon', budgetSeconds: 30 },
  { name: 'http', budgetSeconds: 25 },
  { name: 'daemon.nightly', alone: true },
  { name: 'queue.nightly', alone: true },
];

const BUDGET_SECONDS: Readonly<Record<Lane, number>> = { quick: 20, nightly: 600, weekly: 7200 };
const TEST_FILE = /^(?<stem>.*?)(?:\.(?<lane>nightly|weekly))?\.test\.ts$/;

export function findSuites(root: string, rows: readonly SuiteRow[] = SUITES): readonly Suite[] {
  return groupSuites(testFilesOf(path.join(root, 'test')), path.join(root, 'dist/test'), rows);
}

/** `files` are relative to `test/`; the answer names their compiled form below `compiled`. */
export function groupSuites(
  files: readonly string[],
  compiled: string,
  rows: readonly SuiteRow[],
): readonly Suite[] {
  const filesOf = new Map<string, string[]>();
  for (const file of files) {
    const name = suiteNameOf(file);
    const list = filesOf.get(name) ?? [];
    list.push(path.join(compiled, file.replace(/\.ts$/, '.js')));
    filesOf.set(name, list);
  }
  for (const row of rows) {
    if (!filesOf.has(row.name))
      throw new Error(`suite ${row.name} is in the table, but has no file`);
  }
  return [...filesOf].map(([name, list]) => {
    const row = rows.find((candidate) => candidate.name === name);
    const lane = row?.lane ?? laneOf(name);
    const budgetSeconds = row?.budgetSeconds ?? BUDGET_SECONDS[lane];
    return { name, lane, budgetSeconds, alone: row?.alone ?? false, files: list };
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
