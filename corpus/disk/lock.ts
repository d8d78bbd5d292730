/**
 * One holder of a folder at a time, among processes that know only its name. The lock is a file name: `lock/` has one
 * file, which is renamed from `free` to its holder and back. Of two that take it at once, the file system lets one
 * rename it, so a lock is never removed that another process has just taken.
 *
 * A holder that died is told from a process that has its number by the process's start.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, type Refusal } from '../vocabulary/errors.ts';
import { codeOf, writeFolder } from './atomic.ts';

const LOCK = 'lock';
const FREE = 'free';
/** Process, its start, its machine. */
const HOLDER = /^(?<pid>\d+)\.(?<start>\w+)\.(?<host>.+)$/;
/** Every try but the last was lost to a starter that won; there are not more starters than this. */
const TRIES_MAX = 1000;
/** Where there is no /proc, only the id tells. */
const START_UNKNOWN = 'unknown';
const GONE = 'gone';
const ASKED_MS = 10;

/** A process that has a lock. */
export interface Holder {
  /** Null where the lock names none. */
  readonly pid: number | null;
  /** Null on this machine. */
  readonly host: string | null;
}

/**
 * Takes the lock of a folder, and returns what gives it back.
 * @throws Refusal ENVIRONMENT if a living process has it; what the file system refuses passes as it is
 */
export function takeLock(folder: string): () => void {
  const release = tryLock(folder, Number.POSITIVE_INFINITY);
  if (release !== null) return release;
  throw held(folder);
}

/**
 * Runs `act` with the lock of a folder, and waits for it first.
 *
 * @param staleMs after which a holder counts as gone, even on another machine
 */
export async function withLock<T>(
  folder: string,
  staleMs: number,
  act: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const release = tryLock(folder, staleMs);
    if (release === null) {
      await sleep(ASKED_MS);
      continue;
    }
    try {
      return await act();
    } finally {
      release();
    }
  }
}

/** The living process that has a folder's lock; null if there is none. Takes and changes nothing. */
export function holderOf(folder: string): Holder | null {
  const name = holdersIn(namesOf(path.join(folder, LOCK)))[0];
  if (name === undefined) return null;
  const { pid, host } = HOLDER.exec(name)?.groups ?? {};
  if (pid === undefined) return { pid: null, host: name };
  return { pid: Number(pid), host: host === thisHost() ? null : (host ?? null) };
}

/** A process that has ended, but whose parent has not asked for its status, is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return startOf(pid) !== GONE;
}

/** What gives the lock back; null if a living process has it. */
function tryLock(folder: string, staleMs: number): (() => void) | null {
  const lock = path.join(folder, LOCK);
  const mine = `${process.pid}.${startOf(process.pid) ?? START_UNKNOWN}.${thisHost()}`;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const names = namesIn(folder);
    if (holdersIn(names).length > 0 && ageMs(lock) <= staleMs) return null;
    if (names.some((name) => passOn(lock, name, mine))) return () => passOn(lock, mine, FREE);
  }
  throw fail('ENVIRONMENT', {
    what: `the lock ${lock} cannot be taken`,
    remedy: `if no other Faultline runs on this folder, delete ${lock}`,
  });
}

function held(folder: string): Refusal {
  const { pid = null, host = null } = holderOf(folder) ?? {};
  const who =
    pid === null ? `"${host ?? '?'}"` : `process ${pid}${host === null ? '' : ` on ${host}`}`;
  const gone = `if it is gone for good, delete ${path.join(folder, LOCK)}`;
  return fail('ENVIRONMENT', {
    what: `another coordinator (${who}) writes ${folder}`,
    remedy: `stop it, or name another folder with --data-dir${host === null ? '' : `; ${gone}`}`,
  });
}

function holdersIn(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== FREE && isHolderAlive(name));
}

/** A name that is being renamed is listed once, twice or not at all; a rename then tells. */
function namesIn(folder: string): readonly string[] {
  const lock = path.join(folder, LOCK);
  const names = namesOf(lock);
  if (names.length > 0) return names;
  makeLock(folder, lock);
  return readdirSync(lock);
}

function namesOf(lock: string): readonly string[] {
  try {
    return readdirSync(lock);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Since the lock was taken: the rename is the folder's last change. */
function ageMs(lock: string): number {
  return Date.now() - statSync(lock).mtimeMs;
}

/** A folder takes the place of none or of an empty one, so of two that make it one remains, with its one file. */
function makeLock(folder: string, lock: string): void {
  const made = writeFolder(folder, '.new-lock', { [FREE]: '' });
  try {
    renameSync(made, lock);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** Whether it was there to pass on. */
function passOn(lock: string, from: string, to: string): boolean {
  try {
    renameSync(path.join(lock, from), path.join(lock, to));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Of what cannot be judged, such as a process of another machine: yes. */
function isHolderAlive(name: string): boolean {
  const { pid, start, host } = HOLDER.exec(name)?.groups ?? {};
  if (pid === undefined || host !== thisHost()) return true;
  if (!isAlive(Number(pid))) return false;
  const present = startOf(Number(pid));
  return present === undefined || present === start;
}

/** The boot and the clock ticks since then at which a process began; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the second field is the command in brackets; the third the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isDead = fields[0] === 'Z' || fields[0] === 'X';
    return isDead ? GONE : `${boot}_${fields[22 - 3]}`;
  } catch {
    return undefined;
  }
}

/** In a file name. */
function thisHost(): string {
  return hostname().replace(/[^\w.-]/g, '_') || '_';
}
