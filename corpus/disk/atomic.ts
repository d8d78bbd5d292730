/**
 * Files that are there whole or not at all: written under a temporary name in the same folder, synced,
 * renamed, and the folder synced. A name is never followed where somebody else may have put a link.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { fail, type Refusal } from '../vocabulary/errors.ts';

/** Not on every platform; where it is missing, O_EXCL alone refuses a link. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
const FILE_MODE = 0o666;

/** Replaces a file: a reader sees the old text or the new one. */
export function writeAtomically(
  folder: string,
  name: string,
  text: string,
  mode: number = FILE_MODE,
): void {
  onDisk(folder, () => {
    const temporary = takeFreeName(folder, `.new-${name}`, (file) => createFile(file, mode));
    try {
      fillFile(temporary, text);
      renameSync(temporary, path.join(folder, name));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncFolder(folder);
  });
}

/** The same without holding up this thread, while a slow disk takes 10 ms for each of the two syncs. */
export async function writeAtomicallyMeanwhile(
  folder: string,
  name: string,
  text: string,
): Promise<void> {
  try {
    const temporary = takeFreeName(folder, `.new-${name}`, (file) => createFile(file));
    try {
      await writeFile(temporary, text, { flag: constants.O_WRONLY | NO_FOLLOW, flush: true });
      await rename(temporary, path.join(folder, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolderMeanwhile(folder);
  } catch (error) {
    throw asRefusal(error, folder);
  }
}

/** Makes a folder with these files, synced, under a temporary name, which the caller renames. */
export function writeFolder(
  parent: string,
  stem: string,
  files: Readonly<Record<string, string>>,
): string {
  return onDisk(parent, () => {
    const folder = takeFreeName(parent, stem, (name) => mkdirSync(name));
    try {
      for (const [name, text] of Object.entries(files)) {
        const file = path.join(folder, name);
        createFile(file);
        fillFile(file, text);
      }
      syncFolder(folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return folder;
  });
}

/**
 * A folder and those above it. Not mkdir's own `recursive`: where a parent exists and yet nothing can be made in
 * it (/proc), Node 20 tries for ever.
 */
export function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolders(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else was faster.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** What the disk refuses, said as a refusal of ours; our own mistakes pass. */
export function onDisk<T>(dir: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw asRefusal(error, dir);
  }
}

export function asRefusal(error: unknown, dir: string): unknown {
  return isSystemError(error) ? refusal(dir, error) : error;
}

function refusal(dir: string, error: NodeJS.ErrnoException): Refusal {
  return fail('DATA_DIR', { dir, why: whyOf(error) });
}

/** `no space left on device (ENOSPC)`. */
export function whyOf(error: NodeJS.ErrnoException): string {
  const words = getSystemErrorMap().get(error.errno ?? 0)?.[1];
  return words === undefined ? `${error.code}` : `${words} (${error.code})`;
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

export function codeOf(error: unknown): string | undefined {
  return isSystemError(error) ? error.code : undefined;
}

function createFile(file: string, mode: number = FILE_MODE): void {
  closeSync(openSync(file, NEW_FILE, mode));
}

function fillFile(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | NO_FOLLOW);
  try {
    writeAll(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A full disk may take a part and then refuse the rest; only the whole counts. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written);
  }
}

/** Some file systems cannot sync a folder, and then need not. */
const CANNOT_SYNC: readonly (string | undefined)[] = ['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'];

/** Makes renames in it last. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!CANNOT_SYNC.includes(codeOf(error))) throw error;
  } finally {
    closeSync(descriptor);
  }
}

async function syncFolderMeanwhile(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    if (!CANNOT_SYNC.includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Names that this process has tried; with its id they rarely meet those of others. */
let tries = 0;

/** Makes something under a name beginning with `stem` that nothing has yet, and returns that name. */
export function takeFreeName(folder: string, stem: string, make: (name: string) => void): string {
  for (;;) {
    tries += 1;
    const name = path.join(folder, `${stem}-${process.pid}-${tries}`);
    try {
      make(name);
      return name;
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
      if (!isTaken(name)) throw error;
    }
  }
}

/** A link counts, wherever it leads. */
function isTaken(name: string): boolean {
  return lstatSync(name, { throwIfNoEntry: false }) !== undefined;
}
