/**
 * Reports on this machine's disk, until Redis has them for good. One file each, named by its batch, synced
 * before anybody else hears of the report. Several workers may share the folder: whatever one of them left
 * behind, another delivers.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { isSystemError, makeFolders, onDisk, writeAtomically } from '../../corpus/disk/atomic.ts';
import { REPORT_BYTES_MAX } from '../../corpus/exchange/codec.ts';
import { fail } from '../../corpus/vocabulary/errors.ts';

/** 32 of the largest reports, or some ten thousand ordinary ones. */
const SPOOL_BYTES_MAX = 32 * REPORT_BYTES_MAX;
const REPORT_FILE = /^[0-9a-f]{32}\.json$/;
/** What `writeAtomically` was writing when somebody died. */
const UNFINISHED_FILE = /^\.new-/;
/** Nobody writes one file for so long. */
const UNFINISHED_MS = 60_000;
/** A link, or a pipe that never ends, is somebody's trick. */
const FOR_READING = constants.O_RDONLY | constants.O_NONBLOCK | (constants.O_NOFOLLOW ?? 0);

export class Spool {
  private readonly folder: string;
  private readonly bytesMax: number;
  private readonly sizes = new Map<string, number>();

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

  names(): readonly string[] {
    return [...this.sizes.keys()];
  }

  /**
   * On disk when it returns.
   *
   * @param id of the batch
   * @returns the file's name
   * @throws Refusal DATA_DIR if the disk does not take it, or enough lies there already
   */
  put(id: string, report: string): string {
    const size = Buffer.byteLength(report);
    if (this.bytes + size > this.bytesMax) {
      const why = `${this.entries} undelivered reports already take ${this.bytes} bytes`;
      throw fail('DATA_DIR', { dir: this.folder, why });
    }
    const name = `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.json`;
    writeAtomically(this.folder, name, report);
    this.sizes.set(name, size);
    return name;
  }

  /** Null if another worker has delivered it, or nobody can read it. */
  read(name: string): string | null {
    try {
      const descriptor = openSync(this.file(name), FOR_READING);
      try {
        const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size, REPORT_BYTES_MAX));
        return bytes.toString('utf8', 0, readSync(descriptor, bytes));
      } finally {
        closeSync(descriptor);
      }
    } catch {
      return null;
    }
  }

  /** What cannot be removed is delivered again, by the next who starts. */
  remove(name: string): void {
    this.sizes.delete(name);
    try {
      rmSync(this.file(name), { force: true });
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }

  /** Out of the way, but there for people to look at. */
  setAside(name: string): void {
    this.sizes.delete(name);
    try {
      renameSync(this.file(name), this.file(`${name}.damaged`));
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }

  private meet(name: string): void {
    const stat = lstatSync(this.file(name), { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return;
    if (REPORT_FILE.test(name)) this.sizes.set(name, stat.size);
    const ageMs = Date.now() - stat.mtimeMs;
    if (UNFINISHED_FILE.test(name) && ageMs > UNFINISHED_MS) rmSync(this.file(name));
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }
}
