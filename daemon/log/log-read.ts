/**
 * What a log's folder holds: the newest state that is whole and the records after it, in order and each once,
 * whatever has happened to the files. What is damaged is named; the rest counts.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../../corpus/vocabulary/assert.ts';
import type { Json } from '../../corpus/vocabulary/json.ts';
import {
  isTorn,
  LINE_BYTES_MAX,
  type Line,
  linesOf,
  type Numbered,
  readRow,
  readState,
  withStored,
} from './log-file.ts';

/** At most 15 digits: such a number is exact. */
const NAME = /^(?:log-(?<log>[1-9]\d{0,14})\.ndjson|snapshot-(?<snapshot>0|[1-9]\d{0,14})\.json)$/;
/** Of one log; a file of rubbish would otherwise fill the memory with complaints. */
const NAMED_MAX = 100;

export interface Damaged {
  readonly where: string;
  readonly why: string;
}

export interface Contents {
  readonly snapshot: Json | undefined;
  readonly records: readonly Json[];
  readonly damaged: readonly Damaged[];
  /** Names of the files with damage. */
  readonly spoiled: ReadonlySet<string>;
  /** The number of the next record; no record and no file has had it, or one after it. */
  readonly next: number;
  /** The log to go on with; undefined if there is none. */
  readonly last: LastLog | undefined;
}

export interface LastLog {
  readonly first: number;
  /** Bytes of its ended lines. */
  readonly whole: number;
  /** Bytes of all. */
  readonly end: number;
  /** Whether what follows the ended lines is a record that a crash cut short. */
  readonly isTorn: boolean;
}

interface NamedFile {
  readonly name: string;
  readonly seq: number;
}

export interface Names {
  /** By the number of their first record. */
  readonly logs: readonly NamedFile[];
  /** By the number of the last record that they hold. */
  readonly snapshots: readonly NamedFile[];
}

export function logName(first: number): string {
  return `log-${first}.ndjson`;
}

export function snapshotName(last: number): string {
  return `snapshot-${last}.json`;
}

export function namesOf(folder: string): Names {
  const logs: NamedFile[] = [];
  const snapshots: NamedFile[] = [];
  for (const name of readdirSync(folder)) {
    const { log, snapshot } = NAME.exec(name)?.groups ?? {};
    if (log !== undefined) logs.push({ name, seq: Number(log) });
    if (snapshot !== undefined) snapshots.push({ name, seq: Number(snapshot) });
  }
  const inOrder = (a: NamedFile, b: NamedFile): number => a.seq - b.seq;
  return { logs: logs.sort(inOrder), snapshots: snapshots.sort(inOrder) };
}

/** Where a data directory has the log of its campaign; older builds called the folder `ledger`. */
export function logFolderOf(dataDir: string): string {
  const older = path.join(dataDir, 'ledger');
  return existsSync(older) ? older : path.join(dataDir, 'campaign');
}

export function readLog(folder: string): Contents {
  const names = namesOf(folder);
  const reading = new Reading(folder);
  const snapshot = reading.newestOf(names.snapshots);
  const base = snapshot?.seq ?? 0;
  const needed = names.logs.filter(({ seq }) => seq > base);
  const lastNamed = names.logs.at(-1);
  let last: LastLog | undefined;
  for (const log of needed) last = reading.log(log, log === lastNamed);
  // Files may have changed places.
  if (reading.damaged.length > 0) {
    for (const log of names.logs) if (log.seq <= base) reading.log(log, false);
  }
  const found = reading.rowsAfter(base);
  const next = Math.max(
    base + 1,
    (found.at(-1)?.seq ?? 0) + 1,
    (names.snapshots.at(-1)?.seq ?? 0) + 1,
    // One that cannot be gone on with keeps its name.
    (lastNamed?.seq ?? 0) + (last === undefined ? 1 : 0),
  );
  reading.nameGaps(found, base, next);
  const { damaged, spoiled } = reading;
  const records = found.map(({ value }) => value);
  return { snapshot: snapshot?.value, records, damaged, spoiled, next, last };
}

class Reading {
  readonly damaged: Damaged[] = [];
  readonly spoiled = new Set<string>();
  private readonly folder: string;
  private readonly found: Numbered[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  newestOf(snapshots: readonly NamedFile[]): Numbered | undefined {
    for (const { name, seq } of snapshots.toReversed()) {
      const state = readState(path.join(this.folder, name));
      if (typeof state === 'string') this.spoil(name, name, state);
      else if (state.seq === seq) return state;
      else {
        this.spoil(name, name, `it is the snapshot of record ${state.seq}`);
        return state;
      }
    }
    return undefined;
  }

  /** Undefined if it cannot be read to its end. */
  log(log: NamedFile, isLast: boolean): LastLog | undefined {
    const file = path.join(this.folder, log.name);
    const end = withStored(file, (descriptor) => this.lines(log, isLast, descriptor));
    if (typeof end !== 'string') return end;
    this.spoil(log.name, log.name, end);
    return undefined;
  }

  private lines({ name, seq }: NamedFile, isLast: boolean, descriptor: number): LastLog {
    let expected = seq;
    let complaints = 0;
    let last: LastLog = { first: seq, whole: 0, end: 0, isTorn: false };
    for (const line of linesOf(descriptor)) {
      const { bytes, isEnded, end } = line;
      const isCut = isLast && !isEnded && bytes !== undefined && isTorn(bytes);
      last = { first: seq, whole: isEnded ? end : last.whole, end, isTorn: isCut };
      if (isCut) break;
      const record = recordIn(line);
      const why = typeof record === 'string' ? record : misplaced(record, expected);
      if (why !== undefined) {
        complaints += 1;
        if (complaints <= NAMED_MAX) this.spoil(name, `${name} line ${line.number}`, why);
      }
      if (typeof record === 'string') continue;
      expected = record.seq + 1;
      this.found.push(record);
    }
    if (complaints > NAMED_MAX) this.spoil(name, name, `${complaints - NAMED_MAX} more such lines`);
    return last;
  }

  private spoil(name: string, where: string, why: string): void {
    this.spoiled.add(name);
    this.damaged.push({ where, why });
  }

  /** In order, each once. */
  rowsAfter(base: number): readonly Numbered[] {
    const isInOrder = this.found.every(({ seq }, i) => seq > (this.found[i - 1]?.seq ?? base));
    if (isInOrder) return this.found;
    const sorted = this.found.filter(({ seq }) => seq > base).sort((a, b) => a.seq - b.seq);
    return sorted.filter(({ seq }, i) => seq !== sorted[i - 1]?.seq);
  }

  /** Of lost records one may not know by any damage: a file may be gone. */
  nameGaps(found: readonly Numbered[], base: number, next: number): void {
    assert(next > (found.at(-1)?.seq ?? base), 'the next record is one that there is', next);
    let expected = base + 1;
    for (const seq of [...found.map((record) => record.seq), next]) {
      if (seq > expected) {
        const where =
          seq - expected === 1 ? `record ${expected}` : `records ${expected} to ${seq - 1}`;
        this.damaged.push({ where, why: 'no file has what it was' });
      }
      expected = seq + 1;
    }
  }
}

function recordIn({ bytes, isEnded }: Line): Numbered | string {
  if (bytes === undefined) return `it is longer than ${LINE_BYTES_MAX} bytes`;
  return isEnded ? readRow(bytes) : 'it is cut short';
}

function misplaced({ seq }: Numbered, expected: number): string | undefined {
  return seq < expected ? `record ${seq} is out of place` : undefined;
}
