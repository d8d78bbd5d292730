/**
 * Reports on this machine's disk, until Redis has them for good. One file each, named by its batch, synced
 * before anybody else hears of the report. Several workers may share the folder: whatever one of them left
 * behind, another delivers.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  isSystemError,
  makeFolders,
  onDisk,
  writeAtomicallyMeanwhile,
} from '../../corpus/disk/atomic.ts';
import { readStored } from '../../corpus/disk/read-bounded.ts';
import { REPORT_BYTES_MAX } from '../../corpus/exchange/codec.ts';
import { fail, Refusal } from '../../corpus/vocabulary/errors.ts';
import { isJsonObject } from '../../corpus/vocabulary/json.ts';

/** 32 of the largest reports, or some ten thousand ordinary ones. */
const SPOOL_BYTES_MAX = 32 * REPORT_BYTES_MAX;
const REPORT_FILE = /^[0-9a-f]{32}\.json$/;
/** What was being written when somebody died. */
const UNFINISHED_FILE = /^\.new-/;
/** Nobody writes one file for so long. */
const UNFINISHED_MS = 60_000;

export class Spool {
  private readonly folder: string;
  private readonly bytesMax: number;
  private readonly sizes = new Map<string, number>();
  /** When each came to the disk, in milliseconds since 1970: as the disk says of what was there before. */
  private readonly sinceMs = new Map<string, number>();

  /** @throws Refusal DATA_DIR if the folder cannot be made or read */
  constructor(folder: string, bytesMax: number = SPOOL_BYTES_MAX) {
    this.folder = folder;
    this.bytesMax = bytesMax;
    onDisk(folder, () => {
      makeFolders(folder);
      for (const name of readdirSync(folder)) this.meet(name);
    });
  }

  get entries(): number {
    return this.sizes.size;
  }

  get bytes(): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** A clock that was set back makes it 0. */
  oldestSeconds(): number {
    const ages = [...this.sinceMs.values()].map((ms) => (Date.now() - ms) / 1000);
    return Math.max(0, ...ages);
  }

  names(): readonly string[] {
    return [...this.sizes.keys()];
  }

  /** Of the file for the report on this batch. */
  nameFor(id: string): string {
    return `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.json`;
  }

  /**
   * On disk when it resolves.
   *
   * @throws Refusal DATA_DIR if the disk does not take it, or enough lies there already
   */
  async put(name: string, report: string): Promise<void> {
    const size = Buffer.byteLength(report);
    if (this.bytes + size > this.bytesMax) {
      const why = `${this.entries} undelivered reports already take ${this.bytes} bytes`;
      throw fail('DATA_DIR', { dir: this.folder, why });
    }
    const before = this.sizes.get(name);
    // At once: others ask for room while it is written.
    this.sizes.set(name, size);
    this.sinceMs.set(name, this.sinceMs.get(name) ?? Date.now());
    try {
      await writeAtomicallyMeanwhile(this.folder, name, report);
    } catch (error) {
      if (before === undefined) this.forget(name);
      else this.sizes.set(name, before);
      throw error;
    }
  }

  /**
   * Null if another worker has delivered it.
   *
   * @throws Refusal FILE_UNREADABLE if it cannot be read now
   */
  read(name: string): string | null {
    try {
      return readStored(this.file(name), REPORT_BYTES_MAX);
    } catch (error) {
      if (!isGone(this.file(name))) throw error;
      this.forget(name);
      return null;
    }
  }

  /** What cannot be removed is delivered again, by the next who starts. */
  remove(name: string): void {
    this.forget(name);
    try {
      rmSync(this.file(name), { force: true });
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }

  /** Out of the way, but there for people to look at. */
  setAside(name: string): void {
    this.forget(name);
    try {
      renameSync(this.file(name), this.file(`${name}.damaged`));
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }

  /** It stays for a worker that can send it, and this one waits for nothing. */
  leave(name: string): void {
    this.sinceMs.delete(name);
  }

  private forget(name: string): void {
    this.sizes.delete(name);
    this.sinceMs.delete(name);
  }

  private meet(name: string): void {
    const stat = lstatSync(this.file(name), { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return;
    // A larger one is no worker's.
    const isReport = REPORT_FILE.test(name) && stat.size <= REPORT_BYTES_MAX;
    if (isReport) {
      this.sizes.set(name, stat.size);
      this.sinceMs.set(name, stat.mtimeMs);
    }
    const ageMs = Date.now() - stat.mtimeMs;
    // Another worker may start now, too, and be faster.
    const isLeftOver = UNFINISHED_FILE.test(name) && ageMs > UNFINISHED_MS;
    if (isLeftOver) rmSync(this.file(name), { force: true });
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }
}

/** Names of reports in a folder that only a worker of another build delivers. */
export function reportsOfOtherBuilds(folder: string, build: string): readonly string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder).filter((name) => {
    const of = REPORT_FILE.test(name) ? buildOf(path.join(folder, name)) : null;
    return of !== null && of !== build;
  });
}

/** null where it cannot be read: the next worker sets it aside. */
function buildOf(file: string): string | null {
  try {
    const report: unknown = JSON.parse(readStored(file, REPORT_BYTES_MAX));
    return isJsonObject(report) && typeof report.build === 'string' ? report.build : null;
  } catch (error) {
    if (error instanceof Refusal || error instanceof SyntaxError) return null;
    throw error;
  }
}

function isGone(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}
