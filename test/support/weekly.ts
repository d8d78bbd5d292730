/**
 * The weekly lane takes hours: each suite's result goes at once into `.faultline/weekly/DATE.json`, and
 * `--resume` goes on where the newest of these files ends, with its rngSeed.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface WeeklyRow {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

interface WeeklyFile {
  readonly rngSeed?: number;
  readonly suites: readonly WeeklyRow[];
}

export interface Weekly {
  readonly rngSeed: number | undefined;
  /** Suites that an earlier part of this run has passed. */
  readonly passed: ReadonlySet<string>;
  readonly record: (row: WeeklyRow) => void;
}

export function openWeekly(root: string, resume: boolean, now: Date = new Date()): Weekly {
  const folder = path.join(root, '.faultline/weekly');
  mkdirSync(folder, { recursive: true });
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  const today = `${now.toISOString().replace(/[:.]/g, '-')}.json`;
  const file = path.join(folder, resume ? (newest ?? today) : today);
  const earlier = resume && newest !== undefined ? read(file) : undefined;
  const rows = new Map(earlier?.suites.map((row) => [row.name, row]));

  const record = (row: WeeklyRow): void => {
    rows.set(row.name, row);
    const rngSeed = Number(process.env.RNG_SEED);
    write(file, { rngSeed, suites: [...rows.values()] });
  };
  const passed = [...rows.values()].filter((row) => row.failed === 0).map((row) => row.name);
  return { rngSeed: earlier?.rngSeed, passed: new Set(passed), record };
}

function read(file: string): WeeklyFile {
  return JSON.parse(readFileSync(file, 'utf8')) as WeeklyFile;
}

function write(file: string, content: WeeklyFile): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
