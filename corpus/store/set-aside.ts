/**
 * Findings that this build does not show any more lie beside the others, under `superseded/`, whole and with a note
 * that says why. Nothing is deleted. The note is written into the finding's folder before the folder moves, so a move
 * is one rename: a kill leaves the finding in its place or aside with its note.
 */
import { existsSync, lstatSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, makeFolders, onDisk, syncFolder, writeAtomically } from '../disk/atomic.ts';
import { readStored } from '../disk/read-bounded.ts';
import { Refusal } from '../vocabulary/errors.ts';
import { canonicalJson, readJson } from '../vocabulary/json.ts';
import { printRepro, type Repro } from '../vocabulary/repro.ts';
import { checked } from '../vocabulary/schemas.ts';
import { type FindingStore, REPRO_FILE } from './finding-store.ts';

export const ASIDE_FOLDER = 'superseded';
export const NOTE_FILE = 'superseded.json';

/** `superseded`: this build shows other findings in its place; `fixed`: it shows none. */
export type AsideOutcome = 'superseded' | 'fixed';

export interface AsideNote {
  readonly id: string;
  readonly signature: string;
  readonly outcome: AsideOutcome;
  /** Ids of the findings that took its place. */
  readonly by: readonly string[];
  readonly why: string;
  /** The model that judged it, and the engine. */
  readonly model: string;
  readonly engine: string;
}

const asideNote: z.ZodType<AsideNote> = z.object({
  id: z.string(),
  signature: z.string(),
  outcome: z.enum(['superseded', 'fixed']),
  by: z.array(z.string()),
  why: z.string(),
  model: z.string(),
  engine: z.string(),
});

export interface Aside {
  readonly folder: string;
  /** Null if it cannot be read: the finding beside it may well be. */
  readonly note: AsideNote | null;
}

/** Where a move stands between two changes of the disk; tests end it there. */
export type AsidePoint = 'noted' | 'moved';

/** A finding is rarely found again and superseded again. */
const TIMES_MAX = 1000;
const TAKEN = ['ENOTEMPTY', 'EEXIST'];

/**
 * Moves a finding aside.
 * @param judged the repro that the note is about
 * @returns the folder it lies in now; null if another repro has taken its place meanwhile, which then stays
 * @throws Refusal DATA_DIR
 */
export function setAside(
  dataDir: string,
  store: FindingStore,
  judged: Repro,
  note: AsideNote,
  reached: (point: AsidePoint) => void = () => {},
): string | null {
  const aside = path.join(dataDir, ASIDE_FOLDER);
  const folder = store.folderOf(note.id);
  const text = printRepro(judged);
  if (reproIn(folder) !== text) return null;
  try {
    return onDisk(aside, () => move(aside, folder, text, note, reached));
  } catch (error) {
    // Another process moved it while we wrote.
    if (error instanceof Refusal && reproIn(folder) !== text) return null;
    throw error;
  }
}

function move(
  aside: string,
  folder: string,
  text: string,
  note: AsideNote,
  reached: (point: AsidePoint) => void,
): string | null {
  makeFolders(aside);
  writeAtomically(folder, NOTE_FILE, `${canonicalJson({ ...note })}\n`);
  reached('noted');
  const target = moved(folder, path.join(aside, note.id));
  syncFolder(aside);
  syncFolder(path.dirname(folder));
  reached('moved');
  if (reproIn(target) === text) return target;
  // Somebody put a better one there between our look and our rename.
  putBack(target, folder);
  return null;
}

/** All that was set aside, in order of their folders; a finding may be there more than once. */
export function readAside(dataDir: string, prefix = ''): readonly Aside[] {
  const aside = path.join(dataDir, ASIDE_FOLDER);
  return namesIn(aside)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => ({ folder: path.join(aside, name), note: noteIn(path.join(aside, name)) }));
}

/** Whether this engine judged this very repro here and set it aside. */
export function isSetAside(
  dataDir: string,
  id: string,
  engine: string,
  isIt: (repro: string) => boolean,
): boolean {
  // The first one of an id lies under it, and most ids have none.
  if (!existsSync(path.join(dataDir, ASIDE_FOLDER, id))) return false;
  return readAside(dataDir, id).some(({ folder, note }) => {
    const text = reproIn(folder);
    return note?.engine === engine && text !== null && isIt(text);
  });
}

function moved(folder: string, wanted: string): string {
  for (let time = 1; ; time += 1) {
    const target = time === 1 ? wanted : `${wanted}-${time}`;
    const isFree = lstatSync(target, { throwIfNoEntry: false }) === undefined;
    try {
      if (isFree) {
        renameSync(folder, target);
        return target;
      }
    } catch (error) {
      if (!TAKEN.includes(codeOf(error) ?? '') || time === TIMES_MAX) throw error;
    }
  }
}

/** Where a third one stands there by now, the second stays aside. */
function putBack(target: string, folder: string): void {
  try {
    renameSync(target, folder);
  } catch (error) {
    if (!TAKEN.includes(codeOf(error) ?? '')) throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return [];
  }
}

function reproIn(folder: string): string | null {
  return textOf(path.join(folder, REPRO_FILE));
}

function noteIn(folder: string): AsideNote | null {
  return checked(asideNote, readJson(textOf(path.join(folder, NOTE_FILE)) ?? '')).value;
}

function textOf(file: string): string | null {
  try {
    return readStored(file);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
