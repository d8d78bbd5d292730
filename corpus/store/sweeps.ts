/**
 * How far each search of a universe has come: a small file per search under `sweeps/`, named by all that its result
 * depends on. A file that is damaged, or of another form, is as none: the search begins anew.
 */
import path from 'node:path';
import { makeFolders, onDisk, writeAtomically } from '../disk/atomic.ts';
import { readStored } from '../disk/read-bounded.ts';
import { Refusal } from '../vocabulary/errors.ts';
import { canonicalJson, isJsonObject, type Json, readJson, sha256Hex } from '../vocabulary/json.ts';

export const SWEEPS_FOLDER = 'sweeps';
/** Digits of a file's name: two searches of one folder never meet in so many. */
const DIGITS = 24;

export class SweepFile {
  readonly file: string;
  private readonly folder: string;
  private readonly name: string;
  private readonly key: string;

  /** @param key what the result depends on: engine, model, universe, options */
  constructor(dataDir: string, key: unknown) {
    this.key = canonicalJson(key);
    this.folder = path.join(dataDir, SWEEPS_FOLDER);
    this.name = `${sha256Hex(this.key).slice(0, DIGITS)}.json`;
    this.file = path.join(this.folder, this.name);
  }

  /** What was written last; null where that is nothing. */
  read(): Json {
    try {
      const value = readJson(readStored(this.file));
      if (value === undefined || !isJsonObject(value)) return null;
      return canonicalJson(value.key) === this.key ? (value.reached ?? null) : null;
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  /** @throws Refusal DATA_DIR */
  write(reached: unknown): void {
    onDisk(this.folder, () => {
      makeFolders(this.folder);
      const text = canonicalJson({ key: readJson(this.key), reached });
      writeAtomically(this.folder, this.name, `${text}\n`);
    });
  }
}
