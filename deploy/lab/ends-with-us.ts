/**
 * What the lab makes outside this process: scratch folders, and programs that run. Each goes with its owner, and with the
 * process wherever that ends before, at a signal too. SIGKILL alone leaves a folder, which a later start removes.
 */
import type { ChildProcess } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PREFIX = 'faultline-';
/** Each kind of folder of the lab. */
const KINDS = ['lab', 'initramfs', 'module', 'recorder', 'gate', 'play'] as const;
type Kind = (typeof KINDS)[number];
const OURS = new RegExp(`^${PREFIX}(?:${KINDS.join('|')})-\\w{6}$`);
/** No command of the lab takes so long. */
const STALE_MS = 86_400_000;
/** A program that was just killed may still make a file. */
const REMOVED = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

const under = new Set<() => void>();

export interface Scratch {
  readonly folder: string;
  readonly remove: () => void;
}

/** @param home where it is made */
export function scratchFolder(kind: Kind, home: string = tmpdir()): Scratch {
  removeStale(home);
  const folder = mkdtempSync(path.join(home, `${PREFIX}${kind}-`));
  return { folder, remove: atTheEnd(() => rmSync(folder, REMOVED)) };
}

/** Kills a program with this process, if it has not ended before. */
export function endWithUs(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
  const kill = atTheEnd(() => child.kill(signal));
  child.once('close', kill);
  child.once('error', kill);
}

/** @returns does it now, and not again */
function atTheEnd(undo: () => void): () => void {
  const once = (): void => {
    if (!under.delete(once)) return;
    if (under.size === 0) process.off('exit', undoAll);
    undo();
  };
  if (under.size === 0) process.on('exit', undoAll);
  under.add(once);
  return once;
}

/** Programs before the folders that they write to: the latest first. */
function undoAll(): void {
  for (const undo of [...under].reverse()) {
    try {
      undo();
    } catch {
      // The others are to go as well.
    }
  }
}

function removeStale(home: string): void {
  for (const name of readdirSync(home).filter((one) => OURS.test(one))) {
    const folder = path.join(home, name);
    const { mtimeMs = Date.now() } = lstatSync(folder, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs <= STALE_MS) continue;
    try {
      rmSync(folder, REMOVED);
    } catch {
      // Another user's.
    }
  }
}
