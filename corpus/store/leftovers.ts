/**
 * What lies in a data directory and is of no use to this engine any more: findings that were set aside, searches of
 * another engine, and what could not be read and made room. Looks, and deletes nothing.
 */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../disk/atomic.ts';
import { readStored } from '../disk/read-bounded.ts';
import { Refusal } from '../vocabulary/errors.ts';
import { isJsonObject, readJson } from '../vocabulary/json.ts';
import { DAMAGED } from './finding-store.ts';
import { NOTE_FILE, readAside } from './set-aside.ts';
import { SWEEPS_FOLDER } from './sweeps.ts';

export interface Leftover {
  readonly path: string;
  /** Why it may go. */
  readonly why: string;
  readonly bytes: number;
  /** Milliseconds since 1970 of its last change. */
  readonly changedMs: number;
}

/** What a store renames in place of a file that it could not read. */
const SET_ASIDE_FILE = /\.damaged$/;

/** @param engine digest of this build's */
export function leftoversIn(dataDir: string, engine: string): readonly Leftover[] {
  const within = (folder: string): readonly string[] =>
    filesIn(path.join(dataDir, folder)).map((name) => path.join(dataDir, folder, name));
  const damaged = within('findings').filter((file) => path.basename(file).startsWith(DAMAGED));
  const spooled = within('spool').filter((file) => SET_ASIDE_FILE.test(file));
  return [
    ...asideIn(dataDir),
    ...within(SWEEPS_FOLDER).flatMap((file) => {
      const of = engineOfSweep(file);
      const why = of === null ? 'a search that cannot be read' : 'a search of another engine';
      return of === engine ? [] : leftover(file, why);
    }),
    ...damaged.flatMap((file) => leftover(file, 'a finding that could not be read')),
    ...spooled.flatMap((file) => leftover(file, 'a report that could not be read')),
  ];
}

/** As old as the note that was written when it was set aside: its folder changes when it moves, too. */
function asideIn(dataDir: string): readonly Leftover[] {
  return readAside(dataDir).flatMap(({ folder, note }) => {
    const how =
      note === null ? 'a finding that was set aside' : `a finding that is ${note.outcome}`;
    const noted = lstatSync(path.join(folder, NOTE_FILE), { throwIfNoEntry: false });
    return leftover(folder, how).map((one) => ({
      ...one,
      changedMs: noted?.mtimeMs ?? one.changedMs,
    }));
  });
}

/** None where it is gone meanwhile. */
export function leftover(file: string, why: string): readonly Leftover[] {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there === undefined) return [];
  return [{ path: file, why, bytes: bytesOf(file), changedMs: there.mtimeMs }];
}

/** Of files; a link counts as what it is. */
function bytesOf(file: string): number {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true) return there?.size ?? 0;
  return filesIn(file).reduce((sum, name) => sum + bytesOf(path.join(file, name)), 0);
}

/** null where it does not say. */
function engineOfSweep(file: string): string | null {
  try {
    const value = readJson(readStored(file));
    const key = isJsonObject(value) ? value.key : undefined;
    return isJsonObject(key) && typeof key.engine === 'string' ? key.engine : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** A link to a folder leads out of the data directory. */
function filesIn(folder: string): readonly string[] {
  try {
    return lstatSync(folder).isDirectory() ? readdirSync(folder).sort() : [];
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return [];
  }
}
